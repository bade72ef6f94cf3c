"""What the page of clean-ups shows: what could become clearer, one that is under way, and what came of the latest."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gallery_db.cleanups import ORIGIN
from gallery_db.gallery import Tx
from gallery_db.records import CleanupRecord
from iconface_core.calibration import Calibration

from ...app import App
from ...cleanup.estimate import hours_left, size_words, time_words
from ...cleanup.outcomes import CleanupOutcome, mended_photos, outcomes
from ...cleanup.plan import CleanupPlan, PlanFilter, make_plan
from ...cleanup.schedule import Hours
from ...cleanup.status import cleanup_status
from ...cleanup.take_back import left_undecided
from ...errors import UsageError
from ...job_payloads import RESTORE, RestorePayload, payload_of
from ...languages import _
from ...models.registry import Registry
from ...paths import printable
from ..words.people import named
from ..words.restorations import GAINS
from .jobs_view import cleanup_waits
from .restoration_view import RestorationCard, cards

BEST = 12
"""So many of the best prospects are shown before the start."""

LATEST = 6
"""Of a clean-up under way, so many of the latest results."""

EVERYBODY, NAMED = "everybody", "named"
"""Whom to clean up for, beside the id of one person."""

NIGHT = Hours.parse("22-06")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks for: `whom` is EVERYBODY, NAMED or a person's id; years are inclusive, None is open."""

    whom: str = EVERYBODY
    first: int | None = None
    last: int | None = None

    def where(self) -> PlanFilter:
        """Raises UsageError for what no form sends, and for years in the wrong order."""
        if self.whom not in (EVERYBODY, NAMED) and not self.whom.isdecimal():
            raise UsageError(_("Choose whose faces to clean up."))
        if self.first is not None and self.last is not None and self.first > self.last:
            raise UsageError(_("{first} is after {last}: turn the years round.", first=self.first, last=self.last))
        return PlanFilter(
            people=(int(self.whom),) if self.whom.isdecimal() else (),
            named=self.whom == NAMED,
            since=None if self.first is None else date(self.first, 1, 1),
            until=None if self.last is None else date(self.last, 12, 31),
        )


@dataclass(frozen=True, slots=True)
class Prospect:
    """A face that could become clearer. `helpers` other photos of the person would help."""

    face_id: int
    photo_id: int
    who: str
    gain: str
    helpers: int
    year: str


@dataclass(frozen=True, slots=True)
class Prospects:
    """What a clean-up would do. `faces` in `photos` photos, of `named` people with a name; `left` faces are degraded
    and left alone, `unmeasured` were not looked at for this yet. `hours` "" while nothing is known."""

    best: Sequence[Prospect]
    faces: int
    photos: int
    of_named: int
    named: int
    left: int
    unmeasured: int
    hours: str
    disk: str


@dataclass(frozen=True, slots=True)
class AtWork:
    """A clean-up under way. `served`: the service that does it is there. `face_ids` are in hand now, in the photo
    `photo`. `waits` says for what, "" for nothing."""

    paused: bool
    served: bool
    faces: int
    ended: int
    photo: str
    photo_id: int | None
    face_ids: Sequence[int]
    left: str
    waits: str
    latest: Sequence[RestorationCard]


@dataclass(frozen=True, slots=True)
class Results:
    """What came of the latest clean-up. `clearer` faces of `people` people; the cards are of copies, what changed most
    first. `undecided` copies can be taken back."""

    run: CleanupRecord
    clearer: int
    people: int
    refused: int
    unchanged: int
    failed: int
    cards: Sequence[RestorationCard]
    more: int | None
    undecided: int


def people(tx: Tx) -> list[tuple[int, str]]:
    """Those with a name, by their names: whom a clean-up may be of."""
    return sorted(tx.people.names().items(), key=lambda pair: pair[1].casefold())


def prospects(app: App, asked: Asked) -> Prospects:
    """Takes as long as a plan does: seconds where thousands of faces are degraded."""
    plan = make_plan(app, asked.where())
    known = {c.face.person_id for c in plan.items if c.face.person_name}
    return Prospects(
        best=_best(plan),
        faces=len(plan.items),
        photos=plan.photos,
        of_named=sum(bool(c.face.person_name) for c in plan.items),
        named=len(known),
        left=sum(plan.left.values()),
        unmeasured=plan.faces - plan.measured,
        hours="" if plan.estimate.hours is None else time_words(plan.estimate.hours),
        disk=size_words(plan.estimate.disk_bytes),
    )


def _best(plan: CleanupPlan) -> list[Prospect]:
    """Of different people before more of the same."""
    seen: Counter[int | None] = Counter()
    turns = []
    for c in plan.items:
        turns.append((seen[c.face.person_id], c))
        seen[c.face.person_id] += 1
    first = [c for _turn, c in sorted(turns, key=lambda turn: turn[0])][:BEST]
    return [
        Prospect(
            c.face.id,
            c.face.photo_id,
            named(c.face.person_name),
            _(GAINS[c.gain.level]),
            0 if c.choice is None else len(c.choice.chosen),
            (c.face.captured_at or "")[:4],
        )
        for c in first
    ]


def at_work(tx: Tx, registry: Registry, calibration: Calibration, *, served: bool) -> AtWork | None:
    """None when no clean-up is under way. `served`: whether the service answers."""
    status = cleanup_status(tx)
    live = tx.jobs.find(origin=ORIGIN, states=("waiting", "running"))
    run = status.run
    if run is None or (run.finished and not live):
        return None
    in_hand = next((j for j in live if j.kind == RESTORE and j.state == "running"), None)
    asked = None if in_hand is None else payload_of(in_hand, RestorePayload)
    photo = None if asked is None else tx.photos.by_path(printable(asked.path))
    hours = hours_left(tx, run, max(run.faces - status.faces_ended, 0))
    return AtWork(
        status.paused,
        served,
        run.faces,
        status.faces_ended,
        "" if asked is None else printable(Path(asked.path).name),
        None if photo is None else photo.id,
        [] if asked is None else list(asked.options.face_ids),
        "" if hours is None else time_words(hours),
        cleanup_waits(run, live),
        cards(tx, _copies([o for o in status.faces if o.kind == "restored"][-LATEST:][::-1]), registry, calibration),
    )


def results(tx: Tx, registry: Registry, calibration: Calibration, *, after: int = 0, page: int = 24) -> Results | None:
    """Of the latest clean-up; `after` so many cards. None before the first."""
    run = tx.cleanups.latest()
    if run is None:
        return None
    found = outcomes(tx, run)
    restored = sorted((o for o in found if o.kind == "restored"), key=lambda o: o.first)
    copies = _copies(restored)
    kinds = Counter(o.kind for o in found)
    return Results(
        run,
        clearer=sum(o.state == "done" for o in restored),
        people=len({o.person for o in restored if o.person and o.state == "done"}),
        refused=kinds["refused"],
        unchanged=kinds["left alone"],
        failed=kinds["failed"],
        cards=cards(tx, copies[after : after + page], registry, calibration),
        more=after + page if len(copies) > after + page else None,
        undecided=len({r.output for r in left_undecided(tx, found, mended_photos(tx, run))}),
    )


def _copies(found: Sequence[CleanupOutcome]) -> list[int]:
    """One restoration for each copy, in order: a photo of several faces has one copy."""
    return list({o.output: o.restoration_id for o in found if o.restoration_id is not None}.values())
