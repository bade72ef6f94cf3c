"""The words of notifications: plain and short, for people who never heard of embeddings. Pure."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gallery_db.records import JobRecord, RestorationRecord
from iconface_core.reason_codes import SHARP_ALREADY, TOO_SMALL
from iconface_core.reasons import Reason, from_json, looks_like_reason

from ..job_payloads import RestorePayload, payload_of
from ..paths import printable
from ..reasons import IN_FILE, NO_FACE, OUR_COPY
from .note import Button, Note
from .plain import plain

UNDO_AT_MOST = 1000
"""A command line has an end; whoever restored more photos at once takes them back with `iconface undo`."""

NAMES_SHOWN = 3


def note_of(jobs: Sequence[JobRecord], command: Sequence[str]) -> Note:
    """One notification for these ended restorations. Undo takes back all that was written, and remembers that it was
    not wanted: `iconface restored reject`, which `iconface undo` takes back in turn."""
    outputs = list(dict.fromkeys(str(r["output"]) for j in jobs if (r := _result(j)).get("output")))
    if len(jobs) == 1:
        title, text = _one(jobs[0])
        return Note(title, f"{_name(jobs[0])}\n{text}".strip(), _buttons(outputs, command))
    kinds = Counter(_kind(j) for j in jobs)
    written = sum(bool(_result(j).get("output")) for j in jobs)
    title = (
        f"{written or 'None'} of {len(jobs)} photos restored" if written < len(jobs) else f"{written} photos restored"
    )
    said = [f"{n} {_MANY[kind]}" for kind, n in kinds.most_common() if kind in _MANY]
    failed = [j for j in jobs if _kind(j) in ("failed", "no face")]
    named = [f"{_name(j)}: {_TITLE['no face'] if _kind(j) == 'no face' else _one(j)[1]}" for j in failed[:NAMES_SHOWN]]
    return Note(title, "\n".join([", ".join(said), *named]).strip(), _buttons(outputs, command))


def note_of_proposals(proposals: Sequence[RestorationRecord], names: Mapping[int, str], command: Sequence[str]) -> Note:
    """One notification for degraded photos that arrived and were not touched: shall they be restored?"""
    photos = {r.photo for r in proposals}
    shown = {(name, r.photo) for r in proposals if (name := names.get(r.person_id or 0))}
    people = Counter(name for name, _ in sorted(shown))  # as many: by name
    of = f" of {' and '.join(sorted(people))}" if 0 < len(people) <= 2 else ""
    what = "A photo" if len(photos) == 1 else f"{len(photos)} photos"
    if len(photos) == 1:
        detail = Path(printable(next(iter(photos)))).name
    else:
        detail = ", ".join(f"{n} of {name}" for name, n in people.most_common(NAMES_SHOWN)) if not of else ""
        detail += " and others" if detail and len(people) > NAMES_SHOWN else ""
    accept = (*command, "--quiet", "restored", "accept", "--enqueue", "--", *(str(r.id) for r in proposals))
    restore = (Button("Restore", runs=accept),) if len(proposals) <= UNDO_AT_MOST else ()
    look = Button("Open", runs=(*command, "--quiet", "web", "--idle", "900"))
    body = f"{detail}\nShall the faces be restored? The originals stay as they are.".strip()
    return Note(f"{what}{of} could be restored", body, (*restore, look))


_TITLE = {
    "restored": "Face restored",
    "sharp": "Already sharp",
    "unseen": "As clear as it can be made",
    "small": "Too small to be restored",
    "ours": "This photo is restored already",
    "left": "Left as it is",
    "unsure": "Restored, but not sure who this is",
    "refused": "Not restored: it would no longer be the same face",
    "no face": "No face found",
    "failed": "Could not be restored",
}
_MANY = {
    "sharp": "already sharp",
    "unseen": "as clear as they can be made",
    "small": "too small",
    "ours": "restored before",
    "left": "left as they are",
    "unsure": "not sure who it is",
    "refused": "refused, because it would no longer be the same face",
    "no face": "without a face",
    "failed": "failed",
}
_TEXT = {
    "sharp": "There is nothing to improve.",
    "unseen": "Nobody would see a difference, so nothing was written.",
    "small": "The faces have too few pixels.",
    "ours": "",
    "unsure": "Name the person, and the next result will be more like them.",
    "refused": "Nothing was written. Your photo is as it was.",
    "no face": "Is the face very small, or turned away?",
}


def _kind(job: JobRecord) -> str:
    """What came of one photo: a key of the tables above."""
    if job.state == "failed":
        return "no face" if _code(_within(job.error)) == NO_FACE else "failed"
    outcome = str(_result(job).get("outcome"))
    if outcome in ("restored", "unsure", "refused", "unseen"):
        return outcome
    codes = {_code(_read(f.get("skipped_reason"))) for f in _faces(job)}
    return next((kind for code, kind in _SKIPPED.items() if code in codes), "left")


_SKIPPED: Mapping[str, str] = {SHARP_ALREADY: "sharp", TOO_SMALL: "small", OUR_COPY: "ours"}


def _read(value: object) -> Reason | None:
    return from_json(value) if looks_like_reason(value) else None


def _within(reason: Reason | None) -> Reason | None:
    """What is said of a file, without its name."""
    why = None if reason is None or reason.code != IN_FILE else reason.params["why"]
    return why if isinstance(why, Reason) else reason


def _code(reason: Reason | None) -> str:
    return "" if reason is None else reason.code


def _one(job: JobRecord) -> tuple[str, str]:
    """Title and sentence for one photo."""
    kind = _kind(job)
    text = _TEXT.get(kind)
    if kind == "restored":
        text = _restored(job)
    elif text is None:
        reason = job.error if kind == "failed" else _read(_result(job).get("text"))
        text = "" if reason is None else plain(reason)
    return _TITLE[kind], text


def _restored(job: JobRecord) -> str:
    done = [f for f in _faces(job) if f.get("output") and "photo_steps" not in f]
    names = sorted({str(f["person_name"]) for f in done if f.get("person_name")})
    more = len(done) - len([f for f in done if f.get("person_name")])
    others = [] if not more else ["one more face" if more == 1 else f"{more} more faces"]
    if not names:
        return "" if len(done) <= 1 else f"{len(done)} faces"
    return " and ".join(", ".join([*names, *others]).rsplit(", ", 1))


def _name(job: JobRecord) -> str:
    asked = payload_of(job, RestorePayload)
    return "" if asked is None else printable(Path(asked.path).name)


def _result(job: JobRecord) -> Mapping[str, Any]:
    return job.progress or {}


def _faces(job: JobRecord) -> Sequence[Mapping[str, Any]]:
    faces: Sequence[Mapping[str, Any]] = _result(job).get("faces") or ()
    return faces


def _buttons(outputs: Sequence[str], command: Sequence[str]) -> tuple[Button, ...]:
    if not outputs:
        return ()
    target = outputs[0] if len(outputs) == 1 else os.path.commonpath([os.path.dirname(o) for o in outputs])  # noqa: PTH120 - text
    undo = (*command, "--quiet", "restored", "reject", "--", *outputs)
    copies = "The restored copy is removed." if len(outputs) == 1 else "The restored copies are removed."
    buttons = (Button("Open", opens=target), Button("Undo", runs=undo, done=copies))
    return buttons if len(outputs) <= UNDO_AT_MOST else buttons[:1]
