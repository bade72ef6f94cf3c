"""What the steps of a whole photo would do to it, at a size for looking. Nothing of it is kept here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from msgspec import structs

from iconface_core.errors import ImageWriteError
from iconface_core.images.photo import Photo
from iconface_core.images.provenance import is_restored_output
from iconface_core.reasons import Reason
from iconface_core.types import BBox, RgbU8
from iconface_core.whole_photo.background import Noise, measure_noise
from iconface_core.whole_photo.damage_map import FINEST, Mask

from ..errors import UsageError
from ..job_payloads import RestoreChoices
from ..library.photo_faces import PhotoFace, PhotoFaces, pick
from ..models.cache import give_back_memory
from ..reasons import BACKGROUND_CLEANED, BACKGROUND_CLEAR, FACES_WITH_COPY, FINE_NOISE, OUR_COPY
from .attempts import FaceAttempts, OnStep
from .photo_models import check_previewed
from .preparing import faces_to_restore
from .whole_photo import PhotoMender

SIDE = FINEST
"""Long side in pixels: of larger photos, too, damage is looked for at this size."""

_HEIGHT = 1400
_MARKED = (255, 0, 60)
_SEEN = 1 / 800
"""Of the long side: a mark is at least so wide, so that it is seen when all of the photo is."""


@dataclass(frozen=True, slots=True, eq=False)
class PhotoPreview:
    """`before`, `found` and `after` (H, W, 3) show the same place: the photo, the damage marked in it, and what came of
    it. `found` is None where no damage was found. `changed`: some step changes something. `notes` say what each step
    came to."""

    before: RgbU8
    found: RgbU8 | None
    after: RgbU8
    changed: bool
    notes: tuple[Reason, ...]

    def side_by_side(self) -> RgbU8:
        """All of it as one picture (H, W, 3), 1400 pixels high at most."""
        pictures = [p for p in (self.before, self.found, self.after) if p is not None]
        return np.hstack([_at_most(p, _HEIGHT / p.shape[0]) for p in pictures])


class PhotoPreviews:
    """Does the steps of a whole photo to a smaller picture of it."""

    def __init__(self, finder: PhotoFaces, mender: PhotoMender, attempts: FaceAttempts) -> None:
        self._finder, self._mender, self._attempts = finder, mender, attempts

    def preview(self, path: Path, choices: RestoreChoices, on_step: OnStep | None = None) -> PhotoPreview:
        """What `choices.photo_steps` would do to a photo. Faces are found, so that the steps spare the same ones as in
        the copy, but not restored: that takes the full photo. `on_step(done, total)` counts tiles and may raise.

        Raises UsageError for steps that a preview does not show and for a restored copy, NotFoundError and
        ImageReadError for the file, BackendUnavailableError for a model that is not installed; and what models raise.
        """
        check_previewed(choices.photo_steps)
        if path.is_file() and is_restored_output(path) and not choices.force:
            raise UsageError(OUR_COPY())
        full, everybody = self._finder.find(path)
        steps = choices.photo_steps
        asked = pick(everybody, choices.face, path, face_ids=choices.face_ids) if "faces" in steps and everybody else []
        kept = faces_to_restore(full.pixels, asked, anyway=choices.force)
        photo = replace(full, pixels=_at_most(full.pixels, SIDE / max(full.width, full.height)))
        noise = measure_noise(full.pixels) if "background" in steps and photo.pixels is not full.pixels else None
        del full
        give_back_memory()
        if noise is not None and not noise.seen:
            choices = structs.replace(choices, photo_steps=tuple(s for s in steps if s != "background"))
        harmed = partial(self._attempts.harmed, _smaller(photo, everybody), photo.pixels)
        mended = self._mender.mend(photo.pixels, choices, on_step, harmed, _boxes(_smaller(photo, kept)))
        return PhotoPreview(
            photo.pixels,
            _marked(photo.pixels, mended.mask),
            mended.pixels,
            mended.record is not None,
            (*_of_full_size(mended.notes, noise), *([FACES_WITH_COPY(faces=len(kept))] if "faces" in steps else [])),
        )


def save_preview(picture: RgbU8, path: Path) -> None:
    """Write a preview as the suffix says, PNG or JPEG. Raises ImageWriteError for a file that is there already, and a
    folder that cannot be written into."""
    encoded = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
    try:
        with path.open("xb") as file:
            file.write(encoded.tobytes())
    except FileExistsError as e:
        raise ImageWriteError(f"{path} is there already; choose another name for the preview") from e
    except OSError as e:
        raise ImageWriteError(f"{path}: the preview cannot be written ({e.strerror or e})") from e


def _of_full_size(notes: Sequence[Reason], noise: Noise | None) -> list[Reason]:
    """Notes about a smaller picture with the `noise` that its photo has: half of the size has half of the noise. None:
    it is the photo."""
    if noise is None:
        return list(notes)
    if not noise.seen:
        return [*notes, BACKGROUND_CLEAR()]
    true: dict[str, Reason] = {
        BACKGROUND_CLEAR: FINE_NOISE(noise=noise.sigma),
        BACKGROUND_CLEANED: BACKGROUND_CLEANED(noise=noise.sigma),
    }
    return [true.get(note.code, note) for note in notes]


def _smaller(photo: Photo, faces: Sequence[PhotoFace]) -> list[PhotoFace]:
    """Faces in pixels of the full photo, in those of this one."""
    return [replace(f, face=photo.own_face(f.face)) for f in faces]


def _boxes(faces: Sequence[PhotoFace]) -> list[BBox]:
    return [f.face.bbox for f in faces]


def _marked(picture: RgbU8, mask: Mask | None) -> RgbU8 | None:
    """A picture (H, W, 3) with what is not 0 in `mask` (H, W) painted; None where that is nothing."""
    if mask is None or not mask.any():
        return None
    wide = max(3, round(max(mask.shape) * _SEEN) | 1)
    out = picture.copy()
    out[cv2.dilate(mask, np.ones((wide, wide), np.uint8)) > 0] = _MARKED
    return out


def _at_most(picture: RgbU8, scale: float) -> RgbU8:
    """A picture (H, W, 3) at this scale; itself where that were larger."""
    if scale >= 1:
        return picture
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    out: RgbU8 = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return out
