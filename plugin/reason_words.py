"""The words of every reason for the command line, its JSON, reports and logs; and what other front ends fall back to.

A template names the parameters of its code; where that is not enough, a function takes them. Translation has its place
here: a template is found by the code, and by nothing else.
"""

import shlex
from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import Any

from iconface_core import reason_codes as core
from iconface_core.reasons import LEGACY, Reason

from . import decision_words
from . import reasons as app
from .dates import looks_aged
from .plain_text import counted
from .wording import Words, worded


def in_words(reason: Reason) -> str:
    """For the command line."""
    return worded(reason, WORDS)


def all_in_words(reasons: Iterable[Reason]) -> list[str]:
    """Each in words."""
    return [in_words(r) for r in reasons]


def table(own: Words) -> Words:
    """The table of another front end: its own words, and these for the rest."""
    return ChainMap(dict(own), dict(WORDS))


def called(person: int, name: str | None) -> str:
    """A person's name, or words for one without."""
    return name or f"person {person}"


def _percent(probability: float) -> str:
    """Never "100 %" for what is only likely, nor "0 %" for what is possible."""
    if probability > 0.9995:
        return "over 99.9 %"
    return (
        "under 0.1 %" if probability < 0.0005 else f"{probability * 100:.{0 if 0.01 <= probability <= 0.99 else 1}f} %"
    )


def _ages(low: int, high: int, degraded_low: int, degraded_high: int) -> str:
    return f"{looks_aged(low, high)}; the degraded face {looks_aged(degraded_low, degraded_high)}"


def _years_between(years: int, low: int, high: int, other_low: int, other_high: int) -> str:
    both = f"one {looks_aged(low, high)}, the other {looks_aged(other_low, other_high)}"
    return f"About {counted(years, 'year')} seem to lie between them ({both}): the same person, or a relative?"


def _if_moved(path: str) -> str:
    return f" If the folder has moved: iconface library move {shlex.quote(path)} NEW"


def _moved(path: str, photos: int) -> str:
    rest = f"{photos} of its photos were not found" if photos else "all its photos were found"
    done = "" if photos else f"; it can go from the list: iconface library remove {shlex.quote(path)}"
    return f"{path} has moved: {rest} in another folder{done}"


def _size(width: int, height: int) -> str:
    return f"{width} x {height} = {width * height / 1e6:.0f} megapixels"


def _apart(years: float) -> str:
    days = years * 365.25
    if days < 1.0:
        return "less than a day"
    if days < 60.0:
        return counted(round(days), "day")
    return f"{days / 30.44:.0f} months" if years < 1.5 else f"{years:.0f} years"


def _similar(similarity: float, faces: int) -> str:
    return f"similarity {similarity:.2f} to the best of {counted(faces, 'face')}"


def _known(next: str | None, **who: Any) -> str:
    rest = f"; next {next}" if next else ""
    return f"{_perhaps(**who)}{rest})"


def _perhaps(person: int, name: str | None, posterior: float, similarity: float, faces: int) -> str:
    return f"{called(person, name)} ({_percent(posterior)}, {_similar(similarity, faces)}"


def _unseen(mean: float | None, share: float | None, least: float | None) -> str:
    words = "already as clear as this restorer can make it"
    return words if mean is None else f"{words} ({changed(mean, share or 0.0)}; {least:.1f} are seen)"


def changed(mean: float, share: float) -> str:
    """What a restoration changed visibly: `mean` of 255, and the `share` of the face that changed clearly."""
    return f"{mean:.1f} of 255 in the mean, {share:.0%} of the face clearly"


def _chosen(made_by: list[str], candidates: int, because: list[str]) -> str:
    which = " and ".join(made_by) + (", half of each" if len(made_by) > 1 else "")
    return f"{which}, of {candidates} results" + (f": {'; '.join(because)}" if because else "")


def _scanned(offline: list[str], **counts: int) -> str:
    return ", ".join([*(f"{n} {what}" for what, n in counts.items() if n), *offline])


def _restored(faces: int, names: list[str], unsure: int) -> str:
    whose = f": {', '.join(names)}" if names else ""
    return f"{counted(faces, 'face')} restored{whose}" + (f", {unsure} of them without references" if unsure else "")


