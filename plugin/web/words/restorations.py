"""Restorations in plain words: is it still the person, and what a proposal promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gallery_db.records import WHOLE_PHOTO, RestorationRecord
from gallery_db.restorations.listing import ReviewState
from iconface_core.calibration import Calibration
from iconface_core.damage.visible_change import LEAST_MEAN

from ...restoring.expected_gain import Level
from .likeness import is_clearly_like, likeness_words

Tone = Literal["good", "warn", "bad", ""]

SHELF_NAMES: Mapping[ReviewState, str] = {
    "to_decide": "To decide",
    "proposed": "Proposed",
    "kept": "Kept",
    "put_back": "Put back",
    "refused": "Refused",
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
    photos = f"the other photos of {name}" if name else "the other photos of this person"
    if (nothing := _nothing_to_see(record)) is not None:
        return nothing
    if record.verdict == "refused":
        why = f"The new face looked like somebody else when compared with {photos if compared else 'the photo itself'}."
        if record.output is not None:
            return Says("Looks like a stranger", f"{why} You wanted the copy all the same.", "bad")
        return Says("Refused: it would have become a stranger", f"{why} So no copy was made.", "bad")
    if record.verdict == "pass" and after is not None and compared:
        evidence = float(calibration.llr(after))
        if is_clearly_like(evidence):
            return Says(likeness_words(evidence, name), f"The restored face matches {photos}.", "good")
        why = f"It did not move away from {photos}, but it is no clear match. Look closely."
        return Says(likeness_words(evidence, name), why, "")
    if record.verdict in ("pass", "unchecked"):  # earlier releases called that a pass
        return Says("Unchecked", "There was nobody to compare it with. It still matches the photo.", "")
    if before is not None and after is not None and after < before:
        less = f"Looks a little less like {name}" if name else "Looks a little less like the person"
        return Says(less, f"Compared with {photos}, it moved a little away. Look closely.", "warn")
    if compared:
        return Says(
            f"Not surely {name or 'the same person'}", f"It does not clearly match {photos}. Look closely.", "warn"
        )
    return Says("Perhaps not the same face", "It is not surely the face in the photo. Look closely.", "warn")


def _nothing_to_see(record: RestorationRecord) -> Says | None:
    """Of what was not made yet, or might as well not have been."""
    if record.restorer == WHOLE_PHOTO:
        return Says("Damage and tones", "Damage was filled in, or faded tones corrected. No face is judged.", "")
    if record.state == "proposed":
        return Says("Could be restored", "Nothing was computed yet.", "")
    if record.state == "unseen":
        return Says("No visible change", "It is as clear as it can be made here, so no copy was made.", "")
    if record.verdict != "refused" and record.changed_mean is not None and record.changed_mean < LEAST_MEAN:
        return Says("No visible change", "Nobody can tell the copy from the photo.", "")
    return None


GAINS: Mapping[Level, str] = {
    "great": "A great deal clearer",
    "clear": "Clearly better",
    "little": "A little better",
}
"""What a proposal promises."""

STRENGTHS: Sequence[tuple[str, str, float | None]] = (
    ("", "As usual", None),
    ("0.4", "Gentle", 0.4),
    ("0.7", "Medium", 0.7),
    ("1", "Full", 1.0),
)
"""Form value, word, and `RestoreRequest.strength`."""


def gentler_than(used: float | None) -> str:
    """The form value of the next weaker strength; else the weakest. None: the restorer's own."""
    weaker = [key for key, _, value in STRENGTHS if value is not None and value < (1.0 if used is None else used)]
    return weaker[-1] if weaker else STRENGTHS[1][0]
