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
from .languages import N_, _, decimal, ngettext, number
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
    return name or _("person {number}", number=person)


def _percent(probability: float) -> str:
    """Never "100 %" for what is only likely, nor "0 %" for what is possible."""
    if probability > 0.9995:
        return _("over {percent} %", percent=decimal(99.9, 1))
    if probability < 0.0005:
        return _("under {percent} %", percent=decimal(0.1, 1))
    return _("{percent} %", percent=decimal(probability * 100, 0 if 0.01 <= probability <= 0.99 else 1))


def _ages(low: int, high: int, degraded_low: int, degraded_high: int) -> str:
    return _(
        "{reference}; the degraded face {degraded}",
        reference=looks_aged(low, high),
        degraded=looks_aged(degraded_low, degraded_high),
    )


def _years_between(years: int, low: int, high: int, other_low: int, other_high: int) -> str:
    return ngettext(
        "About {n} year seems to lie between them (one {first}, the other {second}): the same person, or a relative?",
        "About {n} years seem to lie between them (one {first}, the other {second}): the same person, or a relative?",
        years,
        first=looks_aged(low, high),
        second=looks_aged(other_low, other_high),
    )


def _looks_and_born(person: int, name: str | None, low: int, high: int, born: int) -> str:
    return _("{name} {looks}; born in {year}", name=called(person, name), looks=looks_aged(low, high), year=born)


def _looks_and_born_about(
    person: int, name: str | None, low: int, high: int, first: int, last: int, photos: int
) -> str:
    return ngettext(
        "{name} {looks}; born about {first} to {last}, by {n} photo with a date",
        "{name} {looks}; born about {first} to {last}, by {n} photos with a date",
        photos,
        name=called(person, name),
        looks=looks_aged(low, high),
        first=first,
        last=last,
    )


def _between_photos(first: int, last: int) -> str:
    if first == last:
        return _("the photos before and after it in the folder are of {year}", year=first)
    return _("the photos before and after it in the folder are of {first} and {last}", first=first, last=last)


def _if_moved(path: str) -> str:
    return " " + _("If the folder has moved: iconface library move {path} NEW", path=shlex.quote(path))


def _moved(path: str, photos: int) -> str:
    if photos:
        return ngettext(
            "{path} has moved: {n} of its photos was not found in another folder",
            "{path} has moved: {n} of its photos were not found in another folder",
            photos,
            path=path,
        )
    return _(
        "{path} has moved: all its photos were found in another folder; it can go from the list: "
        "iconface library remove {quoted}",
        path=path,
        quoted=shlex.quote(path),
    )


def _size(width: int, height: int) -> str:
    return _("{width} x {height} = {n:.0f} megapixels", width=width, height=height, n=width * height / 1e6)


def _apart(years: float) -> str:
    days = years * 365.25
    if days < 1.0:
        return _("taken less than a day apart")
    if days < 60.0:
        return ngettext("taken {n} day apart", "taken {n} days apart", round(days))
    if years < 1.5:
        return ngettext("taken {n} month apart", "taken {n} months apart", round(days / 30.44))
    return ngettext("taken {n} year apart", "taken {n} years apart", round(years))


def _similar(similarity: float, faces: int) -> str:
    return ngettext(
        "similarity {similarity:.2f} to the best of {n} face",
        "similarity {similarity:.2f} to the best of {n} faces",
        faces,
        similarity=similarity,
    )


def _known(next: str | None, **who: Any) -> str:
    rest = "; " + _("next {who}", who=next) if next else ""
    return f"{_perhaps(**who)}{rest})"


def _perhaps(person: int, name: str | None, posterior: float, similarity: float, faces: int) -> str:
    return f"{called(person, name)} ({_percent(posterior)}, {_similar(similarity, faces)}"


def _unseen(mean: float | None, share: float | None, least: float | None) -> str:
    words = _("already as clear as this restorer can make it")
    if mean is None:
        return words
    return f"{words} ({changed(mean, share or 0.0)}; {_('{least:.1f} are seen', least=least)})"


def changed(mean: float, share: float) -> str:
    """What a restoration changed visibly: `mean` of 255, and the `share` of the face that changed clearly."""
    return _("{mean:.1f} of 255 in the mean, {share:.0%} of the face clearly", mean=mean, share=share)


