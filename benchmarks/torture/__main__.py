"""Kill every operation at random moments, and see whether what is left is what it was, or what it should become.

    python -m benchmarks.torture [--minutes 30] [--only scan,undo] [--tries 150] [--state FILE] [--report] [--full-disk]

Bounded and resumable: what was tried is kept in a state file after every try, and the next run goes on there, with the
operation that was tried least. An operation runs in a forked process (so that a kill meets its work and not Python's
start), which is killed after a random part of the time it takes undisturbed. Then the gallery is opened as by the next
command, and where an operation is to be run again, it is. A try is held when

* SQLite finds the file whole and its references right, and the index equals the database;
* what the gallery says is what it said before, or what an undisturbed run makes of it, and for what is to be run again
  exactly the latter: nothing lost, nothing doubled;
* restored copies are whole, as many as recorded, and nothing else lies about; the originals are as they were;
* the operation said no traceback.

With `--full-disk` nothing is killed: the home lies on a small disk that is filled up to a few bytes or megabytes before
the operation begins, and has room again before the next command.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from .full_disk import small_disk
from .operations import OPERATIONS, Operation
from .trial import Trial
from .world import World

CACHE = Path(__file__).parents[1] / ".cache"
STATE, FULL_DISK_STATE = CACHE / "torture.json", CACHE / "full_disk.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.torture", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0, help="end after so long")
    parser.add_argument("--tries", type=int, default=150, help="kills wanted of every operation")
    parser.add_argument("--only", help="these operations, with commas between them")
    parser.add_argument("--state", type=Path, help="where the counts are kept")
    parser.add_argument("--full-disk", action="store_true", help="fill the disk instead (Linux, as root)")
    parser.add_argument("--report", action="store_true", help="only print the table")
    options = parser.parse_args()
    options.state = options.state or (FULL_DISK_STATE if options.full_disk else STATE)
    chosen = [o for o in OPERATIONS if options.only is None or o.name in options.only.split(",")]
    counts = json.loads(options.state.read_text()) if options.state.exists() else {}
    for operation in chosen:
        counts.setdefault(operation.name, {"killed": 0, "ended before": 0, "held": 0, "failed": []})
    if not options.report:
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            disk = small_disk(Path(folder, "home")) if options.full_disk else nullcontext()
            with disk:
                _try(chosen, counts, World(Path(folder)), options)
    print(_table(counts, options.full_disk))
    return 1 if any(c["failed"] for c in counts.values()) else 0


def _try(chosen: list[Operation], counts: dict[str, dict[str, Any]], world: World, options: argparse.Namespace) -> None:
    end = time.monotonic() + options.minutes * 60
    trials: dict[str, Trial] = {}
    while time.monotonic() < end:
        left = [o for o in chosen if counts[o.name]["killed"] < options.tries]
        if not left:
            return
        operation = min(left, key=lambda o: counts[o.name]["killed"])
        if operation.name not in trials:
            trials[operation.name] = Trial(operation, world)
        seed = random.randrange(2**32)
        trial = trials[operation.name]
        disturb = trial.run_on_full_disk if options.full_disk else trial.run
        killed, wrong = disturb(random.Random(seed))
        count = counts[operation.name]
        count["killed" if killed else "ended before"] += 1
        if wrong:
            count["failed"].append({"seed": seed, "killed": killed, "wrong": wrong})
            print(f"{operation.name}: {wrong}", file=sys.stderr, flush=True)
        else:
            count["held"] += 1
        options.state.parent.mkdir(parents=True, exist_ok=True)
        partial = options.state.with_suffix(".new")
        partial.write_text(json.dumps(counts, indent=1))
        partial.replace(options.state)


def _table(counts: dict[str, dict[str, Any]], full_disk: bool) -> str:
    heads = "disk full | had room" if full_disk else "killed | ended before the kill"
    rows = [f"| operation | {heads} | held | failed |", "|---|---|---|---|---|"]
    for name, c in counts.items():
        rows.append(f"| {name} | {c['killed']} | {c['ended before']} | {c['held']} | {len(c['failed'])} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
