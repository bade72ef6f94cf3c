"""Jobs in plain words: what is done, for whom, what came of it, and what to do about a failure."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gallery_db import Tx
from gallery_db.records import JobRecord, RootRecord

from ... import job_kinds
from ...job_kinds import HAND, again_key
from ...paths import printable
from .dates import MONTHS
from .reasons import advice, on_page, result_words

KINDS: Mapping[str, str] = {
    job_kinds.RESTORE: "Restoring faces",
    job_kinds.RECONCILE: "Looking through folders",
    job_kinds.CHANGES: "Reading new photos",
    job_kinds.PROPOSE: "Finding faces worth restoring",
    job_kinds.CLEANUP_ITEM: "Cleaning up the library",
    job_kinds.MEASURE: "Measuring how clear faces are",
    job_kinds.EMBED: "Looking at faces you drew",
    job_kinds.NIGHTLY: "Nightly care and backup",
}

ORIGINS: Mapping[str | None, str] = {
    "hand": "you asked for it",
    "auto": "by your folder's rule",
    "cleanup": "part of the clean-up",
    "watch": "to keep the library up to date",
}


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job as the page shows it. `detail` is where, `came_of_it` the result in words, `advice` what to do about a
    failure; `done` of `total` only while it runs and that is known. `photo_id` and `person_id` lead to their pages."""

    id: int
    kind: str
    state: str
    what: str
    detail: str
    why: str
    came_of_it: str
    error: str
    advice: str
    done: int
    total: int
    photo_id: int | None
    person_id: int | None
    when: str
    later: bool
    interrupted: bool
    first: bool
    attempts: int


class JobWords:
    """Words for jobs, over one read transaction. What jobs name is read for all of them at once."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._roots = {r.id: r for r in tx.roots.all()}
        self._names = tx.people.names()
        self._read_again: dict[int, frozenset[str]] = {}

    def read_again(self, root_id: int) -> frozenset[str]:
        """Photos of a root that wait to be read again because somebody asked."""
        if root_id not in self._read_again:
            waiting = self._tx.jobs.waiting(job_kinds.CHANGES, again_key(root_id))
            self._read_again[root_id] = frozenset(() if waiting is None else waiting.payload["paths"])
        return self._read_again[root_id]

    def lines(self, jobs: Sequence[JobRecord]) -> list[JobLine]:
        """In the order given."""
        paths = [printable(p) for j in jobs if (p := j.payload.get("path"))]
        photos = {path: stat.id for path, stat in self._tx.photos.known_at(paths).items()}
        faces = self._tx.faces.by_ids([i for j in jobs if (i := _face(j.payload)) is not None])
        people = {f.id: f.person_id for f in faces}
        return [self._line(job, photos, people) for job in jobs]

    def _line(self, job: JobRecord, photos: Mapping[str, int], people: Mapping[int, int | None]) -> JobLine:
        progress = job.progress or {}
        path = job.payload.get("path")
        what, person_id = self._what(job, people)
        running = job.state == "running"
        now = time.time()
        return JobLine(
            id=job.id,
            kind=job.kind,
            state=job.state,
            what=what,
            detail=self.place(path) if path else "",
            why=ORIGINS.get(job.origin, ""),
            came_of_it=result_words(progress.get("text")) if job.state == "done" else "",
            error="" if job.error is None else on_page(job.error),
            advice=advice(job.error) if job.state == "failed" and job.error is not None else "",
            done=int(progress.get("done") or 0) if running else 0,
            total=int(progress.get("total") or 0) if running else 0,
            photo_id=photos.get(printable(path)) if path else None,
            person_id=person_id,
            when=clock(job.finished_at or job.run_after, now),
            interrupted=running and (job.lease_until or 0) < now,
            later=job.state == "waiting" and job.run_after > now,
            first=job.priority >= HAND,
            attempts=job.attempts,
        )

    def place(self, path: str) -> str:
        """A path as a person says it: from the library's folder on, or from the home folder on."""
        for root in self._roots.values():
            if Path(path).is_relative_to(root.path):
                return printable(str(Path(Path(root.path).name) / Path(path).parent.relative_to(root.path)))
        home = Path.home()
        parent = Path(path).parent
        if parent.is_relative_to(home):
            return printable(str(Path("~") / parent.relative_to(home)))
        return printable(str(parent))

    def _what(self, job: JobRecord, people: Mapping[int, int | None]) -> tuple[str, int | None]:
        payload = job.payload
        match job.kind:
            case job_kinds.RESTORE:
                return self._restore(payload, people)
            case job_kinds.CHANGES:
                paths = payload.get("paths", ())
                files = f"“{printable(Path(paths[0]).name)}”" if len(paths) == 1 else f"{len(paths):,} photos"
                again = "again " if payload.get("tries") else ""
                return f"Read {files} {again}in {self._root(payload)}", None
            case job_kinds.RECONCILE:
                return f"Look through {self._root(payload)}", None
            case job_kinds.PROPOSE:
                return f"See which new faces in {self._root(payload)} could be restored", None
            case job_kinds.CLEANUP_ITEM:
                return "Hand out the next photos of the clean-up", None
            case job_kinds.MEASURE:
                return "Measure how clear the faces are", None
            case job_kinds.EMBED:
                return "Look at a face you drew", None
            case job_kinds.NIGHTLY:
                return "Back up and look after the library", None
            case _:
                return f"Do “{job.kind}”", None

    def _restore(self, payload: Mapping[str, Any], people: Mapping[int, int | None]) -> tuple[str, int | None]:
        """ "Restore Anna in beach.jpg", and who Anna is."""
        name = printable(Path(payload.get("path", "")).name)
        person_id = self._person(payload, people)
        if person_id is not None and person_id in self._names:
            return f"Restore {self._names[person_id]} in {name}", person_id
        if _face(payload) is not None:
            return f"Restore one face in {name}", person_id
        return f"Restore {name}", None

    def _person(self, payload: Mapping[str, Any], people: Mapping[int, int | None]) -> int | None:
        options = payload.get("options") or {}
        said = options.get("person_id", options.get("person"))
        if said is not None:
            if str(said).isdecimal():
                return int(said)
            found = self._tx.people.by_name(str(said))
            return found[0].id if len(found) == 1 else None
        return people.get(_face(payload) or 0)

    def _root(self, payload: Mapping[str, Any]) -> str:
        root: RootRecord | None = self._roots.get(payload.get("root_id", 0))
        return "a folder that was removed" if root is None else f"“{Path(root.path).name or root.path}”"


def _face(payload: Mapping[str, Any]) -> int | None:
    """The one face that is to be restored; None: all of the photo, or several."""
    faces: Sequence[int] = (payload.get("options") or {}).get("face_ids") or ()
    face_id = payload.get("face_id") or (faces[0] if len(faces) == 1 else None)
    return face_id if isinstance(face_id, int) else None


def clock(at: float, now: float) -> str:
    """A moment as people say it, in local time: “at 14:05”, “tomorrow at 03:00”, “on 24 December at 03:00”."""
    then, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now).date()
    year = "" if then.year == today.year else f" {then.year}"
    named = {0: "", 1: "tomorrow ", -1: "yesterday "}
    return named.get((then.date() - today).days, f"on {then.day} {MONTHS[then.month - 1]}{year} ") + f"at {then:%H:%M}"
