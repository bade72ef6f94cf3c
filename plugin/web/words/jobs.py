"""Jobs in plain words: what is done, for whom, what came of it, and what to do about a failure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time as seconds_now

from gallery_db import Tx
from gallery_db.records import JobRecord, RootRecord

from ... import job_payloads as asked
from ...job_kinds import HAND, again_key
from ...job_payloads import (
    ChangesPayload,
    LookPayload,
    Payload,
    PreviewPayload,
    ReconcilePayload,
    RestorePayload,
    RootPayload,
    SettlePayload,
    payload_of,
)
from ...languages import N_, _, ngettext
from ...paths import printable
from .dates import day, day_of_year
from .reasons import advice, on_page, result_words

KINDS: Mapping[str, str] = {
    asked.RESTORE: N_("Restoring faces"),
    asked.RECONCILE: N_("Looking through folders"),
    asked.CHANGES: N_("Reading new photos"),
    asked.PROPOSE: N_("Finding faces worth restoring"),
    asked.CLEANUP_ITEM: N_("Cleaning up the library"),
    asked.MEASURE: N_("Measuring how clear faces are"),
    asked.EMBED: N_("Looking at faces you drew"),
    asked.PREVIEW: N_("Previewing whole photos"),
    asked.NIGHTLY: N_("Nightly care and backup"),
    asked.LOOK: N_("Looking at photos"),
    asked.SETTLE: N_("Completing a look through a folder"),
    asked.GROUP: N_("Grouping faces"),
}

_WHAT: Mapping[str, str] = {
    asked.CLEANUP_ITEM: N_("Hand out the next photos of the clean-up"),
    asked.MEASURE: N_("Measure how clear the faces are"),
    asked.EMBED: N_("Look at a face you drew"),
    asked.NIGHTLY: N_("Back up and look after the library"),
    asked.GROUP: N_("Group the faces that are new"),
}
"""One job of a kind that works on nothing in particular."""

ORIGINS: Mapping[str | None, str] = {
    "hand": N_("you asked for it"),
    "auto": N_("by your folder’s rule"),
    "cleanup": N_("part of the clean-up"),
    "watch": N_("to keep the library up to date"),
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
            waiting = self._tx.jobs.waiting(asked.CHANGES, again_key(root_id))
            payload = None if waiting is None else payload_of(waiting, ChangesPayload)
            self._read_again[root_id] = frozenset(() if payload is None else payload.paths)
        return self._read_again[root_id]

    def lines(self, jobs: Sequence[JobRecord]) -> list[JobLine]:
        """In the order given."""
        restores = [p for j in jobs if (p := payload_of(j, RestorePayload))]
        previews = [shown for j in jobs if (shown := payload_of(j, PreviewPayload))]
        paths = [*(printable(p.path) for p in restores), *(printable(p.path) for p in previews)]
        photos = {path: stat.id for path, stat in self._tx.photos.known_at(paths).items()}
        faces = self._tx.faces.by_ids([i for p in restores if (i := _face(p)) is not None])
        people = {f.id: f.person_id for f in faces}
        return [self._line(job, photos, people) for job in jobs]

    def _line(self, job: JobRecord, photos: Mapping[str, int], people: Mapping[int, int | None]) -> JobLine:
        progress = job.progress or {}
        payload = payload_of(job, Payload)
        path = payload.path if isinstance(payload, (RestorePayload, PreviewPayload)) else None
        what, person_id = self._what(job.kind, payload, people)
        running = job.state == "running"
        now = seconds_now()
        return JobLine(
            id=job.id,
            kind=job.kind,
            state=job.state,
            what=what,
            detail=self.place(path) if path else "",
            why=_(ORIGINS[job.origin]) if job.origin in ORIGINS else "",
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

    def _what(self, kind: str, payload: Payload | None, people: Mapping[int, int | None]) -> tuple[str, int | None]:
        """For a payload that cannot be read, what the kind says."""
        match payload:
            case RestorePayload():
                return self._restore(payload, people)
            case PreviewPayload(path=path):
                return _("Preview {file}", file=printable(Path(path).name)), None
            case ChangesPayload():
                return self._changes(payload), None
            case ReconcilePayload():
                return _("Look through {folder}", folder=self._root(payload)), None
            case LookPayload(files=files):
                return ngettext(
                    "Look at {n} photo in {folder}",
                    "Look at {n} photos in {folder}",
                    len(files),
                    folder=self._root(payload),
                ), None
            case SettlePayload():
                return _("Complete the look through {folder}", folder=self._root(payload)), None
            case RootPayload():
                return _("See which new faces in {folder} could be restored", folder=self._root(payload)), None
        known = _WHAT.get(kind) or KINDS.get(kind)
        return _(known) if known else _("Do “{what}”", what=kind), None

    def _changes(self, payload: ChangesPayload) -> str:
        paths, tries = payload.paths, payload.tries
        names = {"file": printable(Path(paths[0]).name), "folder": self._root(payload)} if paths else {}
        if len(paths) == 1 and tries:
            return _("Read “{file}” again in {folder}", **names)
        if len(paths) == 1:
            return _("Read “{file}” in {folder}", **names)
        many = len(paths)
        if tries:
            return ngettext("Read {n} photo again in {folder}", "Read {n} photos again in {folder}", many, **names)
        return ngettext("Read {n} photo in {folder}", "Read {n} photos in {folder}", many, **names)

    def _restore(self, payload: RestorePayload, people: Mapping[int, int | None]) -> tuple[str, int | None]:
        """ "Restore Anna in beach.jpg", and who Anna is."""
        name = printable(Path(payload.path).name)
        person_id = self._person(payload, people)
        if person_id is not None and person_id in self._names:
            return _("Restore {name} in {file}", name=self._names[person_id], file=name), person_id
        if _face(payload) is not None:
            return _("Restore one face in {file}", file=name), person_id
        return _("Restore {file}", file=name), None

    def _person(self, payload: RestorePayload, people: Mapping[int, int | None]) -> int | None:
        said = payload.options.person
        if said is not None:
            if said.isdecimal():
                return int(said)
            found = self._tx.people.by_name(said)
            return found[0].id if len(found) == 1 else None
        return people.get(_face(payload) or 0)

    def _root(self, payload: RootPayload) -> str:
        root: RootRecord | None = self._roots.get(payload.root_id)
        return _("a folder that was removed") if root is None else _("“{name}”", name=Path(root.path).name or root.path)


def _face(payload: RestorePayload) -> int | None:
    """The one face that is to be restored; None: all of the photo, or several."""
    faces = payload.options.face_ids
    return payload.face_id or (faces[0] if len(faces) == 1 else None)


def clock(at: float, now: float) -> str:
    """A moment as people say it, in local time: “at 14:05”, “tomorrow at 03:00”, “on 24 December at 03:00”."""
    then, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now).date()
    time = f"{then:%H:%M}"
    match (then.date() - today).days:
        case 0:
            return _("at {time}", time=time)
        case 1:
            return _("tomorrow at {time}", time=time)
        case -1:
            return _("yesterday at {time}", time=time)
    at_day = day_of_year(then) if then.year == today.year else day(f"{then:%Y-%m-%d}")
    return _("on {day} at {time}", day=at_day, time=time)
