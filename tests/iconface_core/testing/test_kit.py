"""The conformance kit passes what keeps the promises, and names the promise that is not kept."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iconface_core.extensions.backends import BackendContext, MeasuredGain, RestorerSpec
from iconface_core.fakes import FakeDetector, FakeRestorer
from iconface_core.models.files import Backend
from iconface_core.testing import ConformanceError, check_detector, check_embedder, check_restorer, check_spec
from iconface_core.types import AlignedFace, BBox, EmbedderId, FaceEmbedding

PHOTO = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)


class BrokenRestorer(FakeRestorer):
    """Keeps its promises but for one."""

    def __init__(self, spoil: Callable[..., Any]) -> None:
        self.spoil = spoil

    def restore(self, face, options, *, on_step=None):
        return self.spoil(super().restore(face, options, on_step=on_step), face)


def _writes(out, face):
    face.degraded.pixels[0, 0] = 0
    return out


SPOILT = {
    "must be uint8": lambda out, face: replace(out, pixels=out.pixels.astype(np.float32)),
    "must have the shape": lambda out, face: replace(out, pixels=out.pixels[:256]),
    "pixels of its own": lambda out, face: replace(out, pixels=face.degraded.pixels),
    "RestoredFace.restorer must be": lambda out, face: replace(out, restorer="another"),
    "the same pixels": lambda out, face: replace(
        out, pixels=np.random.default_rng().integers(0, 256, out.pixels.shape, np.uint8)
    ),
    "strength 0": lambda out, face: replace(out, pixels=255 - out.pixels),
    "options": lambda out, face: replace(out, options=replace(out.options, seed=7)),
}


def test_what_keeps_its_promises_passes():
    check_restorer(FakeRestorer())
    check_detector(FakeDetector(), PHOTO)


@pytest.mark.parametrize("promise", SPOILT)
def test_a_restorer_that_breaks_a_promise_is_told_which(promise: str):
    with pytest.raises(ConformanceError, match=promise):
        check_restorer(BrokenRestorer(SPOILT[promise]))


def test_a_restorer_that_writes_to_its_input_fails_where_it_does():
    with pytest.raises(ValueError, match="read-only"):
        check_restorer(BrokenRestorer(_writes))


def test_facts_batches_and_progress_are_looked_at():
    class Silent(FakeRestorer):
        def restore(self, face, options, *, on_step=None):
            return super().restore(face, options)

    class Deaf(FakeRestorer):
        def restore(self, face, options, *, on_step=None):
            if on_step is not None:
                with suppress(Exception):
                    on_step(1, 1)
            return super().restore(face, options)

    class Swaps(FakeRestorer):
        def restore_many(self, faces, options, *, on_step=None):
            return super().restore_many(faces, options, on_step=on_step)[::-1]

    broken = {"on_step must be called": Silent(), "come out of restore": Deaf(), "in order": Swaps()}
    for promise, restorer in broken.items():
        with pytest.raises(ConformanceError, match=promise):
            check_restorer(restorer)
    for fact, value in (("id", " "), ("max_references", -1), ("default_strength", 1.5), ("weights_sha256", "none")):
        restorer = FakeRestorer()
        setattr(restorer, fact, value)
        with pytest.raises(ConformanceError, match=fact):
            check_restorer(restorer)


class MeanEmbedder:
    """The crop itself, reduced, as a vector: enough to tell pictures apart."""

    id = EmbedderId("mean-48")
    dim = 48

    def __init__(self, **spoilt: Any) -> None:
        from iconface_core.calibration import Calibration

        self.calibration = Calibration(spoilt.pop("calibrated", self.id), 0, 1, 0, 1)
        self.spoilt = spoilt

    def embed(self, faces):
        if any(f.pixels.shape != (112, 112, 3) for f in faces) and not self.spoilt.get("any_size"):
            raise ValueError("ARCFACE_112 is wanted")
        return [self._one(f) for f in faces]

    def _one(self, face: AlignedFace) -> FaceEmbedding:
        import cv2

        small = cv2.resize(face.pixels, (4, 4), interpolation=cv2.INTER_AREA).reshape(-1).astype(np.float32)
        small -= small.mean()
        if self.spoilt.get("blind"):
            small = np.arange(48, dtype=np.float32)
        norm = float(np.linalg.norm(small)) or 1.0
        vector = small / np.float32(norm) * np.float32(self.spoilt.get("length", 1))
        if "nan" in self.spoilt:
            vector[0] = np.nan
        return FaceEmbedding(self.id, vector, self.spoilt.get("norm", norm))


def _crops() -> list[AlignedFace]:
    rng = np.random.default_rng(5)
    blocks = [np.kron(rng.integers(30, 200, (4, 4, 3), np.uint8), np.ones((28, 28, 1), np.uint8)) for _ in range(4)]
    return [AlignedFace(b, np.eye(2, 3, dtype=np.float32)) for b in blocks]


@pytest.mark.parametrize(
    ("promise", "spoilt"),
    [
        ("length 1", {"length": 2}),
        ("finite", {"nan": True}),
        ("norm must be above 0", {"norm": 0.0}),
        ("nearest to itself", {"blind": True}),
        ("refused", {"any_size": True}),
        ("calibration", {"calibrated": "another"}),
    ],
)
def test_an_embedder_that_breaks_a_promise_is_told_which(promise: str, spoilt: dict[str, Any]):
    check_embedder(MeanEmbedder(), _crops())
    with pytest.raises(ConformanceError, match=promise):
        check_embedder(MeanEmbedder(**spoilt), _crops())


def test_two_faces_are_too_few_to_compare():
    with pytest.raises(ValueError, match="three different people"):
        check_embedder(MeanEmbedder(), _crops()[:2])


@pytest.mark.parametrize(
    ("promise", "spoil"),
    [
        ("lie in its picture", lambda f: replace(f, bbox=BBox(-5, 0, f.bbox.x2, f.bbox.y2))),
        ("landmarks must be float32", lambda f: replace(f, landmarks=f.landmarks.astype(np.float64))),
        ("landmarks must be finite", lambda f: replace(f, landmarks=f.landmarks * np.float32(np.nan))),
        ("of the face in its box", lambda f: replace(f, landmarks=f.landmarks + np.float32(1000))),
        ("det_score", lambda f: replace(f, det_score=1.5)),
    ],
)
def test_a_detector_that_breaks_a_promise_is_told_which(promise: str, spoil: Callable[..., Any]):
    class Broken(FakeDetector):
        def detect(self, image):
            return [spoil(face) for face in super().detect(image)]

    with pytest.raises(ConformanceError, match=promise):
        check_detector(Broken(), PHOTO)


def test_a_detector_that_finds_nothing_proves_nothing():
    class Blind(FakeDetector):
        def detect(self, image):
            return []

    with pytest.raises(ConformanceError, match="no face was found"):
        check_detector(Blind(), PHOTO)


def test_a_spec_must_say_what_is_true(tmp_path: Path):
    part = Backend("fake-restorer", "restorer", "Fake", "MIT", None, ())
    true = RestorerSpec(
        id="fake-restorer", label="Fake", parts=(part,), load=lambda _: FakeRestorer(), takes_references=True
    )
    here = BackendContext(tmp_path)
    check_spec(true, here)
    for promise, spec in {
        "id must be": replace(true, id="another"),
        "takes_references": replace(true, takes_references=False),
        "weights_sha256": replace(true, weights_sha256=lambda _: "1" * 64),
        "must not promise less": replace(true, gain=MeasuredGain((0.2, 0.1), (1.0, 1.0))),
        "cannot run here: no luck": replace(true, why_not=lambda _: ["no luck"]),
        "of the role": replace(true, parts=(replace(part, role="detector"),)),
    }.items():
        with pytest.raises(ConformanceError, match=promise):
            check_spec(spec, here)
