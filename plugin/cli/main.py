"""The command tree, and how errors become exit codes (docs/cli.md)."""

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from .. import interrupts
from ..errors import AppError
from ..interrupts import INTERRUPTED
from . import (
    album,
    cleanup,
    completion,
    database,
    evaluate,
    export,
    faces,
    faults,
    group_photo,
    import_names,
    integrate,
    jobs,
    library,
    maintain,
    models,
    people,
    phones,
    photos,
    restore,
    restored,
    service,
    train,
    users,
    watch,
    web,
    worker,
)
from .output import Output, OutputError, flush, give_up_stdout, whisper
from .restored import VERBS
from .session import SHARED_HELP, Session, split_shared

FIRST_STEPS = (
    "Find the people in your photos and restore their faces from their own pictures. To begin with:",
    "",
    "  iconface web               the page in your browser; it leads through the first steps",
    "  iconface library add DIR   or here: take in a folder of photos, then: iconface scan",
    "  iconface restore PHOTO     a clear copy of one photo",
    "",
    "iconface --help lists all commands.",
)
"""What `iconface` alone says."""


def tree() -> typer.Typer:
    """Build the command tree. No rich markup: importing rich would double the time of `--help`."""
    root = typer.Typer(name="iconface", rich_markup_mode=None, no_args_is_help=True, add_completion=False)

    @root.callback(epilog=SHARED_HELP, context_settings={"help_option_names": ["--help", "-h"]})
    def iconface(
        version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
        ] = False,
    ) -> None:
        """Find the people in your photos and restore their faces from their own pictures.

        Originals are never changed. Nothing leaves this machine.
        """

    for module in (
        library,
        watch,
        web,
        phones,
        people,
        photos,
        faces,
        restore,
        restored,
        cleanup,
        album,
        group_photo,
        jobs,
        service,
        worker,
        integrate,
        models,
        train,
        evaluate,
        import_names,
        export,
        maintain,
        database,
        users,
        completion,
    ):
        module.register(root)
    return root


def run(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code. Whatever a user can cause ends here as a message, not a trace."""
    try:
        session, rest = split_shared(list(argv))
    except ValueError as e:
        Session(as_json="--json" in argv, as_jsonl="--jsonl" in argv).out.error(2, "usage", str(e))
        return 2
    if session.database:  # for the processes that this one starts: a command line shows passwords to everybody
        os.environ["ICONFACE_DATABASE"] = session.database
    if session.actor:
        os.environ["ICONFACE_ACTOR"] = session.actor
    level = logging.INFO if session.verbose else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(message)s")
    logging.captureWarnings(True)  # what Pillow remarks on a damaged file belongs to the log
    if rest[:1] == ["restore"] and VERBS.intersection(rest[1:2]):
        rest = ["restored", *rest[1:]]  # a photo of that name is ./list
    root = get_command(tree())
    assert isinstance(root, TyperGroup)
    _say_in_full(root)
    out = replace(session, command=_name(root, rest)).out
    try:
        interrupts.raise_it()
        if not rest and not out.machine:
            out.object({}, FIRST_STEPS)
            flush()
            return 0
        code = root(rest, standalone_mode=False, prog_name="iconface", obj=session)
        flush()
        return int(code or 0)
    except BrokenPipeError:  # the reader has left
        give_up_stdout()
        return 1  # as Typer does when the pipe breaks earlier
    except OutputError as e:
        give_up_stdout()
        whisper(f"iconface: {e}")
        return e.exit_code
    except typer.TyperException as e:
        _usage(e, out)
        return e.exit_code
    except typer.Abort:
        interrupts.leave_at_once()
        out.error(INTERRUPTED, "interrupted", "stopped")
        return INTERRUPTED
    except KeyboardInterrupt:
        interrupts.leave_at_once()  # a second one has nothing to wait for
        out.error(INTERRUPTED, "interrupted", "stopped; run the same command again to go on")
        return INTERRUPTED
    except AppError as e:
        out.error(e.exit_code, _kind(e), str(e))
        return e.exit_code
    except Exception as e:
        expected = _expected(e)
        if expected is None:
            if session.verbose:
                raise
            out.error(1, "fault", faults.told(e, replace(session, command=out.command)))
            return 1
        out.error(expected, _kind(e), _message(e))
        return expected


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"iconface {version('iconface')}")
        raise typer.Exit


def _name(root: TyperGroup, argv: Sequence[str]) -> str:
    """The command that a line means, `jobs list`, also when it failed before that command could say so."""
    at: Any = root  # Typer's own types for its commands are private
    words: list[str] = []
    for word in argv:
        if not isinstance(at, TyperGroup) or word not in at.commands:
            break
        at, words = at.commands[word], [*words, word]
    return " ".join(words) or "iconface"


def _say_in_full(group: TyperGroup) -> None:
    """In lists of commands, the whole first sentence of each: wrapped, where Typer would cut it off with dots."""
    for command in group.commands.values():
        paragraph = " ".join((command.help or "").partition("\n\n")[0].split())
        command.short_help = paragraph.partition(". ")[0].removesuffix(".") + "."
        if isinstance(command, TyperGroup):
            _say_in_full(command)


def _message(e: Exception) -> str:
    """What a person reads: a system error without its number, a number that no id can be."""
    if isinstance(e, OverflowError):
        return "a number on the command line is too large"
    if isinstance(e, OSError) and e.strerror and e.filename is not None:
        return f"{os.fsdecode(e.filename)}: {e.strerror}"
    return str((isinstance(e, OSError) and e.strerror) or e)


def _usage(e: typer.TyperException, out: Output) -> None:
    if type(e).__name__ != "NoArgsIsHelpError":
        out.error(e.exit_code, "usage", e.format_message().replace("Value error, ", ""))
    elif out.machine:
        out.error(e.exit_code, "usage", f"iconface {out.command.removeprefix('iconface')} --help lists what there is")
    else:
        whisper(e.format_message())


def _kind(e: Exception) -> str:
    """For programs; docs/json.md lists them."""
    if isinstance(e, OSError):
        return "os"
    name = type(e).__name__.removesuffix("Error")
    if name == "UnknownId":  # an id or a name: to a program it is the same
        return "not_found"
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _expected(e: Exception) -> int | None:
    """Exit code for errors of the layers below; None for a bug. Imported late: most commands never get here."""
    from iconface_core.errors import IconFaceError

    from ..errors import GalleryBusyError, GalleryError, GalleryUnreachableError, UnknownIdError, UnusableNameError

    table: tuple[tuple[type[Exception], int], ...] = (
        (GalleryBusyError, 6),
        (GalleryUnreachableError, 6),
        (UnknownIdError, 3),
        (UnusableNameError, 2),
        (GalleryError, 1),
        (IconFaceError, 1),
        (OSError, 1),
        (OverflowError, 2),  # ids are 64-bit; SQLite's driver refuses longer ones
    )
    return next((code for kind, code in table if isinstance(e, kind)), None)
