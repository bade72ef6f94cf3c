"""The words of the core's reasons for the command line and whoever reads its JSON; part of `reason_words.py`."""

from collections.abc import Mapping
from typing import Any

from iconface_core import reason_codes as core

from .dates import looks_aged
from .languages import N_, _, decimal, ngettext
from .wording import Words


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

WORDS: Words = {
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
    core.DISK_FULL: N_("No space left on device"),
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
    # left alone
    core.TOO_SMALL: N_("too small: {px:.0f} px between the eyes, at least {least:.0f} needed"),
    core.SHARP_ALREADY: N_("sharp already (degradation {degradation:.2f} of 1)"),
    # jobs
    core.WORKER_DIED: N_("the worker died during the last attempt"),
}
"""Every code of the core (tested)."""
