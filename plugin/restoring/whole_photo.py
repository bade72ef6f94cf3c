"""What is done to a whole photo before its faces are restored: each step by itself, and always from the original."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import IO, Self

import numpy as np

from iconface_core.images.provenance import ENLARGE, PhotoProvenance, StepModel
from iconface_core.images.stored_patch import StoredPatch
from iconface_core.protocols import Colouriser, Inpainter, PhotoCleaner
from iconface_core.reasons import Reason
from iconface_core.types import BBox, Patch, RgbU8
from iconface_core.whole_photo.background import cleaned, enlarged, keep_faces, measure_noise
from iconface_core.whole_photo.colour import NO_COLOURS, coloured, is_grey_photo
from iconface_core.whole_photo.damage_map import Mask, damage_map
from iconface_core.whole_photo.fading import ToneCurve, fading_of
from iconface_core.whole_photo.fill import filled

from ..job_payloads import RestoreChoices
from ..reasons import (
    BACKGROUND_CLEANED,
    BACKGROUND_CLEAR,
    COLOURS_INVENTED,
    DAMAGE_FILLED,
    FACES_NOT_CLEANED,
    FACES_NOT_FILLED,
    HAS_COLOURS,
    NO_COLOURS_FOUND,
    NO_DAMAGE,
    NOT_FADED,
    TONES_CORRECTED,
)
from .photo_models import PhotoModels, lent_once

OnStep = Callable[[int, int], None]
Harmed = Callable[[RgbU8], Sequence[BBox]]
"""Boxes of faces that are no longer who they were, in a photo (H, W, 3) that was changed."""

OPENCV = "opencv-telea"
_NONE: RgbU8 = np.empty((0, 0, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class MendedPhoto:
    """`pixels` (H, W, 3) are the photo's own where nothing was to be done; empty where it was enlarged, and is `stored`
    in a file. `mask` (H, W) is 255 where damage was found,
    None where nobody looked. `tones` is the correction that `pixels` hold. `record` is None where no step changed
    anything; `notes` say what each step came to."""

    pixels: RgbU8
    mask: Mask | None = None
    tones: ToneCurve | None = None
    record: PhotoProvenance | None = None
    notes: tuple[Reason, ...] = ()
    stored: StoredPatch | None = None

    @property
    def whole(self) -> Patch:
        """All of it, to be written into the copy."""
        height, width = self.pixels.shape[:2]
        return self.stored or Patch((0, 0, width, height), self.pixels)

    def to_write(self) -> Self:
        """The same, but for pixels that nothing was done to."""
        return self if self.record is not None else replace(self, pixels=_NONE)


@dataclass(slots=True)
class _Work:
    """A photo between its steps, and what is told of those that are done."""

    pixels: RgbU8
    done: list[str] = field(default_factory=list)
    models: list[StepModel] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    mask: Mask | None = None
    weights: str | None = None
    share: float = 0.0
    noise: float = 0.0
    tones: ToneCurve | None = None


class PhotoMender:
    """Fills damage, takes noise away, corrects tones, invents colours: each only where it is asked for."""

    def __init__(self, models: PhotoModels) -> None:
        self._models = models

    def mend(
        self,
        photo: RgbU8,
        choices: RestoreChoices,
        on_step: OnStep | None = None,
        harmed: Harmed = lambda _: (),
        kept: Sequence[BBox] = (),
    ) -> MendedPhoto:
        """Do the chosen steps to a photo (H, W, 3), which stays as it is. `on_step(done, total)` counts tiles and may
        raise to cancel. `harmed` is shown the photo after a step, and names faces that are less themselves in it: these
        the step leaves alone. `kept` are the faces that are to be restored afterwards: no noise is taken from them.

        Raises BackendUnavailableError for a model that is not installed, before anything is done; and what models
        raise.
        """
        steps, work = choices.photo_steps, _Work(photo)
        inpainter = self._models.inpainter(choices.fill) if "damage" in steps else None
        cleaner = self._models.cleaner(choices.cleaner) if "background" in steps or choices.enlarge > 1 else None
        colouriser = self._models.colouriser() if "colour" in steps else None
        if "damage" in steps:
            with self._models.finder.use() as finder:
                work.mask, work.weights = damage_map(photo, finder, on_step=on_step), finder.weights_sha256
            with nullcontext() if inpainter is None else inpainter.use() as painter:
                self._fill(work, choices.seed, painter, harmed, on_step)
        if cleaner is not None and "background" in steps:
            with lent_once(cleaner) as using:
                _clean(work, using, harmed, kept, on_step)
        if "fading" in steps:
            work.tones = fading_of(work.pixels, keep_tint=choices.keep_tint)
            work.notes.append(NOT_FADED() if work.tones is None else TONES_CORRECTED())
        if work.tones is not None:
            work.pixels = work.tones.apply(work.pixels)
            work.done.append("fading")
        if colouriser is not None and is_grey_photo(photo):
            with colouriser.use() as inventor:
                _colour(work, inventor)
        elif colouriser is not None:
            work.notes.append(HAS_COLOURS())
        return MendedPhoto(work.pixels, work.mask, work.tones, _record(work, choices.seed), tuple(work.notes))

    def enlarge(
        self,
        mended: MendedPhoto,
        patches: Sequence[Patch],
        choices: RestoreChoices,
        file: IO[bytes],
        on_step: OnStep | None = None,
    ) -> MendedPhoto:
        """A mended photo with these patches in it, its faces, twice as large: all of it is then what is to be written.
        It is stored in this empty file as it is made; the pixels of `mended` are given up. Raises as `mend`, and
        OSError."""
        pixels = mended.pixels if mended.pixels.flags.writeable or not patches else mended.pixels.copy()
        for patch in patches:
            patch.put_into(pixels)
        with lent_once(self._models.cleaner(choices.cleaner)) as cleaner:
            stored = StoredPatch.of(enlarged(pixels, cleaner, on_step=on_step), file)
            by = StepModel(ENLARGE, cleaner.id, cleaner.weights_sha256)
        record = mended.record or PhotoProvenance((), choices.seed)
        record = replace(record, models=(*record.models, by), enlarged=choices.enlarge)
        return replace(mended, pixels=_NONE, stored=stored, record=record)

    def _fill(
        self, work: _Work, seed: int, inpainter: Inpainter | None, harmed: Harmed, on_step: OnStep | None
    ) -> None:
        photo, mask = work.pixels, work.mask
        assert mask is not None, "damage was looked for"
        work.pixels = _filled(photo, mask, seed, inpainter, on_step)
        if work.pixels is not photo and (boxes := harmed(work.pixels)):
            for box in boxes:
                mask[max(0, int(box.y1)) : int(box.y2) + 1, max(0, int(box.x1)) : int(box.x2) + 1] = 0
            work.pixels = _filled(photo, mask, seed, inpainter, on_step)
            work.notes.append(FACES_NOT_FILLED(faces=len(boxes)))
        if work.pixels is photo:
            work.notes.append(NO_DAMAGE())
            return
        work.share = round(float((mask > 0).mean()), 6)
        work.done.append("damage")
        by = (OPENCV, None) if inpainter is None else (inpainter.id, inpainter.weights_sha256)
        work.models.append(StepModel("damage", *by))
        work.notes.append(DAMAGE_FILLED(share=work.share))


def _filled(photo: RgbU8, mask: Mask, seed: int, inpainter: Inpainter | None, on_step: OnStep | None) -> RgbU8:
    """The photo itself where nothing, or nothing but damage, was found."""
    if not mask.any() or mask.all():
        return photo
    return filled(photo, mask, seed=seed, inpainter=inpainter, on_step=on_step)


def _clean(work: _Work, cleaner: PhotoCleaner, harmed: Harmed, kept: Sequence[BBox], on_step: OnStep | None) -> None:
    noise, before = measure_noise(work.pixels), work.pixels
    if not noise.seen:
        work.notes.append(BACKGROUND_CLEAR())
        return
    work.pixels = cleaned(before, noise, cleaner, on_step=on_step)
    boxes = [box for box in harmed(work.pixels) if box not in kept]
    keep_faces(work.pixels, before, [*kept, *boxes])
    if not (work.pixels != before).any():
        work.pixels = before
        work.notes.append(BACKGROUND_CLEAR())
        return
    work.noise = round(noise.sigma, 2)
    work.done.append("background")
    work.models.append(StepModel("background", cleaner.id, cleaner.weights_sha256))
    if boxes:
        work.notes.append(FACES_NOT_CLEANED(faces=len(boxes)))
    work.notes.append(BACKGROUND_CLEANED(noise=noise.sigma))


def _colour(work: _Work, colouriser: Colouriser) -> None:
    chroma = colouriser.chroma(work.pixels)
    if float(np.abs(chroma).max()) < NO_COLOURS:
        work.notes.append(NO_COLOURS_FOUND(model=colouriser.id))
        return
    work.pixels = coloured(work.pixels, chroma)
    work.done.append("colour")
    work.models.append(StepModel("colour", colouriser.id, colouriser.weights_sha256))
    work.notes.append(COLOURS_INVENTED(model=colouriser.id))


def _record(work: _Work, seed: int) -> PhotoProvenance | None:
    if not work.done:
        return None
    tones = work.tones
    return PhotoProvenance(
        tuple(work.done),
        seed,
        work.weights if "damage" in work.done else None,
        work.share,
        () if tones is None else tuple((c.black, c.white) for c in (tones.red, tones.green, tones.blue)),
        work.noise,
        tuple(work.models),
    )
