"""Who is it: degraded held-out photos against a gallery of real people, strangers included.

    python -m benchmarks.identify [--people 400] [--processes 2] [--fit] [--tune] [--write]
        [--damaged WEIGHTS | --embedder arcface-buffalo_s] [--second edgeface-s] [--model-dir DIR]

Every probe is a photo that is degraded, then detected, aligned and embedded like any photo. Its gallery holds the
*other* photos of everybody but the strangers. People are split in two halves: policies are tuned on one, and the tables
are measured on the other. Vectors are kept in `benchmarks/.cache`. `--damaged`: the same probes, those that are not
clear seen through the student as well, and compared with the damaged twins of the gallery's faces too (`--no-twins`:
with the faces as they are only). `--embedder`: an installed embedder in SFace's place, which looks at faces that are
not clear four times and makes its own twins. `--second`: with an installed second opinion instead of the second
student's. Nobody of the gallery or of the test may have been trained on: `python -m
benchmarks.held_out DIR` links the photos of LFW that are neither into DIR, for `train pack`.
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from benchmarks.asking import Meaning, gallery_of, seen_through
from benchmarks.degradation_levels import LEVELS
from benchmarks.held_out import TWO_NAMES, Faces, faces_of, free_for_training, plan, tested
from benchmarks.identify_tables import report_families, report_identity, report_references
from benchmarks.through_damage import EdgeFace, Installed, Seer, Student, plain_of
from iconface_core.calibration import Calibration
from iconface_core.faces.arcface_facts import looks_calibration, plain_calibration, twins_calibration, twins_measured_as
from iconface_core.faces.closer_look import look_id
from iconface_core.faces.damage_facts import CLEAR_QUALITY, STUDENTS, twin_share
from iconface_core.faces.sface_facts import CALIBRATION as SFACE
from iconface_core.faces.student_facts import TWIN_CALIBRATION, UNMEASURED
from iconface_core.faces.vectors import calibration_path, looks_calibration_path, twin_calibration_path
from iconface_core.identity.identification import PeopleGallery, Probe
from iconface_core.models.catalogue import EDGEFACE
from iconface_core.types import EmbedderId

CAUTION = 0.8
"""Nats taken off what is fitted for damaged faces: with half of it, galleries of 2 to 200 people named up to .9 % of
the strangers, and somebody wrongly (docs/benchmarks/identification.md)."""


def fit(probes: Faces, gallery: PeopleGallery, start: Calibration) -> Calibration:
    """Evidence of one pair for degraded probes against clean faces: logistic regression with the prior taken out. Of a
    gallery with twins, the faces that have one are what is fitted for."""
    quality, near = start.quality(probes.norm), start.similarity_at(0.0) / 2
    among = slice(None) if gallery.twins is None else gallery.twins.rows
    person_ids, face_ids, qualities = gallery.person_ids[among], gallery.face_ids[among], gallery.qualities[among]
    rows, same, weights, pairs = [], [], [], 0
    for i, (q, person, own) in enumerate(zip(quality, probes.person, probes.photo, strict=True)):
        probe = Probe(probes.vector[i], float(q), twin_share=twin_share(float(q)), worn=probes.worn[i])
        s = gallery.compare(probe, start)[0][among]
        is_same = (person_ids == person) & (face_ids != own)
        use = is_same | ((person_ids != person) & (s > near))  # the rest says "no" with any coefficients
        n = is_same.sum()
        rows.append(np.c_[np.minimum(q, qualities[use]), s[use]])
        same.append(is_same[use])
        weights.append(np.where(is_same[use], min(1.0, 5 / max(n, 1)), 1.0))  # nobody's album outweighs the others
        pairs += int((person_ids != person).sum())
    q, s = np.concatenate(rows).T
    y, w = np.concatenate(same).astype(float), np.concatenate(weights)
    x = np.c_[np.ones(len(q)), q, s, q * s]
    prior = np.log((w * y).sum() / pairs)

    def cost(beta: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ beta + prior
        return float((w * (np.logaddexp(0, z) - y * z)).sum()), x.T @ (w * (expit(z) - y))

    def curvature(beta: np.ndarray) -> np.ndarray:
        p = expit(x @ beta + prior)
        return np.asarray((x * (w * p * (1 - p))[:, None]).T @ x)

    first = np.array([start.bias, start.quality_bias, start.slope, start.quality_slope])
    beta = minimize(cost, first, jac=True, hess=curvature, method="trust-exact").x
    return Calibration(
        start.embedder, start.norm_low, start.norm_high, *(round(float(b), 2) for b in beta[[0, 2, 1, 3]])
    )


def _unfitted(seer: Seer, plain: Calibration, second: str, *, twins: bool) -> tuple[Calibration, Path]:
    """What to start from, and the file that what was fitted is kept in. `second`: a second opinion instead of the
    second student's, by name."""
    if isinstance(seer, Student):
        if twins:
            return TWIN_CALIBRATION, twin_calibration_path(seer.weights, second)
        return UNMEASURED, calibration_path(seer.weights)
    named = twins_measured_as(EmbedderId(seer.name), second or STUDENTS) if twins else look_id(seer.name)
    path = twin_calibration_path(seer.weights) if twins else looks_calibration_path(seer.weights)
    return replace(plain, embedder=named), path


