"""A process that works at a queue: `python queue_process.py URL ROLE`. What it does is printed, one JSON value a line.

`claim` claims and finishes jobs until the test says that it is over, `add` adds paths to the job of one key, `hold`
claims one job, begins to claim a second, and waits to be killed.
"""

import json
import os
import sys
import time
from pathlib import Path

from sqlalchemy import Engine, create_engine

from gallery_db.database.sqlite import make_engine
from gallery_db.jobs.repository import JobRepo
from gallery_db.meta import MetaRepo

OVER = "over"
ADDED = 15
LEASE = 60.0


def main(url: str, role: str) -> None:
    engine = make_engine(Path(url)).execution_options(write=True) if "://" not in url else create_engine(url)
    {"claim": claim, "add": add, "hold": hold}[role](engine)


def claim(engine: Engine) -> None:
    end = time.monotonic() + 120  # when the test is gone before it could say so
    while time.monotonic() < end:
        with engine.begin() as conn:
            job = JobRepo(conn).claim(time.time(), LEASE)
            over = job is None and MetaRepo(conn).get(OVER) is not None and not JobRepo(conn).counts()["running"]
        if job is None:
            if over:
                return
            time.sleep(0.01)
            continue
        with engine.begin() as conn:
            assert JobRepo(conn).heartbeat(job, time.time(), LEASE)
        with engine.begin() as conn:
            assert JobRepo(conn).finish(job, time.time())
        print(json.dumps([job.id, job.attempts, job.payload.get("paths", [])]))


def add(engine: Engine) -> None:
    for n in range(ADDED):
        with engine.begin() as conn:
            jobs = JobRepo(conn)
            old = jobs.waiting("changes", "folder")
            known = [] if old is None else old.payload["paths"]
            jobs.enqueue("changes", {"paths": [*known, f"{os.getpid()}-{n}"]}, dedupe="folder", priority=1)


def hold(engine: Engine) -> None:
    with engine.begin() as conn:
        first = JobRepo(conn).claim(0, LEASE)
    with engine.begin() as conn:
        second = JobRepo(conn).claim(0, LEASE)
        assert first is not None
        assert second is not None
        print(json.dumps([first.id, second.id]), flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
