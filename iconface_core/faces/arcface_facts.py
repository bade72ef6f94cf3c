"""What the numbers of networks in ArcFace's layout mean: measured beside the file, measured here, or guessed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from iconface_core.calibration import Calibration
from iconface_core.models.catalogue import EDGEFACE
from iconface_core.types import EmbedderId

from .closer_look import look_id
from .damage_facts import STUDENTS, twins_id_of
from .vectors import calibration_path, looks_calibration_path, twin_calibration_path, unmeasured_calibration


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one embedder's vectors: `plain`; `looks`: of damaged faces after a closer look against the gallery's faces;
    `twins`: against their damaged twins too, by the name of the second opinion on those, "" without one."""

    plain: Calibration
    looks: Calibration
    twins: Mapping[str, Calibration]


def twins_measured_as(embedder: EmbedderId, second: str = "") -> EmbedderId:
    """What the numbers of twins are filed under, with the second opinion of that name, whichever weights it has."""
    return twins_id_of(embedder, second)


Line = tuple[float, float, float, float]
"""bias, slope, quality_bias and quality_slope"""


def _of_one(
    embedder: EmbedderId, norms: tuple[float, float], plain: Line, looks: Line, twins: Mapping[str, Line]
) -> Measured:
    """`norms`: of quality 0 and 1."""
    measured = {
        second: Calibration(twins_measured_as(embedder, second), *norms, *line) for second, line in twins.items()
    }
    return Measured(Calibration(embedder, *norms, *plain), Calibration(look_id(embedder), *norms, *looks), measured)


MEASURED = {
    EmbedderId("arcface-buffalo_s"): _of_one(
        EmbedderId("arcface-buffalo_s"),
        (15.81, 23.77),
        (-3.75, 28.04, -1.36, 6.01),
        (-4.3, 44.12, -3.69, -4.12),
        {
            "": (-5.19, 46.05, -2.38, -6.54),
            STUDENTS: (-5.45, 41.92, -2.46, -0.87),
            EDGEFACE.id: (-6.3, 44.76, -1.48, -4.3),
        },
    )
}
"""Of exactly the files that the catalogue pins. The first line by `benchmarks/calibrate.py` on 600 people of LFW, the
others by `benchmarks/identify.py --fit` on half of its people (docs/benchmarks/identification.md)."""


def plain_calibration(weights: Path, embedder: EmbedderId) -> Calibration:
    """What was measured of the file, or of all such files, or a careful guess. Raises WeightsError for a damaged one,
    as all of these do."""
    known = MEASURED.get(embedder)
    return Calibration.read_or(
        calibration_path(weights), unmeasured_calibration(embedder) if known is None else known.plain
    )


def looks_calibration(weights: Path, embedder: EmbedderId) -> Calibration | None:
    """None where nobody measured it: then damaged faces are compared as all others."""
    known = MEASURED.get(embedder)
    return _measured(looks_calibration_path(weights), look_id(embedder), None if known is None else known.looks)


def twins_calibration(weights: Path, embedder: EmbedderId, second: str = "") -> Calibration | None:
    """None where nobody measured it: then nobody gets a damaged twin. `second`: with the second opinion of that name on
    them."""
    known = MEASURED.get(embedder)
    ours = None if known is None else known.twins.get(second)
    return _measured(twin_calibration_path(weights), twins_measured_as(embedder, second), ours)


def _measured(path: Path, named: EmbedderId, known: Calibration | None) -> Calibration | None:
    """What lies beside the file goes first, unless it was measured of something else."""
    if not path.is_file():
        return known
    guess = unmeasured_calibration(named)
    found = Calibration.read_or(path, guess)
    return known if found is guess else found
