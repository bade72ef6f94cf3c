"""The `propose` job: restore, or propose to, the degraded faces of known people that are new in a folder."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallery_db.records import FaceFilter, FaceRecord
from iconface_core.sharpness import Degradation, why_left_alone
from iconface_core.types import FaceEmbedding
from plugin.candidates import Candidate
from plugin.degradation import stored
from plugin.jobs.context import JobContext
from plugin.jobs.kinds import AUTO, enqueue_restore
from plugin.proposals import propose
from plugin.restoring import likeness
from plugin.subjects import Subject, detection_of
from plugin.whois import Answer

from .rules import RestoreRules, judged_up_to, rules_of, set_judged

if TYPE_CHECKING:
    from plugin.app import App

PAGE = 100


class _LeftAloneError(Exception):
    """Why, in the words of the job's result."""


def run(app: "App", payload: Mapping[str, Any], job: JobContext) -> Mapping[str, Any]:
    """Judge every face that is new in the root since the last time. The result counts what became of them."""
    root_id: int = payload["root_id"]
    with app.gallery.begin(write=False) as tx:
        root = next((r for r in tx.roots.all() if r.id == root_id), None)
    rules = RestoreRules() if root is None else rules_of(root)
    counts: Counter[str] = Counter()
    while rules.mode != "off":
        with app.gallery.begin(write=False) as tx:
            after = judged_up_to(tx, root_id)
            faces = tx.faces.find(FaceFilter(root_id=root_id, after_id=after, limit=PAGE))
        if not faces:
            break
        for face in faces:
            job.check()
            counts[_attend(app, face, rules)] += 1
        job.progress(sum(counts.values()), sum(counts.values()))
        with app.gallery.begin() as tx:
            set_judged(tx, root_id, faces[-1].id)
    text = ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
    return {"faces": dict(counts), "text": text or "nothing new"}


def _attend(app: "App", face: FaceRecord, rules: RestoreRules) -> str:
    """Propose or enqueue one face; says what was done, or why nothing."""
    try:
        candidate = _candidate(app, face, rules)
    except _LeftAloneError as e:
        return str(e)
    if rules.mode == "auto":
        with app.gallery.begin() as tx:
            enqueue_restore(tx, Path(face.photo), face_id=face.id, origin="auto", priority=AUTO)
        return "enqueued"
    propose(app.gallery, candidate, restorer=app.restorers.id("auto"), origin="auto")
    return "proposed"


def _candidate(app: "App", face: FaceRecord, rules: RestoreRules) -> Candidate:
    """The face with its person and references. Raises _LeftAloneError; the cheap reasons are asked first."""
    degradation = stored(face.degradation)
    if degradation is None or why_left_alone(degradation) is not None or degradation.score < rules.min_degradation:
        raise _LeftAloneError("not degraded")
    with app.gallery.begin(write=False) as tx:
        photo = tx.photos.get(face.photo_id)
        embedding = tx.faces.embedding(face.id, app.embedder.id)
        before = tx.restorations.of_face(
            photo=face.photo, face_id=face.id, input_sha256=photo.content_hash, bbox=face.bbox
        )
    if before:
        raise _LeftAloneError("dealt with before")
    if embedding is None or photo.state != "indexed":
        raise _LeftAloneError("not indexed")
    answer = app.whois.answer([_subject(app, face, photo.content_hash, embedding)])[0]
    _require_known(app, answer)
    chosen = () if answer.choice is None else answer.choice.chosen
    if len(chosen) < rules.min_references:
        raise _LeftAloneError("without references")
    others = [
        FaceEmbedding(embedding.embedder, r.vector, r.norm) for r in answer.rows.values() if r.photo_id != photo.id
    ]
    like = likeness(embedding.vector, others)
    if like is None or like < rules.min_similarity:
        raise _LeftAloneError("not similar enough")
    return _as_candidate(face, photo.content_hash, degradation, answer, like)


def _require_known(app: "App", answer: Answer) -> None:
    if answer.person_id is None or answer.person_name is None:
        raise _LeftAloneError("nobody known")
    with app.gallery.begin(write=False) as tx:
        person = tx.people.get(answer.person_id)
    if person.hidden or person.ignored:
        raise _LeftAloneError("hidden or ignored")


def _as_candidate(
    face: FaceRecord, photo_hash: str, degradation: Degradation, answer: Answer, like: float
) -> Candidate:
    # A degraded face is often recognised without being grouped: the proposal is for whom it was recognised as.
    named = replace(face, person_id=answer.person_id, person_name=answer.person_name)
    return Candidate(named, photo_hash, degradation, answer.choice, like)


def _subject(app: "App", face: FaceRecord, photo_hash: str, embedding: FaceEmbedding) -> Subject:
    return Subject(
        path=Path(face.photo),
        content_hash=photo_hash,
        number=0,
        face=detection_of(face),
        embedding=embedding,
        quality=float(app.embedder.calibration.quality(embedding.norm)),
        face_id=face.id,
        photo_id=face.photo_id,
        person_id=face.person_id,
        confirmed=face.confirmed,
        captured_at=None if face.captured_at is None else datetime.fromisoformat(face.captured_at),
    )
