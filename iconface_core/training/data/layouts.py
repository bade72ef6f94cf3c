"""Readers: which photos a training folder holds and whose they are. Nothing is decoded here.

*A folder per identity*: every photo belongs to the person its folder is named after, as in LFW.
*FFHQ-Ref* (ReF-LDM, NeurIPS 2024): `reference_mapping/{train,val}_references.csv` name for each image its references,
photos of the same person; the images are those of FFHQ (`images1024x1024`, flat or in folders of a thousand).
"""

import ast
import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from hashlib import sha1
from pathlib import Path
from typing import Literal

from iconface_core.errors import PackError
from iconface_core.images.formats import is_photo_name

Split = Literal["train", "validation"]
VALIDATION_BELOW = 0x26
MAPPINGS: Mapping[str, Split] = {"train": "train", "val": "validation"}
"""FFHQ-Ref's test mapping is left alone: results are compared on it."""


@dataclass(frozen=True, slots=True)
class SourcePhoto:
    """A photo to pack. `name` is its path below the source, with slashes; `identity` the person's name in the pack."""

    path: Path
    name: str
    identity: str
    split: Split


def split_of(identity: str) -> Split:
    """The part a person belongs to, wherever and whenever they are packed: 38/256, about 15 %, are validation."""
    first_byte = sha1(identity.encode(), usedforsecurity=False).digest()[0]
    return "validation" if first_byte < VALIDATION_BELOW else "train"


def read_folders(source: Path, *, prefix: str = "", exclude: Iterable[str] = ()) -> list[SourcePhoto]:
    """Photos below `source`, sorted by name; the person is the path of the photo's folder, after `prefix`.

    `exclude` are patterns of file names (`degraded_*`). Raises PackError when there is none.
    """
    patterns = tuple(exclude)
    photos = []
    for path in sorted(_files(source)):
        folder = path.parent.relative_to(source).as_posix()
        if folder == "." or not is_photo_name(path) or any(fnmatch(path.name, p) for p in patterns):
            continue
        identity = prefix + folder
        photos.append(SourcePhoto(path, path.relative_to(source).as_posix(), identity, split_of(identity)))
    if not photos:
        raise PackError(f"{source}: no photos in folders named after people (PERSON/photo.jpg)")
    return photos


def read_ffhq_ref(source: Path, *, images: Path | None = None, prefix: str = "") -> list[SourcePhoto]:
    """The photos of FFHQ-Ref's train and val mappings, sorted by name.

    `source` holds `reference_mapping/`, `images` the FFHQ images (default: `source/images1024x1024`). Images that name
    each other, directly or through others, are one person, called after the first. The published split is kept.
    Raises PackError when a mapping is missing or unreadable, no image is there, or a person is on both sides.
    """
    folder = images or source / "images1024x1024"
    people = _Groups()
    splits: dict[str, Split] = {}
    for file, split in MAPPINGS.items():
        path = source / "reference_mapping" / f"{file}_references.csv"
        for target, references in _read_mapping(path):
            for name in (target, *references):
                people.join(target, name)
                if splits.setdefault(name, split) != split:
                    raise PackError(f"{path}: {name} is in the train and in the val mapping; download FFHQ-Ref again")
    photos = []
    for name in sorted(splits):
        for path in (folder / name, folder / f"{name[:2]}000" / name):
            if path.is_file():
                photos.append(SourcePhoto(path, name, prefix + Path(people.first(name)).stem, splits[name]))
                break
    if not photos:
        raise PackError(f"{folder}: none of the {len(splits)} FFHQ images of the mappings is here")
    return photos


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise PackError(f"{folder}: no such folder")
    return (p for p in folder.rglob("*") if p.is_file())


def _read_mapping(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Rows of (image, its references).

    Columns are gt_image, ref_image in the train mapping and gt_image, lq_image, ref_image in the others; ref_image is
    a list as Python writes it.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            header = next(rows)
            if not header or "ref" not in header[-1]:
                raise ValueError(f"the last column is not ref_image but {header[-1:]}")
            for row in filter(None, rows):
                references = ast.literal_eval(row[-1])
                if not isinstance(references, list):
                    raise ValueError(f"line {rows.line_num}: ref_image is not a list")
                yield row[0], [str(r) for r in references]
    except FileNotFoundError as e:
        raise PackError(f"{path}: no such file; unpack FFHQ-Ref's reference_mapping folder there") from e
    except (OSError, StopIteration, ValueError, SyntaxError, csv.Error) as e:
        raise PackError(f"{path}: not a reference mapping of FFHQ-Ref ({type(e).__name__}: {e})") from e


class _Groups:
    """Names joined into groups (union by the smaller name)."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def first(self, name: str) -> str:
        """The smallest name of the group."""
        while (above := self._above.setdefault(name, name)) != name:
            name = above
        return name

    def join(self, a: str, b: str) -> None:
        low, high = sorted((self.first(a), self.first(b)))
        self._above[high] = low
