"""How old damaged faces look, told as the product tells it: from what identification takes for the clean face."""

from collections.abc import Sequence

from benchmarks.age_faces import FOLDS, faces_of, first_byte
from benchmarks.ages import by_fold, choose_power, held_out_heads, narrowed
from iconface_core.ages import ApparentAge
from iconface_core.faces.age_head import AgeHead, read_age_head
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.faces.student import DamagedSFace
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.models.catalogue import AGE_FILE, STUDENT_FILE
from iconface_core.models.files import locate
from iconface_core.types import RgbU8


class AgeTeller:
    """`heads`: of each face the one that tells its age."""

    def __init__(self, heads: Sequence[AgeHead]) -> None:
        self._heads = heads
        self._embedder, self._damaged = SFaceEmbedder(), DamagedSFace(locate(STUDENT_FILE))

    def ages(self, crops: Sequence[RgbU8]) -> list[ApparentAge]:
        """Of FFHQ crops (S, S, 3), one of each face, in order."""
        out = []
        for head, crop in zip(self._heads, crops, strict=True):
            landmarks = FFHQ_512.resized(crop.shape[0])
            seen = [align_face(crop, landmarks, view) for view in self._damaged.views]
            [guess] = self._damaged.embed([seen], self._embedder.embed(seen[:1]))
            out += head.ages(guess.face.vector[None])
        return out


def by_the_shipped_head(faces: int) -> AgeTeller:
    """For so many faces of people whom it was not taught."""
    return AgeTeller([read_age_head(locate(AGE_FILE))] * faces)


def by_held_out_heads(names: Sequence[str]) -> AgeTeller:
    """For faces of `ages`, by file name: each is told by a head that was not taught this one."""
    ages, lag = faces_of("ages"), faces_of("lag")
    wide = held_out_heads(ages, lag)
    power = choose_power(by_fold(wide, ages), ages.ages)
    heads = [narrowed(head, power, ages.vectors) for head in wide]
    return AgeTeller([heads[first_byte(name) % FOLDS] for name in names])
