"""What the service costs while nothing happens, and how long a file manager waits for `restore --enqueue`.

python -m benchmarks.service_idle [FILES] [SECONDS]

At first the queue is paused, so that no worker runs: measured is the process that is there all day, with its watcher.
CPU time is the process's own and does not depend on what else the machine does; the wall times of `--enqueue` do. They
are taken twice: paused, which has to be told, and with a worker that takes what was handed over.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from plugin.service.control import ask


def command(home: Path, *argv: str) -> list[str]:
    return [sys.executable, "-m", "plugin", "--quiet", "--home", str(home), *argv]


def quietly(home: Path, *argv: str) -> None:
    subprocess.run(command(home, *argv), check=True, stdout=subprocess.DEVNULL)


def make_library(folder: Path, files: int, per_folder: int = 50) -> None:
    for n in range(files):
        photo = folder / f"{n // per_folder:04d}" / f"{n:06d}.jpg"
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes(b"not a picture, but a file that is watched")


def seconds_of(home: Path, photo: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one `restore --enqueue`, as a file manager calls it."""
    before = psutil.Process().cpu_times()
    start = time.perf_counter()
    quietly(home, "restore", "--enqueue", "--", str(photo))
    wall = time.perf_counter() - start
    after = psutil.Process().cpu_times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, used


def main(files: int = 3000, seconds: float = 60.0) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, photos = Path(folder, "home"), Path(folder, "photos")
        make_library(photos, files)
        quietly(home, "library", "add", str(photos))
        quietly(home, "jobs", "pause")
        service = subprocess.Popen(command(home, "service", "run"))
        try:
            while ask(home / "data" / "run", "ping") is None:
                time.sleep(0.2)
            process = psutil.Process(service.pid)
            time.sleep(15)  # the first comparison of folders and watches
            before, start = process.cpu_times(), time.perf_counter()
            time.sleep(seconds)
            after, wall = process.cpu_times(), time.perf_counter() - start
            cpu = (after.user + after.system - before.user - before.system) / wall
            memory = process.memory_info().rss / 1e6
            photo = next(photos.rglob("*.jpg"))
            paused = [seconds_of(home, photo) for _ in range(11)]
            quietly(home, "jobs", "resume")
            time.sleep(10)  # the worker starts, and takes what has waited
            times = [seconds_of(home, photo) for _ in range(11)]
        finally:
            quietly(home, "service", "stop")
            service.wait()
    print("| | |\n|---|---|")
    print(f"| idle service, watcher on {files} files: CPU | {cpu:.2%} |")
    print(f"| the same: memory | {memory:.0f} MB |")
    print(f"| `restore --enqueue`, median of 11: wall | {statistics.median(w for w, _ in times):.2f} s |")
    print(f"| the same: CPU | {statistics.median(c for _, c in times):.2f} s |")
    print(f"| the same: fastest, wall | {min(w for w, _ in times):.2f} s |")
    print(f"| while restoring is paused, median of 11: wall | {statistics.median(w for w, _ in paused):.2f} s |")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
