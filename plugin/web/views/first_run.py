"""The first run, read off the gallery: whoever closes the page goes on where they were."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gallery_db.browse.repository import FaceCard, PersonCard, PersonPlace
from gallery_db.gallery import Tx
from gallery_db.records import FaceFilter, JobRecord, RootRecord

from ...job_payloads import RECONCILE, ReconcilePayload, payload_of
from ...languages import _
from ...library.scan_jobs import scans_of
from ..edit_conflicts import person_stamp
from ..words.reasons import on_page

Step = Literal["folder", "looking", "people", "done"]

NAMES_WANTED = 2
"""So many names, and the first run is over; one is enough for who wants to go on."""

MOST_SEEN = 8
"""People that are shown to be named."""

NEW_FACES = 24
"""Faces shown while they are found, the latest first."""

SOON_S = 20.0
"""A worker begins within so many seconds, unless something is wrong."""

_BEFORE_UNNAMED = PersonPlace(unnamed=False, photos=-1, person_id=0)
"""In the order of people, the place after the last one with a name."""


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """How far looking through the folders is. `done` of `total` photos of the folder at work; 0 of 0 while that is not
    known. `at_work` is False while everything waits for somebody to do it, `overdue` when that takes long. `latest` is
    the newest face."""

    folders: tuple[str, ...]
    photos: int
    faces: int
    people: int
    done: int
    total: int
    waiting: bool
    at_work: bool
    overdue: bool
    error: str
    latest: int
    new_faces: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Somebody:
    """One of the people found most, to be named. `stamp` is for the form."""

    card: PersonCard
    faces: list[FaceCard]
    stamp: str


def step_of(tx: Tx) -> Step:
    """Where the first run stands."""
    roots = tx.roots.all()
    if not roots:
        return "folder"
    named, unnamed = tx.people.counts()
    if named >= NAMES_WANTED:
        return "done"
    if scans_of(tx) or any(r.last_scan_at is None for r in roots) or not named + unnamed:
        return "looking"
    return "people"


def may_show(tx: Tx, wanted: Step | None) -> Step:
    """The step to show: the one that is wanted if its turn has come, else the one it stands at."""
    now = step_of(tx)
    too_early = now == "folder" or (wanted == "people" and not any(tx.people.counts()))
    return now if wanted is None or too_early else wanted


def progress(tx: Tx, *, after: int = 0) -> ScanProgress:
    """How far it is, with the faces that were found after face `after`."""
    scans = scans_of(tx)
    running = next((j for j in scans.values() if j.state == "running"), None)
    far = (running.progress or {}) if running is not None else {}
    named, unnamed = tx.people.counts()
    roots, latest = tx.roots.all(), tx.faces.last_id()
    found = tx.faces.find(FaceFilter(after_id=max(after, latest - NEW_FACES), limit=NEW_FACES))
    never = any(r.last_scan_at is None for r in roots)
    return ScanProgress(
        folders=tuple(Path(r.path).name or r.path for r in roots),
        photos=tx.photos.counts()["indexed"],
        faces=tx.faces.count(),
        people=named + unnamed,
        done=int(far.get("done") or 0),
        total=int(far.get("total") or 0),
        waiting=bool(scans) or never,
        at_work=running is not None,
        overdue=running is None and all(time.time() - j.created_at > SOON_S for j in scans.values()),
        error=_why_stuck(tx, roots) if never and not scans else "",
        latest=latest,
        new_faces=tuple(f.id for f in reversed(found)),
    )


def people(tx: Tx) -> dict[str, Any]:
    """What the step of names shows."""
    named, unnamed = tx.people.counts()
    return {"people": most_seen(tx), "named": named, "unnamed": unnamed, "wanted": NAMES_WANTED}


def known(tx: Tx) -> dict[str, Any]:
    """Whom the last step can count on: how many have a name, and one of them."""
    named, unnamed = tx.people.counts()
    first = next((p for p in tx.browse.people("shown", limit=1) if p.name is not None), None)
    return {"named": named, "unnamed": unnamed, "first_named": first}


def anybody(tx: Tx) -> bool:
    """Whether somebody was found yet."""
    return any(tx.people.constraints())


def most_seen(tx: Tx) -> list[Somebody]:
    """The people found most: those named already, then those without a name."""
    named = [p for p in tx.browse.people("shown", limit=MOST_SEEN) if p.name is not None][:NAMES_WANTED]
    unnamed = tx.browse.people("shown", after=_BEFORE_UNNAMED, limit=MOST_SEEN - len(named))
    return [somebody(tx, shown) for shown in (*named, *unnamed)]


def card(tx: Tx, person_id: int) -> Somebody:
    """One person by id. Raises UnknownIdError, which says into whom they were merged."""
    tx.people.get(person_id)
    return somebody(tx, tx.browse.cards([person_id])[0])


def somebody(tx: Tx, shown: PersonCard) -> Somebody:
    """One of them, with a few pictures."""
    return Somebody(shown, tx.browse.faces(shown.id, limit=5), person_stamp(tx, shown.id))


def _why_stuck(tx: Tx, roots: list[RootRecord]) -> str:
    """Why a folder was never looked through although nothing is to do: its last attempt failed or was cancelled."""
    never = {r.id for r in roots if r.last_scan_at is None}
    ended: list[JobRecord] = tx.jobs.find(kind=RECONCILE, states=("failed", "cancelled"))
    about = {j.id: p.root_id for j in ended if (p := payload_of(j, ReconcilePayload))}
    last = next((j for j in reversed(ended) if about.get(j.id) in never), None)
    if last is None:
        return ""
    return _("It was stopped.") if last.error is None else on_page(last.error)
