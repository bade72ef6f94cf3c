"""One operation, disturbed and looked at."""

import random
import sys
from pathlib import Path

from gallery_db import Gallery
from gallery_db.vectors import open_store
from plugin.cli.main import run
from plugin.folders import find_folders

from .forked import End, forked
from .full_disk import almost_full
from .operations import Operation
from .snapshot import copies, snapshot
from .world import World, command

LATE = 1.15
"""Kills come up to so much later than an undisturbed run ends: its last steps count as well."""

FREE = (3.0, 7.2)
"""What a full disk has left at the beginning: powers of ten, of bytes; 1 kB to 16 MB."""

LEFT = ("unfinished", "part", "restoring", "tmp")


class Trial:
    """Knows how `operation` ends undisturbed, and how long that takes."""

    def __init__(self, operation: Operation, world: World) -> None:
        self._operation, self._world = operation, world
        self._base = world.home(operation.base)
        self._originals = world.originals()
        home = world.copy(self._base)
        self._before = {} if operation.again else snapshot(home)  # an older release has other tables
        end = self._run(home)
        if end.code not in operation.codes:
            raise SystemExit(f"{operation.name} does not work undisturbed: {end}")
        self._takes = end.seconds
        command(home, "people", "list")
        self._after = snapshot(home)

    def run(self, dice: random.Random) -> tuple[bool, str]:
        """Whether the kill came in time, and what is wrong; "" when all is well."""
        home = self._world.copy(self._base)
        end = self._run(home, kill_after=dice.uniform(0, self._takes * LATE))
        killed = end.code is None
        if not killed:  # it is faster than it was: kills are to meet its work
            self._takes = min(self._takes, end.seconds)
        return killed, self._looked_at(home, end, killed)

    def run_on_full_disk(self, dice: random.Random) -> tuple[bool, str]:
        """Whether the disk was full before the end, and what is wrong. Afterwards there is room again."""
        home = self._world.copy(self._base)
        argv = self._argv(home)  # asks the gallery, which a full disk does not always answer
        with almost_full(home, int(10 ** dice.uniform(*FREE))):
            end = forked(lambda: run(argv), self._world.log)
        stopped = end.code not in self._operation.codes
        return stopped, self._looked_at(home, end, stopped)

    def _looked_at(self, home: Path, end: End, disturbed: bool) -> str:
        if _fault(end):
            return end.said[-400:]
        try:
            command(home, "people", "list")  # the next command, whatever it is
        except AssertionError as e:
            return str(e)
        if disturbed and self._operation.again:
            end = self._run(home)
            if end.code not in self._operation.codes or _fault(end):
                return f"run again: {end}"[-400:]
        return self._wrong(home, disturbed)

    def _run(self, home: Path, kill_after: float | None = None) -> End:
        argv = self._argv(home)
        return forked(lambda: run(argv), self._world.log, kill_after=kill_after)

    def _argv(self, home: Path) -> list[str]:
        return ["--home", str(home), "--yes", *map(str, self._operation.argv(self._world, home))]

    def _wrong(self, home: Path, disturbed: bool) -> str:
        now = snapshot(home)
        possible = [self._after] if self._operation.again or not disturbed else [self._before, self._after]
        if now not in possible:
            differ = next(k for k in self._after if now.get(k) != self._after[k])
            return f"{differ}: {now.get(differ)!r} instead of {self._after[differ]!r}"[:600]
        if stray := [str(p.relative_to(home)) for p in home.rglob("*") if p.name.split(".")[-1] in LEFT]:
            return f"left over: {stray}"
        if doubled := sorted(p.name for p in (home / "data").glob("*.before-0*.bak"))[1:]:
            return f"doubled: {doubled}"
        looked = forked(lambda: _examine(home), self._world.log)
        if looked.code != 0:
            return f"{looked}"[-400:]
        return copies(home) or ("" if self._world.originals() == self._originals else "an original was touched")


def _fault(end: End) -> bool:
    return "Traceback" in end.said or "went wrong that should not" in end.said


def _examine(home: Path) -> int:
    """Is the file whole, and is the index what the database says?"""
    with Gallery.open(find_folders(home, {}).database) as gallery:
        wrong = gallery.check()
        with gallery.begin(write=False) as tx:
            for embedder in tx.faces.embedders():
                stored = tx.faces.matrix(embedder)
                index = open_store(gallery.vectors_dir, tx, embedder, stored.vectors.shape[1])
                if len(index.store) != len(stored):
                    wrong.append(f"the index has {len(index.store)} of {len(stored)} vectors")
    sys.stdout.write("; ".join(wrong))
    sys.stdout.flush()
    return len(wrong)
