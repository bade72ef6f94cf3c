"""kill -9 right after a commit that is followed by an unlink or a clear: the next command does the rest."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gallery_db import Gallery
from iconface_core.images.leftovers import temporary
from plugin.cli.main import run as run_here
from tests.support.library import Cli, Library
from tests.support.onnx_files import contrast

KILLED = """
import os, signal, sys
from importlib import import_module
module, name, *argv = sys.argv[1:]
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
place, _, attribute = name.rpartition(".")
owner = import_module(module)
setattr(getattr(owner, place) if place else owner, attribute, die)
from plugin.cli.main import run
run(argv)
raise SystemExit("the place was not reached")
"""


def killed_at(place: tuple[str, str], home: Path, *argv: object) -> None:
    """Run a command that dies as soon as it calls `place`, a module and a name in it."""
    line = [sys.executable, "-c", KILLED, *place, "--home", str(home), "--yes", *map(str, argv)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr + done.stdout


def somebody(cli: Cli) -> dict[str, Any]:
    person: dict[str, Any] = max(cli("people", "list")["people"], key=lambda p: p["faces"])
    cli("people", "name", person["person_id"], "Zerlina Unverwechselbar")
    return person


@pytest.mark.parametrize(
    "place",
    [("gallery_db.gallery", "Gallery._forget_the_rest"), ("gallery_db.gallery", "Gallery.compact"),
     ("plugin.people.forgetting", "clear"), ("gallery_db.gallery", "Gallery.forgotten")],
    ids=["after the commit", "before compacting", "before the pictures", "before the note is taken back"],
)  # fmt: skip
def test_forget(cli: Cli, library: Library, place: tuple[str, str]) -> None:
    person = somebody(cli)
    pictures = library.home / "cache" / "web" / "ab"
    pictures.mkdir(parents=True)
    (pictures / "abcd.jpg").write_bytes(b"\xff\xd8their face\xff\xd9")
    killed_at(place, library.home, "forget", person["person_id"])

    assert person["person_id"] not in {p["person_id"] for p in cli("people", "list")["people"]}

    assert not list(pictures.iterdir())
    for path in (library.home / "data").rglob("*"):
        if path.is_file() and "backups" not in path.parts:
            assert b"Zerlina" not in path.read_bytes(), path
    assert cli("doctor")["problems"] == 0
    cli("forget", person["person_id"], code=3)


def test_library_remove(cli: Cli, library: Library) -> None:
    pictures = library.home / "cache" / "web" / "ab"
    pictures.mkdir(parents=True)
    (pictures / "abcd.jpg").write_bytes(b"\xff\xd8a face\xff\xd9")
    killed_at(("plugin.library.roots", "clear_pictures"), library.home, "library", "remove", library.photos)
    cli("people", "list")
    assert not list(pictures.iterdir())


@pytest.mark.parametrize("verb", [("restored", "reject"), ("undo",)], ids=["reject", "undo"])
def test_a_copy_that_nobody_wants(cli: Cli, library: Library, verb: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    (copy,) = {Path(r["output"]) for r in cli("restore", library.ruined, "-o", out)["results"] if r["output"]}
    killed_at(("plugin.restoring.decisions", "remove"), library.home, *verb, *([copy] if len(verb) > 1 else []))
    assert copy.exists()
    rows = cli("restored", "list")["restorations"]
    assert not copy.exists()
    assert {r["state"] for r in rows} == {"rejected" if "reject" in verb else "undone"}
    assert cli("doctor")["problems"] == 0


def test_a_copy_that_was_edited_meanwhile_stays(cli: Cli, library: Library, tmp_path: Path) -> None:
    (copy,) = {Path(r["output"]) for r in cli("restore", library.ruined, "-o", tmp_path)["results"] if r["output"]}
    killed_at(("plugin.restoring.decisions", "remove"), library.home, "restored", "reject", copy)
    copy.write_bytes(copy.read_bytes() + b"mine")
    cli("people", "list")
    assert copy.exists()


@pytest.mark.parametrize(
    ("place", "argv"),
    [
        (("gallery_db.database.backups", "_sync"), ("backup",)),
        (("gallery_db.database.backups", "_check"), ("restore-backup", "BACKUP")),
        (("gallery_db.database.backups", "_set_aside"), ("restore-backup", "BACKUP")),
    ],
)
def test_half_made_files(cli: Cli, library: Library, place: tuple[str, str], argv: tuple[str, ...]) -> None:
    saved = cli("backup")["backup"]
    killed_at(place, library.home, *(saved if a == "BACKUP" else a for a in argv))
    assert unfinished(library.home), "the kill came too early"
    cli("people", "list")
    assert not unfinished(library.home)
    assert cli("doctor")["problems"] == 0


@pytest.mark.parametrize(
    "place", [("iconface_core.restorers.onnx.probe", "probe"), ("plugin.models.onnx_restorers", "encode_json")]
)
def test_a_half_installed_restorer_is_none(cli: Cli, library: Library, place: tuple[str, str], tmp_path: Path) -> None:
    argv = ("models", "install", str(contrast(tmp_path / "mine.onnx", 1.2)), "--like", "gfpgan")
    killed_at(place, library.home, *argv)
    own = library.home / "data" / "models" / "own"
    assert len(list(own.iterdir())) == 1, "the kill came too early"
    assert "mine" not in [m["id"] for m in cli("models", "list")["models"]]
    cli("people", "list")
    assert not unfinished(library.home)
    cli(*argv)
    assert sorted(p.suffix for p in own.iterdir()) == [".json", ".onnx"]


def test_a_half_made_index(cli: Cli, library: Library) -> None:
    with Gallery.open(library.home / "data" / "gallery.db") as gallery:
        gallery.vectors_dir.mkdir(parents=True, exist_ok=True)  # the first look-up makes it
        for index in gallery.vectors_dir.iterdir():
            index.unlink()
        half = temporary(gallery.vectors_dir / "sface-2021dec.faiss")
    half.with_name(half.name.replace(str(os.getpid()), str(_gone()))).write_text("half an index")
    cli("people", "list")
    assert not unfinished(library.home)


def test_the_leavings_of_a_killed_backup_are_reached_by_forget(cli: Cli, library: Library) -> None:
    person = somebody(cli)
    killed_at(("gallery_db.database.backups", "_sync"), library.home, "backup")
    with Gallery.open(library.home / "data" / "gallery.db") as gallery:  # as a program that was there all the time
        gallery.forget(int(str(person["person_id"])))
    assert not unfinished(library.home)


def test_what_others_still_work_on_stays(cli: Cli, library: Library) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        backups = library.home / "data" / "backups"
        theirs = backups / f"b.db.{other.pid}.unfinished"
        theirs.write_text("half a backup")
        old = backups / f"c.db.{_gone()}.part-journal"  # of an older release
        old.write_text("half a backup")
        mine = backups / "holiday.2019.part2"
        mine.write_text("what is this?")
        cli("people", "list")
        assert (theirs.exists(), old.exists(), mine.exists()) == (True, False, True)
    finally:
        other.communicate(b"\n")
    cli("people", "list")
    assert not theirs.exists()


def test_a_number_that_another_process_got_since(tmp_path: Path) -> None:
    from iconface_core.images.leftovers import leftovers

    old = tmp_path / temporary(Path("x")).name.replace(str(os.getpid()), str(os.getppid()))
    old.write_text("")
    assert leftovers(tmp_path) == []
    os.utime(old, (1e9, 1e9))
    assert leftovers(tmp_path) == [old]


def test_a_migration_begun_twice_keeps_one_copy(tmp_path: Path) -> None:
    from gallery_db.database.backups import migration_backup_path, once

    db = tmp_path / "gallery.db"
    assert run_here(["--home", str(tmp_path / "h"), "--quiet", "people", "list"]) == 0
    made = tmp_path / "h" / "data" / "gallery.db"
    db.write_bytes(made.read_bytes())
    first, second = migration_backup_path(db, "0004"), tmp_path / "gallery.db.before-0004.1.bak"
    first.write_bytes(b"the same")
    second.write_bytes(b"the same")
    assert once(second) == first
    assert not second.exists()
    second.write_bytes(b"not same")
    assert once(second) == second


def unfinished(home: Path) -> list[str]:
    return [p.name for p in (home / "data").rglob("*") if p.name.endswith((".unfinished", ".part", ".restoring"))]


def _gone() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_notes_are_json(cli: Cli, library: Library) -> None:
    """A note of a newer release is no reason not to start."""
    with Gallery.open(library.home / "data" / "gallery.db") as gallery, gallery.begin() as tx:
        tx.meta.set("removing_copies", json.dumps({"99999": "rejected"}))
    cli("people", "list")
