"""`people list`, without building the command tree and without SQLAlchemy: a script that asks who is there, or a page
that shows it, shall not wait for both. Every other line, and every case that is not plain, goes the usual way and does
the same.
"""

from collections.abc import Sequence
from dataclasses import replace

from .. import interrupts
from ..people.at_a_glance import people_rows
from ..rows import Row
from .output import Output, OutputError, columns, flush, give_up_stdout, whisper
from .session import split_shared


def quick(argv: Sequence[str]) -> int | None:
    """The exit code, or None: not that command line, or not a plain case."""
    try:
        session, rest = split_shared(list(argv))
        if rest not in (["people", "list"], ["people", "list", "--all"]):
            return None
        people = people_rows(session.folders(), everybody="--all" in rest)
    except Exception:
        return None  # whatever it is, the usual way meets it too, and has words for it
    if people is None:
        return None
    interrupts.raise_it()
    try:
        show_people(replace(session, command="people list").out, people)
        flush()
    except KeyboardInterrupt:
        return interrupts.INTERRUPTED
    except BrokenPipeError:  # the reader has left
        give_up_stdout()
        return 1
    except OutputError as e:
        give_up_stdout()
        whisper(f"iconface: {e}")
        return e.exit_code
    return 0


def show_people(out: Output, people: Sequence[Row]) -> None:
    """What `people list` prints."""
    table = columns(
        ["id", "name", "faces", "photos", ""],
        [
            (p["person_id"], p["name"] or "(unnamed)", p["faces"], p["photos"], "hidden" if p["hidden"] else "")
            for p in people
        ],
    )
    out.result("people", list(people), table)
