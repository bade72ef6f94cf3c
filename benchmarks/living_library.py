"""The whole story of a living library, on real photographs and by the real programs.

A service watches a folder. Photos are dropped in, people form, one is named. A degraded photo is dropped in and
restored by itself with that person's references; a second is right-clicked in a real file manager on a virtual
desktop. A clean-up is planned and run. In between the service is killed with -9, twice. At the end every original is
what it was. `python -m benchmarks.living_library`
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import cv2
import numpy as np

from benchmarks.degrade import LEVELS, degrade, read_rgb
from plugin.service.control import ask
from tests.support.screen import Desk, desk, missing

T = TypeVar("T")
Row = dict[str, Any]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
PEOPLE, CLEAN, OLD = 3, 6, 2
"""People, clean photos and degraded old ones of each in the library's first load."""

PATIENCE_S = 600.0


@dataclass
class Story:
    """One gallery (`home`), one library, one desk, and the service as long as it lives."""

    home: Path
    library: Path
    desk: Desk
    service: subprocess.Popen[bytes] | None = None
    told: list[Row] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def tell(self, what: str, **facts: object) -> None:
        seconds = round(time.monotonic() - self.started, 1)
        self.told.append({"seconds": seconds, "what": what, **facts})
        more = ", ".join(f"{k} {v}" for k, v in facts.items())
        print(f"{seconds:7.1f} s  {what}{': ' + more if more else ''}", flush=True)

    def command(self, *words: object) -> list[str]:
        return [str(Path(sys.executable).with_name("iconface")), "--home", str(self.home), *map(str, words)]

    def iconface(self, *words: object, codes: tuple[int, ...] = (0,)) -> Row:
        """What a command prints as JSON."""
        argv = self.command("--json", "--yes", *words)
        done = subprocess.run(argv, env=self.desk.env, capture_output=True, timeout=PATIENCE_S, cwd=self.desk.home)
        assert done.returncode in codes, f"{argv}: {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}"
        result: Row = json.loads(done.stdout)
        return result

    def start_service(self) -> None:
        self.service = self.desk.start(self.command("service", "run"), bus=False, log="service")
        self.wait("the service runs", lambda: self.iconface("service", "status")["running"])

    def kill_service(self) -> None:
        """kill -9, no farewell."""
        assert self.service is not None
        os.kill(self.service.pid, signal.SIGKILL)
        self.service.wait()

    def kill_while_it_works_at(self, photos: set[Path]) -> Path:
        """kill -9 of service and worker while one of these photos is being restored for the clean-up; which one it was.

        The worker is held for a moment, so that there is no doubt that the job had not ended.
        """
        assert self.service is not None
        runtime = self.home / "data" / "run"
        while True:
            worker = self.wait("a photo is in hand", lambda: busy_with(ask(runtime, "status"), photos))
            os.kill(worker["pid"], signal.SIGSTOP)
            jobs = {j["job_id"]: j for j in self.iconface("jobs", "list")["jobs"]}
            job = jobs.get(worker["job_id"], {"state": "done"})
            if (job["state"], job.get("origin")) == ("running", "cleanup"):
                self.kill_service()
                os.kill(worker["pid"], signal.SIGKILL)
                return Path(worker["path"])
            os.kill(worker["pid"], signal.SIGCONT)

    def wait(self, what: str, look: Callable[[], T | None], timeout: float = PATIENCE_S) -> T:
        end = time.monotonic() + timeout
        while not (found := look()):
            if time.monotonic() > end:
                logs = "".join(p.read_text(errors="replace")[-3000:] for p in (self.home / "state").glob("*.log"))
                raise AssertionError(f"not within {timeout:.0f} s: {what}\n{self.iconface('jobs', 'list')}\n{logs}")
            time.sleep(0.3)
        return found

    def quiet(self) -> bool:
        counts = self.iconface("service", "status")["jobs"]
        return not counts["waiting"] and not counts["running"]

    def restored(self, photo: Path) -> list[Row]:
        rows: list[Row] = self.iconface("restored", "list", photo)["restorations"]
        return [r for r in rows if r["state"] == "done"]

    def running(self, kind: str) -> bool:
        return any(j["state"] == "running" and j["kind"] == kind for j in self.iconface("jobs", "list")["jobs"])


