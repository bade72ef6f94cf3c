"""BestRestorer keeps the promises of a restorer, and takes what the person's photos and the damaged face speak for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from insightface.data import get_image

from iconface_core.choosing.consistency import blended, consistency, sharpness
from iconface_core.choosing.restorer import BestRestorer, Member
from iconface_core.errors import UnusableOutputError
from iconface_core.extensions.backends import ExpectedLikeness
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.faces.yunet import YuNetDetector
from iconface_core.fakes import FakeRestorer
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.protocols import FaceRestorer
from iconface_core.reason_codes import CHOSEN, MADE_BY, OUTPUT_NOT_FINITE
from iconface_core.testing import check_restorer
from iconface_core.types import AlignedFace, RestoredFace, RestoreInput, RestoreOptions, RgbU8

BLIND = ExpectedLikeness().at


class Fixed(FakeRestorer):
    """Gives one picture, mixed with the face by the strength; it takes references."""

    max_references = 2

    def __init__(self, name: str, pixels: RgbU8) -> None:
        self.id, self._pixels = name, pixels

    def restore(self, face: RestoreInput, options: RestoreOptions, **_: object) -> RestoredFace:
        mixed = cv2.addWeighted(self._pixels, options.strength, face.degraded.pixels, 1 - options.strength, 0)
        return RestoredFace(mixed, self.id, options)


@pytest.fixture(scope="module")
def embedder() -> SFaceEmbedder:
    return SFaceEmbedder()


@pytest.fixture(scope="module")
def people() -> list[AlignedFace]:
    photo = np.ascontiguousarray(get_image("t1")[:, :, ::-1])
    faces = sorted(YuNetDetector().detect(photo), key=lambda f: f.bbox.x1)
    return [align_face(photo, f.landmarks, FFHQ_512) for f in faces]


def ruined(face: AlignedFace) -> AlignedFace:
    return AlignedFace(cv2.GaussianBlur(face.pixels, (0, 0), 12), face.from_photo)


def lent(one: FaceRestorer) -> Callable[[], AbstractContextManager[FaceRestorer]]:
    return lambda: nullcontext(one)


def best_of(members: dict[str, RgbU8], embedder: SFaceEmbedder) -> BestRestorer:
    made = [Fixed(name, pixels) for name, pixels in members.items()]
    return BestRestorer([Member(lent(one), BLIND) for one in made], lambda: nullcontext(embedder))


def ingredients(result: RestoredFace) -> list[str]:
    assert result.choice is not None
    assert result.choice.code == CHOSEN
    made_by: Any = result.choice.params["made_by"]
    assert all(made.code == MADE_BY for made in made_by)
    return [made.params["restorer"] for made in made_by]


def test_it_is_a_restorer(embedder):
    check_restorer(BestRestorer([Member(lent(FakeRestorer()), BLIND)], lambda: nullcontext(embedder)))


def test_the_person_wins_over_a_stranger_however_sharp(people, embedder):
    """The stranger is as sharp, and not hers."""
    truth, stranger = people[0], people[1]
    face = ruined(truth)
    asked = RestoreInput(face, (truth,))
    result = best_of({"stranger": stranger.pixels, "truth": truth.pixels}, embedder).restore(asked, RestoreOptions())
    assert ingredients(result) == ["truth"]


def test_without_references_it_is_what_explains_the_damaged_face(people, embedder):
    truth, stranger = people[2], people[3]
    face = ruined(truth)
    result = best_of({"a": stranger.pixels, "b": truth.pixels}, embedder).restore(RestoreInput(face), RestoreOptions())
    assert "a" not in ingredients(result)


def test_the_order_of_restorers_changes_nothing(people, embedder):
    face = ruined(people[0])
    members = {"a": people[0].pixels, "b": cv2.GaussianBlur(people[0].pixels, (0, 0), 3), "c": people[1].pixels}
    one, other = (
        best_of(dict(order), embedder).restore(RestoreInput(face), RestoreOptions())
        for order in (members.items(), reversed(members.items()))
    )
    assert np.array_equal(one.pixels, other.pixels)
    assert sorted(ingredients(one)) == sorted(ingredients(other))


def test_damage_explains_itself_and_the_truth_explains_it_better_than_a_stranger(people):
    for truth, stranger in pairwise(people):
        face = ruined(truth).pixels
        assert consistency(face, face) == 1
        assert consistency(truth.pixels, face) > consistency(stranger.pixels, face) + 0.1
        assert sharpness(truth.pixels) > sharpness(face)


def test_a_blend_of_one_picture_is_that_picture(people):
    assert np.array_equal(blended([people[0].pixels] * 2), people[0].pixels)


def test_a_member_whose_result_is_no_picture_is_left_out(people, embedder):
    class Broken(FakeRestorer):
        id = "broken"

        def restore_many(self, *_: object, **__: object) -> list[RestoredFace]:
            raise UnusableOutputError("broken: not finite", OUTPUT_NOT_FINITE(restorer="broken"))

    broken, good = Broken(), Fixed("good", people[0].pixels)
    members = [Member(lent(broken), BLIND), Member(lent(good), BLIND)]
    face = RestoreInput(ruined(people[0]))
    result = BestRestorer(members, lambda: nullcontext(embedder)).restore(face, RestoreOptions())
    assert ingredients(result) == ["good"]
    with pytest.raises(UnusableOutputError):
        BestRestorer(members[:1], lambda: nullcontext(embedder)).restore(face, RestoreOptions())


def test_there_must_be_a_restorer(embedder):
    with pytest.raises(ValueError, match="no restorer"):
        BestRestorer([], lambda: nullcontext(embedder))
