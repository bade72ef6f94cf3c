"""Reasons as the pages say them: plain sentences, what to do about them, and why a photo helps."""

from collections.abc import Iterable, Mapping
from typing import Any

from iconface_core import reason_codes as core
from iconface_core.reasons import LEGACY, Reason, from_json, looks_like_reason

from ... import reasons as app
from ...languages import N_, _
from ...plain_words import PLAIN
from ...reason_words import in_words
from ...wording import Words, worded
from .text import sentence


def on_page(reason: Reason) -> str:
    """One sentence, with a capital letter."""
    return sentence(worded(reason, PLAIN))


def result_words(value: object) -> str:
    """What came of a job, out of its result; "" where it says nothing."""
    return on_page(from_json(value)) if looks_like_reason(value) else ""


_PLUG_IN = N_("Plug the drive in, or put the photo back; then try again.")
_LESS = N_("Close other programs or take a smaller photo, then try again.")
_DAMAGED = N_("The photo may be damaged. If it looks whole in another program, try again.")
_COPY = N_("Copy the file again from where it came from, then try again.")
_LOOK = N_("Have its folder looked through on the library page, then try again.")
_ANOTHER = N_("Choose another way of restoring it.")
_SPACE = N_("Free some space on the disk, then try again.")

ADVICE: Mapping[str, str] = {
    core.FILE_MISSING: _PLUG_IN,
    app.PHOTO_MISSING: _PLUG_IN,
    app.CANNOT_OPEN_FOLDER: _PLUG_IN,
    app.FOLDER_OFFLINE: _PLUG_IN,
    app.EMPTY_FOLDER: _PLUG_IN,
    core.NOT_PERMITTED: N_("Allow your user to read this file, then try again."),
    core.DISK_FULL: _SPACE,
    app.NO_MEMORY: _LESS,
    app.WORKER_TOO_LARGE: _LESS,
    core.TOO_MANY_PIXELS: _LESS,
    core.TOO_LARGE_IN_FULL: _LESS,
    core.TOO_LARGE_TO_DECODE: _LESS,
    app.NO_FACE: N_("Draw a box around the face on the photo's page, then try again."),
    core.OUTPUT_NOT_FINITE: _ANOTHER,
    core.OUTPUT_OUT_OF_RANGE: _ANOTHER,
    core.OUTPUT_FLAT: _ANOTHER,
    core.OUTPUT_SHAPE: _ANOTHER,
    core.WORKER_DIED: _DAMAGED,
    app.WORKER_ENDED: _DAMAGED,
    app.WORKER_KILLED: _DAMAGED,
    app.NO_PROGRESS: _DAMAGED,
    app.WORKER_HANGS: _DAMAGED,
    app.LICENCE_NEEDED: N_("The model's licence has to be accepted first; the library page lists the models."),
    core.CANNOT_OPEN: _COPY,
    core.CANNOT_READ: _COPY,
    core.FILE_EMPTY: _COPY,
    core.NOT_A_PICTURE: _COPY,
    core.HEADER_DAMAGED: _COPY,
    core.PICTURE_DAMAGED: _COPY,
    core.NOT_CONVERTIBLE: _COPY,
    core.NO_RAW_PREVIEW: _COPY,
    app.UNREADABLE: _COPY,
    app.PAYLOAD_UNREADABLE: N_("Ask for it anew: this one will not work."),
    app.FACES_GONE: _LOOK,
    app.NO_SUCH_FACE: _LOOK,
    app.CHANGED_SINCE: _LOOK,
}
"""The way out of a failure. Those that are not here: try it again."""


def advice(reason: Reason) -> str:
    """The way out of a failure."""
    inside = next((v for v in reason.params.values() if isinstance(v, Reason)), None)
    if reason.code == app.WORKER_KILLED and reason.params.get("signal") == "SIGKILL":
        return _(_LESS)  # the system's way when memory runs out
    if reason.code in (app.IN_FILE, app.QUARANTINED) and inside is not None:
        return advice(inside)
    otherwise = N_("Try it again. If it fails once more, leave it: your photo itself is unharmed.")
    return _(ADVICE.get(reason.code, otherwise))


_ALIKE = 15.0
"""Degrees between two poses that look the same."""


def _one_day(years: Any) -> bool:
    return float(years) * 365.25 < 1


HELPS: Words = {
    app.YOU_CHOSE_IT: N_("you chose it"),
    app.YOU_GAVE_IT: N_("you chose it"),
    core.CONFIRMED: N_("you said who it is"),
    core.ONLY_FACE: N_("the only other picture"),
    core.POSE: lambda degrees: _("looking the same way") if degrees <= _ALIKE else "",
    core.QUALITY: lambda quality: _("a clear picture") if quality >= 0.6 else "",
    core.YEARS_APART: lambda years: (
        _("from the same day") if _one_day(years) else in_words(core.YEARS_APART(years=years))
    ),
    core.LOOKS_AGED: lambda low, high, degraded_low, degraded_high: (
        _("looks about as old") if min(high, degraded_high) >= max(low, degraded_low) else ""
    ),
    core.FACE_SIZE: lambda px: _("a large face") if px >= 200 else "",
    core.LIKENESS: lambda similarity, others: _("much like the other photos") if similarity >= 0.5 else "",
    LEGACY: "{text}",
    core.DATE_UNKNOWN: "",
    core.NOT_CONFIRMED: "",
}
"""Why a photo helps to restore another, what matters most first; "" where that says nothing."""


def helps(reasons: Iterable[Reason], words: Words = HELPS) -> list[str]:
    """Why a reference was chosen, what matters most first and without the numbers."""
    said = (worded(r, words) for r in sorted(reasons, key=_weight) if r.code in words)
    return [text for text in said if text]


def helps_in_general(reasons: Iterable[Reason]) -> list[str]:
    """Why a face serves well as a reference, when nothing particular is to be restored."""
    return helps(reasons, {**HELPS, core.POSE: lambda degrees: _("facing the camera") if degrees <= _ALIKE else ""})


def _weight(reason: Reason) -> int:
    """Its place in `HELPS`; the same day goes before everything that was measured."""
    code = core.POSE if reason.code == core.YEARS_APART and _one_day(**reason.params) else reason.code
    return 2 * _PLACES.get(code, 0) - (code != reason.code)


_PLACES = {code: place for place, code in enumerate(HELPS)}


def in_numbers(reasons: Iterable[Reason]) -> list[str]:
    """All that is known of a reference, exactly."""
    return [in_words(r) for r in reasons if r.code != core.DATE_UNKNOWN]
