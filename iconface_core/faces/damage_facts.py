"""When a face is too damaged for its embedder alone, how it is looked at then, and what it is compared with besides."""

import numpy as np

from iconface_core.geometry import ARCFACE_112, Template
from iconface_core.types import F32, EmbedderId

CLEAR_QUALITY = 0.9
"""Of the embedder. From here on a face is clear: nothing else is asked, and would not be heard."""
_MIDDLE = ARCFACE_112.points.mean(0)
VIEWS = (
    ARCFACE_112,
    Template(
        "arcface_112, wider", ARCFACE_112.size, (_MIDDLE + (ARCFACE_112.points - _MIDDLE) / 1.08).astype(np.float32)
    ),
)
"""How a damaged face is seen, each both ways round: damage hits every view otherwise, and some more of the head helps.
"""
TWIN_QUALITY = 0.6
"""Of the embedder. Faces of the gallery that are no worse get a damaged twin; worse ones are damaged as they are."""
TWINS_MOST = 0.7
"""How much a hopeless face is compared with damaged twins, against 1 - this with the gallery's own vectors."""
SECOND = 0.7
"""The second opinion's part where a damaged face is compared with twins, against 1 - this of what knows the embedder's
faces; chosen on the half that is not tested."""
STUDENTS = "second"
"""What the second student that ships is called among second opinions."""
EDGEFACE_DIM = 512
"""Numbers in EdgeFace-S's vectors."""
_TWINS = "/twins"


def twin_share(quality: float) -> float:
    """How much a probe of this quality 0..1 is compared with damaged twins: not at all where it is clear. Chosen on the
    half that is not tested (docs/benchmarks/identification.md)."""
    return TWINS_MOST * missing_from_clear(quality)


def missing_from_clear(quality: float) -> float:
    """1 for a hopeless face, 0 for a clear one."""
    return max(0.0, 1 - quality / CLEAR_QUALITY)


def both_opinions(first: F32, second: F32 | None) -> F32:
    """A unit vector (dims of both,) whose cosines are (1 - SECOND) of the first's and SECOND of the second's; the first
    alone where there is no second."""
    if second is None:
        return first
    both: F32 = np.concatenate([first * (1 - SECOND) ** 0.5, second * SECOND**0.5]).astype(np.float32)
    return both


def twins_id_of(maker: EmbedderId, version: str = "") -> EmbedderId:
    """By what the gallery keeps the twins that `maker` makes; those of another `version` of its weights are not
    compared with."""
    return EmbedderId(f"{maker}{_TWINS}{version and f'-{version}'}")


def are_twins(kept: EmbedderId) -> bool:
    """Whether these vectors of the gallery are twins, of whichever maker."""
    return _TWINS in kept
