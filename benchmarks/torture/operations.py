"""What is killed: where it starts from, the command, and whether it is to be run again afterwards."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .world import (
    RELEASED,
    Make,
    World,
    added,
    decided,
    degraded_library,
    moved,
    own_model,
    queued,
    released,
    restored,
    scanned,
    served,
)

Argv = Callable[[World, Path], list[object]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`base` makes the home it starts from. `again`: killed, it is run once more and must come to the same end; others
    are all or nothing."""

    name: str
    base: Make
    argv: Argv
    again: bool = False
    codes: tuple[int, ...] = (0,)


def _ids(home: Path, query: str) -> list[int]:
    with closing(sqlite3.connect(home / "data" / "gallery.db")) as db:
        return [r[0] for r in db.execute(query)]


def _named(home: Path) -> int:
    return _ids(home, "SELECT id FROM person WHERE name = 'Ada'")[0]


def _faces(home: Path) -> list[int]:
    return _ids(home, "SELECT face.id FROM face JOIN person ON person.id = person_id WHERE name = 'Ada' ORDER BY 1")


def _backup(home: Path) -> Path:
    return sorted((home / "data" / "backups").glob("gallery-manual-*.db"))[0]


def _restoring(photo: str) -> Argv:
    return lambda w, h: ["restore", getattr(w, photo), "--force", "-o", h / "copies"]


def _photo_folders(_world: World, home: Path) -> list[object]:
    return ["library", "move", home / "pictures", home / "pictures elsewhere"]


def _copy(home: Path) -> int:
    return _ids(home, "SELECT max(id) FROM restoration WHERE output IS NOT NULL")[0]


OPERATIONS = (
    Operation("scan", added, lambda *_: ["scan"], again=True),
    Operation("group", scanned, lambda *_: ["people", "regroup"], again=True),
    Operation("restore", decided, _restoring("ruined"), again=True, codes=(0, 5)),
    Operation("restore several faces", decided, _restoring("group"), again=True, codes=(0, 5)),
    Operation("cleanup run", degraded_library, lambda *_: ["cleanup", "run"], again=True),
    Operation("merge", scanned, lambda w, h: ["people", "merge", *_ids(h, "SELECT id FROM person LIMIT 2")]),
    Operation("split", decided, lambda w, h: ["people", "split", _named(h), *_faces(h)[:2], "--name", "Cleo"]),
    Operation("undo", decided, lambda *_: ["undo"]),
    Operation("undo of a restoration", restored, lambda *_: ["undo"]),
    Operation("reject", restored, lambda w, h: ["restored", "reject", _copy(h)]),
    Operation("library remove", decided, lambda w, h: ["library", "remove", w.photos]),
    Operation("library move", moved, _photo_folders),
    Operation("models install", own_model, lambda _, h: ["models", "install", h / "mine.onnx", "--like", "gfpgan"]),
    Operation("worker", queued, lambda *_: ["jobs", "run"], again=True),
    Operation("service", served, lambda *_: ["service", "run", "--linger", "1"], again=True),
    Operation("forget", decided, lambda w, h: ["forget", _named(h)]),
    Operation("backup", decided, lambda w, h: ["backup", h / "data" / "backups" / "mine.db"]),
    Operation("restore-backup", decided, lambda w, h: ["restore-backup", _backup(h)]),
    *(
        Operation(f"migration {revision}", released(revision), lambda *_: ["people", "list"], again=True)
        for revision in sorted(path.stem for path in RELEASED.glob("*.sql"))
    ),
)  # fmt: skip
