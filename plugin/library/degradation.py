"""How degraded a stored face is: written at indexing, so that a plan over a whole library reads no pixels."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from iconface_core.codec import JsonObject
from iconface_core.damage.sharpness import VERSION, Degradation, measure
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.images.read import Photo
from iconface_core.reasons import read_reasons
from iconface_core.types import DetectedFace


def measured(photo: Photo, face: DetectedFace, quality: float | None) -> JsonObject:
    """Measure one face of a decoded photo for `face.degradation`. `face` is in the pixels of `photo.pixels`.

    `reduced` is how much smaller than the file the photo was decoded, 1 where that makes no difference: most damage
    does not survive it, so such a number is only a first guess. `eye_distance` is scaled back to the file's pixels.
    """
    crop = align_face(photo.pixels, face.landmarks, FFHQ_512)
    smaller = float(max(photo.scale))
    found = measure(crop.pixels, crop.from_photo, quality=quality)
    # A face that fills the crop even so is measured at the size of the crop in any case.
    fills = float(np.hypot(crop.from_photo[0, 0], crop.from_photo[1, 0])) <= 1
    return row(replace(found, eye_distance=found.eye_distance * smaller), reduced=1.0 if fills else smaller)


def row(found: Degradation, *, reduced: float = 1.0) -> JsonObject:
    """What is kept of a measurement."""
    values = {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(found).items()}
    reasons = [r.as_json() for r in found.reasons]
    return {**values, "reasons": reasons, "reduced": round(reduced, 3), "version": VERSION}


def stored(row: Mapping[str, Any] | None) -> Degradation | None:
    """What was measured of a face; None where it was not, or by another release's rule."""
    if row is None or row.get("version") != VERSION:
        return None
    values = {k: v for k, v in row.items() if k not in ("version", "reduced")}
    return Degradation(**{**values, "reasons": read_reasons(row["reasons"])})
