"""A photo that has several names, by links of either kind, is one photo: the first name it was known by."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from gallery_db.records import PhotoRecord

from .disk import FoundFile, KnownFile
from .ignore import IgnoreRules


def each_once(
    found: Iterable[FoundFile],
    known: Mapping[str, KnownFile],
    rules: Sequence[IgnoreRules],
    with_inodes: Callable[[Sequence[int]], Sequence[PhotoRecord]],
) -> Iterator[FoundFile]:
    """Leaves out what is only another name: a link to a photo that the library finds under its own name, and of hard
    links, or links to one file outside the library, all but the first. `known` are photos by path: what is known
    already stays, so that nothing decided about it is lost. `rules` are those of every root, `with_inodes` asks the
    gallery for photos last seen with one of these inode numbers."""
    named: list[FoundFile] = []
    for file in found:
        if file.path in known or not (file.is_link or file.names > 1):
            yield file
        elif not (file.is_link and _is_found(os.path.realpath(file.path), rules)):
            named.append(file)
    if not named:
        return
    by_inode: dict[int, list[str]] = {}
    for row in with_inodes([f.inode for f in named]):
        by_inode.setdefault(row.inode, []).append(row.path)
    seen: set[tuple[int, int]] = set()
    for file in named:
        key = (file.device, file.inode)
        if key not in seen and not any(_is(path, key) for path in by_inode.get(file.inode, ()) if path != file.path):
            yield file
        seen.add(key)


def _is_found(target: str, rules: Collection[IgnoreRules]) -> bool:
    """Whether a scan finds this file under its own name."""
    return any(not r.ignores(target) for r in rules)


def _is(path: str, key: tuple[int, int]) -> bool:
    try:
        stat = os.stat(path)  # noqa: PTH116 - as in disk.py: paths stay text
    except OSError:
        return False
    return (stat.st_dev, stat.st_ino) == key
