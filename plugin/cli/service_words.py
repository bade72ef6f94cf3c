"""What `service status` says, in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..job_pause import EVERYTHING

_WATCHED = {
    "events": "changes are noticed at once",
    "polling": "compared every few minutes",
    "offline": "offline",
}


def service_lines(answer: Mapping[str, Any]) -> Iterator[str]:
    """Of a service that runs: itself, its folders, its worker. An older service says less."""
    version = f" {answer['version']}" if answer.get("version") else ""
    yield f"the service{version} runs, {_time(answer['uptime_s'])} so far (pid {answer['pid']}, {_mb(answer)})"
    if answer.get("lingers"):
        yield "it was started for a request, watches no folder, and ends by itself when nothing is left to do"
    elif answer["watcher"] is None:
        yield "it does not watch the library"
    roots = (answer["watcher"] or {}).get("roots", ())
    for root in roots:
        why = f" ({root['reason']})" if root["reason"] else ""
        pending = f"; {root['pending']} files are still being written" if root.get("pending") else ""
        yield f"watches {root['path']}: {_WATCHED.get(root['mode'], root['mode'])}{why}{pending}"
    if answer["watcher"] is not None and not roots:
        yield "it watches no folder yet: iconface library add DIR"
    yield _worker(answer["worker"])
    if answer.get("web") is not None:
        yield f"it serves the review page (pid {answer['web']})"


def queue_lines(counts: Mapping[str, int], paused: Sequence[str]) -> Iterator[str]:
    """What waits, runs and failed, and what is paused."""
    live = {state: counts.get(state, 0) for state in ("waiting", "running", "failed", "done")}
    if not any(live.values()):
        yield "no jobs"
    else:
        said = [f"{live['waiting']} wait", f"{live['running']} run", f"{live['failed']} failed", f"{live['done']} done"]
        yield f"jobs: {', '.join(said)}"
    if live["failed"]:
        yield "why they failed: iconface jobs list --failed"
    if paused:
        what = ", ".join("everything" if kind == EVERYTHING else kind for kind in paused)
        yield f"paused: {what}; go on with: iconface jobs resume"


def place_lines(at_login: Sequence[str], log: Path) -> Iterator[str]:
    """Does it start at login, and where is its log."""
    if at_login:
        yield f"it starts at login ({', '.join(at_login)})"
    else:
        yield "it does not start at login: iconface service install"
    yield f"log: {log}"


def _worker(worker: Mapping[str, Any] | None) -> str:
    if worker is None:
        return "nothing to do: no models are loaded"
    if worker["job_id"] is None:
        return f"nothing to do: models stay loaded for a moment (pid {worker['pid']}, {_mb(worker)})"
    progress = worker.get("progress") or {}
    far = f", {progress['done']} of {progress['total']}" if progress.get("total") else ""
    path = f" {worker['path']}" if worker.get("path") else ""
    return (
        f"works at job {worker['job_id']}: {worker.get('kind') or ''}{path}{far} (pid {worker['pid']}, {_mb(worker)})"
    )


def _mb(process: Mapping[str, Any]) -> str:
    return f"{process['memory'] >> 20} MB"


def _time(seconds: int) -> str:
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"
