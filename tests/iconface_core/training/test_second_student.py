"""A second student: taught by other embedders, with a head of its own, beside the first in one file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from iconface_core.errors import TrainConfigError, WeightsError
from iconface_core.faces.second_opinion import SecondOpinion
from iconface_core.faces.student_files import named, read_student, read_student_card, write_student
from iconface_core.models.catalogue import STUDENT_FILE
from iconface_core.models.files import locate, sha256_of
from iconface_core.training.data.draw import Draw
from iconface_core.training.data.shards import open_pack
from iconface_core.training.loop.start import TrainingPaths, train
from iconface_core.training.loop.train_config import TrainConfig
from iconface_core.training.recipes.student_net import Head, stem_and_student
from iconface_core.training.recipes.student_recipe import SecondTraining, StudentRecipe
from iconface_core.training.recipes.teachers import lessons
from iconface_core.types import AlignedFace
from tests.support.narrow import of_type, present
from tests.support.onnx_files import arcface
from tests.support.small_training import small_student_run

NUMBERS = 12


def teacher(path: Path, **layout: Any) -> Path:
    return arcface(path, NUMBERS, **layout)


def small(*teachers: Path, dim: int = 5) -> TrainConfig:
    return small_student_run("identify-second.toml", second=SecondTraining(tuple(map(str, teachers)), dim))


def test_lessons_are_the_main_directions_of_all_teachers_side_by_side(make_pack, tmp_path):
    pack = open_pack(make_pack(size=64), preload=True)
    one, two = teacher(tmp_path / "one.onnx"), teacher(tmp_path / "two.onnx", seed=1, at_once=1)
    taught = lessons(pack, [one, two], 5, tmp_path / "kept")
    assert taught.vectors.shape == (len(pack), 5)
    assert np.linalg.norm(taught.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert taught.basis.T @ taught.basis == pytest.approx(np.eye(5), abs=1e-3)
    everything = lessons(pack, [one, two], 2 * NUMBERS, tmp_path / "kept").vectors
    mean = (
        lessons(pack, [one], NUMBERS, tmp_path / "kept").vectors,
        lessons(pack, [two], NUMBERS, tmp_path / "kept").vectors,
    )
    together = (mean[0] @ mean[0].T + mean[1] @ mean[1].T) / 2
    assert everything @ everything.T == pytest.approx(together, abs=2e-3), (
        "no direction left out: the mean of likenesses"
    )
    alone = teacher(tmp_path / "alone.onnx", rows=1)
    assert (lessons(pack, [alone], NUMBERS, tmp_path / "kept").vectors == mean[0]).all(), "one face after the other"
    asked: list[str] = []
    again = lessons(pack, [one, two], 5, tmp_path / "kept", say=asked.append)
    assert (again.vectors == taught.vectors).all()
    assert asked == [], "nobody is asked twice"


def test_teachers_that_cannot_teach_are_refused(make_pack, tmp_path):
    pack = open_pack(make_pack(size=64), preload=True)
    one = teacher(tmp_path / "one.onnx")
    with pytest.raises(TrainConfigError, match=r"none\.onnx is not there"):
        lessons(pack, [tmp_path / "none.onnx"], 5, tmp_path)
    with pytest.raises(TrainConfigError, match="start from others"):
        lessons(pack, [one], 5, tmp_path, basis=np.eye(7, 5, dtype=np.float32))
    with pytest.raises(WeightsError, match="not faces in ArcFace's layout"):
        lessons(pack, [teacher(tmp_path / "large.onnx", side=224)], 5, tmp_path)
    with pytest.raises(WeightsError, match="cannot compute it"):
        lessons(pack, [teacher(tmp_path / "never.onnx", rows=3)], 5, tmp_path)
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(WeightsError, match="not an ONNX model"):
        lessons(pack, [tmp_path / "broken.onnx"], 5, tmp_path)
    with pytest.raises(ValueError, match="needs teachers"):
        SecondTraining(())


def test_its_head_is_the_same_in_onnxruntime_and_is_read_as_it_was_written(tmp_path):
    torch.manual_seed(3)
    stem, student = stem_and_student(8, 9)
    crop = torch.randint(0, 256, (1, 3, 112, 112), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    with torch.no_grad():
        for weights in of_type(Head, student.head).pool.parameters():
            weights.add_(0.01 * torch.randn(weights.shape))
    write_student(tmp_path / "both", named("second", student.tensors()), 8, {})
    stem_again, read = stem_and_student(8, 9)
    read.load(read_student(tmp_path / "both", part="second"))
    face = AlignedFace(crop[0].permute(1, 2, 0).numpy(), np.eye(2, 3, dtype=np.float32))
    found = present(SecondOpinion.of(tmp_path / "both")).look([face])
    with torch.no_grad():
        for given, net in ((stem, student), (stem_again, read)):
            said = [net(given.body((c.float() - 127.5) * 0.0078125))[0].numpy() for c in (crop, crop.flip(-1))]
            mean = sum(v / np.linalg.norm(v) for v in said)
            assert found == pytest.approx(mean / np.linalg.norm(mean), abs=2e-3), "weights are kept in fp16"


def test_it_trains_beside_the_first_stops_and_goes_on_bit_for_bit(make_pack, tmp_path):
    pack, config = make_pack(size=64), small(teacher(tmp_path / "one.onnx"), teacher(tmp_path / "two.onnx", seed=1))

    def places(name):
        return TrainingPaths([pack], tmp_path / name, tmp_path / "models", tmp_path / "backbone")

    told: list[str] = []
    assert train(config, places("whole"), say=told.append).finished
    assert any("one.onnx: asked about 0 of" in line for line in told)
    asked = iter([False, False, True])
    assert not train(config, places("parts"), stop=lambda: next(asked)).finished
    assert train(config, places("parts"), resume=True).finished
    files = [tmp_path / name / "weights" / "sface-damaged.safetensors" for name in ("whole", "parts")]
    one, two = (read_student(file, part="second") for file in files)
    assert all(np.array_equal(value, two[name]) for name, value in one.items())
    assert one["out.weight"].shape == (5, 1024)
    shipped = read_student(locate(STUDENT_FILE))
    kept = read_student(files[0])
    assert kept.keys() == shipped.keys()
    assert all(np.array_equal(value, kept[name]) for name, value in shipped.items()), "the first one is as it was"
    assert read_student(files[0], part="teachers")["basis"].shape == (2 * NUMBERS, 5)
    cards, before = read_student_card(files[0]), read_student_card(locate(STUDENT_FILE))
    assert cards["first"] == before["first"]
    assert cards["second"]["teachers"] == [sha256_of(tmp_path / f"{name}.onnx") for name in ("one", "two")]
    assert cards["second"]["licence"] == "research only"

    started = replace(places("next"), start=files[0])
    assert train(config, started, max_seconds=0.01).progress.step == 0
    after = read_student(tmp_path / "next" / "weights" / "sface-damaged.safetensors", part="second")
    assert after["out.weight"] == pytest.approx(one["out.weight"])
    first = small_student_run("identify-student.toml")
    assert train(first, replace(places("first"), start=files[0]), max_seconds=0.01).progress.step == 0
    left = read_student(tmp_path / "first" / "weights" / "sface-damaged.safetensors", part="second")
    assert all(np.array_equal(value, left[name]) for name, value in one.items()), "nor does the first one touch this"


def test_steps_towards_what_teachers_say_lower_the_loss(make_pack, tmp_path):
    pack = open_pack(make_pack(size=64), preload=True)
    training = small(teacher(tmp_path / "one.onnx")).student
    assert training is not None
    torch.manual_seed(0)
    taught = lessons(pack, [tmp_path / "one.onnx"], 5, tmp_path)
    recipe = StudentRecipe(training, pack, batch=4, device=torch.device("cpu"), lessons=taught)
    example = recipe.draw(Draw(1, 0), 0.0)
    optimizer = torch.optim.SGD([p for p in recipe.module.parameters() if p.requires_grad], lr=1e-2)
    before = recipe.losses(recipe.module, example)
    assert set(before) == {"loss", "cosine", "people", "likeness", "first", "strangers"}
    before["loss"].backward()
    optimizer.step()
    after = recipe.losses(recipe.module, example)
    assert after["loss"] < before["loss"]
    assert after["cosine"] < before["cosine"]
