"""The `propose` job: restore, or propose to, the degraded faces of known people that are new in a folder."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gallery_db import Tx
from gallery_db.records import FaceFilter
from iconface_core.codec import JsonObject

from ..job_kinds import AUTO, enqueue_restore
from ..job_payloads import RootPayload
from ..jobs.context import JobContext
from ..library.auto_restore_rules import RestoreRules, judged_up_to, rules_of, set_judged
from ..reasons import FACES_ENDED_AS, NOTHING_NEW, PROPOSED
from ..restoring.candidates import Candidate
from ..restoring.proposals import propose

if TYPE_CHECKING:
    from ..app import App

PAGE = 100

TOLD = "proposals_told_up_to"
"""Meta key: the last proposal that a result named. A job that was killed or gave way has told nobody of its own."""


def run(app: "App", payload: RootPayload, job: JobContext) -> JsonObject:
    """Judge every face that is new in the root since the last time. The result counts what became of them, with the
    ids of the open proposals that no result named before."""
    root_id = payload.root_id
    with app.gallery.begin() as tx:
        if tx.meta.get(TOLD) is None:  # the first time: what is there already is nobody's news
            _set_told(tx, [r.id for r in tx.restorations.history(limit=1)])
        root = next((r for r in tx.roots.all() if r.id == root_id), None)
    rules = RestoreRules() if root is None else rules_of(root)
    counts: Counter[str] = Counter()
    while rules.mode != "off":
        with app.gallery.begin(write=False) as tx:
            after = judged_up_to(tx, root_id)
            faces = tx.faces.find(FaceFilter(root_id=root_id, after_id=after, limit=PAGE))
        if not faces:
            break
        restorer = app.restorers.backend("auto")
        for candidate in app.candidates.of([f.id for f in faces], restorer=restorer):
            job.check()
            why = _why_not(app, candidate, rules)
            counts[why or _attend(app, candidate, rules, restorer.id)] += 1
        job.progress(sum(counts.values()), sum(counts.values()))
        with app.gallery.begin() as tx:
            set_judged(tx, root_id, max(f.id for f in faces))
    with app.gallery.begin() as tx:
        told = int(tx.meta.get(TOLD) or 0)
        proposals = [r.id for r in tx.restorations.history(states=("proposed",), origin="auto") if r.id > told]
        _set_told(tx, [told, *proposals])
    ended = tuple(FACES_ENDED_AS(count=n, what=what) for what, n in sorted(counts.items()))
    text = PROPOSED(counts=ended) if ended else NOTHING_NEW()
    return {"faces": dict(counts), "proposals": proposals, "text": text.as_json()}


def _attend(app: "App", candidate: Candidate, rules: RestoreRules, restorer: str) -> str:
    """What was done."""
    face = candidate.face
    if rules.mode == "auto":
        with app.gallery.begin() as tx:
            enqueue_restore(tx, Path(face.photo), face_id=face.id, origin="auto", priority=AUTO)
        return "enqueued"
    propose(app.gallery, candidate, restorer=restorer, origin="auto")
    return "proposed"


def _set_told(tx: Tx, ids: Sequence[int]) -> None:
    tx.meta.set(TOLD, str(max(ids, default=0)))


def _why_not(app: "App", candidate: Candidate, rules: RestoreRules) -> str | None:
    """Why this face is left alone; None for one to be restored."""
    if candidate.reason is not None:
        return "left alone"
    face, degradation, choice = candidate.face, candidate.degradation, candidate.choice
    if degradation is None or degradation.score < rules.min_degradation:
        return "not degraded enough"
    if face.person_id is None or face.person_name is None:
        return "nobody known"
    with app.gallery.begin(write=False) as tx:
        person = tx.people.get(face.person_id)
        before = tx.restorations.of_face(
            photo=face.photo, face_id=face.id, input_sha256=candidate.photo_hash, bbox=face.bbox
        )
    if person.hidden or person.ignored:
        return "hidden or ignored"
    if before:
        return "dealt with before"
    if choice is None or len(choice.chosen) < rules.min_references:
        return "without references"
    if candidate.likeness is None or candidate.likeness < rules.min_similarity:
        return "not similar enough"
    return None
