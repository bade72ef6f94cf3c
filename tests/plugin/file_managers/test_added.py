"""File managers of other packages: their entry is written, shown and removed by our rules."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from iconface_core.extensions.menus import FileManagerMenu, MenuContext, MenuFile
from plugin.extensions import FILE_MANAGERS
from plugin.file_managers.added import added_menus
from plugin.file_managers.registry import carry_out, status
from plugin.installed_files.own_files import UserFolders

COMMAND = ("iconface", "restore", "--enqueue", "--")


@pytest.fixture
def places(tmp_path: Path) -> UserFolders:
    home = tmp_path / "user"
    return UserFolders(home, home / "share", home / "config", tmp_path / "own")


def points(monkeypatch: pytest.MonkeyPatch, **functions: object) -> list[EntryPoint]:
    module = type(sys)("acme_menus")
    for name, function in functions.items():
        setattr(module, name, function)
    monkeypatch.setitem(sys.modules, "acme_menus", module)
    return [EntryPoint(name, f"acme_menus:{name}", FILE_MANAGERS) for name in functions]


def ranger(context: MenuContext) -> FileManagerMenu:
    text = f"# {context.marker}\nmap R shell {' '.join(context.command)} %s\n"
    file = MenuFile(context.config / "ranger" / "iconface.conf", text.encode())
    return FileManagerMenu("ranger", "ranger", "start it again", (file,), lambda: True)


def test_its_entry_is_written_and_removed_like_ours(
    places: UserFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    [added], problems = added_menus(places, COMMAND, ["nemo"], points(monkeypatch, ranger=ranger))
    assert problems == []
    menu, path = added.value, places.config / "ranger" / "iconface.conf"
    assert (menu.name, status(menu)) == ("ranger", "not installed")
    assert carry_out(menu, tmp_path / "backups", wanted=True, dry_run=False).error is None
    assert "restore --enqueue" in path.read_text()
    assert status(menu) == "installed"
    assert carry_out(menu, tmp_path / "backups", wanted=False, dry_run=False).error is None
    assert not path.exists()
    path.write_text("mine")
    assert carry_out(menu, tmp_path / "backups", wanted=True, dry_run=False).error is not None
    assert path.read_text() == "mine"


def test_what_is_of_no_use_is_a_problem_and_never_an_error(places: UserFolders, monkeypatch: pytest.MonkeyPatch):
    def unmarked(context: MenuContext) -> FileManagerMenu:
        return FileManagerMenu("x", "x", "x", (MenuFile(context.home / "x", b"no mark"),), lambda: True)

    def relative(context: MenuContext) -> FileManagerMenu:
        return FileManagerMenu("x", "x", "x", (MenuFile(Path("x"), context.marker.encode()),), lambda: True)

    def crashes(context: MenuContext) -> FileManagerMenu:
        raise RuntimeError("no desktop")

    found = points(
        monkeypatch,
        crashes=crashes,
        elsewhere=lambda context: None,
        number=3,
        relative=relative,
        twice=ranger,
        unmarked=unmarked,
        wrong=lambda context: "menu",
    )
    good, problems = added_menus(places, COMMAND, ["ranger"], found)
    assert good == []
    assert {p.name: p.why for p in problems} == {
        "crashes": "RuntimeError: no desktop",
        "number": "a function of a MenuContext is wanted, not int",
        "relative": "files must be MenuFile with absolute paths",
        "twice": "'ranger' is taken by iconface itself",
        "unmarked": "x lacks the marker, so it could never be removed",
        "wrong": "it must make a FileManagerMenu, not str",
    }


def test_a_file_manager_of_which_nobody_knows_is_not_here(places: UserFolders, monkeypatch: pytest.MonkeyPatch):
    def unsure(context: MenuContext) -> FileManagerMenu:
        file = MenuFile(context.home / "x", context.marker.encode())
        return FileManagerMenu("x", "x", "x", (file,), lambda: bool(1 / 0))

    [added], _ = added_menus(places, COMMAND, [], points(monkeypatch, unsure=unsure))
    assert added.value.available() is False
