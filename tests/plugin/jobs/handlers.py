"""Handlers that misbehave, and a worker that knows them: `python tests/plugin/jobs/handlers.py --home DIR`."""

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[3]))  # started by its path

from plugin.jobs.registry import Handler  # noqa: E402 - found by the line above

NAMES = ("ok", "killed", "segfault", "forever", "glutton", "broken", "steps", "unjson")
PLACES = {name: name for name in NAMES} | {"restore": "killed", "reconcile": "many"}
HANDLERS = {kind: Handler(f"{HERE.stem}:{name}", dict) for kind, name in PLACES.items()}
COMMAND = (sys.executable, str(HERE))


def ok(app, payload, job):
    note(payload, "ok")
    return {"echo": payload, "origin": job.origin}


def killed(app, payload, job):
    note(payload, "started")
    with job.looking_at(Path(payload["path"])):
        os.kill(os.getpid(), signal.SIGKILL)


def segfault(app, payload, job):
    os.kill(os.getpid(), signal.SIGSEGV)


def forever(app, payload, job):
    while True:
        pass


def glutton(app, payload, job):
    held = []
    while True:
        held.append(bytearray(os.urandom(1 << 20) * 32))
        time.sleep(0.05)


def broken(app, payload, job):
    raise ValueError("this handler is broken")


def unjson(app, payload, job):
    return {"path": Path("x")}


def steps(app, payload, job):
    """A long job that stops where it is told to."""
    note(payload, "started")
    for n in range(payload["steps"]):
        job.progress(n, payload["steps"], f"step {n}")
        job.check()
        time.sleep(0.05)
    note(payload, "finished")
    return {"steps": payload["steps"]}


def many(app, payload, job):
    """Looks at photos, two at a time unless careful; one of them kills."""
    todo = [p for p in payload["paths"] if not given_up(app, p)]
    group = 1 if app.settings.workers == 1 else 2
    for start in range(0, len(todo), group):
        pair = todo[start : start + group]
        for path in pair:
            job._looking(Path(path), True)
        if payload["poison"] in pair:
            os.kill(os.getpid(), signal.SIGSEGV)
        for path in pair:
            job._looking(Path(path), False)
            note(payload, Path(path).name)
    return {"seen": len(todo)}


def given_up(app, path):
    with app.gallery.begin(write=False) as tx:
        row = tx.photos.by_path(path)
    return row is not None and row.state == "failed"


def note(payload, line):
    if "notes" in payload:
        with Path(payload["notes"]).open("a") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    from plugin.jobs.worker import main

    handlers: Mapping[str, Handler] = HANDLERS
    if "--real" in sys.argv:  # the real handlers, over a decoder that crashes on one file
        from iconface_core.images.read import read_photo as decode
        from plugin.jobs.registry import HANDLERS as REAL_HANDLERS
        from plugin.library import finding

        def read_photo(path, **more):
            if path.name == "poison.jpg":
                os.kill(os.getpid(), signal.SIGSEGV)
            return decode(path, **more)

        vars(finding)["read_photo"] = read_photo
        sys.argv.remove("--real")
        handlers = REAL_HANDLERS
    sys.exit(main(handlers=handlers))
