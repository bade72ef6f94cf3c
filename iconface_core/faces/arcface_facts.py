"""What the numbers of networks in ArcFace's layout mean: measured beside the file, measured here, or guessed."""

from dataclasses import dataclass
from pathlib import Path

from iconface_core.calibration import Calibration
from iconface_core.types import EmbedderId

from .closer_look import look_id
from .damage_facts import twins_id_of
from .vectors import calibration_path, looks_calibration_path, twin_calibration_path, unmeasured_calibration


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one embedder's vectors: `plain`; `looks`: of damaged faces after a closer look against the gallery's faces;
    `twins`: against their damaged twins too; `seconded`: with a second opinion on those."""

    plain: Calibration
    looks: Calibration
    twins: Calibration
    seconded: Calibration


def twins_measured_as(embedder: EmbedderId, *, seconded: bool) -> EmbedderId:
    """What the numbers of twins are filed under, whichever weights the second opinion has."""
    return twins_id_of(embedder, "second" if seconded else "")


def _of_one(embedder: str, norm_low: float, norm_high: float, *lines: tuple[float, float, float, float]) -> Measured:
    """`lines`: bias, slope, quality_bias and quality_slope of each."""
    named = (
        EmbedderId(embedder),
        look_id(embedder),
        *(twins_measured_as(EmbedderId(embedder), seconded=s) for s in (False, True)),
    )
    return Measured(*(Calibration(name, norm_low, norm_high, *line) for name, line in zip(named, lines, strict=True)))


MEASURED = {
    EmbedderId("arcface-buffalo_s"): _of_one(
        "arcface-buffalo_s",
        15.81,
        23.77,
        (-3.75, 28.04, -1.36, 6.01),
        (-4.3, 44.12, -3.69, -4.12),
        (-5.19, 46.05, -2.38, -6.54),
        (-5.45, 41.92, -2.46, -0.87),
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


def twins_calibration(weights: Path, embedder: EmbedderId, *, seconded: bool) -> Calibration | None:
    """None where nobody measured it: then nobody gets a damaged twin. `seconded`: with a second opinion on them."""
    known = MEASURED.get(embedder)
    ours = None if known is None else known.seconded if seconded else known.twins
    return _measured(twin_calibration_path(weights), twins_measured_as(embedder, seconded=seconded), ours)


def _measured(path: Path, named: EmbedderId, known: Calibration | None) -> Calibration | None:
    """What lies beside the file goes first, unless it was measured of something else."""
    if not path.is_file():
        return known
    guess = unmeasured_calibration(named)
    found = Calibration.read_or(path, guess)
    return known if found is guess else found
