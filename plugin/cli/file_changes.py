"""What was changed on the user's system, or would be, as rows and as lines: `integrate` and `service install`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..file_managers.registry import InstallOutcome
    from ..installed_files.changes import FileChange


def needed(outcome: "InstallOutcome") -> "list[FileChange]":
    """The changes that change anything."""
    return [c for c in outcome.changes if c.needed]


def changes_row(outcome: "InstallOutcome") -> list[dict[str, Any]]:
    """The needed changes as JSON values."""
    return [{"path": str(c.path), "action": c.action, "diff": "\n".join(c.diff())} for c in needed(outcome)]


def outcome_lines(outcome: "InstallOutcome", done: Sequence[str], *, dry_run: bool) -> list[str]:
    """For people: the error, nothing, the diff, or `done`, which says what was changed, and the hint."""
    title = outcome.integration.title
    if outcome.error is not None:
        return [f"{title}: {outcome.error}"]
    if not needed(outcome):
        return [f"{title}: nothing to change"]
    if dry_run:
        return [f"{title}: would change", *(line for c in needed(outcome) for line in c.diff())]
    return [*done, f"  {outcome.integration.hint}"]
