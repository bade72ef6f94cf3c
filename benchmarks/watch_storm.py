"""A storm of file changes while the watcher runs: does the gallery end as if everything had been scanned anew?

    python -m benchmarks.watch_storm [--files 20000] [--seed 0] [--keep FOLDER]

Small real JPEGs, some with faces, are dropped in, written slowly, saved atomically, renamed, touched, overwritten,
copied and deleted, and folders renamed, moved into each other, out of the library and in again, in seeded random order.
`iconface watch` runs meanwhile as it is installed: watcher, queue, worker process. Then a new home scans the same
folder, and both galleries are compared: paths, contents, states, number of faces. Photos whose content was never copied
must have kept their id, and with it faces, names and restorations, wherever they went. At the end the watcher's idle
cost is read from the operating system.
"""

import argparse
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from gallery_db import Gallery
from iconface_core.faces.yunet import YuNetDetector
from iconface_core.images.read import content_hash
from plugin.demo.sample import group_photo
from plugin.service.control import ask
from plugin.settings import load_settings

FACES_EVERY = 40
"""One picture in so many shows a face."""


class Pictures:
    """An endless supply of small JPEGs, no two alike."""

    def __init__(self, seed: int) -> None:
        source = Image.open(group_photo()).convert("RGB")
        self._rng = np.random.default_rng(seed)
        self._faces = []
        for face in YuNetDetector().detect(np.asarray(source)):
            b = face.bbox
            left, top = round(b.x1 - b.width / 2), round(b.y1 - b.height / 2)
            right, bottom = round(b.x2 + b.width / 2), round(b.y2 + b.height / 2)
            self._faces.append(source.crop((left, top, right, bottom)).resize((120, 160)))
        self._made = 0

    def next(self) -> bytes:
        """The bytes of the next picture."""
        self._made += 1
        if self._made % FACES_EVERY == 0:
            picture = self._faces[self._made // FACES_EVERY % len(self._faces)]
        else:
            # Too small for the detector to look at: this is about files, and 20,000 searches would take an hour.
            picture = Image.fromarray(self._rng.integers(0, 255, (6, 8, 3), np.uint8))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=80, comment=f"storm {self._made}")
        return out.getvalue()


