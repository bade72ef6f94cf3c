"""The head that ships, and what a file that is none comes to."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from iconface_core.ages import AGES
from iconface_core.errors import WeightsError
from iconface_core.faces.age_head import AgeHead, read_age_head, write_age_head
from iconface_core.models.catalogue import AGE_FILE
from iconface_core.models.files import locate_verified


@pytest.fixture(scope="module")
def head() -> AgeHead:
    return read_age_head(locate_verified(AGE_FILE))


def unit(rng, n):
    v = rng.standard_normal((n, 128)).astype(np.float32)
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def test_ages_are_distributions_face_by_face(head: AgeHead):
    vectors = unit(np.random.default_rng(0), 20)
    together = head.distributions(vectors)
    assert together.shape == (20, len(AGES))
    assert np.allclose(together.sum(1), 1, atol=1e-5)
    assert (together >= 0).all()
    assert np.allclose(head.distributions(vectors[3:4]), together[3:4], atol=1e-5)
    assert [a.years for a in head.ages(vectors)][3] == head.ages(vectors[3:4])[0].years


def test_what_is_left_without_age_is_of_unit_length_and_nearer_for_faces_of_two_ages(head: AgeHead):
    child, adult = head.common[6], head.common[50]
    rest = unit(np.random.default_rng(1), 30)
    faces = [(v + rest) / np.linalg.norm(v + rest, axis=1, keepdims=True) for v in (child, adult)]
    plain = (faces[0] * faces[1]).sum(1)
    without = [head.without_age(f) for f in faces]
    assert np.allclose(np.linalg.norm(without[0], axis=1), 1, atol=1e-4)
    assert (without[0] * without[1]).sum(1).mean() > plain.mean()


def test_a_head_of_a_file_is_the_head_that_was_written(head: AgeHead, tmp_path):
    write_age_head(tmp_path / "a.safetensors", head, {"made_by": "a test"})
    vectors = unit(np.random.default_rng(2), 5)
    assert np.allclose(read_age_head(tmp_path / "a.safetensors").distributions(vectors), head.distributions(vectors))


def test_other_files_are_refused_with_their_path(head: AgeHead, tmp_path):
    broken, other, missing = (tmp_path / n for n in ("broken.safetensors", "other.safetensors", "missing.safetensors"))
    broken.write_bytes(b"no tensors")
    save_file({"hidden": np.zeros((2, 2), np.float32)}, other)
    for path in (broken, other, missing):
        with pytest.raises(WeightsError, match=path.name):
            read_age_head(path)
    with pytest.raises(WeightsError, match="output"):
        AgeHead(head.hidden, head.hidden_bias, head.output[:, :5], head.output_bias, head.common)