_COUNTS: Mapping[str, str] = {
    "new": N_("new"),
    "changed": N_("changed"),
    "moved": N_("moved"),
    "back": N_("back"),
    "missing": N_("missing"),
    "unreadable": N_("unreadable"),
}


def _chosen(made_by: list[str], candidates: int, because: list[str]) -> str:
    if len(made_by) == 2:
        which = _(
            "{first} and {second}, half of each, of {n} results", first=made_by[0], second=made_by[1], n=candidates
        )
    else:
        which = _("{first}, of {n} results", first=", ".join(made_by), n=candidates)
    return which + (f": {'; '.join(because)}" if because else "")


def _made_by(restorer: str, weights_sha256: str, strength: float, references: int) -> str:  # noqa: ARG001 - its parameters
    maker = {"restorer": restorer, "strength": strength}
    if not references:
        return _("{restorer} at strength {strength:g}", **maker)
    return ngettext(
        "{restorer} at strength {strength:g} with {n} reference",
        "{restorer} at strength {strength:g} with {n} references",
        references,
        **maker,
    )


def _scanned(offline: list[str], **counts: int) -> str:
    return ", ".join([*(f"{n} {_(_COUNTS[what])}" for what, n in counts.items() if n), *offline])


def _restored(faces: int, names: list[str], unsure: int) -> str:
    whose = f": {', '.join(names)}" if names else ""
    rest = ", " + _("{n} of them without references", n=number(unsure)) if unsure else ""
    return ngettext("{n} face restored", "{n} faces restored", faces) + whose + rest


REFUSED_FACES: Mapping[str, str] = {
    "restored": N_("restored by us"),
    "rejected": N_("rejected by you"),
    "same_photo": N_("in the degraded photo"),
    "near_duplicate": N_("a copy of the degraded photo"),
    "doubtful": N_("perhaps somebody else"),
    "low_quality": N_("of too low quality"),
    "too_small": N_("too small"),
    "other_age": N_("of another age"),
    "low_score": N_("scored too low"),
    "repeats": N_("of one moment"),
    "not_needed": N_("not needed"),
}
"""By `Refusal`, after a number of faces."""

GAINS: Mapping[str, str] = {
    "great": N_("a great deal clearer"),
    "clear": N_("clearly better"),
    "little": N_("a little better"),
}
"""By `Gain.level`."""

