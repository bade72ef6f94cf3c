"""A small library with faces, and homes of galleries over it, each made once and copied for every try."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import plugin.app
from gallery_db import Gallery
from iconface_core.faces import sface, yunet
from iconface_core.restorers.nano import restorer
from plugin.cli.main import run
from plugin.job_kinds import enqueue_restore
from plugin.job_payloads import QueuedChoices

from .forked import forked
from .own_model import make_restorer

# Imported here, so that not every fork has to.
LOADED = (plugin.app, sface, yunet, restorer)
RELEASED = Path(__file__).parents[2] / "tests" / "migrations" / "released"
PHOTOS = 9
"""Of the sample's; a scan of more only takes longer."""


class World:
    """`photos` is the library (never written); outside of it are `ruined`, a damaged picture of one of its people, and
    `group`, one of all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.photos, self.ruined = folder, folder / "photos", folder / "ruined.jpg"
        self.group, self.log = folder / "group.jpg", folder / "said.txt"
        end = forked(self._make, self.log)
        assert end.code == 0, end.said
        self._homes: dict[str, Path] = {}

    def home(self, make: "Make") -> Path:
        """The home that `make` makes, made once, and where all homes are while something is done to them: paths are a
        part of what is stored."""
        if make.__name__ not in self._homes:
            home = self.copy(None)
            make(self, home)
            self._homes[make.__name__] = base = self.folder / "bases" / make.__name__
            shutil.copytree(home, base)
        return self._homes[make.__name__]

    def copy(self, base: Path | None) -> Path:
        """A copy of `base` to be hurt; the one before is gone."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        for entry in home.iterdir():  # it may be a disk of its own, which stays
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if base is not None:
            shutil.copytree(base, home, dirs_exist_ok=True)
        return home

    def originals(self) -> str:
        """Stands for the bytes, times and inodes of all photos."""
        digest = hashlib.sha256()
        for path in [*sorted(self.photos.iterdir()), self.ruined, self.group]:
            stat = path.stat()
            digest.update(f"{path.name} {stat.st_mtime_ns} {stat.st_ino}".encode() + path.read_bytes())
        return digest.hexdigest()

    def _make(self) -> int:
        from PIL import Image

        from iconface_core.faces.yunet import YuNetDetector
        from iconface_core.images.read import read_photo
        from plugin.demo.sample import group_photo, make_library

        source = group_photo()
        faces = sorted(YuNetDetector().detect(read_photo(source).pixels), key=lambda f: f.bbox.x1)
        everything = self.folder / "everything"
        ruined = make_library(everything, Image.open(source).convert("RGB"), faces)
        self.photos.mkdir()
        for path in sorted(p for p in everything.iterdir() if p != ruined)[:PHOTOS]:
            shutil.copy2(path, self.photos)
        shutil.copy2(ruined, self.ruined)
        Image.open(source).convert("RGB").reduce(2).save(self.group, quality=60)
        return 0


Make = Callable[[World, Path], None]


def command(home: Path, *argv: object, expect: tuple[int, ...] = (0,)) -> None:
    """One command line. Raises AssertionError for another exit code."""
    line = ["--home", str(home), "--quiet", "--yes", *map(str, argv)]
    end = forked(lambda: run(line), home.parent / "said-by-command.txt")
    assert end.code in expect, f"{' '.join(map(str, argv))}: {end}"


def added(world: World, home: Path) -> None:
    command(home, "library", "add", world.photos)


def scanned(world: World, home: Path) -> None:
    added(world, home)
    command(home, "scan")


def decided(world: World, home: Path) -> None:
    """Two named people with what was decided about them, a restored copy, and a backup."""
    scanned(world, home)
    with closing(sqlite3.connect(home / "data" / "gallery.db")) as db:
        people = [
            r[0] for r in db.execute("SELECT person_id FROM face GROUP BY 1 HAVING person_id ORDER BY count(*) DESC")
        ]
        faces = [r[0] for r in db.execute("SELECT id FROM face WHERE person_id = ? ORDER BY id", (people[0],))]
    command(home, "people", "name", people[0], "Ada")
    command(home, "people", "name", people[1], "Bea")
    command(home, "faces", "confirm", *faces)
    command(home, "people", "merge", people[0], people[1])
    command(home, "backup")


def restored(world: World, home: Path) -> None:
    decided(world, home)
    command(home, "restore", world.ruined, "--force", "--output", home / "copies", expect=(0, 5))


def degraded_library(world: World, home: Path) -> None:
    """A library with a photo that a clean-up finds worth it, and somebody named in it."""
    decided(world, home)
    folder = home / "more"
    folder.mkdir()
    shutil.copy2(world.ruined, folder)
    command(home, "library", "add", folder)
    command(home, "scan")


def moved(world: World, home: Path) -> None:
    """A library whose folder was renamed, and named people in it."""
    shutil.copytree(world.photos, home / "pictures")
    command(home, "library", "add", home / "pictures")
    command(home, "scan")
    with closing(sqlite3.connect(home / "data" / "gallery.db")) as db:
        person = db.execute("SELECT min(id) FROM person").fetchone()[0]
    command(home, "people", "name", person, "Ada")
    (home / "pictures").rename(home / "pictures elsewhere")


def own_model(world: World, home: Path) -> None:
    """A gallery, and the file of a restorer of the user's own: large enough for its copying to take a while."""
    added(world, home)
    make_restorer(home / "mine.onnx", megabytes=40)


def queued(world: World, home: Path) -> None:
    """Named people, and three photos of them that wait to be restored; the copies go where copies go."""
    decided(world, home)
    photos = [world.ruined, *sorted(world.photos.iterdir())[:2]]
    with Gallery.open(home / "data" / "gallery.db") as gallery, gallery.begin() as tx:
        for photo in photos:
            enqueue_restore(tx, photo, options=QueuedChoices(force=True))


def served(world: World, home: Path) -> None:
    """The same for a service whose worker does not wait a minute for more, so that kills meet work."""
    queued(world, home)
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text("worker_idle_seconds = 1\n")


def released(revision: str) -> Make:
    """A gallery as an older release left it."""

    def make(_world: World, home: Path) -> None:
        (home / "data").mkdir(parents=True)
        with closing(sqlite3.connect(home / "data" / "gallery.db")) as db:
            db.executescript((RELEASED / f"{revision}.sql").read_text())
            db.execute("PRAGMA journal_mode=WAL")

    make.__name__ = f"released-{revision}"
    return make
