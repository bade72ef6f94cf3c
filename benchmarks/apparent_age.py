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


def ages_by(heads: Sequence[AgeHead], crops: Sequence[RgbU8]) -> list[ApparentAge]:
    """Of FFHQ crops (S, S, 3), each told by the head at its place."""
    embedder, damaged = SFaceEmbedder(), DamagedSFace(locate(STUDENT_FILE))
    out = []
    for head, crop in zip(heads, crops, strict=True):
        landmarks = FFHQ_512.resized(crop.shape[0])
        seen = [align_face(crop, landmarks, view) for view in damaged.views]
        [guess] = damaged.embed([seen], embedder.embed(seen[:1]))
        out += head.ages(guess.face.vector[None])
    return out


def shipped_ages(crops: Sequence[RgbU8]) -> list[ApparentAge]:
    """By the head that ships: of people whom it was not taught."""
    return ages_by([read_age_head(locate(AGE_FILE))] * len(crops), crops)


def held_out_ages(names: Sequence[str], crops: Sequence[RgbU8]) -> list[ApparentAge]:
    """Of faces of `ages`, by file name: each by a head that was not taught this one."""
    ages, lag = faces_of("ages"), faces_of("lag")
    wide = held_out_heads(ages, lag)
    power = choose_power(by_fold(wide, ages), ages.ages)
    heads = [narrowed(head, power, ages.vectors) for head in wide]
    return ages_by([heads[first_byte(name) % FOLDS] for name in names], crops)
