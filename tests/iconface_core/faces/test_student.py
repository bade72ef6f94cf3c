"""The student in SFace's graph: exactly the layout, and refused when it is not."""

from pathlib import Path

import numpy as np
import pytest

from iconface_core.errors import UnsupportedCheckpointError, WeightsError
from iconface_core.faces import damage_facts
from iconface_core.faces.damage_facts import SECOND, both_opinions, twin_share
from iconface_core.faces.second_opinion import SecondOpinion
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.faces.student import DamagedSFace
from iconface_core.faces.student_facts import STUDENT_ID, UNMEASURED, mixed
from iconface_core.faces.student_files import read_student, read_student_card, second_dim, write_student
from iconface_core.faces.wear import worn
from iconface_core.geometry import ARCFACE_112
from iconface_core.types import AlignedFace, EmbedderId, FaceEmbedding
from tests.support.narrow import present

LAST = {"26.weight": (1024, 1024, 1, 1), "26.bias": (1024,)}
HEAD = {"pool.weight": (1024, 1, 7, 7), "pool.bias": (1024,), "out.weight": (20, 1024), "out.bias": (20,)}
BOTH = {**LAST, **{f"second.{name}": shape for name, shape in (LAST | HEAD).items()}}


def faces(count: int = 2) -> list[AlignedFace]:
    """Smooth coloured squares."""
    small = np.random.default_rng(0).integers(0, 255, (count, 7, 7, 3), dtype=np.uint8)
    pixels = np.kron(small, np.ones((1, 16, 16, 1), np.uint8))
    return [AlignedFace(p, np.eye(2, 3, dtype=np.float32)) for p in pixels]


def random_student(path: Path, shapes: dict[str, tuple[int, ...]] = LAST) -> Path:
    rng = np.random.default_rng(1)
    tensors = {name: rng.normal(0, 0.03, shape).astype(np.float32) for name, shape in shapes.items()}
    write_student(path, tensors, 26, {"licence": "none"})
    return path


def test_a_random_student_answers_in_sfaces_space_and_is_mixed_with_it(tmp_path: Path):
    student = DamagedSFace(random_student(tmp_path / "s.safetensors"), batch=1)
    plain = SFaceEmbedder().embed(faces())
    views = [[face, face] for face in faces()]
    for p, g, b in zip(plain, map(student.look, views), student.embed(views, plain), strict=True):
        assert g.embedder == b.face.embedder == STUDENT_ID
        assert b.face.vector.shape == (128,)
        assert np.linalg.norm(b.face.vector) == pytest.approx(1, abs=1e-5)
        assert np.abs(p.vector - g.vector).max() > 0.01
        assert b.face.vector == pytest.approx(mixed(p, g).vector)
        assert b.face.norm == mixed(p, g).norm
        assert (b.worn == b.face.vector).all(), "without a second student twins lie in SFace's space"
    assert student.embed([], []) == []
    with pytest.raises(ValueError, match="2 faces, but 1"):
        student.embed(views, plain[:1])


def test_a_face_and_its_mirror_image_are_one_person(tmp_path: Path):
    student = DamagedSFace(random_student(tmp_path / "s.safetensors"))
    [face] = faces(1)
    turned = AlignedFace(np.ascontiguousarray(face.pixels[:, ::-1]), face.from_photo)
    assert student.look([face]).vector == pytest.approx(student.look([turned]).vector, abs=1e-5)


def test_the_wider_view_shows_more_around_the_same_middle():
    near, wide = damage_facts.VIEWS
    assert near is ARCFACE_112
    assert wide.points.mean(0) == pytest.approx(near.points.mean(0), abs=1e-3)
    assert np.ptp(near.points, axis=0) == pytest.approx(1.08 * np.ptp(wide.points, axis=0), rel=1e-4)