def live(folder: Path, data: Path, table: Desk, *, manager: str = "thunar") -> list[Row]:
    """Tell the story in `folder`; returns its steps. Raises AssertionError where it does not go as promised."""
    story = Story(folder / "gallery", folder / "library", table)
    story.library.mkdir()
    (story.home / "config").mkdir(parents=True)
    (story.home / "config" / "config.toml").write_text("watch_quiet_seconds = 1\n")
    identities = [p for p in sorted((data / "celeb512").iterdir()) if p.is_dir()][:PEOPLE]
    photos = {p.name: sorted(p.glob("*.png")) for p in identities}
    rng = np.random.default_rng(5)

    story.iconface("library", "add", story.library)
    story.iconface("library", "rules", story.library, "--auto", "auto")
    story.start_service()
    story.tell("the service watches an empty folder")

    for name, found in photos.items():
        for n, source in enumerate(found[:CLEAN]):
            save(read_rgb(source), story.library / name / f"{n}.jpg")
        for n, source in enumerate(found[CLEAN : CLEAN + OLD]):
            save(degrade(read_rgb(source), LEVELS["moderate"], rng), story.library / name / f"old {n}.jpg")
    originals = tree(story.library)
    people = story.wait("people form", lambda: formed(story, len(photos) * CLEAN))
    story.tell("photos were dropped in, and people formed", photos=len(originals), people=len(people))
    assert people_are_pure(story), "a person with photos of two"

    first = next(iter(photos))
    ada = next(p for p in people if p in of_truth(story, first))
    story.iconface("people", "name", ada, "Ada Bright")
    story.wait("all quiet", story.quiet)
    assert story.iconface("restored", "list")["restorations"] == [], "nothing is restored before somebody has a name"
    story.tell("one is named", person=ada)

    fresh = story.library / first / "just scanned.jpg"
    save(degrade(read_rgb(photos[first][CLEAN + OLD]), LEVELS["moderate"], rng), fresh)
    originals |= {fresh: digest(fresh)}
    story.wait("its restoration begins", lambda: story.running("restore") or story.restored(fresh))
    story.kill_service()
    story.tell("a degraded photo is dropped in; kill -9 of the service while it works")
    story.start_service()
    (row,) = story.wait("restored by itself", lambda: story.restored(fresh))
    assert (row["origin"], row["person_id"]) == ("auto", ada)
    assert references_are_of(first, row)
    assert row["identity"]["verdict"] == "pass"
    assert Path(row["output"]).is_file()
    story.tell("it is restored by itself, once, and passes the check", references=len(row["references"]))

    scan = folder / "scans" / "an old photo.jpg"
    save(degrade(read_rgb(photos[first][CLEAN + OLD + 1]), LEVELS["moderate"], rng), scan)
    originals |= {scan: digest(scan)}
    story.iconface("integrate", "install", manager)
    table.start([manager, scan.parent], bus=False)
    table.choose(r"(?i)\bold\b", "Restore face")  # PCManFM breaks the line after it
    clicked = time.monotonic()
    (row,) = story.wait("restored by right-click", lambda: story.restored(scan))
    assert (row["origin"], row["person_id"]) == ("hand", ada)
    assert references_are_of(first, row)
    assert row["identity"]["verdict"] == "pass"
    assert Path(row["output"]).is_file()
    waited = round(time.monotonic() - clicked, 1)
    story.tell(f"a second one is right-clicked in {manager}", seconds_to_result=waited, file=Path(row["output"]).name)

    story.wait("all quiet", story.quiet)
    plan = story.iconface("cleanup", "plan")
    old = [p for p in originals if p.name.startswith("old ")]
    planned = {Path(f["photo"]) for f in plan["faces"]}
    assert planned.isdisjoint((fresh, scan)), "planned although done"
    assert planned & set(old), "none of the degraded photos"
    story.tell("a clean-up is planned", degraded=len(planned & set(old)), of=len(old), others=len(planned - set(old)))
    story.iconface("cleanup", "run")
    photo = story.kill_while_it_works_at(planned)
    left = sum(not story.restored(p) for p in planned)
    assert left, "it had done everything before"
    story.tell("kill -9 of the service and its worker in the middle of a photo", photo=photo.name, left=left)
    story.start_service()
    story.iconface("cleanup", "run", codes=(0, 4, 5))
    story.wait("all quiet", story.quiet)
    done = Counter(len(story.restored(p)) for p in planned)
    assert set(done) <= {0, 1}, "restored twice"
    assert done[1], "nothing was cleaned up"
    cleaned = [row for p in planned for row in story.restored(p)]
    assert all(references_are_of(Path(row["photo"]).parent.name, row) for row in cleaned)
    assert any(Path(row["photo"]) == photo for row in cleaned), "what was in hand was lost"
    story.tell("the clean-up ends", restored=done[1], refused_or_left=done[0])

    story.iconface("service", "stop")
    now = tree(story.library) | {scan: digest(scan)}
    assert now == originals, "an original changed"
    outputs = [p for p in (story.home / "restored").rglob("*") if p.is_file()]
    rows = [r for r in story.iconface("restored", "list")["restorations"] if r["state"] == "done"]
    assert sorted(map(str, outputs)) == sorted({r["output"] for r in rows}), "a copy nobody knows, or half a file"
    story.tell("every original is what it was", originals=len(originals), copies=len(outputs))
    return story.told


