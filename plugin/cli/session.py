"""What every command starts from: the shared options, where output goes, and how the application is opened."""

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..interrupts import nothing_to_lose
from ..paths import absolute
from .output import Output

if TYPE_CHECKING:
    import typer

    from ..app import App
    from ..folders import Folders
    from ..settings import Settings

SHARED_HELP = (
    "Every command takes --home DIR, --database URL, --actor NAME, --json, --jsonl, --quiet, --yes and --verbose, "
    "anywhere on the line."
)
"""Shown under the help texts: these options are read before the command tree sees the line."""


@dataclass(frozen=True, slots=True)
class Session:
    """One invocation of the command."""

    home: Path | None = None
    database: str | None = None
    actor: str | None = None
    as_json: bool = False
    as_jsonl: bool = False
    quiet: bool = False
    yes: bool = False
    verbose: bool = False
    command: str = "iconface"

    @property
    def out(self) -> Output:
        """Where this invocation's results go."""
        return Output(self.command, self.as_json, self.as_jsonl, self.quiet)

    @classmethod
    def of(cls, ctx: "typer.Context") -> "Session":
        """The session behind a Typer context, named after its command."""
        session = ctx.find_object(cls)
        assert session is not None, "commands run through cli.main.run"
        return replace(session, command=ctx.command_path.removeprefix("iconface").strip())

    @property
    def own_home(self) -> Path | None:
        """The folder that `--home` or `ICONFACE_HOME` names, absolute; to be handed to a process of our own."""
        home = self.home or os.environ.get("ICONFACE_HOME")
        return None if not home else absolute(Path(home))

    @property
    def environment(self) -> Mapping[str, str]:
        """The process's own, with what `--database` and `--actor` say."""
        said = {"ICONFACE_DATABASE": self.database, "ICONFACE_ACTOR": self.actor}
        return {**os.environ, **{k: v for k, v in said.items() if v}}

    def folders(self) -> "Folders":
        """Where everything lies. Settings are read only where there are any: what somebody waits for imports nothing
        for them otherwise."""
        from ..folders import find_folders

        found = find_folders(self.home, self.environment)
        return self.settings().folders if found.config_file.exists() else found

    def settings(self) -> "Settings":
        """Read the settings of the chosen home."""
        from ..settings import load_settings

        return load_settings(self.home, self.environment)

    @contextmanager
    def app(self) -> Generator["App"]:
        """Open the gallery and everything around it; no model is loaded yet."""
        with nothing_to_lose():
            from ..app import build_app

        settings = self.settings()
        if self.actor and settings.folders.server is None:
            from ..errors import UsageError

            raise UsageError("--actor is for a gallery on a server: a file has one person, who needs no name")
        app = build_app(settings)
        try:
            yield app
        finally:
            app.close()

    def confirm(self, question: str) -> None:
        """Ask before something that cannot be undone. Raises UsageError when nobody can be asked."""
        import typer

        from ..errors import UsageError

        if self.yes:
            return
        if self.out.machine or not sys.stdin.isatty():
            raise UsageError(f"{question} Nobody to ask here: repeat with --yes if you mean it.")
        if not typer.confirm(question, err=True):
            raise UsageError("stopped: nothing was changed")

    def agrees(self, question: str) -> bool:
        """Ask whether to do something that was not asked for in so many words; no when nobody can be asked."""
        import typer

        if self.yes:
            return True
        return not self.out.machine and sys.stdin.isatty() and typer.confirm(question, err=True)


def path(text: str) -> Path:
    """A path on the command line. Raises ValueError for an empty one, which to Python is the current folder."""
    if not text:
        raise ValueError("an empty path; the current folder is .")
    return Path(text)


def split_shared(argv: list[str]) -> tuple[Session, list[str]]:
    """Take the shared options out of a command line; everything after `--` stays as it is.

    Raises ValueError when `--home` has no folder, `--database` no address, `--actor` no name, and for two forms of JSON
    at once.
    """
    flags = {
        "--json": "as_json", "--jsonl": "as_jsonl", "--quiet": "quiet", "-q": "quiet", "--yes": "yes", "-y": "yes",
        "--verbose": "verbose",
    }  # fmt: skip
    given: set[str] = set()
    home: Path | None = None
    database: str | None = None
    actor: str | None = None
    rest: list[str] = []
    todo = iter(argv)
    for arg in todo:
        if arg == "--":
            rest += [arg, *todo]
        elif arg in flags:
            given.add(flags[arg])
        elif arg == "--home" or arg.startswith("--home="):
            value = arg.partition("=")[2] if "=" in arg else next(todo, "")
            if not value:
                raise ValueError("--home needs a folder")
            home = Path(value)
        elif arg == "--database" or arg.startswith("--database="):
            database = arg.partition("=")[2] if "=" in arg else next(todo, "")
            if not database:
                raise ValueError("--database needs an address: postgresql://USER@HOST/DATABASE")
        elif arg == "--actor" or arg.startswith("--actor="):
            actor = arg.partition("=")[2] if "=" in arg else next(todo, "")
            if not actor:
                raise ValueError("--actor needs a name")
        else:
            rest.append(arg)
    if {"as_json", "as_jsonl"} <= given:
        raise ValueError("--json and --jsonl are two ways of writing the same: choose one")
    session = Session(
        home=home,
        database=database,
        actor=actor,
        as_json="as_json" in given,
        as_jsonl="as_jsonl" in given,
        quiet="quiet" in given,
        yes="yes" in given,
        verbose="verbose" in given,
    )
    return session, rest
