"""Does the gallery choose well? Fits the chooser (`--restorer best`) and reports people it was not fitted on.

    python -m benchmarks.choosing --cache DIR [--people 20] [--real-esrgan FILES]

Candidates: `choosing_cases.py`, and blends of them; Real-ESRGAN too where FILES is the folder of its two. Half of the
people (by a hash of the name) fit `Weights` and each restorer's `ExpectedLikeness`, by least squares on the differences
between candidates of one face, no part below zero. The yardstick is the likeness to the truth as dlib's encoder sees
it, with which nothing was trained or chosen. Then the other half: what is chosen by the constants that ship, beside
every fixed choice; hindsight; how many of the truths the identity check would refuse. Last the paper's gallery with the
same constants, about whose methods nothing was known.
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.optimize import lsq_linear

from benchmarks.choosing_cases import ChoiceCase, choice_cases
from benchmarks.faces import SHARED
from iconface_core.choosing.restorer import Candidate, Comparison
from iconface_core.choosing.score import EXPLAINED, LEAST_USUAL, Measured, Weights, ranked
from iconface_core.evaluation.gallery import GalleryCase, read_gallery
from iconface_core.evaluation.judge import DlibJudge
from iconface_core.evaluation.methods import as_photo
from iconface_core.extensions.backends import ExpectedLikeness
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.identity.verdict import VerdictKind
from iconface_core.reason_codes import MADE_BY
from iconface_core.types import AlignedFace, RestoreInput, RgbU8
from plugin.models.builtin import NANO_LIKENESS, REAL_ESRGAN_LIKENESS, WAIFU2X_LIKENESS
from plugin.restoring.judging import judged

PAIRS = (
    ("nano 3 1", "waifu2x 0 1"), ("nano 3 0.5", "waifu2x 0 1"), ("nano 0 1", "waifu2x 0 1"), ("nano 3 1", "nano 0 1"),
    ("nano 3 1", "real-esrgan 0 1"), ("nano 0 1", "real-esrgan 0 1"),
)  # fmt: skip
INPUT, TRUTH = "input", "truth"
MEMBERS = (("nano", 0), ("nano", 3), ("waifu2x", 0), ("real-esrgan", 0))


@dataclass(frozen=True, slots=True)
class Row:
    """One face. `parts`: candidate -> (evidence over usual, consistency, sharpness); `like`: candidate -> judge."""

    person: str
    quality: float
    parts: dict[str, tuple[float, float, float]]
    like: dict[str, float]
    refused: bool = False


def measured_row(case: ChoiceCase, judge: DlibJudge, embedder: SFaceEmbedder) -> Row:
    face = RestoreInput(case.degraded, tuple(AlignedFace(r, case.degraded.from_photo) for r in case.references))
    found = {name: _candidate(name, pixels) for name, pixels in case.pictures.items()}
    found |= {f"{a} + {b}": found[a].with_other(found[b]) for a, b in PAIRS if b in found}
    row = _row(case.person, face, found, case.truth, judge, embedder)
    crops = [case.degraded.pixels, case.truth, *case.references]
    degraded, truth, *gallery = embedder.embed([align_face(c, FFHQ_512.points, ARCFACE_112) for c in crops])
    verdict = judged(embedder.calibration, degraded, truth, gallery).verdict
    return Row(row.person, row.quality, row.parts, row.like, verdict.kind is VerdictKind.REFUSED)


def gallery_row(case: GalleryCase, judge: DlibJudge, embedder: SFaceEmbedder) -> Row:
    face = RestoreInput(as_photo(case.degraded), (as_photo(case.reference),))
    found = {name: _candidate(f"{name} 1 1", pixels) for name, pixels in case.results.items()}
    found |= {f"{a} + {b}": found[a].with_other(found[b]) for a, b in combinations(found, 2)}
    return _row(case.benchmark, face, found, case.truth, judge, embedder)


def _candidate(name: str, pixels: RgbU8) -> Candidate:
    restorer, references, strength = name.split()
    made = MADE_BY(restorer=restorer, weights_sha256="", strength=float(strength), references=int(references))
    return Candidate(pixels, (made,), lambda quality: 0.0)


def _row(
    person: str,
    face: RestoreInput,
    found: dict[str, Candidate],
    truth: RgbU8,
    judge: DlibJudge,
    embedder: SFaceEmbedder,
) -> Row:
    found = {INPUT: _candidate("input 0 0", face.degraded.pixels), **found, TRUTH: _candidate("truth 0 1", truth)}
    comparison = Comparison(face, embedder)
    measured = list(comparison.measured(list(found.values())).values())
    looks = judge.describe([c.pixels for c in found.values()])
    usual = max(comparison.usual, LEAST_USUAL)
    parts = {n: ((m.evidence or 0) / usual, m.consistency, m.sharpness) for n, m in zip(found, measured, strict=True)}
    return Row(person, comparison.quality, parts, dict(zip(found, map(float, looks @ looks[-1]), strict=True)))


def kept(path: Path, make: Callable[[], Row]) -> Row:
    """A row out of its file, or made and written there."""
    if not path.is_file():
        row = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([row.person, row.quality, row.parts, row.like, row.refused]))
    return Row(*json.loads(path.read_text()))


def choices(row: Row) -> list[str]:
    return [name for name in row.like if name not in (INPUT, TRUTH)]


def chosen(row: Row, weights: Weights | None, expected: Sequence[ExpectedLikeness | None]) -> str:
    found = {}
    for name in choices(row):
        evidence, consistency, sharpness = row.parts[name]
        made = [part.split() for part in name.split(" + ")]
        hope = [e.at(row.quality, MEMBERS[i][1]) * s for i, s in _members(made) if (e := expected[i]) is not None]
        found[name] = Measured(
            sum(hope) / max(len(made), 1), evidence * LEAST_USUAL, consistency, sharpness, blend=len(made) > 1
        )
    return ranked(found, LEAST_USUAL, *([] if weights is None else [weights]))[0]


def _members(made: Iterable[Sequence[str]]) -> list[tuple[int, float]]:
    """Which of MEMBERS with what strength; none for the methods of the gallery."""
    return [(MEMBERS.index((m[0], int(m[1]))), float(m[2])) for m in made if len(m) == 3]


def fit(rows: Sequence[Row]) -> tuple[Weights, list[ExpectedLikeness]]:
    inputs, target = [], []
    for row in rows:
        names = [INPUT, *choices(row)]
        values = []
        for name in names:
            made = [] if name == INPUT else [part.split() for part in name.split(" + ")]
            hope = np.zeros((2, len(MEMBERS)))
            for i, strength in _members(made):
                hope[:, i] += np.array([row.quality, 1 - row.quality]) * strength / len(made)
            evidence, consistency, sharpness = row.parts[name]
            values.append(
                [*hope.ravel(), np.clip(evidence, -1, 1), min(consistency, EXPLAINED), sharpness, len(made) > 1]
            )
        x, y = np.array(values, np.float64), np.array([row.like[n] for n in names])
        inputs.append(x - x.mean(0))
        target.append(y - y.mean())
    ridge = 0.1 * np.eye(inputs[0].shape[1])  # a few hundred differences: what they do not say stays near zero
    found = lsq_linear(
        np.vstack([*inputs, ridge]),
        np.concatenate([*target, np.zeros(len(ridge))]),
        bounds=([-np.inf] * 2 * len(MEMBERS) + [0] * 4, np.inf),
    ).x
    n = len(MEMBERS)
    clear, ruined, (likeness, consistency, sharpness, blend) = found[:n], found[n : 2 * n], found[2 * n :]
    expected = [ExpectedLikeness((float(c),), (float(r),)) for c, r in zip(clear, ruined, strict=True)]
    return Weights(float(likeness), float(consistency), float(sharpness), float(blend)), expected


def is_fitted_on(person: str) -> bool:
    return hashlib.sha1(person.encode(), usedforsecurity=False).digest()[1] % 2 == 0


def report(title: str, rows: Sequence[Row], picks: Sequence[str]) -> None:
    common = [n for n in rows[0].like if n != TRUTH and all(n in r.like for r in rows)]
    fixed = {n: np.array([r.like[n] for r in rows]) for n in common}
    got = np.array([r.like[n] for r, n in zip(rows, picks, strict=True)])
    print(f"\n{title}: {len(rows)} faces\n\n| choice | likeness to the truth |\n|---|---|")
    for name in sorted(fixed, key=lambda n: -float(fixed[n].mean())):
        print(f"| {name} | {fixed[name].mean():.3f} |")
    best = max((n for n in common if n != INPUT), key=lambda n: float(fixed[n].mean()))
    apart, single = got - fixed[best], [n for n in common if " + " not in n]
    error = apart.std() / np.sqrt(len(apart))
    print(f"| **chosen** | **{got.mean():.3f}** |")
    print(f"| hindsight | {np.mean([max(r.like[n] for n in choices(r)) for r in rows]):.3f} |\n")
    print(f"over the best fixed choice ({best}): {apart.mean():+.4f}, standard error {error:.4f}")
    one = max((n for n in single if n != INPUT), key=lambda n: float(fixed[n].mean()))
    print(f"over the best fixed restorer ({one}): {(got - fixed[one]).mean():+.4f}")
    print("chosen:", ", ".join(f"{picks.count(n)} x {n}" for n in sorted(set(picks), key=lambda n: -picks.count(n))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--real-esrgan", type=Path, metavar="FILES")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    judge, embedder = DlibJudge(), SFaceEmbedder(threads=1)
    cache: Path = arguments.cache
    rows = [
        kept(cache / "measured" / f"{case.name}.json", partial(measured_row, case, judge, embedder))
        for case in choice_cases(arguments.people, cache, arguments.real_esrgan)
    ]
    weights, expected = fit([r for r in rows if is_fitted_on(r.person)])
    print("fitted:", weights)
    for member, likeness in zip(MEMBERS, expected, strict=True):
        print(
            f"  {member[0]}, {member[1]} references: clear {likeness.clear[0]:+.3f}, ruined {likeness.ruined[0]:+.3f}"
        )
    shipped = [NANO_LIKENESS, NANO_LIKENESS, WAIFU2X_LIKENESS, REAL_ESRGAN_LIKENESS]
    for title, here in (
        ("people of the fit", [r for r in rows if is_fitted_on(r.person)]),
        ("other people", [r for r in rows if not is_fitted_on(r.person)]),
    ):
        report(title, here, [chosen(r, None, shipped) for r in here])
    print(f"\ntruths that the identity check refuses: {sum(r.refused for r in rows)} of {len(rows)}")
    cases = read_gallery(SHARED / "paper_gallery")
    found = [kept(cache / "gallery" / f"{c.name}.json", partial(gallery_row, c, judge, embedder)) for c in cases]
    report("the paper's gallery", found, [chosen(r, None, shipped) for r in found])


if __name__ == "__main__":
    main()
