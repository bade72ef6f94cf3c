"""The words of reasons in windows and notifications, where they differ from those of the command line."""

from iconface_core import reason_codes as core

from . import reasons as app
from .languages import N_, _
from .reason_words import table


def _called(name: str | None) -> str:
    return name or _("somebody without a name")


_NO_PICTURE = N_("what this restorer made is no picture of the face")

PLAIN = table(
    {
        core.FILE_MISSING: N_("the photo is not there any more"),
        core.NOT_PERMITTED: N_("the photo may not be read"),
        core.CANNOT_OPEN: N_("the file cannot be opened"),
        core.CANNOT_READ: N_("the file cannot be read"),
        core.FILE_EMPTY: N_("the file is empty"),
        core.NOT_A_PICTURE: N_("this is not a photo"),
        core.HEADER_DAMAGED: N_("the file is damaged"),
        core.PICTURE_DAMAGED: N_("the file is damaged or incomplete"),
        core.NOT_CONVERTIBLE: N_("pictures of this kind cannot be read"),
        core.TOO_MANY_BYTES: N_("the file is larger than any photo"),
        core.TOO_MANY_PIXELS: N_("the picture has too many pixels"),
        core.TOO_LARGE_IN_FULL: N_("the picture has too many pixels to be restored as a whole"),
        core.TOO_LARGE_TO_DECODE: N_("the picture has too many pixels"),
        core.NO_RAW_PREVIEW: N_("the camera's raw file has no preview that can be read"),
        core.DISK_FULL: N_("there is no space left on the disk"),
        core.CANNOT_WRITE: N_("the copy cannot be written"),
        core.NO_COPY: N_("no copy can be made of this photo"),
        core.CANNOT_ENCODE: N_("no copy can be made of this photo"),
        core.OUTPUT_NOT_FINITE: _NO_PICTURE,
        core.OUTPUT_OUT_OF_RANGE: _NO_PICTURE,
        core.OUTPUT_FLAT: _NO_PICTURE,
        core.OUTPUT_SHAPE: _NO_PICTURE,
        app.IN_FILE: "{why}",
        app.UNEXPECTED: lambda error, detail: detail or error,
        app.UNREADABLE: N_("the file cannot be read"),
        app.NO_MEMORY: N_("there is not enough memory for this photo"),
        app.CHANGED_SINCE: N_("the photo was changed since it was looked at"),
        app.IS_FOLDER: N_("this is a folder, no photo"),
        app.PHOTO_MISSING: N_("the photo is not there any more"),
        app.NO_FACE: N_("no face was found"),
        app.FACES_GONE: N_("the face is not there any more: the photo was changed"),
        app.NO_SUCH_FACE: N_("the photo has no such face"),
        app.FOLDER_OFFLINE: N_("its folder {path} is not there; is the drive mounted?"),
        app.CANNOT_OPEN_FOLDER: N_("{path} cannot be opened; is the drive mounted?"),
        app.EMPTY_FOLDER: N_("{path} is empty but held {photos} photos; is the drive mounted?"),
        app.FOLDER_MOVED: N_("{path} has moved"),
        app.MANY_GONE: N_("{gone} of {of} photos are gone at once; is a drive missing?"),
        core.FEW_PIXELS: N_("few pixels"),
        core.MADE_BY: lambda restorer, weights_sha256, strength, references: (
            _("{restorer} with the person's other photos", restorer=restorer) if references else restorer
        ),
        core.MORE_LIKE_THEM: N_("more like the person"),
        core.EXPLAINS_PHOTO: N_("nearer to what the photo shows"),
        core.CLEARER: N_("clearer"),
        core.SAME_PICTURE: N_("the same picture again"),
        core.UNLIKE: N_("unlike the person's other faces: perhaps somebody else"),
        core.LOW_QUALITY: N_("the picture is not clear enough"),
        core.LOW_DET_SCORE: N_("perhaps no face"),
        core.REFERENCE_SMALL: N_("the face has too few pixels"),
        core.OTHER_AGE: N_("a child and an adult"),
        core.LOW_SCORE: N_("of little help"),
        core.NOT_NEEDED: N_("others help more"),
        core.HARD_TO_RECOGNISE: N_("hard to recognise"),
        core.NOISY: N_("noisy"),
        core.TOO_SMALL: N_("the face has too few pixels"),
        core.SHARP_ALREADY: N_("the face is clear already"),
        core.KNOWN: lambda name, **rest: _called(name),
        core.LIKELY: lambda name, **rest: _called(name),
        core.NEXT: lambda name, **rest: _called(name),
        core.PERHAPS: lambda name, **rest: _("perhaps {name}, or somebody else", name=_called(name)),
        core.CLOSEST: lambda name, **rest: _("nobody you know; {name} is most alike", name=_called(name)),
        core.NO_PERSON_TO_COMPARE: N_("there is nobody to compare with"),
        app.LESS_STRENGTH: N_("restored gently: more made it less like the person"),
        app.OUR_COPY: N_("this photo is restored already"),
        app.DAMAGE_FILLED: N_("scratches and dust were filled in"),
        app.BACKGROUND_CLEANED: N_("noise was taken away around the faces"),
        app.FINE_NOISE: N_("there is noise, too fine to be seen at this size; it is taken away in the copy"),
        app.UNSEEN: N_("already as clear as it can be made"),
        app.HOPELESS: N_("too little of the face is left"),
        app.NO_VECTOR: N_("the face cannot be compared yet"),
        app.ACCEPTED: N_("you accepted a result for this face"),
        app.REJECTED_BEFORE: N_("you rejected this result"),
        app.TAKEN_BACK: N_("you took this result back"),
        app.UNSEEN_BEFORE: N_("already as clear as it can be made"),
        app.REFUSED_BEFORE: N_("the identity check refused this result"),
        app.DELETED: N_("you deleted this result"),
        app.RESTORED_ALREADY: N_("it is restored already"),
        app.WORKER_KILLED: lambda signal: (
            _("the worker was killed, out of memory?") if signal == "SIGKILL" else _("the worker was killed")
        ),
        app.QUARANTINED: N_("{cause}, {times} times"),
        app.PAYLOAD_UNREADABLE: N_("another release left this job, and it cannot be read"),
    }
)
"""For people who never saw a terminal: no commands, no numbers in brackets, and a photo is known without its path."""