class Storm:
    """Changes below `root`, with `outside` as the world around it. Keeps no record: the disk is the truth.

    After each change it pauses for up to `pause_s` seconds.
    """

    def __init__(self, root: Path, outside: Path, seed: int, *, pause_s: float = 0.0) -> None:
        self.root, self.outside, self._pause_s = root, outside, pause_s
        self.done: Counter[str] = Counter()
        self.copied: set[str] = set()
        self._random = random.Random(seed)
        self._pictures = Pictures(seed)
        self._number = 0
        self._files: list[Path] = []
        self._folders: list[Path] = [root]
        self._away: list[Path] = []

    def drop(self, count: int) -> None:
        """New files, in all the ways files come to be."""
        for _ in range(count):
            if self._random.random() < 0.02:
                self._make_folder()
            ways: list[Callable[[Path, bytes], None]] = [
                self._write,
                self._write_slowly,
                self._save_atomically,
                self._move_in,
            ]
            way = self._random.choices(ways, weights=[12, 1, 3, 3])[0]
            path = self._new_path()
            way(path, self._pictures.next())
            self._files.append(path)
            self.done["dropped in"] += 1
            time.sleep(self._pause_s * self._random.random())

    def rage(self, count: int) -> None:
        """Anything else."""
        acts = {
            self._rename: 30,
            self._touch: 15,
            self._delete: 15,
            self._overwrite: 6,
            self._move_over: 3,
            self._copy: 4,
            self._break: 1,
            self._litter: 3,
            self._rename_folder: 4,
            self._move_folder: 2,
            self._move_out: 2,
            self._move_back: 2,
            self._delete_folder: 0.3,
            self._link: 0.5,
        }
        names = list(acts)
        for _ in range(count):
            act = self._random.choices(names, weights=list(acts.values()))[0]
            try:
                act()
            except (FileNotFoundError, NotADirectoryError, FileExistsError, IndexError):
                continue  # what it wanted to change went with a folder
            self.done[act.__name__.strip("_").replace("_", " ")] += 1
            time.sleep(self._pause_s * self._random.random())

    def _new_path(self) -> Path:
        self._number += 1
        return self._some_folder() / f"IMG {self._number:05} ä.jpg"

    def _some_folder(self) -> Path:
        while True:
            folder = self._random.choice(self._folders)
            if folder.is_dir():
                return folder
            self._folders.remove(folder)

    def _some_file(self) -> Path:
        while self._files:
            at = self._random.randrange(len(self._files))
            path = self._files[at]
            if path.is_file():
                return path
            self._files[at] = self._files[-1]
            self._files.pop()
        raise IndexError

    def _make_folder(self) -> None:
        self._number += 1
        folder = self._some_folder() / f"d{self._number}"
        if self._random.random() < 0.3:
            folder = folder / "deep" / "er"
        folder.mkdir(parents=True)
        self._folders.append(folder)

    def _write(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)

    def _write_slowly(self, path: Path, data: bytes) -> None:
        with path.open("wb", buffering=0) as file:
            for start in range(0, len(data), 400):
                file.write(data[start : start + 400])
                time.sleep(0.002)

    def _save_atomically(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_bytes(data)
        temporary.replace(path)

    def _move_in(self, path: Path, data: bytes) -> None:
        there = self.outside / path.name
        there.write_bytes(data)
        there.rename(path)

    def _rename(self) -> None:
        old, new = self._some_file(), self._new_path()
        old.rename(new)
        self._files.append(new)

    def _touch(self) -> None:
        os.utime(self._some_file())

    def _delete(self) -> None:
        self._some_file().unlink()

    def _overwrite(self) -> None:
        self._save_atomically(self._some_file(), self._pictures.next())

    def _move_over(self) -> None:
        self._some_file().replace(self._some_file())

    def _copy(self) -> None:
        old, new = self._some_file(), self._new_path()
        shutil.copy2(old, new)
        self.copied.add(content_hash(new))
        self._files.append(new)

    def _break(self) -> None:
        path = self._new_path()
        path.write_bytes(self._pictures.next()[:300])
        self._files.append(path)

    def _litter(self) -> None:
        """What is not the user's photo."""
        folder = self._some_folder()
        kind = self._random.randrange(4)
        if kind == 0:
            (folder / "notes.txt").write_text("no photo")
        elif kind == 1:
            (folder / "@eaDir").mkdir(exist_ok=True)
            (folder / "@eaDir" / "thumb.jpg").write_bytes(self._pictures.next())
        elif kind == 2:
            (folder / ".hidden.jpg").write_bytes(self._pictures.next())
        else:
            (folder / f"download{self._number}.jpg.part").write_bytes(b"half")

    def _rename_folder(self) -> None:
        old = self._inner_folder()
        self._number += 1
        self._settle_in(old, old.with_name(f"r{self._number}"))

    def _move_folder(self) -> None:
        old, into = self._inner_folder(), self._some_folder()
        if not into.is_relative_to(old):
            self._number += 1
            self._settle_in(old, into / f"m{self._number}")

    def _move_out(self) -> None:
        old = self._inner_folder(most=300)
        self._number += 1
        away = self.outside / f"o{self._number}"
        old.rename(away)
        self._away.append(away)

    def _move_back(self) -> None:
        if not self._away:
            raise IndexError
        away = self._away.pop(self._random.randrange(len(self._away)))
        self._number += 1
        self._settle_in(away, self._some_folder() / f"b{self._number}")

    def _delete_folder(self) -> None:
        shutil.rmtree(self._inner_folder(most=20))

    def _link(self) -> None:
        self._number += 1
        (self._some_folder() / f"link{self._number}").symlink_to(self.root)

    def _inner_folder(self, most: int | None = None) -> Path:
        """A folder below the root, with at most so many files: else a long storm leaves nothing to compare."""
        for _ in range(20):
            folder = self._some_folder()
            if folder != self.root and (most is None or sum(len(files) for _, _, files in os.walk(folder)) <= most):
                return folder
        raise IndexError

    def _settle_in(self, old: Path, new: Path) -> None:
        old.rename(new)
        self._folders += [Path(folder) for folder, _, _ in os.walk(new)]
        self._files += list(new.rglob("*.jpg"))[:200]


def what_is_known(database: Path, root: Path) -> dict[str, tuple[str, str, int]]:
    """Path below the root -> (content, state, faces) of every photo that is there."""
    with Gallery.open(database) as gallery, gallery.begin(write=False) as tx:
        faces = Counter(f.photo_id for f in tx.faces.find())
        return {
            str(Path(p.path).relative_to(root)): (p.content_hash, p.state, faces[p.id])
            for p in tx.photos.find()
            if p.state != "missing"
        }


def ids_by_content(database: Path) -> dict[str, int]:
    """Content -> photo id, for contents that one photo has."""
    with Gallery.open(database) as gallery, gallery.begin(write=False) as tx:
        rows = [(p.content_hash, p.id) for p in tx.photos.find() if p.state == "indexed"]
    often = Counter(digest for digest, _ in rows)
    return {digest: photo_id for digest, photo_id in rows if often[digest] == 1}


def differences(
    ours: dict[str, tuple[str, str, int]], fresh: dict[str, tuple[str, str, int]]
) -> list[tuple[str, object, object]]:
    """Where two galleries disagree."""
    return [
        (path, ours.get(path), fresh.get(path))
        for path in sorted(ours.keys() | fresh.keys())
        if ours.get(path) != fresh.get(path)
    ]


def main() -> None:
    """Run it and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--idle", type=float, default=120.0, help="seconds to measure the idle watcher")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave everything there")
    parser.add_argument("--kills", type=int, default=0, help="so often during the storm the watcher is killed with -9")
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        run(options.keep, options.files, options.seed, options.idle, options.kills)
        return
    with tempfile.TemporaryDirectory(prefix="iconface-storm-") as folder:
        run(Path(folder), options.files, options.seed, options.idle, options.kills)


def run(work: Path, files: int, seed: int, idle_s: float, kills: int) -> None:
    """One storm in an empty folder."""
    root, outside, home, fresh = (work / name for name in ("photos", "outside", "home", "fresh"))
    root.mkdir()
    outside.mkdir()
    command("--home", home, "library", "add", root)
    # At full speed a killed watcher would miss most of the storm.
    storm = Storm(root, outside, seed, pause_s=0.1 if kills else 0.0)
    watcher = watch(home, work / "events.jsonl")
    try:
        began = time.monotonic()
        storm.drop(files // 2)
        dropped = time.monotonic()
        wait_until_calm(home)
        settled = time.monotonic()
        database = home / "data" / "gallery.db"
        before = ids_by_content(database)
        rounds = max(1, files // 2 // 50)
        for i in range(rounds):
            storm.rage(100)
            if i * kills // rounds != (i + 1) * kills // rounds:
                watcher.kill()  # its worker, in the middle of a job, notices and leaves
                watcher.wait()
                watcher = watch(home, work / "events.jsonl")
            storm.drop(50)
        raged = time.monotonic()
        wait_until_calm(home)
        calm = time.monotonic()
        after = ids_by_content(database)
        cpu, rss = idle_cost(watcher.pid, idle_s)
    finally:
        watcher.terminate()
        watcher.wait(60)
    with Gallery.open(database) as gallery, gallery.begin(write=False) as tx:
        doubted = not tx.roots.all()[0].online
    if doubted:
        print("more than a fifth was gone when a comparison began; it is confirmed by hand")
        command("--home", home, "scan", "--accept-missing")
    events = [json.loads(line) for line in (work / "events.jsonl").read_text().splitlines()]
    command("--home", fresh, "library", "add", root)
    scanning = time.monotonic()
    command("--home", fresh, "scan")
    scanned = time.monotonic()
    ours, anew = what_is_known(database, root), what_is_known(fresh / "data" / "gallery.db", root)
    wrong = differences(ours, anew)
    kept = [d for d in before.keys() & after.keys() if d not in storm.copied]
    lost = [d for d in kept if before[d] != after[d]]
    asked = Counter(e["event"] if e["event"] != "job" else f"job {e['kind']} {e['state']}" for e in events)
    states, faces = Counter(s for _, s, _ in anew.values()), sum(f for _, _, f in anew.values())
    print(f"{files} files, the first half dropped in {dropped - began:.0f} s, indexed {settled - dropped:.0f} s later")
    print(f"{sum(storm.done.values())} changes in all: {dict(storm.done)}")
    print(f"the storm took {raged - settled:.0f} s, the gallery followed within {calm - raged:.0f} s")
    print(f"in the end {len(anew)} photos, {faces} faces, {dict(states)}")
    print(f"a fresh scan took {scanned - scanning:.0f} s")
    print(f"differences from it: {len(wrong)} {wrong[:10]}")
    print(f"photos that kept their id: {len(kept) - len(lost)} of {len(kept)} {lost[:5]}")
    print(f"events: {dict(asked)}")
    print(f"idle watcher: {cpu:.2f} % CPU over {idle_s:.0f} s, {rss / 1e6:.0f} MB resident")
    sys.exit(bool(wrong or lost))


def watch(home: Path, events: Path) -> subprocess.Popen[bytes]:
    """`iconface watch`, with what it tells added to a file."""
    argv = [sys.executable, "-m", "plugin", "--home", str(home), "--json", "watch"]
    with events.open("a") as file:
        return subprocess.Popen(argv, stdout=file)


def command(*argv: object) -> None:
    """One command of iconface."""
    subprocess.run([sys.executable, "-m", "plugin", "--quiet", *map(str, argv)], check=True, stdout=subprocess.DEVNULL)


def wait_until_calm(home: Path) -> None:
    """Until the watcher has nothing pending, the queue nothing due, and so for two seconds."""
    runtime, calm = load_settings(home, {}).folders.runtime, 0
    with Gallery.open(home / "data" / "gallery.db") as gallery:
        while calm < 4:
            time.sleep(0.5)
            roots = ((ask(runtime, "status") or {}).get("watcher") or {}).get("roots") or [{"mode": "", "pending": 1}]
            with gallery.begin(write=False) as tx:
                due = [j for j in tx.jobs.find(states=("waiting", "running")) if j.run_after <= time.time() + 1]
            pending = roots[0]["mode"] != "events" or roots[0]["pending"] or due
            calm = 0 if pending else calm + 1


def idle_cost(pid: int, seconds: float) -> tuple[float, int]:
    """CPU in percent of one core, and resident bytes, of the watcher's process once its worker has left."""
    process = psutil.Process(pid)
    while process.children():
        time.sleep(1)
    process.cpu_percent()
    time.sleep(seconds)
    return process.cpu_percent(), process.memory_info().rss


if __name__ == "__main__":
    main()
