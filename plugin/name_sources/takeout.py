"""Google Takeout: a JSON file per photo says who is in it, never where. An album may lie in several archives, its JSON
in another one than its photo."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iconface_core.extensions.exchange import NamedFace, UnreadFile
from iconface_core.images.regular_files import read_small

TITLE = "people of Google Photos, as Takeout hands them out"
_MOST_BYTES = 2_000_000
_COUNTED = re.compile(r"(\(\d+\))$")
_LONGEST = 47
"""Characters; Takeout cuts longer names of photos, without their ending, off here, and those of JSON files earlier."""


@dataclass(frozen=True, slots=True)
class Takeout:
    """`path`: the folder with all unpacked archives."""

    path: Path
    name: str = "takeout"
    title: str = TITLE

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """As promised by `NameSource`."""
        albums: dict[str, dict[str, list[Path]]] = {}
        for photo in photos:
            albums.setdefault(photo.parent.name, {}).setdefault(photo.name, []).append(photo)
        said: dict[NamedFace, None] = {}
        for file in sorted(self.path.rglob("*.json")):
            try:
                data = json.loads(read_small(file, _MOST_BYTES))
            except (OSError, ValueError, RecursionError) as e:
                yield UnreadFile(file, str(e))
                continue
            names = _people(data)
            there = albums.get(file.parent.name, {})
            photos_of = [p for name in _photo_names(file.name, data) for p in there.get(name, [])] if names else []
            for name in names:
                said |= dict.fromkeys(NamedFace(photo, name) for photo in photos_of or [file.with_suffix("")])
        yield from said


def _people(data: Any) -> list[str]:
    people = data.get("people") if isinstance(data, dict) else None
    found = [p.get("name") for p in people if isinstance(p, dict)] if isinstance(people, list) else []
    return [n.strip() for n in found if isinstance(n, str) and n.strip()]


def _photo_names(file: str, data: dict[str, Any]) -> list[str]:
    """File names that the photo of a JSON file may have: `a.jpg(1).json` and `a.jpg.supplemental-metadata(1).json` are
    about `a(1).jpg`; names are cut off when they are long; an edited copy has the same people."""
    stem = file.removesuffix(".json")
    counted = _COUNTED.search(stem)
    number = counted[1] if counted else ""
    title = data.get("title")
    names = [stem.removesuffix(number)]
    if isinstance(title, str) and title:
        names.append(title)
    names = [n for name in names for n in (name, name.partition(".supplemental-metadata")[0])]
    out: dict[str, None] = {}
    for name in names:
        base, dot, ending = name.rpartition(".")
        if dot:
            for edited in ("", "-edited"):
                out[f"{base}{edited}{number}.{ending}"] = None
                out[f"{base[:_LONGEST]}{edited}{number}.{ending}"] = None
    return list(out)
