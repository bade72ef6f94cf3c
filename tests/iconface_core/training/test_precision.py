"""`precision = "auto"`: measured before the run, written down, kept when it goes on, and no other bits by it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch
from safetensors.torch import load_file

from iconface_core.errors import TrainConfigError
from iconface_core.training.loop.start import TrainingPaths, train
from iconface_core.training.loop.train_config import TrainConfig, load_train_config

SMOKE = Path(__file__).parents[3] / "configs" / "smoke.toml"


def smoke(precision: Literal["float32", "bfloat16", "auto"], total: int = 4) -> TrainConfig:
    config = load_train_config(SMOKE)
    return replace(
        config,
        runtime=replace(config.runtime, precision=precision),
        schedule=replace(config.schedule, total=total),
        report=replace(config.report, sample_steps=0, save_seconds=1e9),
    )


@pytest.fixture
def places(make_pack, tmp_path):
    pack = make_pack()
    return lambda name: TrainingPaths([pack], tmp_path / name, tmp_path / "models", tmp_path / "backbone")


def test_the_faster_one_is_taken_and_changes_nothing_else(places):
    said: list[str] = []
    train(smoke("auto"), places("auto"), say=said.append)
    run = json.loads((places("auto").out / "run.json").read_text())
    seconds, chosen = run["precision_seconds"], run["runtime"]["precision"]
    assert set(seconds) == {"float32", "bfloat16"}
    assert all(s > 0 for s in seconds.values())
    assert chosen == min(seconds, key=seconds.__getitem__)
    [line] = [line for line in said if line.startswith("precision:")]
    assert chosen in line
    train(smoke(chosen), places("named"))
    ours, named = (
        load_file(places(name).out / "weights" / "iconface-nano-smoke.safetensors") for name in ("auto", "named")
    )
    assert all(torch.equal(value, named[key]) for key, value in ours.items())
    assert "precision_seconds" not in json.loads((places("named").out / "run.json").read_text())


def test_a_run_that_goes_on_keeps_what_it_began_with(places):
    out = places("run").out
    train(smoke("auto"), places("run"))
    written = json.loads((out / "run.json").read_text())
    slower = max(written["precision_seconds"], key=written["precision_seconds"].__getitem__)
    written["precision_seconds"] |= {slower: 1e-6}  # as if it had been the faster one then
    (out / "run.json").write_text(json.dumps(written))
    said: list[str] = []
    train(smoke("auto", total=6), places("run"), resume=True, say=said.append)
    again = json.loads((out / "run.json").read_text())
    assert again["runtime"]["precision"] == slower
    assert again["precision_seconds"] == written["precision_seconds"]
    assert not [line for line in said if line.startswith("precision:")]


def test_the_large_model_wants_a_name(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('name = "x"\n[runtime]\nprecision = "auto"\n[iconface]\n')
    with pytest.raises(TrainConfigError, match=r"run\.toml.*precision.*\[iconface\]"):
        load_train_config(path)
