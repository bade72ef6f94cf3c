"""Who else is in the photo: what hints bring and what they cost, on albums made by a rule from real faces.

    python -m benchmarks.company [--people 400] [--processes 2]

People of LFW are put into families of four. Every photo of a person of the gallery shows one more person: in 80 % of
the photos another of the family, in 20 % anybody; so does the photo of every probe, and that other person is known.
The other of a stranger's photo is anybody, whose family the hints then speak for. Faces, levels and people are those of
`benchmarks.identify`; each probe is asked about with and without hints.
"""

import argparse
import os

import numpy as np

from benchmarks.degradation_levels import LEVELS
from benchmarks.held_out import SEED, TWO_NAMES, Faces, faces_of, plan, tested
from benchmarks.identify import gallery_of, share
from iconface_core.company import Album, hints
from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.identify import IdentityKind, Probe, identify

FAMILY = 4
OWN_FAMILY = 0.8


def families(people: np.ndarray, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """Each person's family, themselves left out."""
    order = rng.permutation(people)
    groups = [order[i : i + FAMILY] for i in range(0, len(order), FAMILY)]
    return {int(p): group[group != p] for group in groups for p in group}


def companion(person: int, family: dict[int, np.ndarray], people: np.ndarray, rng: np.random.Generator) -> int:
    """Who else is in a photo of this person; anybody with a stranger."""
    others = family.get(person, np.zeros(0, np.int64))
    pool = others if len(others) and rng.random() < OWN_FAMILY else people[people != person]
    return int(rng.choice(pool))


def album_of(clean: Faces, family: dict[int, np.ndarray], people: np.ndarray, rng: np.random.Generator) -> Album:
    """Two rows per photo of the gallery: whose face it has, and who was with them."""
    beside = [companion(int(p), family, people, rng) for p in clean.person]
    photos = np.concatenate([clean.photo, clean.photo]).astype(np.int64)
    return Album(np.concatenate([clean.person, beside]).astype(np.int64), photos, np.zeros(len(photos), np.int64))


def report(faces: Faces, test: np.ndarray, strangers: np.ndarray, people: np.ndarray) -> None:
    """Named, wrong and strangers named, without and with hints."""
    rng = np.random.default_rng(SEED)
    family = families(people, rng)
    clean = faces.where((faces.level == "clean") & np.isin(faces.person, people))
    gallery, album = gallery_of(clean, CALIBRATION), album_of(clean, family, people, rng)
    print("| people | level | hints | asked | correct | wrong | unsure | strangers | named |")
    print("|---|---|---|---|---|---|---|---|---|")
    for level in LEVELS:
        probes = faces.where((faces.level == level) & test & np.isin(faces.person, [*people, *strangers]))
        known = np.isin(probes.person, people)
        rows = []
        for vector, norm, photo, person in zip(probes.vector, probes.norm, probes.photo, probes.person, strict=True):
            beside = companion(int(person), family, people, rng)
            probe = Probe(vector, float(CALIBRATION.quality(norm)), face_id=int(photo))
            said = {p: h.nats for p, h in hints(album, present=[beside], photo_id=int(photo)).items()}
            rows.append([identify(probe, gallery, CALIBRATION, hints=given) for given in ({}, said)])
        for way, results in zip(("no", "yes"), zip(*rows, strict=True), strict=True):
            named = np.array([-1 if r.person_id is None else r.person_id for r in results])
            right, unsure = named == probes.person, np.array([r.kind is IdentityKind.UNSURE for r in results])
            print(
                f"| {len(people)} | {level} | {way} | {known.sum()} | {share(right[known])} "
                f"| {share((~right & (named >= 0))[known])} | {share(unsure[known])} | {(~known).sum()} "
                f"| {share((named >= 0)[~known])} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, help="only so many people with several photos (default: all)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    photos, person, held_out, strangers = plan(options.people)
    faces, _ = faces_of(photos, person, held_out, options.processes)
    two_names = {i for i, p in zip(person, photos, strict=True) if p.parent.name in TWO_NAMES}
    faces = faces.where(~np.isin(faces.person, list(two_names)))
    test, outsiders = tested(person)[faces.person], np.array(sorted(strangers))
    everybody = np.setdiff1d(faces.person, outsiders)
    report(faces, test, outsiders, everybody)
    # few people: a look-alike has less to compete against, and everybody is somebody's family
    several = np.flatnonzero(np.bincount(faces.person[faces.level == "clean"]) >= 4)
    mine = np.random.default_rng(SEED).permutation(np.intersect1d(several, np.unique(faces.person[test])))
    for size in (8, 20, 48):
        report(faces, test, outsiders, mine[:size])


if __name__ == "__main__":
    main()
