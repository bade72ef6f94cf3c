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
from ..languages import N_, _, ngettext, number
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
    of = {"all": number(len(jobs))}
    if written == len(jobs):
        title = ngettext("{n} photo restored", "{n} photos restored", written)
    elif written:
        title = ngettext("{n} of {all} photos restored", "{n} of {all} photos restored", written, **of)
    else:
        title = _("None of {all} photos restored", **of)
    said = [f"{n} {_(_MANY[kind])}" for kind, n in kinds.most_common() if kind in _MANY]
    failed = [j for j in jobs if _kind(j) in ("failed", "no face")]
    named = [
        f"{_name(j)}: {_(_TITLE['no face']) if _kind(j) == 'no face' else _one(j)[1]}" for j in failed[:NAMES_SHOWN]
    ]
    return Note(title, "\n".join([", ".join(said), *named]).strip(), _buttons(outputs, command))


def note_of_proposals(proposals: Sequence[RestorationRecord], names: Mapping[int, str], command: Sequence[str]) -> Note:
    """One notification for degraded photos that arrived and were not touched: shall they be restored?"""
    photos = {r.photo for r in proposals}
    shown = {(name, r.photo) for r in proposals if (name := names.get(r.person_id or 0))}
    people = Counter(name for name, _photo in sorted(shown))  # as many: by name
    n, two = len(photos), _and(sorted(people)) if 0 < len(people) <= 2 else ""
    if two:
        title = ngettext(
            "A photo of {names} could be restored", "{n} photos of {names} could be restored", n, names=two
        )
    else:
        title = ngettext("A photo could be restored", "{n} photos could be restored", n)
    if len(photos) == 1:
        detail = Path(printable(next(iter(photos)))).name
    else:
        most = [] if two else people.most_common(NAMES_SHOWN)
        detail = ", ".join(ngettext("{n} of {name}", "{n} of {name}", count, name=name) for name, count in most)
        detail = _("{people} and others", people=detail) if detail and len(people) > NAMES_SHOWN else detail
    accept = (*command, "--quiet", "restored", "accept", "--enqueue", "--", *(str(r.id) for r in proposals))
    restore = (Button(_("Restore"), runs=accept),) if len(proposals) <= UNDO_AT_MOST else ()
    look = Button(_("Open"), runs=(*command, "--quiet", "web", "--idle", "900"), on_click=True)
    body = f"{detail}\n{_('Shall the faces be restored? The originals stay as they are.')}".strip()
    return Note(title, body, (*restore, look))


_TITLE = {
    "restored": N_("Face restored"),
    "sharp": N_("Already sharp"),
    "unseen": N_("As clear as it can be made"),
    "small": N_("Too small to be restored"),
    "ours": N_("This photo is restored already"),
    "left": N_("Left as it is"),
    "unsure": N_("Restored, but not sure who this is"),
    "refused": N_("Not restored: it would no longer be the same face"),
    "no face": N_("No face found"),
    "failed": N_("Could not be restored"),
}
_MANY = {
    "sharp": N_("already sharp"),
    "unseen": N_("as clear as they can be made"),
    "small": N_("too small"),
    "ours": N_("restored before"),
    "left": N_("left as they are"),
    "unsure": N_("not sure who it is"),
    "refused": N_("refused, because it would no longer be the same face"),
    "no face": N_("without a face"),
    "failed": N_("failed"),
}
_TEXT = {
    "sharp": N_("There is nothing to improve."),
    "unseen": N_("Nobody would see a difference, so nothing was written."),
    "small": N_("The faces have too few pixels."),
    "ours": "",
    "unsure": N_("Name the person, and the next result will be more like them."),
    "refused": N_("Nothing was written. Your photo is as it was."),
    "no face": N_("Is the face very small, or turned away?"),
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
    text = _(_TEXT[kind]) if kind in _TEXT else None
    if kind == "restored":
        text = _restored(job)
    elif text is None:
        reason = job.error if kind == "failed" else _read(_result(job).get("text"))
        text = "" if reason is None else plain(reason)
    return _(_TITLE[kind]), text


def _restored(job: JobRecord) -> str:
    done = [f for f in _faces(job) if f.get("output") and "photo_steps" not in f]
    names = sorted({str(f["person_name"]) for f in done if f.get("person_name")})
    more = len(done) - len([f for f in done if f.get("person_name")])
    others = [] if not more else [ngettext("one more face", "{n} more faces", more)]
    if not names:
        return "" if len(done) <= 1 else ngettext("{n} face", "{n} faces", len(done))
    return _and([*names, *others])


def _and(words: Sequence[str]) -> str:
    """ "Anna, Ben and 2 more faces"."""
    last = words[-1]
    return _("{names} and {last}", names=", ".join(words[:-1]), last=last) if len(words) > 1 else last


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
    copies = ngettext("The restored copy is removed.", "The restored copies are removed.", len(outputs))
    buttons = (Button(_("Open"), opens=target, on_click=True), Button(_("Undo"), runs=undo, done=copies))
    return buttons if len(outputs) <= UNDO_AT_MOST else buttons[:1]
