"""Restorations in plain words: is it still the person, and what a proposal promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gallery_db.records import WHOLE_PHOTO, RestorationRecord
from gallery_db.restorations.listing import ReviewState
from iconface_core.calibration import Calibration
from iconface_core.damage.visible_change import LEAST_MEAN

from ...languages import N_, _
from ...restoring.expected_gain import Level
from .likeness import is_clearly_like, likeness_words

Tone = Literal["good", "warn", "bad", ""]

SHELF_NAMES: Mapping[ReviewState, str] = {
    "to_decide": N_("To decide"),
    "proposed": N_("Proposed"),
    "kept": N_("Kept"),
    "put_back": N_("Put back"),
    "refused": N_("Refused"),
}


@dataclass(frozen=True, slots=True)
class Says:
    """What the identity check came to: a few words, the sentence behind them, and how to colour it."""

    text: str
    why: str
    tone: Tone


def verdict_words(record: RestorationRecord, name: str | None, calibration: Calibration) -> Says:
    """The verdict of a restoration. `name` is the person's, None for one without a name or for nobody. What passed the
    check is said by how much it is like the person, and is only green where that is clear."""
    before, after = record.similarity_before, record.similarity_after
    compared = before is not None and after is not None
    photos = _("the other photos of {name}", name=name) if name else _("the other photos of this person")
    if (nothing := _nothing_to_see(record)) is not None:
        return nothing
    if record.verdict == "refused":
        beside = photos if compared else _("the photo itself")
        why = _("The new face looked like somebody else when compared with {photos}.", photos=beside)
        if record.output is not None:
            return Says(_("Looks like a stranger"), f"{why} {_('You wanted the copy all the same.')}", "bad")
        return Says(_("Refused: it would have become a stranger"), f"{why} {_('So no copy was made.')}", "bad")
    if record.verdict == "pass" and after is not None and compared:
        evidence = float(calibration.llr(after))
        if is_clearly_like(evidence):
            return Says(likeness_words(evidence, name), _("The restored face matches {photos}.", photos=photos), "good")
        why = _("It did not move away from {photos}, but it is no clear match. Look closely.", photos=photos)
        return Says(likeness_words(evidence, name), why, "")
    if record.verdict in ("pass", "unchecked"):  # earlier releases called that a pass
        return Says(_("Unchecked"), _("There was nobody to compare it with. It still matches the photo."), "")
    if before is not None and after is not None and after < before:
        less = _("Looks a little less like {name}", name=name or _("the person"))
        why = _("Compared with {photos}, it moved a little away. Look closely.", photos=photos)
        return Says(less, why, "warn")
    if compared:
        unsure = _("Not surely {name}", name=name or _("the same person"))
        return Says(unsure, _("It does not clearly match {photos}. Look closely.", photos=photos), "warn")
    return Says(_("Perhaps not the same face"), _("It is not surely the face in the photo. Look closely."), "warn")


NO_CHANGE = N_("No visible change")


def _nothing_to_see(record: RestorationRecord) -> Says | None:
    """Of what was not made yet, or might as well not have been."""
    if record.restorer == WHOLE_PHOTO:
        return Says(_("The photo around the faces"), _("It was mended as you asked. No face is judged."), "")
    if record.state == "proposed":
        return Says(_("Could be restored"), _("Nothing was computed yet."), "")
    if record.state == "unseen":
        return Says(_(NO_CHANGE), _("It is as clear as it can be made here, so no copy was made."), "")
    if record.verdict != "refused" and record.changed_mean is not None and record.changed_mean < LEAST_MEAN:
        return Says(_(NO_CHANGE), _("Nobody can tell the copy from the photo."), "")
    return None


GAINS: Mapping[Level, str] = {
    "great": N_("A great deal clearer"),
    "clear": N_("Clearly better"),
    "little": N_("A little better"),
}
"""What a proposal promises."""

STRENGTHS: Sequence[tuple[str, str, float | None]] = (
    ("", N_("As usual"), None),
    ("0.4", N_("Gentle"), 0.4),
    ("0.7", N_("Medium"), 0.7),
    ("1", N_("Full"), 1.0),
)
"""Form value, word, and `RestoreRequest.strength`."""


def gentler_than(used: float | None) -> str:
    """The form value of the next weaker strength; else the weakest. None: the restorer's own."""
    weaker = [key for key, _word, value in STRENGTHS if value is not None and value < (1.0 if used is None else used)]
    return weaker[-1] if weaker else STRENGTHS[1][0]
