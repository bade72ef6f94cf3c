"""The loop: what is killed goes on bit for bit, what diverges stops, and everything is written down."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from safetensors.torch import load_file

from iconface_core.errors import DivergedError, PackError, TrainConfigError, TrainingError, WeightsError
from iconface_core.restorers.nano.checkpoint import load_nano
from iconface_core.restorers.nano.config import NanoConfig, TransformerConfig
from iconface_core.restorers.nano.transformer import TransformerNet
from iconface_core.training.data.draw import Draw
from iconface_core.training.loop.processes import Processes
from iconface_core.training.loop.start import TrainingPaths, train
from iconface_core.training.loop.state import load_state
from iconface_core.training.loop.train_config import TrainConfig, load_train_config
from iconface_core.training.loop.trainer import Trainer
from iconface_core.training.recipes.nano_recipe import NanoTraining
from tests.support.narrow import of_type, present

ROOT = Path(__file__).parents[3]
SMOKE = ROOT / "configs" / "smoke.toml"
WEIGHTS = "iconface-nano-smoke.safetensors"


@pytest.fixture
def places(make_pack, tmp_path):
    pack = make_pack()

    def make(name: str) -> TrainingPaths:
        return TrainingPaths([pack], tmp_path / name, tmp_path / "models", tmp_path / "backbone")

    return make


def smoke(**changes) -> TrainConfig:
    return replace(load_train_config(SMOKE), **changes)


def nano_of(config: TrainConfig) -> NanoTraining:
    return present(config.nano)


def states(folder: Path) -> list[dict[str, torch.Tensor]]:
    """The newest state of a run, file by file."""
    newest = max((folder / "state").glob("step-*"))
    return [load_file(newest / f"{part}.safetensors") for part in ("module", "average", "optimizer")]


def assert_same_bits(a: Path, b: Path) -> None:
    for ours, theirs in zip(states(a), states(b), strict=True):
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(value, theirs[key]) for key, value in ours.items())
    first, second = (load_file(run / "weights" / WEIGHTS) for run in (a, b))
    assert all(torch.equal(value, second[key]) for key, value in first.items())


def test_killed_and_resumed_equals_uninterrupted(places, tmp_path):
    """kill -9 while it trains and saves; then the weights are those of a run that was left alone."""
    whole, killed = places("whole"), places("killed")
    assert train(smoke(), whole).finished
    command = [sys.executable, "-m", "plugin", "--home", str(tmp_path / "home"), "--quiet", "train", "run", str(SMOKE)]
    command += ["--data", str(killed.data[0]), "--out", str(killed.out), "--resume"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        while not (killed.out / "state" / "step-00000004").exists():
            assert process.poll() is None, "it ended by itself"
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    state = load_state(killed.out / "state")
    assert state is not None
    assert 4 <= state.progress.step < 16
    assert train(smoke(), killed, resume=True).finished
    assert_same_bits(whole.out, killed.out)
    with (killed.out / "log.csv").open() as f:
        steps = [int(row["step"]) for row in csv.DictReader(f)]
    assert steps == sorted(set(steps)), "steps that the kill undid are logged once"
    assert steps[-1] == 16


def test_batches_made_ahead_are_the_same_batches(places):
    config = smoke(report=replace(smoke().report, save_seconds=1e9), schedule=replace(smoke().schedule, total=12))
    for name, depth in (("now", 0), ("ahead", 3)):
        train(replace(config, runtime=replace(config.runtime, prefetch=depth)), places(name))
    assert_same_bits(places("now").out, places("ahead").out)


def newest_first(run):
    return sorted((run / "state").glob("*/state.json"), reverse=True)


def test_a_stop_saves_and_the_next_session_finishes(places):
    calls = iter([False] * 3 + [True] * 99)
    config = smoke(schedule=replace(smoke().schedule, total=12))
    first = train(config, places("run"), stop=lambda: next(calls))
    assert first.reason == "asked"
    assert first.progress.step == 3
    [kept, *_] = (json.loads(f.read_text())["progress"]["seconds"] for f in newest_first(places("run").out))
    second = train(config, places("run"), resume=True, max_seconds=1e-9)
    assert (second.reason, second.progress.step) == ("time", 3), "no time, no step"
    third = train(config, places("run"), resume=True)
    assert third.finished
    assert third.progress.samples == 12
    assert third.progress.seconds > kept, "time adds up, but for what the last save took"
    again = train(config, places("run"), resume=True)
    assert again.progress.step == third.progress.step, "a finished run stays finished"


def test_a_schedule_by_seconds_ends_with_its_time(places):
    schedule = replace(smoke().schedule, by="seconds", total=0.2)
    done = train(smoke(schedule=schedule), places("run"))
    assert done.finished
    assert done.progress.seconds >= 0.2


def test_everything_is_written_down(places):
    config = smoke(report=replace(smoke().report, save_seconds=1e9), schedule=replace(smoke().schedule, total=16))
    said: list[str] = []
    out = places("run").out
    train(config, places("run"), say=said.append)
    with (out / "log.csv").open() as f:
        rows = list(csv.DictReader(f))
    assert [row["step"] for row in rows] == ["4", "8"]
    for term in ("loss", "pixels", "gradient", "spectrum", "identity", "grad_norm", "lr", "samples_per_s"):
        assert all(np.isfinite(float(row[term])) for row in rows), term
    assert any("samples/s" in line and "pixels" in line for line in said)
    assert list((out / "tensorboard").glob("events.*"))
    with Image.open(out / "samples" / "00000008.png") as grid:
        assert grid.height == 2 * 32
        assert isinstance(grid, PngImageFile)
        assert "restored" in grid.text["columns"]
    network, model, card = load_nano(out / "weights" / WEIGHTS)
    assert model == nano_of(config).model
    assert card["training"]["samples"] == 16
    weights = network.state_dict()
    average = present(load_state(out / "state")).average
    assert all(torch.equal(weights[name].float(), value.half().float()) for name, value in average.items())


# torch remarks once that a norm in mixed precision is not its fastest one
@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")
def test_the_transformer_trains_by_the_same_loop(places):
    """With mixed precision and gradient checkpointing, as on a GPU; the flow loss joins the others."""
    sizes = TransformerConfig(
        heads=2, head_dim=16, double_blocks=1, single_blocks=1, prompt_dim=16, memory_tokens=8, memory_width=16
    )
    model = NanoConfig(name="iconface-nano-smoke", backbone="transformer", size=32, transformer=sizes)
    config = smoke(
        nano=replace(nano_of(smoke()), model=model),
        runtime=replace(smoke().runtime, precision="bfloat16", gradient_checkpointing=True),
        schedule=replace(smoke().schedule, total=6),
        report=replace(smoke().report, save_seconds=1e9, sample_steps=3, log_steps=1),
    )
    out = places("run").out
    train(config, places("run"))
    with (out / "log.csv").open() as f:
        assert all(float(row["flow"]) > 0 for row in csv.DictReader(f))
    with Image.open(out / "samples" / "00000003.png") as grid:
        assert isinstance(grid, PngImageFile)
        assert "8 steps" in grid.text["columns"]
    network, found, _ = load_nano(out / "weights" / WEIGHTS)
    assert found == model
    assert of_type(TransformerNet, network).transformer.proj_out.weight.abs().max() > 0, "it learnt something"


class Diverging:
    """A recipe whose loss turns into NaN at one batch."""

    def __init__(self, at: int) -> None:
        torch.manual_seed(0)
        self.module = torch.nn.Linear(2, 2)
        self._at = at

    def draw(self, draw: Draw, progress: float) -> torch.Tensor:
        return torch.full((4, 2), float("nan") if draw.index == self._at else 1.0)

    def losses(self, forward, example):
        return {"loss": forward(example).square().mean()}

    def samples(self, draw, rows):
        return {"nothing": torch.zeros(rows, 3, 4, 4)}

    def export(self, folder, record):
        return folder


def test_not_a_number_stops_and_keeps_the_last_good_state(tmp_path):
    config = smoke()
    with pytest.raises(DivergedError, match=r"loss is not a finite number near step 3.*step-00000003"):
        Trainer(Diverging(3), config, tmp_path / "run", Processes(config.runtime)).run()
    state = load_state(tmp_path / "run" / "state")
    assert state is not None
    assert state.progress.step == 3
    assert all(torch.isfinite(value).all() for value in state.module.values())


class Spiking(Diverging):
    """A recipe whose gradient is a thousand times longer at one batch."""

    def draw(self, draw: Draw, progress: float) -> torch.Tensor:
        noise = torch.randn(4, 2, generator=draw.generator("noise"))
        return noise * (1000 if draw.index == self._at else 1)


def test_a_spike_is_left_out(tmp_path):
    report = replace(smoke().report, save_seconds=1e9, log_steps=1, sample_steps=0)
    schedule = replace(smoke().schedule, total=57 * 2, shape="constant", warmup=0)
    for name, limit in (("all", 0.0), ("skip", 6.0)):
        config = smoke(report=report, schedule=schedule, optimizer=replace(smoke().optimizer, skip_above=limit))
        Trainer(Spiking(55), config, tmp_path / name, Processes(config.runtime)).run()
    with (tmp_path / "skip" / "log.csv").open() as f:
        assert [row["skipped"] for row in csv.DictReader(f)] == ["0"] * 55 + ["1", "0"]
    taken = [present(load_state(tmp_path / name / "state")).optimizer["weight/step"].item() for name in ("all", "skip")]
    assert taken == [57, 56]


def test_a_run_may_start_from_weights_of_the_same_network(places):
    first = places("first")
    train(smoke(schedule=replace(smoke().schedule, total=4)), first)
    weights = first.out / "weights" / WEIGHTS
    again = replace(places("again"), start=weights)
    assert train(smoke(seed=9), again, max_seconds=1e-9).progress.step == 0
    ours, theirs = load_file(weights), load_file(again.out / "weights" / WEIGHTS)
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    other = replace(nano_of(smoke()), model=replace(nano_of(smoke()).model, references=False))
    with pytest.raises(TrainConfigError, match="start from another"):
        train(smoke(nano=other), replace(places("other"), start=weights))


def test_gradients_of_micro_batches_are_averaged(tmp_path):
    """Two equal micro-batches are one batch: the same first step, bit for bit up to rounding."""
    moved = []
    for count in (1, 2):
        config = smoke(batch=replace(smoke().batch, accumulate=count), schedule=replace(smoke().schedule, total=1))
        recipe = Diverging(-1)
        Trainer(recipe, config, tmp_path / str(count), Processes(config.runtime)).run()
        moved.append(recipe.module.weight.detach())
    torch.testing.assert_close(moved[0], moved[1])


def test_a_used_folder_is_not_overwritten(places):
    config = smoke(schedule=replace(smoke().schedule, total=4))
    train(config, places("run"))
    with pytest.raises(TrainingError, match="--resume"):
        train(config, places("run"))
    other = replace(nano_of(config).model, references=False)
    with pytest.raises(TrainingError, match=r"another \[nano.model\]"):
        train(replace(config, nano=replace(nano_of(config), model=other)), places("run"), resume=True)


def test_crops_of_another_size_are_refused(places, make_pack):
    wrong = replace(places("run"), data=[make_pack(size=64)])
    with pytest.raises(PackError, match="--size 32"):
        train(smoke(), wrong)


def test_a_damaged_state_falls_back_and_two_damaged_ones_are_an_error(places):
    train(smoke(schedule=replace(smoke().schedule, total=6)), places("run"))
    folder = places("run").out / "state"
    newest, before = sorted(folder.glob("step-*"), reverse=True)
    (newest / "module.safetensors").write_bytes(b"short")
    assert present(load_state(folder)).progress.step == int(before.name.removeprefix("step-"))
    (before / "state.json").write_text("{")
    with pytest.raises(WeightsError, match="damaged"):
        load_state(folder)


@pytest.mark.slow
def test_two_processes_train_one_network(places, tmp_path):
    """Through torchrun on the CPU: gradients are averaged, one log, one state, twice the faces a step."""
    run = places("run")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    command += ["-m", "plugin", "--home", str(tmp_path / "home"), "--json", "train", "run", str(SMOKE)]
    command += ["--data", str(run.data[0]), "--out", str(run.out)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True, timeout=300)
    assert json.loads(done.stdout)["run"] | {"seconds": 0, "weights": ""} == {
        "ended": "finished", "step": 8, "samples": 32, "seconds": 0, "weights": "",
    }  # fmt: skip
    with (run.out / "log.csv").open() as f:
        assert [int(row["step"]) for row in csv.DictReader(f)] == list(range(1, 9))
    assert present(load_state(run.out / "state")).progress.samples == 32
