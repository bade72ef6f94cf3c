"""The words of reasons in windows and notifications, where they differ from those of the command line."""

from iconface_core import reason_codes as core

from . import reasons as app
from .reason_words import table


def _called(name: str | None) -> str:
    return name or "somebody without a name"


_NO_PICTURE = "what this restorer made is no picture of the face"

PLAIN = table(
    {
        core.FILE_MISSING: "the photo is not there any more",
        core.NOT_PERMITTED: "the photo may not be read",
        core.CANNOT_OPEN: "the file cannot be opened",
        core.CANNOT_READ: "the file cannot be read",
        core.FILE_EMPTY: "the file is empty",
        core.NOT_A_PICTURE: "this is not a photo",
        core.HEADER_DAMAGED: "the file is damaged",
        core.PICTURE_DAMAGED: "the file is damaged or incomplete",
        core.NOT_CONVERTIBLE: "pictures of this kind cannot be read",
        core.TOO_MANY_BYTES: "the file is larger than any photo",
        core.TOO_MANY_PIXELS: "the picture has too many pixels",
        core.TOO_LARGE_IN_FULL: "the picture has too many pixels to be restored as a whole",
        core.TOO_LARGE_TO_DECODE: "the picture has too many pixels",
        core.NO_RAW_PREVIEW: "the camera's raw file has no preview that can be read",
        core.DISK_FULL: "there is no space left on the disk",
        core.CANNOT_WRITE: "the copy cannot be written",
        core.NO_COPY: "no copy can be made of this photo",
        core.CANNOT_ENCODE: "no copy can be made of this photo",
        core.OUTPUT_NOT_FINITE: _NO_PICTURE,
        core.OUTPUT_OUT_OF_RANGE: _NO_PICTURE,
        core.OUTPUT_FLAT: _NO_PICTURE,
        core.OUTPUT_SHAPE: _NO_PICTURE,
        app.IN_FILE: "{why}",
        app.UNEXPECTED: lambda error, detail: detail or error,
        app.UNREADABLE: "the file cannot be read",
        app.NO_MEMORY: "there is not enough memory for this photo",
        app.CHANGED_SINCE: "the photo was changed since it was looked at",
        app.IS_FOLDER: "this is a folder, no photo",
        app.PHOTO_MISSING: "the photo is not there any more",
        app.NO_FACE: "no face was found",
        app.FACES_GONE: "the face is not there any more: the photo was changed",
        app.NO_SUCH_FACE: "the photo has no such face",
        app.FOLDER_OFFLINE: "its folder {path} is not there; is the drive mounted?",
        app.CANNOT_OPEN_FOLDER: "{path} cannot be opened; is the drive mounted?",
        app.EMPTY_FOLDER: "{path} is empty but held {photos} photos; is the drive mounted?",
        app.FOLDER_MOVED: "{path} has moved",
        app.MANY_GONE: "{gone} of {of} photos are gone at once; is a drive missing?",
        core.FEW_PIXELS: "few pixels",
        core.MADE_BY: lambda restorer, weights_sha256, strength, references: (
            f"{restorer} with the person's other photos" if references else restorer
        ),
        core.MORE_LIKE_THEM: "more like the person",
        core.EXPLAINS_PHOTO: "nearer to what the photo shows",
        core.CLEARER: "clearer",
        core.SAME_PICTURE: "the same picture again",
        core.UNLIKE: "unlike the person's other faces: perhaps somebody else",
        core.LOW_QUALITY: "the picture is not clear enough",
        core.LOW_DET_SCORE: "perhaps no face",
        core.REFERENCE_SMALL: "the face has too few pixels",
        core.OTHER_AGE: "a child and an adult",
        core.LOW_SCORE: "of little help",
        core.NOT_NEEDED: "others help more",
        core.HARD_TO_RECOGNISE: "hard to recognise",
        core.NOISY: "noisy",
        core.TOO_SMALL: "the face has too few pixels",
        core.SHARP_ALREADY: "the face is clear already",
        core.KNOWN: lambda name, **_: _called(name),
        core.LIKELY: lambda name, **_: _called(name),
        core.NEXT: lambda name, **_: _called(name),
        core.PERHAPS: lambda name, **_: f"perhaps {_called(name)}, or somebody else",
        core.CLOSEST: lambda name, **_: f"nobody you know; {_called(name)} is most alike",
        core.NO_PERSON_TO_COMPARE: "there is nobody to compare with",
        app.LESS_STRENGTH: "restored gently: more made it less like the person",
        app.OUR_COPY: "this photo is restored already",
        app.DAMAGE_FILLED: "scratches and dust were filled in",
        app.UNSEEN: "already as clear as it can be made",
        app.HOPELESS: "too little of the face is left",
        app.NO_VECTOR: "the face cannot be compared yet",
        app.ACCEPTED: "you accepted a result for this face",
        app.REJECTED_BEFORE: "you rejected this result",
        app.TAKEN_BACK: "you took this result back",
        app.UNSEEN_BEFORE: "already as clear as it can be made",
        app.REFUSED_BEFORE: "the identity check refused this result",
        app.DELETED: "you deleted this result",
        app.RESTORED_ALREADY: "it is restored already",
        app.WORKER_KILLED: lambda signal: "the worker was killed" + (", out of memory?" if signal == "SIGKILL" else ""),
        app.QUARANTINED: "{cause}, {times} times",
        app.PAYLOAD_UNREADABLE: "another release left this job, and it cannot be read",
    }
)
"""For people who never saw a terminal: no commands, no numbers in brackets, and a photo is known without its path."""
