"""The worker process: holds the models, claims jobs and runs their handlers. Started by `supervisor.py`.

It may be killed at any moment. Its supervisor hears over standard output which job it holds and which photo it looks
at, and sends `wake` and `stop` over standard input; when that ends, the supervisor is gone and so is the worker.
"""

import argparse
import faulthandler
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from gallery_db import Tx
from gallery_db.errors import GalleryBusyError, GalleryUnreachableError, SchemaTooNewError
from gallery_db.records import JobRecord

from ..error_reasons import reason_of
from ..own_process import APPLICATION
from .channel import Sender, listen, take_stdout
from .context import JobCancelled, JobFailedError, NotYet
from .lease import LEASE_S, MODEL_IDLE_S, Lease
from .registry import HANDLERS, Handler

if TYPE_CHECKING:
    from ..app import App

log = logging.getLogger(__name__)

T = TypeVar("T")

POLL_S = 2.0
"""How often a worker with nothing to do looks for jobs that nobody woke it for."""

DUE_S = 0.1
"""And at least: what is due may be in other hands."""

BUSY_TRIES = 6
"""Each waits for the busy timeout of the gallery, ten seconds."""

AWAY_S, AWAY_LOOK_S = 120.0, 1.0
"""A server that does not answer is waited for so long, and asked so often."""

GRACE_S = 20.0
"""How long a job may go on after its supervisor is gone."""


class Worker:
    """Runs jobs until there are none for `idle_s` seconds, or until `stop`."""

    def __init__(
        self,
        app: "App",
        handlers: Mapping[str, Handler],
        tell: Callable[..., None],
        *,
        idle_s: float,
        kinds: Sequence[str] | None = None,
    ) -> None:
        """`kinds` None: all that there are handlers of."""
        self._app, self._handlers, self._tell, self._idle_s = app, handlers, tell, idle_s
        self._kinds = sorted(self._handlers if kinds is None else kinds)
        self._due_in = POLL_S
        self._machine = app.settings.folders.machine_name if app.gallery.shared else ""
        self._wake, self._stopping = Event(), Event()

    def wake(self) -> None:
        """Look for jobs now."""
        self._wake.set()

    def stop(self) -> None:
        """End soon; the running job is released at its next check."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Claim and run jobs. Raises SchemaTooNewError when another machine has updated a shared gallery."""
        since = time.monotonic()
        while not self._stopping.is_set():
            self._wake.clear()
            job = self._write(self._claim)
            if job is not None:
                self._tell(event="claimed", job=job.id, attempts=job.attempts)
                outcome = self._run(job)
                self._tell(event="ended", job=job.id, outcome=outcome)
                since = time.monotonic()
                continue
            self._app.unload_idle(min(MODEL_IDLE_S, self._idle_s))
            left = self._idle_s - (time.monotonic() - since)
            if left <= 0:
                return
            self._wake.wait(min(left, POLL_S, self._due_in))

    def _claim(self, tx: Tx) -> JobRecord | None:
        self._app.gallery.must_fit(tx)
        leave = tx.machines.left_to_others(self._machine) if self._machine else ()
        job = tx.jobs.claim(tx.jobs.now(), LEASE_S, kinds=self._kinds, leave=leave)
        if job is None and self._machine:  # one that waits for others is due again sooner than it is looked for
            due = tx.jobs.next_due(kinds=self._kinds, leave=leave)
            self._due_in = POLL_S if due is None else max(due - tx.jobs.now(), DUE_S)
        return job

    def _run(self, job: JobRecord) -> str:
        """Run one job and write down how it ended."""
        lease = Lease(self._app, job, self._kinds, self._stopping, self._tell)
        lease.start()
        try:
            with self._app.gallery.fenced(lease.must_be_ours, job.actor):
                result = self._handlers[job.kind].run(self._app, job.payload, lease.context())
            json.dumps(result, allow_nan=False)  # a handler that returns anything else is at fault, not the queue
        except JobCancelled as e:
            lease.end()
            if e.reason not in ("cancelled", "lost"):
                self._write(lambda tx: tx.jobs.release(job))
            return e.reason
        except NotYet as e:
            lease.end()
            seconds = e.seconds
            self._write(lambda tx: tx.jobs.release(job, run_after=tx.jobs.now() + seconds))
            return "later"
        except SchemaTooNewError:
            raise
        except Exception as e:
            lease.end()
            if self._machine and isinstance(e, (GalleryBusyError, GalleryUnreachableError)):  # no fault of the job
                log.warning("job %d is given back: %s", job.id, e)
                self._write(lambda tx: tx.jobs.release(job, run_after=tx.jobs.now() + POLL_S))
                return "later"
            log.exception("job %d (%s) failed", job.id, job.kind)
            reason, final = reason_of(e), isinstance(e, JobFailedError)
            self._write(lambda tx: tx.jobs.fail(job, reason, tx.jobs.now(), retry=not final))
            return "failed"
        finally:
            lease.end()
        return "done" if self._write(lambda tx: tx.jobs.finish(job, tx.jobs.now(), result)) else "lost"

    def _write(self, change: Callable[[Tx], T]) -> T:
        """One transaction, insisted on for a while: work that took minutes must not be lost to a busy gallery, or to a
        server that is started again."""
        busy, end = 0, time.monotonic() + AWAY_S
        while True:
            try:
                with self._app.gallery.begin(alone=False) as tx:
                    return change(tx)
            except GalleryBusyError as e:
                busy += 1
                if busy == BUSY_TRIES:
                    raise
                log.warning("%s", e)
            except GalleryUnreachableError as e:
                if time.monotonic() > end or self._stopping.is_set():
                    raise
                log.warning("%s", e)
                self._stopping.wait(AWAY_LOOK_S)


