"""A family's library, as a person would have it: found, grouped, partly named, some of it restored.

Everything happens through the real commands. Built once a run; a test takes a copy of the home.
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

from PIL import Image

from gallery_db import Gallery
from plugin.cli.main import run
from tests.support.people import People, save

CLEAN = {"adam": 9, "max": 6, "serena": 8, "david": 6, "kofi": 6, "andre": 5}
"""Folders, one for each of the six people, and how many good photos are in each."""
COUSINS = {"cousin": (0, 1, 3), "gloria": (2, 4, 5)}
"""Folders of people who are a mixture of others. The cousin is so much like Adam that grouping asks about it."""
COUSIN_PHOTOS = 3
OLD = ("adam", "max")
"""Who has two degraded photos that can be restored."""
RUINED = ("serena", "david", "kofi")
"""Who has three ruined photos in the attic, one worse than the other."""
NAMES = {
    "adam": "Adam Bright",
    "max": "Maximiliane Alexandra von Hohenstein-Wittelsbach",
    "serena": "Serena",
    "david": "David",
}
"""What is named, one of them with a name no layout likes."""
FIRST_DAY = datetime(1996, 6, 1, 12)


@dataclass(frozen=True)
class Family:
    """Photos on disk and the home of the gallery that knows them. `people` maps folder names to person ids; `waiting`
    is a restoration that nobody has judged yet."""

    photos: Path
    home: Path
    people: dict[str, int]
    waiting: int

    def copy(self, home: Path) -> "Family":
        """The same with a home of its own; the photos are shared and only ever read."""
        ignored = shutil.ignore_patterns("run", "*.log")
        try:
            shutil.copytree(self.home, home, ignore=ignored)
        except shutil.Error:  # the last connection closed just then, and took its log along
            shutil.copytree(self.home, home, ignore=ignored, dirs_exist_ok=True)
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


def build(folder: Path) -> tuple[dict[str, int], int]:
    """Photos, scan, names and restorations in `folder`; `people` and `waiting` of the family."""
    photos, home = folder / "Family photos", folder / "home"
    take_photos(photos)
    iconface = Commands(home)
    iconface("library", "add", photos)
    iconface("scan")
    people = whose_folders(iconface)
    for truth, name in NAMES.items():
        iconface("people", "name", people[truth], name)
    iconface("people", "birth-date", people["adam"], "1990-02-03")
    iconface("people", "hide", people["gloria"])
    return people, restore(iconface, photos)


def restore(iconface: Commands, photos: Path) -> int:
    """With iconface-nano: one is accepted, two wait to be judged. The id of one that waits."""
    accepted, waiting, another = (photos / name for name in ("adam/old 1.jpg", "adam/old 0.jpg", "max/old 0.jpg"))
    chosen = ("--restorer", "nano", "--force")  # also what only a careful eye would see
    iconface("restore", accepted, another, waiting, *chosen)
    iconface("restored", "accept", accepted)
    [row, *_] = iconface("restored", "list", waiting)["restorations"]
    return int(row["restoration_id"])


def take_photos(folder: Path) -> None:
    """With capture dates over many years; every fifth is without one."""
    people, days = People(), dates()
    for person, (name, clean) in enumerate(CLEAN.items()):
        for n in range(clean):
            save(people.photo(person), folder / name / f"{n}.jpg", next(days))
        for n in range(2 if name in OLD else 0):
            save(people.ruined(people.photo(person)), folder / name / f"old {n}.jpg", next(days), 50)
        for n in range(3 if name in RUINED else 0):
            save(
                people.ruined(people.photo(person), shrink=2.5 + n / 2), folder / "attic" / f"{name} {n}.jpg", None, 35
            )
    for name, of in COUSINS.items():
        for n in range(COUSIN_PHOTOS):
            save(people.relative(*of), folder / name / f"{n}.jpg", next(days))
    save(people.together, folder / "together" / "group.jpg", next(days))
    # Looks like twins: one person, twice in a photo. Nobody is twice in one photo, so there is something to ask.
    andre = [people.photo(list(CLEAN).index("andre")) for _ in range(2)]
    twins = Image.new("RGB", (sum(p.width for p in andre), max(p.height for p in andre)))
    twins.paste(andre[0], (0, 0))
    twins.paste(andre[1], (andre[0].width, 0))
    save(twins, folder / "together" / "twins.jpg", next(days))


def dates() -> Iterator[str | None]:
    """As EXIF writes them."""
    day = FIRST_DAY
    while True:
        for _ in range(4):
            yield day.strftime("%Y:%m:%d %H:%M:%S")
            day += timedelta(days=97)
        yield None


def whose_folders(iconface: Commands) -> dict[str, int]:
    """The person who has most faces in each folder."""
    rows = [f for f in iconface("faces", "list", "--limit", 1000)["faces"] if f["person_id"] is not None]
    folders = {Path(f["photo"]).parent.name for f in rows}
    people = {}
    for name in sorted(folders):
        ids = [f["person_id"] for f in rows if Path(f["photo"]).parent.name == name]
        people[name] = max(set(ids), key=ids.count)
    return people
