"""The faces of `benchmarks.identify` as identification is asked about them: compared with what, and by what."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.held_out import Faces
from benchmarks.through_damage import EdgeFace, Seer, Student, guesses_of, second_of, worn_of
from iconface_core.calibration import Calibration
from iconface_core.faces.damage_facts import CLEAR_QUALITY, TWIN_QUALITY, both_opinions, twin_share
from iconface_core.faces.sface_facts import CALIBRATION as SFACE
from iconface_core.faces.student_facts import STUDENT_ID, mixed
from iconface_core.identity.identification import Identification, IdentifyPolicy, PeopleGallery, Probe, Twins
from iconface_core.identity.identify import identify
from iconface_core.models.catalogue import STUDENT_FILE
from iconface_core.models.files import locate
from iconface_core.types import FaceEmbedding


@dataclass(frozen=True)
class Meaning:
    """What likeness means: `plain`: to faces that are clear; `damaged`: to those that are not, None where they are like
    others; `twins`: to those and a gallery's face with its damaged twin, None where there are none."""

    plain: Calibration
    damaged: Calibration | None = None
    twins: Calibration | None = None

    def of(self, norm: float) -> tuple[Calibration, float]:
        """And how much such a probe is compared with twins."""
        if self.damaged is None or self.plain.quality(norm) >= CLEAR_QUALITY:
            return self.plain, 0.0
        return self.damaged, 0.0 if self.twins is None else twin_share(float(self.damaged.quality(norm)))


def gallery_of(clean: Faces, meaning: Meaning) -> PeopleGallery:
    ids, person, quality = (
        clean.photo.astype(np.int64),
        clean.person.astype(np.int64),
        meaning.plain.quality(clean.norm),
    )
    twins = None
    if meaning.twins is not None:
        rows = np.flatnonzero(quality >= TWIN_QUALITY)
        twins = Twins(rows, clean.worn[rows], meaning.twins)
    return PeopleGallery(clean.vector, person, quality, ids, -1 - ids, np.zeros(len(ids), bool), twins)


def seen_through(
    faces: Faces,
    photos: list[Path],
    seer: Seer,
    processes: int,
    plain: Calibration = SFACE,
    second: EdgeFace | None = None,
) -> Faces:
    """The faces with the vectors that identification would use for the degraded ones, and with those that these and the
    twins of clean ones are compared by. `second`: whose opinion is heard on those, None: the second student's."""
    through = (faces.level != "clean") & (plain.quality(faces.norm) < CLEAR_QUALITY)
    guess, norm = guesses_of(faces, through, photos, seer, processes)
    vectors = faces.vector.copy()
    for i in np.flatnonzero(through):
        vectors[i] = guess[i]
        if isinstance(seer, Student):
            by_sface = FaceEmbedding(STUDENT_ID, faces.vector[i], float(faces.norm[i]))
            vectors[i] = mixed(by_sface, FaceEmbedding(STUDENT_ID, guess[i], float(norm[i]))).vector
    worn = np.where((faces.level == "clean")[:, None], worn_of(faces, photos, seer, processes), vectors)
    seconding = second or (seer if isinstance(seer, Student) else Student(locate(STUDENT_FILE)))
    others = second_of(faces, through, photos, seconding, processes)
    if others is not None:
        worn = np.array([both_opinions(one, two) for one, two in zip(worn, others, strict=True)])
    return replace(faces, vector=vectors, worn=worn)


def asked(face: Faces, i: int, meaning: Meaning) -> tuple[Probe, Calibration]:
    """A probe carries the face id of its own clean photo, so that the original is never evidence."""
    calibration, twins = meaning.of(float(face.norm[i]))
    quality = float(calibration.quality(face.norm[i]))
    probe = Probe(face.vector[i], quality, face_id=int(face.photo[i]), twin_share=twins, worn=face.worn[i])
    return probe, calibration


def run(probes: Faces, gallery: PeopleGallery, meaning: Meaning, policy: IdentifyPolicy) -> list[Identification]:
    both = (asked(probes, i, meaning) for i in range(len(probes.photo)))
    return [identify(probe, gallery, calibration, policy=policy) for probe, calibration in both]


def share(mask: np.ndarray) -> str:
    return f"{100 * mask.mean():.2f} %" if len(mask) else "-"