def test_a_clear_face_is_what_sface_says_it_is():
    def embedding(norm: float, axis: int) -> FaceEmbedding:
        return FaceEmbedding(EmbedderId("any"), np.eye(128, dtype=np.float32)[axis], norm)

    shares = [mixed(embedding(norm, 0), embedding(8.0, 1)).vector[1] for norm in np.linspace(4, 16, 13)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.5
    assert shares[-1] == 0
    assert UNMEASURED.embedder == STUDENT_ID


def test_a_twin_is_what_is_said_of_the_worn_face(tmp_path: Path):
    student = DamagedSFace(random_student(tmp_path / "s.safetensors"))
    for face, twin in zip(faces(), student.twins(faces()), strict=True):
        guess = student.look([worn(face)])
        assert (twin.vector == guess.vector).all()
        assert (twin.embedder, twin.norm) == (student.twins_id, guess.norm)
        assert np.linalg.norm(twin.vector) == pytest.approx(1, abs=1e-5)
    assert student.twins([]) == []
    other = random_student(tmp_path / "other.safetensors", {**LAST, "25.weight": (1024, 1, 3, 3), "25.bias": (1024,)})
    assert DamagedSFace(other).twins_id != student.twins_id, "twins of other weights are not compared with"


def test_a_second_student_is_heard_where_twins_are_compared_and_nowhere_else(tmp_path: Path):
    path = random_student(tmp_path / "both.safetensors", BOTH)
    both, second = DamagedSFace(path), present(SecondOpinion.of(path))
    alone = DamagedSFace(random_student(tmp_path / "s.safetensors"))
    assert (second_dim(path), second_dim(tmp_path / "s.safetensors")) == (20, 0)
    plain, views = SFaceEmbedder().embed(faces()), [[face, face] for face in faces()]
    for crops, one, guess in zip(views, alone.embed(views, plain), both.embed(views, plain), strict=True):
        said = second.look(crops)
        assert np.linalg.norm(said) == pytest.approx(1, abs=1e-5)
        assert (guess.face.vector == one.face.vector).all(), "the gallery is compared with the first one's"
        assert guess.worn == pytest.approx(both_opinions(one.face.vector, said))
    for face, twin, first in zip(faces(), both.twins(faces()), alone.twins(faces()), strict=True):
        assert twin.vector == pytest.approx(both_opinions(first.vector, second.twin(face, worn(face))))
        assert twin.norm == first.norm
        assert twin.vector.shape == (148,)
    assert SecondOpinion.of(tmp_path / "s.safetensors") is None


def test_both_opinions_are_heard_by_their_share():
    rng = np.random.default_rng(3)
    ones, others = (
        v / np.linalg.norm(v, axis=1, keepdims=True) for v in (rng.normal(size=(2, 9)), rng.normal(size=(2, 5)))
    )
    a, b = (both_opinions(one, other) for one, other in zip(ones, others, strict=True))
    assert a @ b == pytest.approx((1 - SECOND) * ones[0] @ ones[1] + SECOND * others[0] @ others[1], abs=1e-6)
    assert np.linalg.norm(a) == pytest.approx(1, abs=1e-6)
    assert 0 < SECOND < 1


def test_the_clearer_a_face_is_the_less_it_is_compared_with_twins():
    shares = [twin_share(quality) for quality in np.linspace(0, 1, 21)]
    assert shares == sorted(shares, reverse=True)
    assert 0.3 < shares[0] < 1
    assert shares[-3:] == [0, 0, 0], "clear"


def test_what_is_written_is_read_and_what_does_not_fit_is_refused(tmp_path: Path):
    path = random_student(tmp_path / "s.safetensors")
    assert {name: t.shape for name, t in read_student(path, 26).items()} == LAST
    assert read_student(path, part="second") == {}
    two = random_student(tmp_path / "two", BOTH)
    assert {name: t.shape for name, t in read_student(two).items()} == LAST
    assert {name: t.shape for name, t in read_student(two, part="second").items()} == LAST | HEAD
    two.unlink()
    assert read_student_card(path) == {"first": {"licence": "none"}}
    with pytest.raises(UnsupportedCheckpointError, match="begins at block 26, not 8"):
        read_student(path, 8)
    with pytest.raises(WeightsError, match="not there"):
        read_student(tmp_path / "none")
    with pytest.raises(UnsupportedCheckpointError, match="not a number"):
        write_student(path, {"26.bias": np.full(3, np.nan, np.float32)}, 26, {})
    assert read_student(path), "the file that was there is still whole"
    assert list(tmp_path.iterdir()) == [path]
    path.write_bytes(b"\0" * 100)
    with pytest.raises(WeightsError, match="not a safetensors file"):
        read_student(path)
    without = {name: shape for name, shape in BOTH.items() if name != "second.out.bias"}
    for shapes, message in (
        ({**LAST, "26.bias": (8,)}, "block 26"),
        ({**LAST, "27.bias": (8,)}, "27.bias"),
        ({**BOTH, "second.pool.weight": (1024, 1, 3, 3)}, "student's head"),
        (without, "student's head"),
    ):
        with pytest.raises(WeightsError, match=message):
            DamagedSFace(random_student(tmp_path / "other", shapes))
