"""A small library with faces, and homes of galleries over it, each made once and copied for every try."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import plugin.app
from iconface_core.faces import sface, yunet
from iconface_core.restorers.nano import restorer
from plugin.cli.main import run

from .forked import forked

# Imported here, so that not every fork has to.
LOADED = (plugin.app, sface, yunet, restorer)
RELEASED = Path(__file__).parents[2] / "tests" / "migrations" / "released"
PHOTOS = 9
"""Of the sample's; a scan of more only takes longer."""


class World:
    """`photos` is the library (never written), `ruined` a damaged picture of its people outside of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.photos, self.ruined, self.log = (folder / n for n in ("", "photos", "ruined.jpg", "said.txt"))
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
        shutil.rmtree(home, ignore_errors=True)
        if base is not None:
            shutil.copytree(base, home)
        return home

    def originals(self) -> str:
        """Stands for the bytes, times and inodes of all photos."""
        digest = hashlib.sha256()
        for path in [*sorted(self.photos.iterdir()), self.ruined]:
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


def released(revision: str) -> Make:
    """A gallery as an older release left it."""

    def make(_world: World, home: Path) -> None:
        (home / "data").mkdir(parents=True)
        with closing(sqlite3.connect(home / "data" / "gallery.db")) as db:
            db.executescript((RELEASED / f"{revision}.sql").read_text())
            db.execute("PRAGMA journal_mode=WAL")

    make.__name__ = f"released-{revision}"
    return make
