"""What every embedder must do."""

from collections.abc import Sequence

import cv2
import numpy as np

from iconface_core.geometry import ARCFACE_112
from iconface_core.protocols import FaceEmbedder
from iconface_core.types import AlignedFace, FaceEmbedding

from .expect import ConformanceError, expect, expect_array, frozen

UNIT = 1e-4
"""How far a vector's length may be from 1."""

BATCH = 1e-3
"""How far a vector made alone may be from the same one made in a batch: the cosine, and the norm's share."""


def check_embedder(embedder: FaceEmbedder, faces: Sequence[AlignedFace]) -> None:
    """`faces` are ARCFACE_112 crops of different people, at least three. Looks at shapes, unit length, order, batches,
    refusals, that nothing is changed, and that a face in other light and focus stays nearer to itself than to anybody
    else. Raises ConformanceError at the first promise not kept, ValueError for too few faces.
    """
    if len(faces) < 3:
        raise ValueError(f"three different people are the least to compare, not {len(faces)}")
    expect(isinstance(embedder.id, str) and bool(embedder.id.strip()), "id must be text")
    expect(embedder.calibration.embedder == embedder.id, "the calibration must be of this embedder")
    given = [AlignedFace(frozen(f.pixels), f.from_photo) for f in faces]
    found = embedder.embed(given)
    expect(len(found) == len(given), f"{len(given)} faces must give {len(given)} embeddings, not {len(found)}")
    for embedding in found:
        _embedding(embedder, embedding)
    expect(embedder.embed([]) == [], "no faces must give an empty list")
    _alone(embedder, given, found)
    _same_face(embedder, given, found)
    _refusal(embedder)


def _embedding(embedder: FaceEmbedder, embedding: FaceEmbedding) -> None:
    expect(embedding.embedder == embedder.id, f"FaceEmbedding.embedder must be {embedder.id!r}: {embedding.embedder!r}")
    expect_array(embedding.vector, (embedder.dim,), np.float32, "FaceEmbedding.vector")
    length = float(np.linalg.norm(embedding.vector))
    expect(abs(length - 1) <= UNIT, f"FaceEmbedding.vector must have length 1, not {length:.5f}")
    expect(np.isfinite(embedding.norm) and embedding.norm > 0, f"norm must be above 0, not {embedding.norm}")


def _alone(embedder: FaceEmbedder, faces: Sequence[AlignedFace], found: Sequence[FaceEmbedding]) -> None:
    """More than one batch of what any embedder uses, against one by one."""
    many = embedder.embed([*faces, *faces, *faces])
    for face, first, later in zip(faces, found, many[len(faces) :], strict=False):
        (alone,) = embedder.embed([face])
        for other in (first, later):
            near = float(alone.vector @ other.vector)
            expect(near >= 1 - BATCH, f"a face must embed alone as it does among others; cosine {near:.4f}")
            norms = (alone.norm, other.norm)
            expect(abs(norms[0] - norms[1]) <= BATCH * norms[1], f"the norm must be the same among others: {norms}")


def _same_face(embedder: FaceEmbedder, faces: Sequence[AlignedFace], found: Sequence[FaceEmbedding]) -> None:
    looks = embedder.embed([_other_look(f) for f in faces])
    similarity = np.stack([e.vector for e in looks]) @ np.stack([e.vector for e in found]).T
    for n, row in enumerate(similarity):
        nearest = int(row.argmax())
        expect(
            nearest == n,
            f"face {n} in other light must be nearest to itself ({row[n]:.3f}), not to {nearest} ({row[nearest]:.3f})",
        )


def _other_look(face: AlignedFace) -> AlignedFace:
    """Brighter, and a little out of focus."""
    soft = cv2.GaussianBlur(face.pixels, (0, 0), 1.0)
    return AlignedFace(np.clip(soft.astype(np.float32) * 1.1 + 6, 0, 255).astype(np.uint8), face.from_photo)


def _refusal(embedder: FaceEmbedder) -> None:
    side = 2 * ARCFACE_112.size
    other = AlignedFace(np.zeros((side, side, 3), np.uint8), np.zeros((2, 3), np.float32))
    try:
        embedder.embed([other])
    except ValueError:
        return
    raise ConformanceError("a crop of another size than ARCFACE_112 must be refused with ValueError")
