"""Pure geometry: alignment to a template, and back. Feathered paste-back lives in `paste.py`."""

from dataclasses import dataclass

import cv2
import numpy as np

from .types import F32, AlignedFace, RgbU8


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """Where the five landmarks lie in a square crop. `points` is (5, 2), pixels of a `size` x `size` crop."""

    name: str
    size: int
    points: F32

    def resized(self, size: int) -> F32:
        """The points (5, 2) in the same crop at `size` x `size`: edges stay where they are, pixel centres do not."""
        return ((self.points + 0.5) * (size / self.size) - 0.5).astype(np.float32)


ARCFACE_112 = Template(
    "arcface_112",
    112,
    np.array(
        [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
    ),
)
"""The ArcFace template (insightface `face_align.arcface_dst`)."""

FFHQ_512 = Template(
    "ffhq_512",
    512,
    np.array(
        [
            [192.98138, 239.94708],
            [318.90277, 240.1936],
            [256.63416, 314.01935],
            [201.26117, 371.41043],
            [313.08905, 371.15118],
        ],
        np.float32,
    ),
)
"""The FFHQ crop at 512 px (facexlib `face_restoration_helper`)."""


def similarity_transform(src: F32, dst: F32) -> F32:
    """The 2x3 rotation, uniform scale and shift that maps `src` (N, 2) onto `dst` (N, 2) best (Umeyama 1991).

    Raises ValueError when the source points coincide.
    """
    s, d = src.astype(np.float64), dst.astype(np.float64)
    s0, d0 = s - s.mean(0), d - d.mean(0)
    variance = (s0**2).sum() / len(s)
    if variance < 1e-12:
        raise ValueError("landmarks coincide: no similarity transform exists")
    u, sing, vt = np.linalg.svd(d0.T @ s0 / len(s))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = (sing * sign).sum() / variance
    shift = d.mean(0) - scale * rotation @ s.mean(0)
    return np.hstack([scale * rotation, shift[:, None]]).astype(np.float32)


def invert(matrix: F32) -> F32:
    """The inverse of a 2x3 affine."""
    inverse: F32 = cv2.invertAffineTransform(matrix.astype(np.float64)).astype(np.float32)
    return inverse


def align_face(image: RgbU8, landmarks: F32, template: Template) -> AlignedFace:
    """Warp a face of `image` (H, W, 3) onto the template; outside the photo the edge is repeated.

    A face much larger than the template is first shrunk by area averaging, so that the crop does not alias; one that
    is enlarged is interpolated cubically, so that it does not lose sharpness.
    """
    matrix = similarity_transform(landmarks, template.points)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    source, to_crop = image, matrix
    if scale < 0.5:
        source, offset = _neighbourhood(image, matrix, template.size)
        h, w = source.shape[:2]
        small = (max(1, round(w * scale * 1.5)), max(1, round(h * scale * 1.5)))
        source = cv2.resize(source, small, interpolation=cv2.INTER_AREA)
        step = np.array([w / small[0], h / small[1]], np.float32)
        # crop = M @ ((p + .5) * step - .5 + offset): pixel centres, not corners
        linear = matrix[:, :2] * step
        shift = matrix[:, :2] @ (0.5 * step - 0.5 + offset) + matrix[:, 2]
        to_crop = np.hstack([linear, shift[:, None]]).astype(np.float32)
    pixels = cv2.warpAffine(
        source,
        to_crop,
        (template.size, template.size),
        flags=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return AlignedFace(pixels, matrix)


def _neighbourhood(image: RgbU8, matrix: F32, size: int) -> tuple[RgbU8, F32]:
    """The part of the photo that the crop covers (with a margin) and the offset of its corner."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float32)
    in_photo = corners @ invert(matrix)[:, :2].T + invert(matrix)[:, 2]
    h, w = image.shape[:2]
    x1, y1 = np.clip(np.floor(in_photo.min(0)).astype(int) - 8, 0, [w - 1, h - 1])
    x2, y2 = np.clip(np.ceil(in_photo.max(0)).astype(int) + 8, [x1 + 1, y1 + 1], [w, h])
    return image[y1:y2, x1:x2], np.array([x1, y1], np.float32)
