"""How a scan gets faster with workers that share a gallery on a server: `python -m benchmarks.workers`.

The look at a photo is a stand-in that waits (`--latency`), so that one computer can simulate many: what is measured is
what sharing costs, the queue, the storing, the waiting for each other. Each worker is a process; all of them, and the
server, share the processors of this computer, which real ones would not. `--latency 0` shows how many photos a second
the server takes in at most.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

from plugin.library.scan_jobs import scan_soon
from tests.support.postgres import cluster
from tests.support.shared_gallery import at_rest, opened
from tests.support.stand_in_worker import machine, photos, stand_in_app, stand_in_worker

_FORK = multiprocessing.get_context("fork")  # modules are loaded once


def work(home, latency, ready, over):
    app = stand_in_app(home, latency)
    worker, ended = stand_in_worker(app), Event()
    Thread(target=app.gallery.listen, args=(worker.wake, ended), daemon=True).start()  # as a supervisor does
    thread = Thread(target=worker.run)
    thread.start()
    ready.wait()
    over.wait()
    ended.set()
    worker.stop()
    thread.join()
    app.close()


def scan(server, folder, workers, number, latency):
    """Seconds until so many photos were looked at and stored, and until they were grouped as well."""
    server.create(f"w{workers}")
    server_url = server.url(f"w{workers}")
    with tempfile.TemporaryDirectory() as home, opened(machine(Path(home, "here"), "here", server_url)) as app:
        photos(folder, number)
        app.roots.add(folder)
        ready, over = _FORK.Barrier(workers + 1), _FORK.Event()
        homes = [machine(Path(home, f"w{n}"), f"w{n}", server_url) for n in range(workers)]
        processes = [_FORK.Process(target=work, args=(h, latency, ready, over)) for h in homes]
        for process in processes:
            process.start()
        ready.wait()
        time.sleep(1.0)
        scan_soon(app.gallery, 1)
        while not at_rest(app.gallery):
            time.sleep(0.2)
        over.set()
        for process in processes:
            process.join()
        with app.gallery.begin(write=False) as tx:
            jobs = {j.kind: j for j in tx.jobs.find()}
            assert len(tx.photos.known()) == number
            assert {j.state for j in jobs.values()} == {"done"}
    server.drop(f"w{workers}")
    stored, grouped = (jobs[kind].finished_at or 0.0 for kind in ("settle", "group"))
    return stored - jobs["reconcile"].created_at, grouped - jobs["reconcile"].created_at


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--each", type=int, default=32, help="photos for each worker")
    parser.add_argument("--latency", type=float, default=1.0, help="seconds that a look at a photo takes")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    print("| workers | photos | looked at and stored, s | with grouping, s | photos/s | speed-up |")
    print("|---|---|---|---|---|---|")
    first = None
    for workers in options.workers:
        number = workers * options.each
        with cluster() as server, tempfile.TemporaryDirectory() as folder:
            found = [scan(server, Path(folder), workers, number, options.latency) for _ in range(options.rounds)]
        stored, grouped = (statistics.median(times) for times in zip(*found, strict=True))
        rate = number / stored
        first = first or rate / workers
        print(f"| {workers} | {number} | {stored:.1f} | {grouped:.1f} | {rate:.1f} | {rate / first:.1f} |", flush=True)


if __name__ == "__main__":
    main()