REFUSED_FACES: Mapping[str, str] = {
    "restored": "restored by us",
    "rejected": "rejected by you",
    "same_photo": "in the degraded photo",
    "near_duplicate": "a copy of the degraded photo",
    "doubtful": "perhaps somebody else",
    "low_quality": "of too low quality",
    "too_small": "too small",
    "other_age": "of another age",
    "low_score": "scored too low",
    "repeats": "of one moment",
    "not_needed": "not needed",
}
"""By `Refusal`, after a number of faces."""

GAINS: Mapping[str, str] = {"great": "a great deal clearer", "clear": "clearly better", "little": "a little better"}
"""By `Gain.level`."""

WORDS: Words = {
    LEGACY: "{text}",
    **decision_words.WORDS,
    # files
    core.FILE_MISSING: "no such file",
    core.NOT_PERMITTED: "cannot be opened (Permission denied)",
    core.CANNOT_OPEN: "cannot be opened ({detail})",
    core.CANNOT_READ: "cannot be read ({detail})",
    core.FILE_EMPTY: "the file is empty (0 bytes)",
    core.NOT_A_PICTURE: "not a picture format we read; first bytes {first_bytes}",
    core.HEADER_DAMAGED: "damaged {format}, its header cannot be read ({detail})",
    core.PICTURE_DAMAGED: "truncated or damaged {format} ({detail})",
    core.NOT_CONVERTIBLE: "cannot convert {mode} pixels to RGB ({detail})",
    core.TOO_MANY_BYTES: lambda bytes, most, megapixels: (
        f"{bytes / 1e9:.1f} GB, more than a photo of {megapixels:.0f} megapixels can have ({most / 1e9:.1f} GB); "
        "raise max_megapixels if this is a real photo"
    ),
    core.TOO_MANY_PIXELS: lambda width, height, megapixels: (
        f"{_size(width, height)}, more than the limit of {megapixels:.0f}; raise max_megapixels if this is a real photo"
    ),
    core.TOO_LARGE_IN_FULL: lambda width, height, megapixels: (
        f"{_size(width, height)}; at full size at most {megapixels:.0f} are read, because the whole picture is held in "
        "memory. Cut out the part with the face, save it smaller, or raise full_megapixels"
    ),
    core.TOO_LARGE_TO_DECODE: "{detail}",
    core.NO_RAW_PREVIEW: "camera RAW without a readable embedded preview ({detail}); convert it to JPEG",
    core.CANNOT_WRITE: "cannot be written ({detail}); nothing was left behind",
    core.NO_COPY: "a restored copy cannot be made ({detail})",
    core.CANNOT_ENCODE: "the restored photo cannot be encoded as {format} ({detail})",
    # a restorer's output
    core.OUTPUT_NOT_FINITE: (
        "what {restorer} made has values that are no numbers, as half precision gives when it overflows"
    ),
    core.OUTPUT_OUT_OF_RANGE: lambda restorer, share: (
        f"{_percent(share)} of what {restorer} made lies far outside of black and white"
    ),
    core.OUTPUT_FLAT: "what {restorer} made is of one colour: the face is gone",
    core.OUTPUT_SHAPE: "what {restorer} made has the shape {found}, not {wanted}",
    app.IN_FILE: "{path}: {why}",
    app.STATED: "{text}",
    app.SYSTEM_ERROR: "{detail}",
    core.DISK_FULL: "No space left on device",
    app.NO_MEMORY: "there is not enough memory for it",
    app.LICENCE_NEEDED: "{text}",
    app.UNEXPECTED: lambda error, detail: f"{error}: {detail}" if detail else error,
    app.UNREADABLE: lambda error, detail: f"cannot be read ({error}{': ' + detail if detail else ''})",
    app.CHANGED_SINCE: "it was changed since it was indexed: iconface scan",
    app.IS_FOLDER: "{path} is a folder: name the photos in it, or see: iconface cleanup plan",
    app.PHOTO_MISSING: "no such photo",
    app.NO_FACE: "no face found; draw one by hand with: iconface faces add PHOTO X1 Y1 X2 Y2",
    app.FACES_GONE: lambda path, face_ids: (
        f"{path} has no face with id {', '.join(map(str, face_ids))}: the photo was changed or indexed anew; scan it"
    ),
    app.NO_SUCH_FACE: lambda path, number, known: (
        f"{path} has no face {number}; its faces are {', '.join(map(str, known))}"
    ),
    # folders
    app.CANNOT_OPEN_FOLDER: lambda path, detail: (
        f"{path} cannot be opened ({detail}); is the drive mounted?{_if_moved(path)}"
    ),
    app.EMPTY_FOLDER: lambda path, photos: (
        f"{path} is empty but held {photos} photos; is the drive mounted?{_if_moved(path)}"
    ),
    app.FOLDER_MOVED: _moved,
    app.FOLDER_OFFLINE: "its folder {path} is offline; when it is there again: iconface scan",
    app.MANY_GONE: (
        "{path}: {gone} of {of} photos are gone at once; is a drive missing? Nothing was marked. If you did delete "
        "them: iconface scan --accept-missing"
    ),
    # degraded faces
    core.FEW_PIXELS: "only {px:.0f} px between the eyes",
    core.NOISY: "noisy (about {noise:.0f} of 255)",
    core.JPEG_BLOCKS: "JPEG blocks",
    core.BLURRED: "blurred",
    core.SCRATCHES: "scratches",
    core.SPECKS: "dust or specks",
    core.FADED: "faded",
    core.WORN_PRINT: "worn print",
    core.HARD_TO_RECOGNISE: "hard to recognise (quality {quality:.2f})",
    # references
    core.QUALITY: "quality {quality:.2f}",
    core.ONLY_FACE: "the person's only other face",
    core.LIKENESS: lambda similarity, others: (
        f"likeness {similarity:.2f} to the person's other {counted(others, 'face')}"
    ),
    core.POSE: "pose {degrees:.0f}° from the degraded face",
    core.FACE_SIZE: "face {px:.0f} px",
    core.DATE_UNKNOWN: "capture date unknown",
    core.YEARS_APART: lambda years: f"taken {_apart(years)} apart",
    core.LOOKS_AGED: lambda low, high, degraded_low, degraded_high: _ages(low, high, degraded_low, degraded_high),
    core.CONFIRMED: "confirmed by you",
    core.NOT_CONFIRMED: "not confirmed",
    core.OUR_OUTPUT: "a restored picture: our own output is never evidence",
    core.REJECTED: "you said it is not this person",
    core.SAME_PHOTO: "the degraded photo itself",
    core.SAME_CONTENT: "a copy of the degraded photo (same content)",
    core.SAME_LOOK: "a copy of the degraded photo (the same picture)",
    core.SAME_PICTURE: "the degraded picture again (similarity {similarity:.2f})",
    core.SAME_BURST: "taken within {seconds:.0f} s of the degraded photo",
    core.UNSURE_PERSON: "not sure that it is this person: confirm it to use it",
    core.UNLIKE: "unlike the person's other faces (similarity {similarity:.2f}): perhaps somebody else",
    core.LOW_QUALITY: "quality {quality:.2f}, at least {least:.2f} is needed",
    core.LOW_DET_SCORE: "detector score {score:.2f}, at least {least:.2f} is needed",
    core.REFERENCE_SMALL: "the face is {px:.0f} px, at least {least:.0f} px is needed",
    core.OTHER_AGE: lambda low, high, degraded_low, degraded_high: (
        f"a child and an adult: {_ages(low, high, degraded_low, degraded_high)}"
    ),
    app.YEARS_BETWEEN: _years_between,
    core.LOW_SCORE: lambda score, least, reasons: (
        f"score {score:.2f}, at least {least:.2f} is needed: {', '.join(reasons)}"
    ),
    core.REPEATS: "the same moment as the better face {face_id}",
    core.NOT_NEEDED: "score {score:.2f}, but only {limit} are wanted",
    core.REFERENCES_CHOSEN: lambda chosen, of: f"{counted(chosen, 'reference')} chosen of {of} faces",
    core.NO_OTHER_FACE: "no references: the person has no other face",
    core.NONE_GOOD_ENOUGH: lambda faces, refused: (
        f"no references: none of {faces} faces is good enough ({', '.join(refused)})"
    ),
    core.REFUSED_FACES: lambda count, refusal: f"{count} {REFUSED_FACES.get(refusal, refusal)}",
    app.YOU_CHOSE_IT: "you chose it",
    app.YOU_GAVE_IT: "you gave it",
    app.NONE_ASKED: "none: you asked for none",
    app.NONE_WITHOUT_PERSON: "none: nobody is known for this face",
    app.NO_PERSON_NO_REFERENCES: "nobody is known for this face, so there are no references",
    app.NONE_READABLE: "none: of the photos that were chosen none can be read",
    app.NONE_USED: "{restorer} uses no references; they serve the identity check only",
    app.REFERENCE_LEFT_OUT: "reference left out: {why}",
    app.LESS_STRENGTH: "restored at strength {strength:g}: more made it less like the person",
    # the identity check
    core.OTHER_PERSON: "the restored face looks like another person than the original",
    core.NO_LONGER_MATCHES: "the original matches the person's other photos, the restored face no longer does",
    core.MUCH_LESS_LIKE: "the restored face is much less like the person's other photos than the original",
    core.LESS_LIKE: (
        "the restored face is less like the person's other photos than the original, at any strength that shows"
    ),
    core.NOBODY_TO_COMPARE: "nobody to compare it with; it still matches the original",
    core.NOT_SURELY_ORIGINAL: "the restored face is not surely the person of the original",
    core.NEITHER_SURELY: "neither the original nor the restored face surely matches the person",
    core.LITTLE_LESS_LIKE: "the restored face is a little less like the person's other photos",
    core.DIFFERS_TOO_MUCH: "the restored face differs from the original more than it should",
    core.STILL_MATCHES: "the restored face matches the person's other photos at least as well as it should",
    app.JUDGED_WITHOUT_REFERENCES: ("{verdict}; references: none: of the photos that were chosen none can be read"),
    # why this one of several
    core.CHOSEN: _chosen,
    core.MADE_BY: lambda restorer, weights_sha256, strength, references: (
        f"{restorer} at strength {strength:g}" + (f" with {counted(references, 'reference')}" if references else "")
    ),
    core.MORE_LIKE_THEM: "more like the person ({share:.0%} of what two of their photos have in common)",
    core.EXPLAINS_PHOTO: "explains the photo better ({share:.0%} of it)",
    core.CLEARER: "clearer ({share:.0%} as sharp as a clean photo)",
    core.BEST_ON_SUCH: "this restorer is best on faces like this",
    core.STEADIER: "where two agree they are right more often",
    # whose face
    core.NO_PERSON_TO_COMPARE: lambda excluded: (
        "no person to compare with" + (f" ({excluded} excluded by facts)" if excluded else "")
    ),
    core.KNOWN: _known,
    core.CLOSEST: lambda person, name, posterior, similarity, faces: (
        f"nobody in the gallery: the closest is {called(person, name)} ({_similar(similarity, faces)})"
    ),
    core.BETWEEN: "not sure between {first} and {second}",
    core.PERHAPS: lambda **who: f"perhaps {_perhaps(**who)}), or somebody else",
    core.LIKELY: lambda person, name, posterior: f"{called(person, name)} ({_percent(posterior)})",
    core.NEXT: lambda person, name, posterior: f"{called(person, name)} at {_percent(posterior)}",
    core.SEEN_WITH: lambda photos, person, name: (
        f"in {counted(photos, 'photo')} together with {called(person, name)}, who is in this photo"
    ),
    core.SEEN_THAT_DAY: lambda photos: f"also in {counted(photos, 'photo')} of the same day",
    app.YOU_SAID_SO: "you said so",
    app.YOU_CONFIRMED_IT: "you confirmed it",
    app.GROUPED_WITH: lambda person, name: f"grouped with {called(person, name)}",
    app.GROUPED_BUT: lambda person, name, looks: f"grouped with {called(person, name)}, but looks like {looks}",
    app.WITH_HINT: lambda why, person, name, hint: f"{why}; {called(person, name)} is {hint}",
    app.IDENTIFIED: lambda person, name, how, why: f"{called(person, name)}, {how}: {why}",
    app.NOBODY_KNOWN: "nobody known: {why}",
    # left alone
    core.TOO_SMALL: "too small: {px:.0f} px between the eyes, at least {least:.0f} needed",
    core.SHARP_ALREADY: "sharp already (degradation {degradation:.2f} of 1)",
    app.OUR_COPY: "this is a restored photo already; --force restores it again",
    app.DRY_RUN: "dry run: nothing was restored",
    app.UNSEEN: _unseen,
    app.REFUSED: "refused: {verdict}",
    app.HOPELESS: "too little of a face is left (quality {quality:.2f})",
    app.NOBODY: "nobody is known for this face",
    app.NO_VECTOR: "it has no vector yet: iconface scan --re-embed",
    app.PHOTO_IS: "its photo is {state}",
    app.FACE_IS: "it is {state}",
    app.NOT_MEASURED: "not measured yet",
    app.FACE_GONE: "the face is not there any more",
    app.NOTHING_TO_RESTORE: "nothing to restore",
    app.DAMAGE_FILLED: "damage on {share:.2%} of the photo was filled in",
    app.FACES_NOT_FILLED: lambda faces: (
        f"damage on {counted(faces, 'face')} stays: filled in, it would look like somebody else"
    ),
    app.NO_DAMAGE: "no damage was found",
    app.TONES_CORRECTED: "faded tones were corrected",
    app.NOT_FADED: "the tones are not faded, and stay",
    app.PHOTO_RESTORED: lambda faces: "the whole photo" + (f", {counted(faces, 'face')} in it" if faces else ""),
    app.NOTHING_DONE: "nothing could be done",
    app.ACCEPTED: "you accepted its restoration {restoration}",
    app.REJECTED_BEFORE: "you rejected this result (restoration {restoration})",
    app.TAKEN_BACK: "you took this result back (restoration {restoration})",
    app.UNSEEN_BEFORE: "already as clear as this restorer can make it (restoration {restoration})",
    app.REFUSED_BEFORE: "the identity check refused this result (restoration {restoration})",
    app.DELETED: "you deleted this result (restoration {restoration}, {output})",
    app.RESTORED_ALREADY: "restored already (restoration {restoration}, {output})",
    app.NO_GOOD_REFERENCE: "no good reference",
    app.FEWER_REFERENCES: "fewer than {least} references",
    app.NO_VISIBLE_GAIN: "nobody would see the difference",
    app.LITTLE_TO_GAIN: "too little to gain",
    # jobs
    core.WORKER_DIED: "the worker died during the last attempt",
    app.WORKER_ENDED: "the worker ended with status {status}",
    app.WORKER_KILLED: lambda signal: (
        f"the worker was killed ({signal}{'; out of memory?' if signal == 'SIGKILL' else ''})"
    ),
    app.WORKER_TOO_LARGE: "the worker used more than {megabytes} MB of memory",
    app.NO_PROGRESS: "no progress for {seconds:.0f} s",
    app.WORKER_HANGS: "the worker neither took a job nor ended",
    app.QUARANTINED: "{cause}, {times} times; left alone until: iconface scan --retry-failed",
    app.PAYLOAD_UNREADABLE: "what the job asks for cannot be read: {detail}; another release may have left it",
    app.RESTORED: _restored,
    app.RESTORED_UNSURE: lambda faces, who: f"{counted(faces, 'face')} restored without references: {who}",
    app.NOTHING_NEW: "nothing new",
    app.SCANNED: _scanned,
    app.FOLDER_REMOVED: "the folder is no longer in the library",
    app.LATER: "later: {why}",
    app.PROPOSED: lambda counts: ", ".join(counts),
    app.FACES_ENDED_AS: "{count} {what}",
    app.MEASURED: "{faces} faces measured",
    app.FACE_TAKEN_BACK: "the face was taken back",
    app.FACE_LEARNT: "the face that was drawn can be recognised now",
    app.ANOTHER_CLEANUP: "another clean-up took its place",
    app.WAITING: "waiting: {why}",
    app.FED: "{fed} of {of} photos given to the queue",
}
"""Every code of the core, of storage and of the application (tested)."""
