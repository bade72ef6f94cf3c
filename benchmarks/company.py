"""Who else is in the photo: what hints bring and what they cost, on albums made by a rule from real faces.

    python -m benchmarks.company [--people 400] [--processes 2]

People of LFW are put into families of four. Every photo of a person of the gallery shows one more person: in 80 % of
the photos another of the family, in 20 % anybody; so does the photo of every probe, and that other person is known.
The other of a stranger's photo is anybody, whose family the hints then speak for. Faces, levels and people are those of
`benchmarks.identify`, seen through damage by the students that ship; each probe is asked about without hints and with
them.
"""

import argparse
import os

import numpy as np

from benchmarks.asking import Meaning, asked, gallery_of, seen_through, share
from benchmarks.degradation_levels import LEVELS
from benchmarks.held_out import SEED, TWO_NAMES, Faces, faces_of, plan, tested
from benchmarks.through_damage import Student
from iconface_core.calibration import Calibration
from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.faces.student_facts import TWIN_CALIBRATION, UNMEASURED
from iconface_core.faces.vectors import calibration_path, twin_calibration_path
from iconface_core.identity.company import Album, hints
from iconface_core.identity.identification import IdentifyPolicy, IdentityKind
from iconface_core.identity.identify import identify
from iconface_core.models.catalogue import STUDENT_FILE
from iconface_core.models.files import locate

FAMILY = 4
OWN_FAMILY = 0.8
MOST = (0.0, IdentifyPolicy().max_hint)
STRANGERS = 600  # of all levels and clean, asked about in each small gallery


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


def ask(
    faces: Faces, meaning: Meaning, people: np.ndarray, about: np.ndarray, rng: np.random.Generator
) -> dict[tuple[str, float], np.ndarray]:
    """By level and by the most nats that hints may add: rows of (of the gallery, right, named, unsure), one for each
    face of `about` (mask). The gallery is the clean photos of `people`."""
    family = families(people, rng)
    clean = faces.where((faces.level == "clean") & np.isin(faces.person, people))
    gallery, album = gallery_of(clean, meaning), album_of(clean, family, people, rng)
    told: dict[tuple[str, float], np.ndarray] = {}
    for level in LEVELS:
        probes = faces.where((faces.level == level) & about)
        rows: dict[float, list[tuple[bool, bool, bool, bool]]] = {most: [] for most in MOST}
        for i, (photo, person) in enumerate(zip(probes.photo, probes.person, strict=True)):
            beside = companion(int(person), family, people, rng)
            probe, calibration = asked(probes, i, meaning)
            found = hints(album, present=[beside], photo_id=int(photo))
            said = {p: h.nats for p, h in found.items()}
            for most in MOST:
                who = identify(probe, gallery, calibration, policy=IdentifyPolicy(max_hint=most), hints=said)
                named = who.person_id is not None
                unsure = who.kind is IdentityKind.UNSURE
                rows[most].append((int(person) in family, who.person_id == int(person), named, unsure))
        told |= {(level, most): np.array(r, bool).reshape(-1, 4) for most, r in rows.items()}
    return told


def report(people: int, told: dict[tuple[str, float], list[np.ndarray]]) -> None:
    for (level, most), parts in told.items():
        member, right, named, unsure = np.concatenate(parts).T
        wrong = named & ~right
        print(
            f"| {people} | {level} | {most} | {member.sum()} | {share(right[member])} | {share(wrong[member])} "
            f"| {share(unsure[member])} | {(~member).sum()} | {share(named[~member])} |",
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
    weights = locate(STUDENT_FILE)
    faces = seen_through(faces, photos, Student(weights), options.processes)
    faces = faces.where(~np.isin(faces.person, list(two_names)))
    meaning = Meaning(
        CALIBRATION,
        Calibration.read_or(calibration_path(weights), UNMEASURED),
        Calibration.read_or(twin_calibration_path(weights), TWIN_CALIBRATION),
    )
    rng = np.random.default_rng(SEED)
    print("| people | level | at most, nats | asked | correct | wrong | unsure | strangers | named |")
    print("|---|---|---|---|---|---|---|---|---|")
    everybody = np.setdiff1d(faces.person, sorted(strangers))
    told = ask(faces, meaning, everybody, tested(person)[faces.person], rng)
    report(len(everybody), {key: [rows] for key, rows in told.items()})
    # few people: a look-alike has less to compete against, and everybody is in somebody's family
    several = np.flatnonzero(np.bincount(faces.person[faces.level == "clean"]) >= 4)
    for size in (8, 20, 48):
        parts: dict[tuple[str, float], list[np.ndarray]] = {}
        for _ in range(200 // size):
            people = rng.choice(several, size, replace=False)
            about = np.isin(faces.person, people)
            about[rng.choice(np.flatnonzero(~about), STRANGERS, replace=False)] = True
            for key, rows in ask(faces, meaning, people, about, rng).items():
                parts.setdefault(key, []).append(rows)
        report(size, parts)


if __name__ == "__main__":
    main()