def _fitted(seer: Seer, plain: Calibration, second: str, *, twins: bool) -> Calibration:
    """As the product takes it: from beside the weights, or what ships, or else what fitting would start from."""
    start, path = _unfitted(seer, plain, second, twins=twins)
    if isinstance(seer, Student):
        return Calibration.read_or(path, start)
    embedder = EmbedderId(seer.name)
    if twins:
        return twins_calibration(seer.weights, embedder, second or STUDENTS) or start
    return looks_calibration(seer.weights, embedder) or start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, help="only so many people with several photos (default: all)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--fit", action="store_true", help="fit the pair evidence on the other half of the people first"
    )
    parser.add_argument("--tune", action="store_true", help="also try policies on the other half of the people")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--damaged", type=Path, metavar="WEIGHTS", help="see faces that are not clear through a student")
    who.add_argument("--embedder", metavar="ID", help="an installed embedder of ArcFace's layout instead of SFace")
    parser.add_argument("--second", choices=[EDGEFACE.id], help="an installed second opinion on damaged faces")
    parser.add_argument("--model-dir", type=Path, metavar="DIR", help="the models folder of what is installed")
    parser.add_argument("--no-twins", action="store_true", help="compare damaged faces with faces as they are")
    parser.add_argument(
        "--write", action="store_true", help="with --fit: keep what was fitted of damaged faces beside the weights"
    )
    options = parser.parse_args()

    photos, person, held_out, strangers = plan(options.people)
    faces, missing = faces_of(photos, person, held_out, options.processes)
    print(f"{len(photos)} photos of {person.max() + 1} people; {len(held_out)} held-out photos at {len(LEVELS)} levels")
    plain = SFACE
    seer: Seer | None = None if options.damaged is None else Student(options.damaged)
    if options.model_dir is None and (options.embedder or options.second):
        parser.error(f"{options.embedder or options.second} does not ship: give --model-dir")
    name, second = options.second or "", None if options.second is None else EdgeFace(options.model_dir)
    if options.embedder is not None:
        seer = embedder = Installed(options.embedder, options.model_dir)
        plain = plain_calibration(embedder.weights, EmbedderId(embedder.name))
        vectors, norms = plain_of(faces, photos, embedder, options.processes)
        faces = replace(faces, vector=vectors, norm=norms)
    if seer is not None:
        faces = seen_through(faces, photos, seer, options.processes, plain, second)
    test = tested(person)[faces.person]
    trained = {p.parent.name for p in free_for_training()}  # with fewer --people some of them would be tested
    usable = np.isin(
        faces.person, [i for i, p in zip(person, photos, strict=True) if p.parent.name in trained], invert=True
    )
    two_names = {i for i, p in zip(person, photos, strict=True) if p.parent.name in TWO_NAMES}
    usable &= ~np.isin(faces.person, list(two_names)) | (faces.level == "clean")
    faces, test = faces.where(usable), test[usable]
    outsiders = np.array(sorted(strangers))
    meaning = Meaning(plain)
    if seer is not None:
        meaning = Meaning(
            plain, *(_fitted(seer, plain, name, twins=t) for t in ((False,) if options.no_twins else (False, True)))
        )
    if options.fit:
        gallery = gallery_of(faces.where((faces.level == "clean") & ~np.isin(faces.person, outsiders)), meaning)
        learn = faces.where(~test & (faces.level != "clean") & ~np.isin(faces.person, outsiders))
        if seer is None:
            meaning = Meaning(fit(learn, gallery, plain))
        else:
            through = plain.quality(learn.norm) < CLEAR_QUALITY
            start, path = _unfitted(seer, plain, name, twins=not options.no_twins)
            fitted = fit(learn.where(through), gallery, start)
            fitted = replace(fitted, bias=round(fitted.bias - CAUTION, 2))
            meaning = Meaning(plain, fitted) if options.no_twins else replace(meaning, twins=fitted)
            if options.write:
                fitted.write(path)
    print(f"not detected: {missing}; {meaning}\n")
    report_identity(faces, test, outsiders, meaning, options.tune)
    report_families(faces, meaning)
    report_references(faces, test, meaning.plain)


if __name__ == "__main__":
    main()
