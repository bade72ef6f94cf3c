"""The student begins as SFace, learns by the one loop every recipe has, and runs in onnxruntime as it does in torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.faces.student import DamagedSFace
from iconface_core.faces.student_files import read_student, write_student
from iconface_core.training.data.draw import Draw
from iconface_core.training.data.shards import open_pack
from iconface_core.training.loop.start import TrainingPaths, train
from iconface_core.training.recipes.student_net import stem_and_student
from iconface_core.training.recipes.student_recipe import (
    Misalignment,
    StudentRecipe,
    StudentTraining,
    everybody,
    misaligned,
)
from iconface_core.types import AlignedFace
from tests.support.small_training import small_student_run


def small(precision="float32"):
    return small_student_run("identify-student.toml", precision=precision, first=24)


def test_it_begins_as_exactly_sface_and_is_the_same_in_onnxruntime(tmp_path):
    stem, student = stem_and_student(24)
    crop = torch.randint(0, 256, (1, 3, 112, 112), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    seen = stem.body((crop.float() - 127.5) * 0.0078125)
    face = AlignedFace(crop[0].permute(1, 2, 0).numpy(), np.eye(2, 3, dtype=np.float32))
    (sface,) = SFaceEmbedder().embed([face])
    with torch.no_grad():
        assert student(seen)[0].numpy() == pytest.approx(sface.vector * sface.norm, abs=1e-4)
        for tensor in student.tensors().values():
            tensor += 0.02 * np.random.default_rng(2).standard_normal(tensor.shape, np.float32)
            tensor[:] = tensor.astype(np.float16)
        write_student(tmp_path / "changed", student.tensors(), 24, {})
        guess = DamagedSFace(tmp_path / "changed").look([face])
        changed = student(seen)[0].numpy()
        mirrored = student(stem.body((crop.flip(-1).float() - 127.5) * 0.0078125))[0].numpy()
    mean = sum(v / np.linalg.norm(v) for v in (changed, mirrored))
    assert guess.vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)
    assert guess.norm == pytest.approx((np.linalg.norm(changed) + np.linalg.norm(mirrored)) / 2, abs=1e-4)
    assert changed != pytest.approx(sface.vector * sface.norm, abs=0.1)
    assert not any(p.requires_grad for p in student.head.parameters())
    assert not student.train().training, "statistics stay those of the clean faces"
    with pytest.raises(ValueError, match=r"blocks 0\.\.26"):
        stem_and_student(27)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_trains_stops_and_goes_on_bit_for_bit(make_pack, tmp_path, precision):
    pack, config = make_pack(size=64), small(precision)

    def places(name):
        return TrainingPaths([pack], tmp_path / name, tmp_path / "models", tmp_path / "backbone")

    assert train(config, places("whole")).finished
    asked = iter([False, False, True])
    assert not train(config, places("parts"), stop=lambda: next(asked)).finished
    assert train(config, places("parts"), resume=True).finished
    one, two = (read_student(tmp_path / name / "weights" / "sface-damaged.safetensors") for name in ("whole", "parts"))
    assert one.keys() == {f"{block}.{kind}" for block in (24, 25, 26) for kind in ("weight", "bias")}
    assert all(np.array_equal(value, two[name]) for name, value in one.items())
    started = replace(places("next"), start=tmp_path / "whole" / "weights" / "sface-damaged.safetensors")
    assert train(config, started, max_seconds=0.01).progress.step == 0
    first = read_student(tmp_path / "next" / "weights" / "sface-damaged.safetensors")
    assert all(np.array_equal(value, first[name]) for name, value in one.items())


def test_steps_towards_the_clean_vectors_lower_the_loss(make_pack):
    training = small().student
    assert training is not None
    recipe = StudentRecipe(training, open_pack(make_pack(size=64), preload=True), batch=4, device=torch.device("cpu"))
    example = recipe.draw(Draw(1, 0), 0.0)
    optimizer = torch.optim.SGD([p for p in recipe.module.parameters() if p.requires_grad], lr=1e-2)
    before = recipe.losses(recipe.module, example)
    before["loss"].backward()
    optimizer.step()
    after = recipe.losses(recipe.module, example)
    assert after["loss"] < before["loss"]
    assert after["cosine"] < before["cosine"]
    assert 0 <= after["first"] <= 1


def test_nobody_of_validation_is_a_negative(make_pack):
    pack = open_pack(make_pack(people=20))
    people, row = everybody(pack, pack.vectors)
    validation = set(pack.identities[pack.faces("validation")].tolist())
    assert validation
    assert len(people) == 20 - len(validation)
    assert {i for i, r in enumerate(row.tolist()) if r < 0} == validation
    torch.testing.assert_close(people.norm(dim=1), torch.ones(len(people)))


def test_the_more_damaged_the_worse_the_landmarks():
    strength = torch.tensor([0.0] + [4.0] * 200 + [16.0] * 200)
    moved = misaligned(Misalignment(), strength, torch.Generator().manual_seed(0))
    same = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    torch.testing.assert_close(moved[0], same)
    weak, strong = ((m - same).square().mean().sqrt() for m in (moved[1:201], moved[201:]))
    assert float(strong / weak) == pytest.approx(4, rel=0.2)


def test_references_make_no_sense_here():
    with pytest.raises(ValueError, match="one face at a time"):
        StudentTraining(faces=replace(StudentTraining().faces, references=(0.5, 0.5)))
