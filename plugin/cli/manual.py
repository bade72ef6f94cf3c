"""The man page, made of the help texts: `make man` writes docs/iconface.1, which the wheel installs."""

import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from .completing import SHARED_OPTIONS
from .main import tree

EXIT_CODES = {
    "0": "done",
    "1": "an error; the message says what to do",
    "2": "the command line makes no sense",
    "3": "no such photo, face or person; or a photo without a face",
    "4": "the identity check refused the result",
    "5": "some of it failed, the rest is done; doctor found problems; a folder is offline",
    "6": "another process is using the gallery, or its server does not answer: try again",
    "130": "interrupted; the same command goes on from there",
}
"""As in docs/cli.md."""


def manual() -> str:
    """The page as roff source, for man(1)."""
    root: Any = get_command(tree())  # Typer's own types for its commands are private
    lines = [
        f'.TH ICONFACE 1 "" "iconface {version("iconface")}" "User Commands"',
        ".SH NAME",
        "iconface \\- find the people in a photo library and restore their faces",
        ".SH SYNOPSIS",
        ".B iconface",
        ".I COMMAND",
        "[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...",
        ".SH DESCRIPTION",
        *_paragraphs(root.help),
        ".SH COMMANDS",
        *_commands(root, ""),
        ".SH OPTIONS OF EVERY COMMAND",
        *(line for name, meaning in SHARED_OPTIONS.items() for line in _item(name, meaning)),
        ".SH EXIT STATUS",
        *(line for code, meaning in EXIT_CODES.items() for line in _item(code, meaning)),
        ".SH ENVIRONMENT",
        *_item("ICONFACE_HOME", "the folder of the gallery, as with --home"),
        *_item("ICONFACE_DATABASE", "the address of the database on a server, as with --database"),
        *_item("ICONFACE_ACTOR", "who decides there, as with --actor"),
    ]
    return "\n".join(lines) + "\n"


def _commands(group: Any, before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{before}{name} ")
        elif not command.hidden:
            yield from _command(command, before + name)


def _command(command: Any, name: str) -> Iterator[str]:
    context = command.make_context(name, [], resilient_parsing=True)
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f".SS {_plain(f'{name} {pieces}')}"
    yield from _paragraphs(command.help)
    for param in command.params:
        record = None if param.name == "help" else param.get_help_record(context)
        if record is not None and record[1]:
            yield from _item(*record)


def _item(term: str, meaning: str) -> Iterator[str]:
    yield ".TP"
    yield f"\\fB{_plain(term)}\\fR"
    yield _plain(meaning)


def _paragraphs(text: str | None) -> Iterator[str]:
    for n, paragraph in enumerate((text or "").strip().split("\n\n")):
        yield from [".PP"] * (n > 0)
        yield _plain(" ".join(paragraph.split()))


def _plain(text: str) -> str:
    """Text that roff takes as it is, on a line of its own."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("^", "\\(ha")
    return "\\&" + escaped if escaped[:1] in (".", "'") else escaped


if __name__ == "__main__":
    sys.stdout.write(manual())
