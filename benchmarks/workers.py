"""How a scan gets faster with workers that share a gallery on a server: `python -m benchmarks.workers`.

The look at a photo is a stand-in that waits (`--latency`), so that one computer can simulate many: what is measured is
what sharing costs, the queue, the storing, the waiting for each other. Each worker is a process. All of them, and the
server, share the processors of this computer, which real machines would not; so what a photo costs is counted as well,
and what it leaves of the speed-up where each worker has a processor of its own and only the writing is one at a time.
"""

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

import psutil
from sqlalchemy import event

from plugin.library.scan_jobs import scan_soon
from tests.support.postgres import cluster
from tests.support.shared_gallery import at_rest, opened
from tests.support.stand_in_worker import machine, photos, stand_in_app, stand_in_worker

_FORK = multiprocessing.get_context("fork")  # modules are loaded once


def work(home, latency, ready, warm, over, spent, written):
    app = stand_in_app(home, latency)
    worker, ended = stand_in_worker(app), Event()
    engine = getattr(app.gallery._engine, "_engine")  # noqa: B009 - of a server, which a type checker does not know
    began, held = {}, [0.0]

    @event.listens_for(engine, "begin")
    def begin(conn):
        if conn.get_execution_options().get("write") and conn.get_execution_options().get("alone"):
            began[id(conn)] = time.thread_time()  # the lock is ours by now: the listener before this one waited for it

    @event.listens_for(engine, "commit")
    def commit(conn):
        if id(conn) in began:
            held[0] += time.thread_time() - began.pop(id(conn))

    Thread(target=app.gallery.listen, args=(worker.wake, ended), daemon=True).start()  # as a supervisor does
    thread = Thread(target=worker.run)
    thread.start()
    ready.wait()
    warm.wait()
    before, held[0] = time.process_time(), 0.0
    over.wait()
    with spent.get_lock(), written.get_lock():
        spent.value += time.process_time() - before
        written.value += held[0]
    ended.set()
    worker.stop()
    thread.join()
    app.close()


def processor_s(server):
    return sum(sum(p.cpu_times()[:2]) for p in server.processes())


def scan(workers, number, latency):
    """Seconds of a scan until all was stored, and until it was grouped as well; processor seconds of the workers, of
    the server, and of the workers while they held the lock of those who write."""
    with (
        cluster(connections=20 + 8 * workers) as server,
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as home,
    ):
        server.create("g")
        with opened(machine(Path(home, "here"), "here", server.url("g"))) as app:
            for name, many in (("first", 4 * workers), ("then", number)):
                photos(Path(folder, name), many)
                app.roots.add(Path(folder, name))
            ready, warm, over = _FORK.Barrier(workers + 1), _FORK.Event(), _FORK.Event()
            spent, written = _FORK.Value("d"), _FORK.Value("d")
            homes = [machine(Path(home, f"w{n}"), f"w{n}", server.url("g")) for n in range(workers)]
            more = (latency, ready, warm, over, spent, written)
            processes = [_FORK.Process(target=work, args=(h, *more)) for h in homes]
            for process in processes:
                process.start()
            ready.wait(120)
            for root in (1, 2):  # what each loads for its first photos is not measured
                before = processor_s(server)
                scan_soon(app.gallery, root)
                while not at_rest(app.gallery):
                    time.sleep(0.5)
                warm.set()
            after = processor_s(server)
            over.set()
            for process in processes:
                process.join()
            with app.gallery.begin(write=False) as tx:
                jobs = {j.kind: j for j in tx.jobs.find()}
                assert len(tx.photos.known(2)) == number
                assert {j.state for j in jobs.values()} == {"done"}
        began = jobs["reconcile"].created_at
        stored, grouped = ((jobs[kind].finished_at or 0.0) - began for kind in ("settle", "group"))
        return stored, grouped, spent.value, after - before, written.value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--each", type=int, default=32, help="photos for each worker")
    parser.add_argument("--latency", type=float, default=1.0, help="seconds that a look at a photo takes")
    options = parser.parse_args()
    print(psutil.getloadavg()[0], "is the load of this computer's", psutil.cpu_count(), "processors")
    print("| workers | photos | stored, s | grouped, s | photos/s | speed-up | worker, ms | server, ms | writing, ms |")
    print("|---|---|---|---|---|---|---|---|---|")
    for workers in options.workers:
        number = workers * options.each
        stored, grouped, worker, server, writing = scan(workers, number, options.latency)
        costs = " | ".join(f"{1000 * s / number:.0f}" for s in (worker, server, writing))
        speed_up = number * options.latency / stored  # over one worker whom nothing keeps waiting
        row = f"{workers} | {number} | {stored:.1f} | {grouped:.1f} | {number / stored:.1f} | {speed_up:.1f}"
        print(f"| {row} | {costs} |", flush=True)


if __name__ == "__main__":
    main()
