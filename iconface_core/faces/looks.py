"""A face seen several times: the mean direction of what an embedder says of each crop and of its mirror image."""

from collections.abc import Callable, Sequence

import numpy as np

from iconface_core.types import AlignedFace, EmbedderId, FaceEmbedding


def mean_look(
    named: EmbedderId,
    crops: Sequence[AlignedFace],
    embed: Callable[[list[AlignedFace]], Sequence[FaceEmbedding]],
    *,
    mirrored: bool = True,
) -> FaceEmbedding:
    """Of one face, crops (112, 112, 3) of it; its norm is the mean of theirs. `mirrored`: both ways round."""
    turned = [AlignedFace(np.ascontiguousarray(c.pixels[:, ::-1]), c.from_photo) for c in crops] if mirrored else []
    said = embed([*crops, *turned])
    mean = np.mean([e.vector for e in said], axis=0)
    norm = float(np.mean([e.norm for e in said]))
    return FaceEmbedding(named, (mean / np.linalg.norm(mean)).astype(np.float32), norm)