def busy_with(status: Mapping[str, Any] | None, photos: set[Path]) -> Mapping[str, Any] | None:
    """The service's worker, while it restores one of these."""
    worker = (status or {}).get("worker")
    return worker if worker and worker.get("kind") == "restore" and Path(worker["path"]) in photos else None


def references_are_of(name: str, row: Row) -> bool:
    """Whether some were used, and all show the person whose folder is `name`."""
    used = [Path(r["photo"]).parent.name for r in row["references"]]
    return bool(used) and set(used) == {name}


def formed(story: Story, faces: int) -> list[int]:
    """The people, once all clean photos are theirs."""
    rows = story.iconface("people", "list")["people"]
    return [p["person_id"] for p in rows] if sum(p["faces"] for p in rows) >= faces and story.quiet() else []


def of_truth(story: Story, name: str) -> set[int]:
    """The people whose faces lie in the folder of `name`."""
    faces = story.iconface("faces", "list")["faces"]
    return {f["person_id"] for f in faces if Path(f["photo"]).parent.name == name and f["person_id"] is not None}


def people_are_pure(story: Story) -> bool:
    faces = [f for f in story.iconface("faces", "list")["faces"] if f["person_id"] is not None]
    truths = {(f["person_id"], Path(f["photo"]).parent.name) for f in faces}
    return len(truths) == len({person for person, _ in truths})


def save(pixels: np.ndarray, path: Path) -> None:
    """As other programs do: in place, not atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])


def tree(folder: Path) -> dict[Path, str]:
    return {p: digest(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def digest(path: Path) -> str:
    """Content, time and mode."""
    stat = path.stat()
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()} {stat.st_mtime_ns} {stat.st_mode:o}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--manager", default="thunar", help="file manager to right-click in")
    parser.add_argument("--keep", type=Path, help="a new folder for everything; default: a temporary one")
    options = parser.parse_args()
    if lacking := missing(options.manager, "dunst"):
        parser.error(f"not installed: {', '.join(lacking)}")
    with TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        with desk(folder / "desk", {"OMP_NUM_THREADS": "1"}) as table:
            table.join_bus("dunst")
            live(folder, options.data, table, manager=options.manager)
            shown = subprocess.run(["dunstctl", "count", "history"], env=table.env, capture_output=True, text=True)
            displayed = subprocess.run(
                ["dunstctl", "count", "displayed"], env=table.env, capture_output=True, text=True
            )
            print(f"notifications: {int(shown.stdout) + int(displayed.stdout)}")


if __name__ == "__main__":
    main()