def main(argv: Sequence[str] | None = None, handlers: Mapping[str, Handler] = HANDLERS) -> int:
    """Entry point of the process. `handlers` is the registry."""
    parser = argparse.ArgumentParser(prog=f"{__package__}.worker")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--idle", type=float, default=60.0, help="end after so many seconds without a job")
    parser.add_argument("--kinds", help="of jobs, with commas between; default: all")
    parser.add_argument("--careful", action="store_true", help="look at one photo at a time: one of them kills")
    options = parser.parse_args(argv)
    sender = take_stdout()
    faulthandler.enable()
    os.umask(os.umask(0o077) | 0o002)  # as the command does
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger(APPLICATION).setLevel(logging.INFO)
    _be_first_to_go()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle

    from ..app import build_app
    from ..settings import load_settings

    settings = load_settings(options.home, os.environ)
    if options.careful:
        settings = replace(settings, workers=1)
    looking = lambda path, begins: sender.send(event="looking", path=str(path), begins=begins)  # noqa: E731 - a callback
    app = build_app(settings, looking=looking)
    kinds = None if options.kinds is None else options.kinds.split(",")
    try:
        worker = Worker(app, handlers, sender.send, idle_s=options.idle, kinds=kinds)
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        Thread(target=_obey, args=(worker, sender), name="supervisor", daemon=True).start()
        worker.run()
    except SchemaTooNewError as e:
        log.warning("the worker steps aside: %s", e)
    finally:
        app.close()
    return 0


def _obey(worker: Worker, sender: Sender) -> None:
    commands = {"wake": worker.wake, "stop": worker.stop}
    listen(sys.stdin, lambda m: commands.get(m.get("command", ""), worker.wake)(), worker.stop)
    time.sleep(GRACE_S)
    log.error("the supervisor is gone and the job does not end: the worker ends without it")
    os._exit(1)


def _be_first_to_go() -> None:
    """When memory runs out, Linux shall end this process and no other of the user's."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")


if __name__ == "__main__":
    sys.exit(main())
