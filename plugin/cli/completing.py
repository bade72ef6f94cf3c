"""What the Tab key offers. A shell starts `iconface` with the words so far and, in `_ICONFACE_COMPLETE`, its own name
and the word under the cursor: `bash:Ad`. The answer is a line for each candidate, with a tab before what it means.

Nothing is opened but the list of people, and that without SQLAlchemy: it has to be there before the next key.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any

from .session import Session, split_shared


class Shell(StrEnum):
    """Those that can ask."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


SHARED_OPTIONS: Mapping[str, str] = {
    "--home": "another gallery than your own",
    "--database": "a gallery on a server",
    "--actor": "who decides there",
    "--json": "one object on stdout",
    "--jsonl": "one object a line",
    "--quiet": "no remarks",
    "--yes": "do not ask",
    "--verbose": "log",
    "--help": "what this command does",
}
"""What every command takes (docs/cli.md)."""

Candidate = tuple[str, str]
"""What would be written, and what it means."""


def script(shell: Shell) -> str:
    """What a shell has to read for this to happen in it."""
    from importlib.resources import files

    return (files(__package__) / "completion_scripts" / f"iconface.{shell}").read_text("utf-8")


def complete(words: Sequence[str], asked: str) -> Iterator[str]:
    """The lines for a shell: `words` are those before the cursor, `asked` is as in the head of this file."""
    shell, _, typed = asked.partition(":")
    if shell == Shell.BASH:  # which has the words as they were typed, with quotes and backslashes
        words, typed = [_unquoted(w) for w in words], _unquoted(typed)
    with suppress(Exception):  # whatever is wrong, the command itself says it; here it would stand in the line typed
        for value, meaning in candidates(words, typed):
            yield f"{value}\t{meaning}"


def candidates(words: Sequence[str], typed: str) -> list[Candidate]:
    """What could stand there, in the order it is shown; nothing where the shell offers files."""
    from typer.core import TyperGroup
    from typer.main import get_command

    from .main import tree

    session, rest = split_shared(list(words))
    at: Any = get_command(tree())  # Typer's own types for its commands are private
    given: list[str] = []
    for word in rest:
        if isinstance(at, TyperGroup) and word in at.commands:
            at, given = at.commands[word], []
        else:
            given.append(word)
    if typed.startswith("-"):
        found = _options(at)
    elif isinstance(at, TyperGroup):
        found = [] if given else [(name, _first_sentence(c.help)) for name, c in at.commands.items() if not c.hidden]
    elif _is_person(_wanted(at, given)):
        found = _people(session)
    else:
        found = []
    return [c for c in found if c[0].casefold().startswith(typed.casefold())]


def _options(command: Any) -> list[Candidate]:
    own = [(name, p.help or "") for name, p in _by_name(command).items() if name.startswith("--")]
    return [*own, *SHARED_OPTIONS.items()]


def _by_name(command: Any) -> dict[str, Any]:
    return {name: p for p in command.params if p.param_type_name == "option" for name in p.opts}


def _wanted(command: Any, given: Sequence[str]) -> Any:
    """The parameter that the next word belongs to: an option that waits for its value, else the argument in its place.
    None where there is none."""
    options, waits, n = _by_name(command), None, 0
    for word in given:
        if waits is not None:
            waits = None
        elif word.startswith("-"):
            waits = options.get(word) if word in options and not options[word].is_flag else None
        else:
            n += 1
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    several = bool(arguments) and arguments[-1].nargs == -1
    return waits or (arguments[min(n, len(arguments) - 1)] if several or n < len(arguments) else None)


def _is_person(param: Any) -> bool:
    return param is not None and (param.name == "person" or str(param.metavar).strip("[].") == "PERSON")


def _people(session: Session) -> list[Candidate]:
    from ..people.at_a_glance import people_rows

    found = people_rows(session.folders(), everybody=True) or ()
    return [(p["name"], f"{p['photos']} photos") for p in found if p["name"]]


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")


def _unquoted(word: str) -> str:
    for closed in (word, word + '"', word + "'"):
        try:
            return "".join(shlex.split(closed)[:1])
        except ValueError:
            continue
    return word
