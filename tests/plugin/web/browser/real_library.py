"""A family-sized library of real photographs, as a person would have it: found, grouped, partly named, some restored.

Everything happens through the real commands. Built once a session; a test takes a copy of the home.
"""

import contextlib
import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.degrade import LEVELS, degrade, read_rgb
from gallery_db import Gallery
from plugin.cli.main import run

PORTRAITS = {"00005": 9, "00075": 7, "00086": 4, "00146": 6}
"""Identities of celeb512 and how many photos of each are clean."""
PRESS = {"Serena_Williams": 8, "David_Beckham": 6, "Kofi_Annan": 6, "Andre_Agassi": 4, "Gloria_Macapagal_Arroyo": 3}
"""The same of LFW."""
STRANGERS = 10
"""People of LFW with one photo each."""
OLD = 2
"""Degraded photos of each of the portraits."""
RUINED = {"Serena_Williams": 3, "David_Beckham": 3, "Kofi_Annan": 3}
"""Photos of LFW, ruined so badly that grouping asks about some."""
NAMES = {
    "00005": "Adam Bright",
    "00146": "Maximiliane Alexandra von Hohenstein-Wittelsbach",
    "Serena_Williams": "Serena",
    "David_Beckham": "David",
}
"""What is named, one of them with a name no layout likes."""
FIRST_DAY = datetime(1996, 6, 1, 12)


@dataclass(frozen=True)
class RealLibrary:
    """Photos on disk and the home of the gallery that knows them. `people` maps folder names to person ids; `waiting`
    is a restoration that nobody has judged yet."""

    photos: Path
    home: Path
    people: dict[str, int]
    waiting: int

    def copy(self, home: Path) -> "RealLibrary":
        """The same with a home of its own; the photos are shared and only ever read."""
        shutil.copytree(self.home, home, ignore=shutil.ignore_patterns("run", "*.log"))
        with contextlib.closing(sqlite3.connect(home / "data" / "gallery.db")) as db:
            # Restored copies are known by their whole path: they moved along.
            for table, column in (("restoration", "output"), ("decision", "summary")):
                db.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (str(self.home), str(home)))
            db.commit()
        return replace(self, home=home)

    def commands(self) -> "Commands":
        """The command line of this home."""
        return Commands(self.home)

    def photo_id(self, name: str) -> int:
        """Of a photo below the folder."""
        with Gallery.open(self.home / "data" / "gallery.db") as gallery, gallery.begin(write=False) as tx:
            photo = tx.photos.by_path(str(self.photos / name))
        assert photo is not None, name
        return photo.id


class Commands:
    """Commands of one home, in this process. Returns what they print as JSON."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *argv: object, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(["--home", str(self.home), "--json", "--yes", *map(str, argv)])
        assert code in codes, f"{argv}: exit code {code}: {out.getvalue()}{err.getvalue()}"
        payload: dict[str, Any] = json.loads(out.getvalue())
        return payload


def build(folder: Path, data: Path) -> RealLibrary:
    """Photos, scan, names and restorations in `folder`."""
    photos, home = folder / "Family photos", folder / "home"
    take_photos(photos, data)
    iconface = Commands(home)
    iconface("library", "add", photos)
    iconface("scan")
    people = whose_folders(iconface)
    for truth, name in NAMES.items():
        iconface("people", "name", people[truth], name)
    iconface("people", "birth-date", people["00005"], "1990-02-03")
    iconface("people", "hide", people["Gloria_Macapagal_Arroyo"])
    return RealLibrary(photos, home, people, restore(iconface, photos))


def restore(iconface: Commands, photos: Path) -> int:
    """With iconface-nano: one is accepted, two wait to be judged. The id of one that waits."""
    accepted, waiting, another = (photos / name for name in ("00005/old 1.jpg", "00005/old 0.jpg", "00146/old 0.jpg"))
    for photo in (accepted, another, waiting):
        iconface("restore", photo, "--restorer", "nano", "--force")  # also what only a careful eye would see
    iconface("restored", "accept", accepted)
    [row, *_] = iconface("restored", "list", waiting)["restorations"]
    return int(row["restoration_id"])


def take_photos(folder: Path, data: Path) -> None:
    """Copies with capture dates over many years; every fifth is without one."""
    days = dates()
    rng = np.random.default_rng(7)
    for truth, clean in PORTRAITS.items():
        found = sorted(p for p in (data / "celeb512" / truth).glob("*.png") if "degraded" not in p.name)
        for n, source in enumerate(found[:clean]):
            save(read_rgb(source), folder / truth / f"{n}.jpg", next(days))
        for n, source in enumerate(found[clean : clean + OLD]):
            save(degrade(read_rgb(source), LEVELS["moderate"], rng), folder / truth / f"old {n}.jpg", next(days))
        # Looks like twins: one person, twice in a photo. Nobody is twice in one photo, so there is something to ask.
        save(np.hstack([read_rgb(p) for p in found[-2:]]), folder / "together" / f"twins {truth}.jpg", next(days))
    for truth, clean in PRESS.items():
        for n, source in enumerate(sorted((data / "lfw" / truth).glob("*.jpg"))[:clean]):
            save(read_rgb(source), folder / truth / f"{n}.jpg", next(days))
    for truth, count in RUINED.items():
        for n, source in enumerate(sorted((data / "lfw" / truth).glob("*.jpg"))[10 : 10 + count]):
            save(degrade(read_rgb(source), LEVELS["severe"], rng), folder / "attic" / f"{truth} {n}.jpg", None)
    alone = [p for p in sorted((data / "lfw").iterdir()) if len(list(p.glob("*.jpg"))) == 1]
    for person in alone[:: len(alone) // STRANGERS][:STRANGERS]:
        save(read_rgb(next(person.glob("*.jpg"))), folder / "strangers" / f"{person.name}.jpg", next(days))
    for source in sorted((data / "group_photos").glob("*.jpg")):
        save(read_rgb(source), folder / "together" / source.name, next(days))
    for source in sorted((data / "real_lq").glob("*.png"))[:2]:
        save(read_rgb(source), folder / "attic" / f"{source.stem}.jpg", None)


def dates() -> Iterator[datetime | None]:
    day = FIRST_DAY
    while True:
        for _ in range(4):
            yield day
            day += timedelta(days=97)
        yield None


def save(pixels: np.ndarray, path: Path, taken: datetime | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken.strftime("%Y:%m:%d %H:%M:%S")  # DateTimeOriginal
    Image.fromarray(pixels).save(path, quality=93, exif=exif)


def whose_folders(iconface: Commands) -> dict[str, int]:
    """The person who has most faces in each folder."""
    rows = [f for f in iconface("faces", "list", "--limit", 1000)["faces"] if f["person_id"] is not None]
    folders = {Path(f["photo"]).parent.name for f in rows}
    people = {}
    for name in sorted(folders):
        ids = [f["person_id"] for f in rows if Path(f["photo"]).parent.name == name]
        people[name] = max(set(ids), key=ids.count)
    return people
