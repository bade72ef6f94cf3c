"""How degraded a stored face is: written at indexing, so that a plan over a whole library reads no pixels."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.image_io import Photo
from iconface_core.sharpness import VERSION, Degradation, measure
from iconface_core.types import DetectedFace


def measured(photo: Photo, face: DetectedFace, quality: float | None) -> dict[str, Any]:
    """Measure one face of a decoded photo for `face.degradation`. `face` is in the pixels of `photo.pixels`.

    `reduced` is how much smaller than the file the photo was decoded: fine damage is milder there, and `eye_distance`
    is scaled back to the file's pixels.
    """
    crop = align_face(photo.pixels, face.landmarks, FFHQ_512)
    reduced = float(max(photo.scale))
    found = asdict(measure(crop.pixels, crop.from_photo, quality=quality))
    found["eye_distance"] *= reduced
    rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in found.items()}
    return {**rounded, "reasons": list(found["reasons"]), "reduced": round(reduced, 3), "version": VERSION}


def stored(row: Mapping[str, Any] | None) -> Degradation | None:
    """What was measured of a face; None where it was not, or by another release's rule."""
    if row is None or row.get("version") != VERSION:
        return None
    values = {k: v for k, v in row.items() if k not in ("version", "reduced")}
    return Degradation(**{**values, "reasons": tuple(row["reasons"])})
