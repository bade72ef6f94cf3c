"""Which embedder's vectors serve, by how many faces have one."""

import pytest

from iconface_core.calibration import EmbedderFacts
from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.types import EmbedderId
from plugin.models.backends import EmbedderBackend
from plugin.models.serving import serving


def backend(name: str) -> EmbedderBackend:
    def load():
        raise AssertionError("nothing is loaded to choose")

    return EmbedderBackend(EmbedderFacts(EmbedderId(name), 4, CALIBRATION), load)


NEW, OLD, OTHER = backend("new"), backend("old"), backend("other")


@pytest.mark.parametrize(
    ("counts", "serves"),
    [
        ({}, "new"),
        ({"new": 1000}, "new"),
        ({"new": 999, "old": 1000}, "new"),  # one unreadable photo must not hold up the rest
        ({"new": 940, "old": 1000}, "old"),  # re-embedding is under way
        ({"old": 1000}, "old"),
        ({"old": 10, "other": 1000}, "other"),  # not SFace because it is SFace: the one that knows the library
        ({"gone": 1000, "old": 10}, "old"),  # vectors that nobody here can make any more
        ({"gone": 1000}, "new"),
        ({"new": 1, "old": 1}, "new"),
    ],
)
def test_the_preferred_embedder_serves_once_it_has_nearly_all(counts: dict[str, int], serves: str):
    chosen = serving({EmbedderId(k): n for k, n in counts.items()}, NEW, [OLD, OTHER])
    assert chosen.facts.id == serves