WORDS: Words = {
    LEGACY: "{text}",
    **decision_words.WORDS,
    # files
    core.FILE_MISSING: N_("no such file"),
    core.NOT_PERMITTED: N_("cannot be opened (Permission denied)"),
    core.CANNOT_OPEN: N_("cannot be opened ({detail})"),
    core.CANNOT_READ: N_("cannot be read ({detail})"),
    core.FILE_EMPTY: N_("the file is empty (0 bytes)"),
    core.NOT_A_PICTURE: N_("not a picture format we read; first bytes {first_bytes}"),
    core.HEADER_DAMAGED: N_("damaged {format}, its header cannot be read ({detail})"),
    core.PICTURE_DAMAGED: N_("truncated or damaged {format} ({detail})"),
    core.NOT_CONVERTIBLE: N_("cannot convert {mode} pixels to RGB ({detail})"),
    core.TOO_MANY_BYTES: lambda bytes, most, megapixels: _(
        "{found} GB, more than a photo of {megapixels:.0f} megapixels can have ({most} GB); "
        "raise max_megapixels if this is a real photo",
        found=decimal(bytes / 1e9, 1),
        megapixels=megapixels,
        most=decimal(most / 1e9, 1),
    ),
    core.TOO_MANY_PIXELS: lambda width, height, megapixels: _(
        "{size}, more than the limit of {megapixels:.0f}; raise max_megapixels if this is a real photo",
        size=_size(width, height),
        megapixels=megapixels,
    ),
    core.TOO_LARGE_IN_FULL: lambda width, height, megapixels: _(
        "{size}; at full size at most {megapixels:.0f} are read, because the whole picture is held in "
        "memory. Cut out the part with the face, save it smaller, or raise full_megapixels",
        size=_size(width, height),
        megapixels=megapixels,
    ),
    core.TOO_LARGE_TO_DECODE: "{detail}",
    core.NO_RAW_PREVIEW: N_("camera RAW without a readable embedded preview ({detail}); convert it to JPEG"),
    core.CANNOT_WRITE: N_("cannot be written ({detail}); nothing was left behind"),
    core.NO_COPY: N_("a restored copy cannot be made ({detail})"),
    core.CANNOT_ENCODE: N_("the restored photo cannot be encoded as {format} ({detail})"),
    # a restorer's output
    core.OUTPUT_NOT_FINITE: N_(
        "what {restorer} made has values that are no numbers, as half precision gives when it overflows"
    ),
    core.OUTPUT_OUT_OF_RANGE: lambda restorer, share: _(
        "{percent} of what {restorer} made lies far outside of black and white",
        percent=_percent(share),
        restorer=restorer,
    ),
    core.OUTPUT_FLAT: N_("what {restorer} made is of one colour: the face is gone"),
    core.OUTPUT_SHAPE: N_("what {restorer} made has the shape {found}, not {wanted}"),
    app.IN_FILE: "{path}: {why}",
    app.STATED: "{text}",
    app.SYSTEM_ERROR: "{detail}",
    core.DISK_FULL: N_("No space left on device"),
    app.NO_MEMORY: N_("there is not enough memory for it"),
    app.LICENCE_NEEDED: "{text}",
    app.UNEXPECTED: lambda error, detail: f"{error}: {detail}" if detail else error,
    app.UNREADABLE: lambda error, detail: _(
        "cannot be read ({detail})", detail=": ".join([error, detail] if detail else [error])
    ),
    app.CHANGED_SINCE: N_("it was changed since it was indexed: iconface scan"),
    app.IS_FOLDER: N_("{path} is a folder: name the photos in it, or see: iconface cleanup plan"),
    app.PHOTO_MISSING: N_("no such photo"),
    app.NO_FACE: N_("no face found; draw one by hand with: iconface faces add PHOTO X1 Y1 X2 Y2"),
    app.FACES_GONE: lambda path, face_ids: _(
        "{path} has no face with id {ids}: the photo was changed or indexed anew; scan it",
        path=path,
        ids=", ".join(map(str, face_ids)),
    ),
    app.NO_SUCH_FACE: lambda path, number, known: _(
        "{path} has no face {number}; its faces are {known}",
        path=path,
        number=number,
        known=", ".join(map(str, known)),
    ),
    # folders
    app.CANNOT_OPEN_FOLDER: lambda path, detail: (
        _("{path} cannot be opened ({detail}); is the drive mounted?", path=path, detail=detail) + _if_moved(path)
    ),
    app.EMPTY_FOLDER: lambda path, photos: (
        _("{path} is empty but held {photos} photos; is the drive mounted?", path=path, photos=photos) + _if_moved(path)
    ),
    app.FOLDER_MOVED: _moved,
    app.FOLDER_OFFLINE: N_("its folder {path} is offline; when it is there again: iconface scan"),
    app.MANY_GONE: N_(
        "{path}: {gone} of {of} photos are gone at once; is a drive missing? Nothing was marked. If you did delete "
        "them: iconface scan --accept-missing"
    ),
    # degraded faces
    core.FEW_PIXELS: N_("only {px:.0f} px between the eyes"),
    core.NOISY: N_("noisy (about {noise:.0f} of 255)"),
    core.JPEG_BLOCKS: N_("JPEG blocks"),
    core.BLURRED: N_("blurred"),
    core.SCRATCHES: N_("scratches"),
    core.SPECKS: N_("dust or specks"),
    core.FADED: N_("faded"),
    core.WORN_PRINT: N_("worn print"),
    core.HARD_TO_RECOGNISE: N_("hard to recognise (quality {quality:.2f})"),
    # references
    core.QUALITY: N_("quality {quality:.2f}"),
    core.ONLY_FACE: N_("the person's only other face"),
    core.LIKENESS: lambda similarity, others: ngettext(
        "likeness {similarity:.2f} to the person's other {n} face",
        "likeness {similarity:.2f} to the person's other {n} faces",
        others,
        similarity=similarity,
    ),
    core.POSE: N_("pose {degrees:.0f}° from the degraded face"),
    core.FACE_SIZE: N_("face {px:.0f} px"),
    core.DATE_UNKNOWN: N_("capture date unknown"),
    core.YEARS_APART: _apart,
    core.LOOKS_AGED: _ages,
    core.CONFIRMED: N_("confirmed by you"),
    core.NOT_CONFIRMED: N_("not confirmed"),
    core.OUR_OUTPUT: N_("a restored picture: our own output is never evidence"),
    core.REJECTED: N_("you said it is not this person"),
    core.SAME_PHOTO: N_("the degraded photo itself"),
    core.SAME_CONTENT: N_("a copy of the degraded photo (same content)"),
    core.SAME_LOOK: N_("a copy of the degraded photo (the same picture)"),
    core.SAME_PICTURE: N_("the degraded picture again (similarity {similarity:.2f})"),
    core.SAME_BURST: N_("taken within {seconds:.0f} s of the degraded photo"),
    core.UNSURE_PERSON: N_("not sure that it is this person: confirm it to use it"),
    core.UNLIKE: N_("unlike the person's other faces (similarity {similarity:.2f}): perhaps somebody else"),
    core.LOW_QUALITY: N_("quality {quality:.2f}, at least {least:.2f} is needed"),
    core.LOW_DET_SCORE: N_("detector score {score:.2f}, at least {least:.2f} is needed"),
    core.REFERENCE_SMALL: N_("the face is {px:.0f} px, at least {least:.0f} px is needed"),
    core.OTHER_AGE: lambda **ages: _("a child and an adult: {ages}", ages=_ages(**ages)),
    app.YEARS_BETWEEN: _years_between,
    app.SMALL_CHILDREN: N_("Small children look alike: the same child, or a relative?"),
    core.LOW_SCORE: lambda score, least, reasons: _(
        "score {score:.2f}, at least {least:.2f} is needed: {reasons}",
        score=score,
        least=least,
        reasons=", ".join(reasons),
    ),
    core.REPEATS: N_("the same moment as the better face {face_id}"),
    core.NOT_NEEDED: N_("score {score:.2f}, but only {limit} are wanted"),
    core.REFERENCES_CHOSEN: lambda chosen, of: ngettext(
        "{n} reference chosen of {of} faces", "{n} references chosen of {of} faces", chosen, of=of
    ),
    core.NO_OTHER_FACE: N_("no references: the person has no other face"),
    core.NONE_GOOD_ENOUGH: lambda faces, refused: _(
        "no references: none of {faces} faces is good enough ({refused})",
        faces=faces,
        refused=", ".join(refused),
    ),
    core.REFUSED_FACES: lambda count, refusal: f"{count} {_(REFUSED_FACES.get(refusal, refusal))}",
    app.YOU_CHOSE_IT: N_("you chose it"),
    app.YOU_GAVE_IT: N_("you gave it"),
    app.NONE_ASKED: N_("none: you asked for none"),
    app.NONE_WITHOUT_PERSON: N_("none: nobody is known for this face"),
    app.NO_PERSON_NO_REFERENCES: N_("nobody is known for this face, so there are no references"),
    app.NONE_READABLE: N_("none: of the photos that were chosen none can be read"),
    app.NONE_USED: N_("{restorer} uses no references; they serve the identity check only"),
    app.REFERENCE_LEFT_OUT: N_("reference left out: {why}"),
    app.LESS_STRENGTH: N_("restored at strength {strength:g}: more made it less like the person"),
    # the identity check
    core.OTHER_PERSON: N_("the restored face looks like another person than the original"),
    core.NO_LONGER_MATCHES: N_("the original matches the person's other photos, the restored face no longer does"),
    core.MUCH_LESS_LIKE: N_("the restored face is much less like the person's other photos than the original"),
    core.LESS_LIKE: N_(
        "the restored face is less like the person's other photos than the original, at any strength that shows"
    ),
    core.NOBODY_TO_COMPARE: N_("nobody to compare it with; it still matches the original"),
    core.NOT_SURELY_ORIGINAL: N_("the restored face is not surely the person of the original"),
    core.NEITHER_SURELY: N_("neither the original nor the restored face surely matches the person"),
    core.LITTLE_LESS_LIKE: N_("the restored face is a little less like the person's other photos"),
    core.DIFFERS_TOO_MUCH: N_("the restored face differs from the original more than it should"),
    core.STILL_MATCHES: N_("the restored face matches the person's other photos at least as well as it should"),
    app.JUDGED_WITHOUT_REFERENCES: N_("{verdict}; references: none: of the photos that were chosen none can be read"),
    # why this one of several
    core.CHOSEN: _chosen,
    core.MADE_BY: _made_by,
    core.MORE_LIKE_THEM: N_("more like the person ({share:.0%} of what two of their photos have in common)"),
    core.EXPLAINS_PHOTO: N_("explains the photo better ({share:.0%} of it)"),
    core.CLEARER: N_("clearer ({share:.0%} as sharp as a clean photo)"),
    core.BEST_ON_SUCH: N_("this restorer is best on faces like this"),
    core.STEADIER: N_("where two agree they are right more often"),
    # whose face
    core.NO_PERSON_TO_COMPARE: lambda excluded: (
        _("no person to compare with ({n} excluded by facts)", n=excluded)
        if excluded
        else _("no person to compare with")
    ),
    core.KNOWN: _known,
    core.CLOSEST: lambda person, name, posterior, similarity, faces: _(
        "nobody in the gallery: the closest is {name} ({similar})",
        name=called(person, name),
        similar=_similar(similarity, faces),
    ),
    core.BETWEEN: N_("not sure between {first} and {second}"),
    core.PERHAPS: lambda **who: _("perhaps {who}, or somebody else", who=_perhaps(**who) + ")"),
    core.LIKELY: lambda person, name, posterior: f"{called(person, name)} ({_percent(posterior)})",
    core.NEXT: lambda person, name, posterior: _(
        "{name} at {percent}", name=called(person, name), percent=_percent(posterior)
    ),
    core.SEEN_WITH: lambda photos, person, name: ngettext(
        "in {n} photo together with {name}, who is in this photo",
        "in {n} photos together with {name}, who is in this photo",
        photos,
        name=called(person, name),
    ),
    core.LOOKS_AND_BORN: _looks_and_born,
    core.LOOKS_AND_BORN_ABOUT: _looks_and_born_about,
    core.MOST_ALIKE_IN: N_("the face is most like the one of {year}"),
    core.BETWEEN_PHOTOS: _between_photos,
    core.SEEN_THAT_DAY: lambda photos: ngettext(
        "also in {n} photo of the same day", "also in {n} photos of the same day", photos
    ),
    app.YOU_SAID_SO: N_("you said so"),
    app.YOU_CONFIRMED_IT: N_("you confirmed it"),
    app.GROUPED_WITH: lambda person, name: _("grouped with {name}", name=called(person, name)),
    app.GROUPED_BUT: lambda person, name, looks: _(
        "grouped with {name}, but looks like {looks}", name=called(person, name), looks=looks
    ),
    app.WITH_HINT: lambda why, person, name, hint: _(
        "{why}; {name} is {hint}", why=why, name=called(person, name), hint=hint
    ),
    app.IDENTIFIED: lambda person, name, how, why: f"{called(person, name)}, {how}: {why}",
    app.NOBODY_KNOWN: N_("nobody known: {why}"),
    # left alone
    core.TOO_SMALL: N_("too small: {px:.0f} px between the eyes, at least {least:.0f} needed"),
    core.SHARP_ALREADY: N_("sharp already (degradation {degradation:.2f} of 1)"),
    app.OUR_COPY: N_("this is a restored photo already; --force restores it again"),
    app.DRY_RUN: N_("dry run: nothing was restored"),
    app.UNSEEN: _unseen,
    app.REFUSED: N_("refused: {verdict}"),
    app.HOPELESS: N_("too little of a face is left (quality {quality:.2f})"),
    app.NOBODY: N_("nobody is known for this face"),
    app.NO_VECTOR: N_("it has no vector yet: iconface scan --re-embed"),
    app.PHOTO_IS: N_("its photo is {state}"),
    app.FACE_IS: N_("it is {state}"),
    app.NOT_MEASURED: N_("not measured yet"),
    app.FACE_GONE: N_("the face is not there any more"),
    app.NOTHING_TO_RESTORE: N_("nothing to restore"),
    app.DAMAGE_FILLED: N_("damage on {share:.2%} of the photo was filled in"),
    app.FACES_NOT_FILLED: lambda faces: ngettext(
        "damage on {n} face stays: filled in, it would look like somebody else",
        "damage on {n} faces stays: filled in, it would look like somebody else",
        faces,
    ),
    app.NO_DAMAGE: N_("no damage was found"),
    app.TONES_CORRECTED: N_("faded tones were corrected"),
    app.NOT_FADED: N_("the tones are not faded, and stay"),
    app.PHOTO_RESTORED: lambda faces: (
        ngettext("the whole photo, {n} face in it", "the whole photo, {n} faces in it", faces)
        if faces
        else _("the whole photo")
    ),
    app.NOTHING_DONE: N_("nothing could be done"),
    app.ACCEPTED: N_("you accepted its restoration {restoration}"),
    app.REJECTED_BEFORE: N_("you rejected this result (restoration {restoration})"),
    app.TAKEN_BACK: N_("you took this result back (restoration {restoration})"),
    app.UNSEEN_BEFORE: N_("already as clear as this restorer can make it (restoration {restoration})"),
    app.REFUSED_BEFORE: N_("the identity check refused this result (restoration {restoration})"),
    app.DELETED: N_("you deleted this result (restoration {restoration}, {output})"),
    app.RESTORED_ALREADY: N_("restored already (restoration {restoration}, {output})"),
    app.NO_GOOD_REFERENCE: N_("no good reference"),
    app.FEWER_REFERENCES: N_("fewer than {least} references"),
    app.NO_VISIBLE_GAIN: N_("nobody would see the difference"),
    app.LITTLE_TO_GAIN: N_("too little to gain"),
    # jobs
    core.WORKER_DIED: N_("the worker died during the last attempt"),
    app.WORKER_ENDED: N_("the worker ended with status {status}"),
    app.WORKER_KILLED: lambda signal: (
        _("the worker was killed ({signal}; out of memory?)", signal=signal)
        if signal == "SIGKILL"
        else _("the worker was killed ({signal})", signal=signal)
    ),
    app.WORKER_TOO_LARGE: N_("the worker used more than {megabytes} MB of memory"),
    app.NO_PROGRESS: N_("no progress for {seconds:.0f} s"),
    app.WORKER_HANGS: N_("the worker neither took a job nor ended"),
    app.QUARANTINED: N_("{cause}, {times} times; left alone until: iconface scan --retry-failed"),
    app.PAYLOAD_UNREADABLE: N_("what the job asks for cannot be read: {detail}; another release may have left it"),
    app.RESTORED: _restored,
    app.RESTORED_UNSURE: lambda faces, who: ngettext(
        "{n} face restored without references: {who}", "{n} faces restored without references: {who}", faces, who=who
    ),
    app.NOTHING_NEW: N_("nothing new"),
    app.SCANNED: _scanned,
    app.SPREAD: lambda jobs: ngettext("photos are looked at in {n} job", "photos are looked at in {n} jobs", jobs),
    app.LOOKED: N_("{photos} photos looked at, {unreadable} cannot be read"),
    app.GROUPED: lambda people: ngettext("{n} person", "{n} people", people),
    app.FOLDER_REMOVED: N_("the folder is no longer in the library"),
    app.LATER: N_("later: {why}"),
    app.PROPOSED: lambda counts: ", ".join(counts),
    app.FACES_ENDED_AS: "{count} {what}",
    app.MEASURED: N_("{faces} faces measured"),
    app.FACE_TAKEN_BACK: N_("the face was taken back"),
    app.FACE_LEARNT: N_("the face that was drawn can be recognised now"),
    app.ANOTHER_CLEANUP: N_("another clean-up took its place"),
    app.WAITING: N_("waiting: {why}"),
    app.FED: N_("{fed} of {of} photos given to the queue"),
}
"""Every code of the core, of storage and of the application (tested)."""
