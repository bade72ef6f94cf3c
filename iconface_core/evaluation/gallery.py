"""The gallery of the IConFace project page: degraded inputs, truths, references and the results of other methods.

    SECTION/CASE/{deg,gt,ref1,ours,faceme,...}.jpg

Some cases stand in several sections; each counts once. They were picked by hand by the paper's authors, to be hard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from iconface_core.errors import ImageReadError
from iconface_core.types import RgbU8

from .judge import DlibJudge
from .pictures import read_picture, resized
from .runner import INPUT, Scorer, Scores

PAPER_METHODS = {
    "ours": "IConFace (paper)",
    "faceme": "FaceMe",
    "refldm": "ReF-LDM",
    "instantrestore": "InstantRestore",
    "restorerid": "RestorerID",
    "dmdnet": "DMDNet",
}
"""File name -> method."""

SIDE = 512
_SECTIONS = ("supp_ref_", "main-reference-aware", "iconface_hard20_")


@dataclass(frozen=True, slots=True, eq=False)
class GalleryCase:
    """One case at 512 px. `results`: file name -> picture, for the methods that have one."""

    name: str
    benchmark: str
    degraded: RgbU8
    truth: RgbU8
    reference: RgbU8
    results: dict[str, RgbU8]


def read_gallery(folder: Path) -> list[GalleryCase]:
    """The reference-aware cases, sorted by name. Raises ImageReadError when there is none, or a picture is damaged."""
    found: dict[str, Path] = {}
    for section in sorted(p for p in folder.glob("*") if p.name.startswith(_SECTIONS)):
        for case in sorted(section.iterdir()):
            if all((case / f"{part}.jpg").is_file() for part in ("deg", "gt", "ref1")):
                name = case.name.replace("-case-", "-")
                # the section with most methods wins
                if name not in found or len(list(case.iterdir())) > len(list(found[name].iterdir())):
                    found[name] = case
    if not found:
        raise ImageReadError(f"{folder}: no SECTION/CASE folders with deg.jpg, gt.jpg and ref1.jpg")
    return [_read(name, found[name]) for name in sorted(found)]


def _read(name: str, folder: Path) -> GalleryCase:
    degraded, truth, reference = (resized(read_picture(folder / f"{p}.jpg"), SIDE) for p in ("deg", "gt", "ref1"))
    files = {method: folder / f"{method}.jpg" for method in PAPER_METHODS}
    results = {method: resized(read_picture(path), SIDE) for method, path in files.items() if path.is_file()}
    return GalleryCase(name, name.rpartition("-")[0], degraded, truth, reference, results)


def common_cases(cases: Sequence[GalleryCase], methods: Sequence[str]) -> list[int]:
    """Positions of the cases for which every one of `methods` has a result."""
    return [i for i, case in enumerate(cases) if all(m in case.results for m in methods)]


def score_gallery(
    cases: Sequence[GalleryCase],
    judge: DlibJudge,
    *,
    side: int = SIDE,
    more: Mapping[str, Sequence[RgbU8]] = MappingProxyType({}),
) -> tuple[dict[str, Scores], dict[str, float]]:
    """Scores of the input and of every method that has a result for each case, everything reduced to `side` first, and
    the judge's `Scorer.yardstick`.

    `more`: further methods -> their pictures at `side`, one per case.
    """
    scorer = Scorer(judge, [resized(c.truth, side) for c in cases], [resized(c.reference, side) for c in cases])
    rows = {INPUT: [c.degraded for c in cases]}
    rows |= {
        name: [c.results[m] for c in cases]
        for m, name in PAPER_METHODS.items()
        if len(common_cases(cases, [m])) == len(cases)
    }
    rows |= {name: list(pictures) for name, pictures in more.items()}
    scores = {name: scorer.score([resized(p, side) for p in pictures]) for name, pictures in rows.items()}
    return scores, scorer.yardstick()
