"""The file managers we know, and one way to put our entry into each and to take it out again."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from ..errors import UsageError
from ..installed_files.changes import FileChange, IntegrationError, apply
from ..installed_files.command import Argv, guarded
from ..installed_files.own_files import UserFolders
from . import dolphin, explorer, finder, nautilus, nemo, pcmanfm, thunar

Status = Literal["installed", "outdated", "not installed", "in the way"]


class Integration(Protocol):
    """One menu. `hint` says what the user does for a running file manager to see the change."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def hint(self) -> str: ...

    def available(self) -> bool:
        """Whether this file manager is here."""
        ...

    def plan(self, *, wanted: bool) -> list[FileChange]:
        """The files with our entry in them, or with it taken out. Raises IntegrationError when they are not ours."""
        ...

    def finish(self, *, wanted: bool) -> None:
        """Tell the system, after the files were changed. Raises IntegrationError."""
        ...


@dataclass(frozen=True, slots=True)
class InstallOutcome:
    """What was done, or would be, for one integration. `backups` are copies of what was there before."""

    integration: Integration
    changes: Sequence[FileChange]
    backups: Sequence[Path] = ()
    error: str | None = None


def integrations(places: UserFolders, command: Argv, platform: str = sys.platform) -> list[Integration]:
    """Every integration of this platform, each running `command` with the selected files."""
    if platform == "win32":
        return [explorer.explorer(places, command)]
    if platform == "darwin":
        return [finder.quick_action(places, command)]
    command = guarded(command)
    return [
        nautilus.extension(places, command),
        nautilus.script(places, command),
        nemo.action(places, command),
        thunar.Thunar(places, command),
        dolphin.service_menu(places, command),
        pcmanfm.action(places, command),
    ]


def chosen(known: Sequence[Integration], names: Sequence[str], *, wanted: bool) -> list[Integration]:
    """Those named; without names, to install: all file managers that are here, each once; to remove: all.

    Raises UsageError for an unknown name.
    """
    by_name = {i.name: i for i in known}
    if unknown := [n for n in names if n not in by_name]:
        raise UsageError(f"no integration named {', '.join(unknown)}; there are: {', '.join(by_name)}")
    if names:
        return [by_name[n] for n in dict.fromkeys(names)]
    if not wanted:
        return list(known)
    here = [i for i in known if i.available()]
    # The script is for a Nautilus without Python extensions: with both, the entry would stand there twice.
    doubled = {"nautilus-script"} if any(i.name == "nautilus" for i in here) else set()
    return [i for i in here if i.name not in doubled]


def carry_out(integration: Integration, backups: Path, *, wanted: bool, dry_run: bool) -> InstallOutcome:
    """Put the entry in (`wanted`) or take it out. What goes wrong is in the outcome: the others go on."""
    try:
        changes = integration.plan(wanted=wanted)
        if dry_run:
            return InstallOutcome(integration, changes)
        kept = apply(changes, backups)
        if wanted or changes:
            integration.finish(wanted=wanted)
    except (IntegrationError, OSError) as e:
        return InstallOutcome(integration, (), error=str(e))
    return InstallOutcome(integration, changes, kept)


def status(integration: Integration) -> Status:
    """Is our entry there, and is it the one we would write now?"""
    try:
        if not any(c.needed for c in integration.plan(wanted=True)):
            return "installed"
        there = any(c.needed for c in integration.plan(wanted=False))
    except (IntegrationError, OSError):
        return "in the way"
    return "outdated" if there else "not installed"
