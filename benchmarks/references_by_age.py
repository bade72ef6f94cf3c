"""What a reference of the same age is worth: children and adults of `lag`, restored by iconface-nano.

    python -m benchmarks.references_by_age [--faces 12] [--level severe]

A face of somebody with another photo of the same age and one of the other (child or adult) is damaged, taken for a crop
of 256 px, and restored with no reference, with the one of its own age, and with that of the other age. *likeness*: to
the truth, by the judge that nothing was trained with; ± is 1.96 standard errors of the difference to no reference.
Before that, without pixels, for every such person: how often the reference of the same age is chosen first when no
photo has a date, without and with apparent ages, by heads that never saw the person; and how often one of the other age
is refused.
"""

import argparse
from collections.abc import Sequence
from zlib import crc32

import cv2
import numpy as np

from benchmarks.age_faces import AgedFaces, faces_of
from benchmarks.ages import POWER, by_fold, held_out_heads, narrowed
from benchmarks.faces import SHARED, central_face, make_engine
from iconface_core.ages import ApparentAge
from iconface_core.evaluation.cases import degraded
from iconface_core.evaluation.judge import DlibJudge
from iconface_core.evaluation.methods import as_photo
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.identity.references import DegradedFace, ReferenceCandidate, Refusal, select_references
from iconface_core.images.read import read_photo
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate
from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.types import RestoreInput, RestoreOptions, RgbU8

SIDE = 256


def triples(lag: AgedFaces) -> list[tuple[int, int, int]]:
    """Rows of a face, one of the same age, one of the other; two of every person who has them, in an order by name."""
    out = []
    for person in sorted(set(lag.people), key=lambda p: crc32(p.encode())):
        rows = np.flatnonzero(lag.people == person)
        groups = rows[lag.young[rows]].tolist(), rows[~lag.young[rows]].tolist()
        for own, other in (groups, groups[::-1]):
            if len(own) > 1 and other:
                out.append((own[0], own[1], other[0]))
    return out


def chosen_first(lag: AgedFaces, asked: Sequence[tuple[int, int, int]], ages: Sequence[ApparentAge] | None) -> str:
    first, refused = 0.0, 0
    for face, *others in asked:
        pool = [
            ReferenceCandidate(
                i, i, str(i), lag.vectors[i], 0.8, 0.95, 100.0, ARCFACE_112.points, confirmed=True,
                age=None if ages is None else ages[i],
            )
            for i in others
        ]  # fmt: skip
        own = None if ages is None else ages[face]
        choice = select_references(DegradedFace(ARCFACE_112.points, "", age=own), pool, CALIBRATION, limit=2)
        scores = {c.face_id: c.score for c in choice.chosen}
        # A tie is no choice: it counts half.
        same, other = (scores.get(i, 0.0) for i in others)
        first += (same > other) + (same == other) / 2
        refused += any(r.refusal is Refusal.OTHER_AGE and r.face_id == others[1] for r in choice.refused)
    return f"{100 * first / len(asked):.0f} % | {100 * refused / len(asked):.0f} %"


def crops(lag: AgedFaces, rows: Sequence[int]) -> list[RgbU8]:
    engine, out = make_engine("sface-2021dec"), []
    for row in rows:
        pixels = read_photo(SHARED / str(lag.names[row])).pixels
        face = central_face(engine.detector.detect(pixels), pixels)
        assert face is not None, "looked for in photos in which it was found"
        out.append(cv2.resize(align_face(pixels, face.landmarks, FFHQ_512).pixels, (SIDE, SIDE)))
    return out


def restore(lag: AgedFaces, some: Sequence[tuple[int, int, int]], level: str) -> None:
    truths, same, other = (crops(lag, [t[i] for t in some]) for i in range(3))
    inputs = degraded(truths, level, [crc32(str(lag.names[t[0]]).encode()) for t in some])
    restorer, judge = NanoRestorer(locate(NANO_FILE), embedder=SFaceEmbedder, threads=1), DlibJudge()
    known = judge.describe(truths)

    def likeness(pictures: Sequence[RgbU8]) -> np.ndarray:
        return (judge.describe(pictures) * known).sum(1)

    def restored(references: Sequence[Sequence[RgbU8]]) -> list[RgbU8]:
        faces = [RestoreInput(as_photo(i), tuple(map(as_photo, r))) for i, r in zip(inputs, references, strict=True)]
        made = restorer.restore_many(faces, RestoreOptions())
        return [cv2.resize(m.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for m in made]

    made = {"input": likeness(inputs), "no reference": likeness(restored([()] * len(some)))}
    made |= {
        "same age": likeness(restored([(r,) for r in same])),
        "other age": likeness(restored([(r,) for r in other])),
    }
    print(f"{len(some)} faces, {level}\n\n| | likeness | over no reference |\n|---|---|---|")
    for name, values in made.items():
        more = values - made["no reference"]
        print(f"| {name} | {values.mean():.3f} | {more.mean():+.3f} ± {1.96 * more.std() / len(more) ** 0.5:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=12)
    parser.add_argument("--level", default="severe")
    options = parser.parse_args()
    lag = faces_of("lag")
    asked = triples(lag)
    heads = [narrowed(head, POWER, lag.vectors) for head in held_out_heads(faces_of("ages"), lag)]
    ages = [ApparentAge(p) for p in by_fold(heads, lag)]
    print(f"{len(asked)} faces\n\n| | same age first | other age refused |\n|---|---|---|")
    print(f"| without ages | {chosen_first(lag, asked, None)} |\n| with ages | {chosen_first(lag, asked, ages)} |\n")

    restore(lag, asked[: options.faces], options.level)


if __name__ == "__main__":
    main()
