"""Picasa: a `.picasa.ini` in every folder names faces by number, and who has which number stands there too
(`[Contacts2]`) or in Picasa's own `contacts.xml`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from iconface_core.extensions.exchange import NamedFace, UnreadFile
from iconface_core.images.regions import Box, readings
from iconface_core.images.regular_files import read_small

from .metadata import orientation, placed

TITLE = "names that Picasa keeps in .picasa.ini"
_NAMES = (".picasa.ini", "Picasa.ini", "picasa.ini")
_MOST_BYTES = 20_000_000
_FACE = re.compile(r"rect64\(([0-9a-f]{1,16})\),([0-9a-f]{1,16})", re.IGNORECASE)
_NOBODY = "ffffffffffffffff"


@dataclass(frozen=True, slots=True)
class Picasa:
    """`path`: `contacts.xml`, or the folder it is in; the folders' own lists go before it."""

    path: Path = Path()
    name: str = "picasa"
    title: str = TITLE

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """As promised by `NameSource`."""
        contacts: dict[str, str] = {}
        if self.path != Path():
            file = self.path / "contacts.xml" if self.path.is_dir() else self.path
            try:
                contacts = _contacts(read_small(file, _MOST_BYTES))
            except (OSError, ParseError, DefusedXmlException, ValueError) as e:
                yield UnreadFile(file, str(e))
        by_folder: dict[Path, dict[str, Path]] = {}
        for photo in photos:
            by_folder.setdefault(photo.parent, {})[photo.name.casefold()] = photo
        for folder, there in by_folder.items():
            yield from _of_folder(folder, there, contacts)


@dataclass(slots=True)
class Ini:
    """What matters of a `.picasa.ini`: `contacts` by id, and the faces of files: place as stored, and id."""

    contacts: dict[str, str] = field(default_factory=dict)
    faces: list[tuple[str, Box, str]] = field(default_factory=list)


def read_ini(text: str) -> Ini:
    """Line by line, because Picasa writes one key twice, and programs that edit these files leave broken lines: what
    is not understood is passed over."""
    ini, section = Ini(), ""
    for line in text.splitlines():
        if line.startswith("[") and line.rstrip().endswith("]"):
            section = line.rstrip()[1:-1]
            continue
        key, _, value = line.partition("=")
        if section == "Contacts2":
            if name := value.split(";")[0].strip():
                ini.contacts[_id(key.strip())] = name
        elif key.strip() == "faces":
            for rectangle, who in _FACE.findall(value):
                if (box := _box(rectangle)) is not None and _id(who) != _NOBODY:
                    ini.faces.append((section, box, _id(who)))
    return ini


def _of_folder(
    folder: Path, photos: Mapping[str, Path], contacts: Mapping[str, str]
) -> Iterator[NamedFace | UnreadFile]:
    for path in (folder / name for name in _NAMES):
        try:
            ini = read_ini(read_small(path, _MOST_BYTES).decode("utf-8-sig", "replace"))
        except FileNotFoundError:
            continue
        except OSError as e:
            yield UnreadFile(path, e.strerror or str(e))
            continue
        known = {**contacts, **ini.contacts}
        for file, box, who in ini.faces:
            photo, name = photos.get(file.casefold()), known.get(who)
            if photo is not None and name is None:
                yield UnreadFile(path, f"nobody knows who {who} is; give Picasa's contacts.xml as PATH")
            elif photo is not None and name is not None:
                first, other = readings(box, orientation(photo), stored=False)
                yield placed(photo, name, first, other)
        return  # on a disk that ignores case, the other names are the same file


def _contacts(data: bytes) -> dict[str, str]:
    root = fromstring(data)
    return {_id(c.get("id", "")): c.get("name", "").strip() for c in root.iter("contact") if c.get("name", "").strip()}


def _id(text: str) -> str:
    return text.lower().zfill(16)


def _box(text: str) -> Box | None:
    """Four 16-bit shares, left, top, right and bottom; leading zeros are left out."""
    digits = text.zfill(16)
    left, top, right, bottom = (int(digits[i : i + 4], 16) / 65536 for i in (0, 4, 8, 12))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None
