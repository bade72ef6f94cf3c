"""The words of every reason for the command line, its JSON, reports and logs; and what other front ends fall back to.

A template names the parameters of its code; where that is not enough, a function takes them. Translation has its place
here: a template is found by the code, and by nothing else.
"""

import shlex
from collections import ChainMap
from collections.abc import Iterable, Mapping

from iconface_core.reasons import LEGACY, Reason

from . import core_reason_words, decision_words
from . import reasons as app
from .core_reason_words import called
from .dates import looks_aged
from .languages import N_, _, ngettext, number
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


def _years_between(years: int, low: int, high: int, other_low: int, other_high: int) -> str:
    return ngettext(
        "About {n} year seems to lie between them (one {first}, the other {second}): the same person, or a relative?",
        "About {n} years seem to lie between them (one {first}, the other {second}): the same person, or a relative?",
        years,
        first=looks_aged(low, high),
        second=looks_aged(other_low, other_high),
    )


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


def _scanned(offline: list[str], **counts: int) -> str:
    return ", ".join([*(f"{n} {_(_COUNTS[what])}" for what, n in counts.items() if n), *offline])


def _restored(faces: int, names: list[str], unsure: int) -> str:
    whose = f": {', '.join(names)}" if names else ""
    rest = ", " + _("{n} of them without references", n=number(unsure)) if unsure else ""
    return ngettext("{n} face restored", "{n} faces restored", faces) + whose + rest


GAINS: Mapping[str, str] = {
    "great": N_("a great deal clearer"),
    "clear": N_("clearly better"),
    "little": N_("a little better"),
}
"""By `Gain.level`."""

WORDS: Words = {
    LEGACY: "{text}",
    **core_reason_words.WORDS,
    **decision_words.WORDS,
    app.IN_FILE: "{path}: {why}",
    app.STATED: "{text}",
    app.SYSTEM_ERROR: "{detail}",
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
    app.NO_DAILY_BACKUP: N_("all else is done, but there is no backup of today: {why}"),
    app.FOLDER_OFFLINE: N_("its folder {path} is offline; when it is there again: iconface scan"),
    app.MANY_GONE: N_(
        "{path}: {gone} of {of} photos are gone at once; is a drive missing? Nothing was marked. If you did delete "
        "them: iconface scan --accept-missing"
    ),
    app.YEARS_BETWEEN: _years_between,
    app.SMALL_CHILDREN: N_("Small children look alike: the same child, or a relative?"),
    app.YOU_CHOSE_IT: N_("you chose it"),
    app.YOU_GAVE_IT: N_("you gave it"),
    app.NONE_ASKED: N_("none: you asked for none"),
    app.NONE_WITHOUT_PERSON: N_("none: nobody is known for this face"),
    app.NO_PERSON_NO_REFERENCES: N_("nobody is known for this face, so there are no references"),
    app.NONE_READABLE: N_("none: of the photos that were chosen none can be read"),
    app.NONE_USED: N_("{restorer} uses no references; they serve the identity check only"),
    app.REFERENCE_LEFT_OUT: N_("reference left out: {why}"),
    app.LESS_STRENGTH: N_("restored at strength {strength:g}: more made it less like the person"),
    app.JUDGED_WITHOUT_REFERENCES: N_("{verdict}; references: none: of the photos that were chosen none can be read"),
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
    app.BACKGROUND_CLEANED: N_("noise of {noise:.1f} steps of 255 was taken away around the faces"),
    app.BACKGROUND_CLEAR: N_("there is no noise to take away"),
    app.FACES_NOT_CLEANED: lambda faces: ngettext(
        "{n} face keeps its noise: without it, it would look like somebody else",
        "{n} faces keep their noise: without it, they would look like somebody else",
        faces,
    ),
    app.COLOURS_INVENTED: N_("the colours are invented by {model}: nobody knows what they were"),
    app.HAS_COLOURS: N_("the photo has colours of its own, so none were invented"),
    app.NO_COLOURS_FOUND: N_("{model} found no colours; the photo stays grey"),
    app.FINE_NOISE: N_(
        "noise of {noise:.1f} steps of 255 is too fine to be seen at the preview's size; it is taken away in the copy"
    ),
    app.FACES_WITH_COPY: lambda faces: (
        ngettext(
            "{n} face is restored in the copy only: it is compared with the person's other photos first",
            "{n} faces are restored in the copy only: each is compared with the person's other photos first",
            faces,
        )
        if faces
        else _("no face needs to be restored")
    ),
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
