"""Each file manager for real: the entry is installed, seen in the menu, clicked, and the names arrive intact.

A failing test names a screenshot.
"""

from pathlib import Path

import pytest

from plugin.file_managers.registry import Integration, carry_out, integrations, status
from plugin.installed_files.own_files import UserFolders
from tests.support.screen import Desk, missing

MANAGERS = {
    "nautilus": ["Restore face"],
    "nautilus-script": ["Scripts", "Restore face"],
    "nemo": ["Restore face"],
    "thunar": ["Restore face"],
    "dolphin": ["Restore face"],
    "pcmanfm": ["Restore face"],
}
"""What is clicked in the menu, one after the other."""

PLAIN, HARD = "a photo.jpg", '-it\'s "Größe" 1.jpg'


@pytest.mark.parametrize("name", MANAGERS)
def test_the_entry_hands_over_names_intact_several_at_once_and_is_for_pictures_only(
    name: str, table: Desk, photos: Path, stub
):
    program = name.partition("-")[0]
    integration = install(name, table, stub.command)
    if missing(program) or not integration.available():
        pytest.skip(f"{name} is not installed (see .ci/system-packages)")
    table.start([program, photos])

    table.choose(r"a photo", *MANAGERS[name], done=stub.calls)
    calls = table.until(stub.calls, f"{name} did not run the command", 60)
    assert calls == [["restore", "--enqueue", "--", str(photos / PLAIN)]]

    stub.forget()
    table.choose(r"it.?s", *MANAGERS[name], done=stub.calls)
    calls = table.until(stub.calls, f"{name} did not run the command", 60)
    assert calls == [["restore", "--enqueue", "--", str(photos / HARD)]]

    stub.forget()
    hard, plain = table.see(r"it.?s"), table.see(r"a photo")
    table.click(hard)
    table.do("keydown", "ctrl")
    table.click(plain)
    table.do("keyup", "ctrl")
    table.choose(plain, *MANAGERS[name], done=stub.calls)
    (call,) = table.until(stub.calls, f"{name} did not run the command", 60)
    assert call[:3] == ["restore", "--enqueue", "--"]
    assert set(call[3:]) == {str(photos / PLAIN), str(photos / HARD)}

    if name == "nautilus-script":
        return  # scripts are shown for any file
    at = table.see(r"notes")
    before = table.still()
    table.click(at, 3)
    table.see("Properties", new_since=before)
    table.still()
    assert table.find("Restore", new_since=before) is None


def install(name: str, table: Desk, command: tuple[str, ...]) -> Integration:
    places = UserFolders.of(table.env, table.home, table.folder / "own")
    integration = next(i for i in integrations(places, command, "linux") if i.name == name)
    assert carry_out(integration, table.folder / "backups", wanted=True, dry_run=False).error is None
    assert status(integration) == "installed"
    return integration
