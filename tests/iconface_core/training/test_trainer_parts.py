"""The trainer's parts: average, learning rate, batches ahead, curriculum, random numbers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.training.data.draw import Draw
from iconface_core.training.degradations.curriculum import CurriculumConfig, cover, draw_strengths
from iconface_core.training.degradations.degrader import DegradeRecipe
from iconface_core.training.loop.ahead import ahead
from iconface_core.training.loop.ema import WeightAverage
from iconface_core.training.loop.learning_rate import ScheduleConfig
from iconface_core.training.loop.train_log import TrainLog


@given(st.floats(0, 1), st.floats(0, 0.9), st.floats(0, 1), st.sampled_from(["cosine", "constant"]))
def test_the_rate_stays_between_nothing_and_all(progress, warmup, final, shape):
    schedule = ScheduleConfig(warmup=warmup, final=final, shape=shape)
    assert 0 < schedule.factor(progress) <= 1 + 1e-9


def test_the_cosine_rises_falls_and_ends_at_its_final_part():
    schedule = ScheduleConfig(total=100, warmup=0.1, final=0.05)
    factors = [schedule.factor(schedule.progress(n, 0.0)) for n in range(101)]
    assert factors[:11] == sorted(factors[:11])
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[10] == pytest.approx(1)
    assert factors[100] == pytest.approx(0.05)
    assert ScheduleConfig(by="seconds", total=10).progress(10**9, 5.0) == 0.5


def test_the_average_follows_slowly_and_gives_the_weights_back():
    weight = torch.nn.Parameter(torch.zeros(3))
    average = WeightAverage({"w": weight}, 0.9)
    with torch.no_grad():
        weight.fill_(1.0)
    for _ in range(200):
        average.update()
    assert 0.99 < average.tensors["w"][0] < 1
    with torch.no_grad():
        weight.fill_(7.0)
    average.update()
    with average.applied():
        assert torch.equal(weight, average.tensors["w"])
    assert torch.equal(weight, torch.full((3,), 7.0))


def test_without_decay_the_average_is_the_weights():
    weight = torch.nn.Parameter(torch.randn(3))
    average = WeightAverage({"w": weight}, 0.0)
    with torch.no_grad():
        weight.add_(1)
    average.update()
    assert torch.equal(average.tensors["w"], weight)


@settings(max_examples=20)
@given(st.integers(0, 5), st.integers(0, 4), st.integers(0, 9))
def test_batches_come_in_order_whatever_is_made_ahead(start, depth, count):
    with ahead(lambda i: i * i, start=start, depth=depth) as batches:
        assert [next(batches) for _ in range(count)] == [i * i for i in range(start, start + count)]


def test_an_error_in_a_batch_arrives_with_it():
    def make(index: int) -> int:
        if index == 2:
            raise ValueError("batch 2")
        return index

    with ahead(make, start=0, depth=2) as batches:
        assert [next(batches), next(batches)] == [0, 1]
        with pytest.raises(ValueError, match="batch 2"):
            next(batches)


@given(st.integers(0, 2**31), st.integers(0, 2**31), st.integers(0, 64))
def test_a_draw_is_its_own_seed(seed, index, rank):
    def numbers(draw: Draw, stream: str = "faces") -> list[float]:
        return torch.rand(2, generator=draw.generator(stream)).tolist()

    draw = Draw(seed, index, rank)
    assert numbers(draw) == numbers(Draw(seed, index, rank))
    others = (Draw(seed + 1, index, rank), Draw(seed, index + 1, rank), Draw(seed, index, rank + 1))
    assert all(numbers(draw) != numbers(other) for other in others)
    assert numbers(draw) != numbers(draw, "degrade")
    assert draw.shared("references") == Draw(seed, index, 0).shared("references")
    assert 0 <= draw.shared("references") < 1


def test_hopeless_faces_follow_the_curriculum_and_need_references():
    config = CurriculumConfig(hopeless=(1.0, 0.0), lowest=9.0)

    def strengths(progress):
        return draw_strengths(config, DegradeRecipe(), 400, torch.Generator().manual_seed(0), progress)

    assert strengths(0.0).min() >= 9
    usual = strengths(None)
    assert (usual < 9).float().mean() > 0.7
    assert torch.equal(strengths(1.0), usual)
    halfway = (strengths(0.5) >= 9).float().mean()
    assert 0.5 < halfway < 0.75


def test_covered_faces_lose_eyes_or_mouth_and_nothing_else():
    images = torch.rand(64, 3, 128, 128, generator=torch.Generator().manual_seed(0)) * 2 - 1
    before = images.clone()
    config = CurriculumConfig(masked=(0.5, 0.0))
    out, covered = cover(config, images, torch.Generator().manual_seed(1), 0.0)
    assert torch.equal(images, before)
    assert 0.3 < covered.float().mean() < 0.7
    changed = (out != images).flatten(1).any(1)
    assert torch.equal(changed, covered)
    rows = (out != images).any(dim=1)
    assert not rows[:, :40].any()
    assert not rows[:, 100:].any()
    assert not rows[:, :, :28].any()
    none, _ = cover(config, images, torch.Generator().manual_seed(1), 1.0)
    assert torch.equal(none, images)


def test_the_log_forgets_what_the_state_does_not_know(tmp_path):
    log = TrainLog(tmp_path, step=0)
    for step in (1, 2, 3):
        log.write({"step": step, "samples": step, "seconds": 0.1, "loss": 1.0 / step})
    log.close()
    with (tmp_path / "log.csv").open("a") as f:
        f.write("4,4")  # cut by a kill
    log = TrainLog(tmp_path, step=2)
    log.write({"step": 3, "samples": 3, "seconds": 0.2, "loss": 0.5, "new": 1.0})
    log.close()
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0].endswith(",new")
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    assert lines[3].endswith(",1")
