"""Which embedder's vectors serve while a library changes from one to another."""

from collections.abc import Mapping, Sequence

from iconface_core.types import EmbedderId

from .backends import EmbedderBackend

SERVES_FROM = 0.95
"""The preferred embedder serves once it has this share of the vectors of the one with most: a few faces may never get
theirs, because their photo is unreadable or gone, and must not hold up the rest."""


def serving(
    counts: Mapping[EmbedderId, int], preferred: EmbedderBackend, installed: Sequence[EmbedderBackend]
) -> EmbedderBackend:
    """The embedder whose vectors serve, by the number of faces that have one. Until the preferred one has nearly all,
    it is the installed one with most."""
    most = max((preferred, *installed), key=lambda e: counts.get(e.facts.id, 0))
    return preferred if counts.get(preferred.facts.id, 0) >= SERVES_FROM * counts.get(most.facts.id, 0) else most
