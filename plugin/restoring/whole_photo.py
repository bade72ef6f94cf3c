"""What is done to a whole photo before its faces are restored: each step by itself, and always from the original."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from iconface_core.errors import ImageWriteError
from iconface_core.images.provenance import PhotoProvenance
from iconface_core.protocols import DamageFinder
from iconface_core.reasons import Reason
from iconface_core.types import BBox, RgbU8
from iconface_core.whole_photo.damage_map import Mask, damage_map
from iconface_core.whole_photo.fading import ToneCurve, fading_of
from iconface_core.whole_photo.fill import filled

from ..job_payloads import RestoreChoices
from ..models.cache import ModelSlot
from ..reasons import DAMAGE_FILLED, FACES_NOT_FILLED, NO_DAMAGE, NOT_FADED, TONES_CORRECTED

OnStep = Callable[[int, int], None]
Harmed = Callable[[RgbU8], Sequence[BBox]]
"""Boxes of faces that are no longer who they were, in a photo (H, W, 3) that was filled in."""

_PREVIEW_HEIGHT = 1400
_MARKED = (255, 0, 60)


@dataclass(frozen=True, slots=True, eq=False)
class MendedPhoto:
    """`pixels` (H, W, 3) are the photo's own where nothing was to be done. `mask` (H, W) is 255 where damage was found,
    None where nobody looked. `tones` is the correction that `pixels` hold. `record` is None where no step changed
    anything; `notes` say what each step came to."""

    pixels: RgbU8
    mask: Mask | None = None
    tones: ToneCurve | None = None
    record: PhotoProvenance | None = None
    notes: tuple[Reason, ...] = ()

    def to_write(self) -> Self:
        """The same, but for pixels that nothing was done to."""
        return self if self.record is not None else replace(self, pixels=np.empty((0, 0, 3), np.uint8))


class PhotoMender:
    """Fills damage and corrects tones."""

    def __init__(self, finder: ModelSlot[DamageFinder]) -> None:
        self._finder = finder

    def mend(
        self, photo: RgbU8, choices: RestoreChoices, on_step: OnStep | None = None, harmed: Harmed = lambda _: ()
    ) -> MendedPhoto:
        """Do the chosen steps to a photo (H, W, 3), which stays as it is. `on_step(done, total)` counts tiles and may
        raise to cancel. `harmed` is shown the photo without its damage, and names faces that are less themselves in it:
        these are not filled in. Raises what the finder's weights raise."""
        pixels, mask, weights, notes, done = photo, None, None, list[Reason](), list[str]()
        share = 0.0
        if "damage" in choices.photo_steps:
            with self._finder.use() as finder:
                mask, weights = damage_map(photo, finder, on_step=on_step), finder.weights_sha256
            pixels = _filled(photo, mask, choices.seed)
            kept = harmed(pixels) if pixels is not photo else ()
            for box in kept:
                mask[max(0, int(box.y1)) : int(box.y2) + 1, max(0, int(box.x1)) : int(box.x2) + 1] = 0
            if kept:
                pixels = _filled(photo, mask, choices.seed)
                notes.append(FACES_NOT_FILLED(faces=len(kept)))
            if pixels is not photo:
                share = round(float((mask > 0).mean()), 6)
                done.append("damage")
            notes.append(DAMAGE_FILLED(share=share) if done else NO_DAMAGE())
        tones = fading_of(pixels, keep_tint=choices.keep_tint) if "fading" in choices.photo_steps else None
        if tones is not None:
            pixels = tones.apply(pixels)
            done.append("fading")
        if "fading" in choices.photo_steps:
            notes.append(NOT_FADED() if tones is None else TONES_CORRECTED())
        record = PhotoProvenance(
            tuple(done),
            choices.seed,
            weights if "damage" in done else None,
            share,
            () if tones is None else tuple((c.black, c.white) for c in (tones.red, tones.green, tones.blue)),
        )
        return MendedPhoto(pixels, mask, tones, record if done else None, tuple(notes))


def _filled(photo: RgbU8, mask: Mask, seed: int) -> RgbU8:
    """The photo itself where nothing, or nothing but damage, was found."""
    return filled(photo, mask, seed=seed) if mask.any() and not mask.all() else photo


def preview(photo: RgbU8, mended: MendedPhoto) -> RgbU8:
    """The photo, what was found on it, and what came of it, side by side."""
    marked = photo.copy()
    if mended.mask is not None:
        marked[cv2.dilate(mended.mask, np.ones((3, 3), np.uint8)) > 0] = _MARKED
    pictures = [photo, *([] if mended.mask is None else [marked]), mended.pixels]
    return np.hstack([_reduced(p) for p in pictures])


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


def _reduced(picture: RgbU8) -> RgbU8:
    height, width = picture.shape[:2]
    scale = _PREVIEW_HEIGHT / height
    if scale >= 1:
        return picture
    out: RgbU8 = cv2.resize(picture, (max(1, round(width * scale)), _PREVIEW_HEIGHT), interpolation=cv2.INTER_AREA)
    return out
