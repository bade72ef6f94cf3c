"""Configurations: what ships is valid, what is wrong is named."""

from pathlib import Path

import pytest

from iconface_core.errors import TrainConfigError
from iconface_core.restorers.iconface.config import IconFaceConfig
from iconface_core.training.loop.train_config import load_train_config
from iconface_core.training.recipes.flow_losses import FlowLossConfig

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.fixture
def write(tmp_path):
    def make(text: str) -> Path:
        path = tmp_path / "run.toml"
        path.write_text(text)
        return path

    return make


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda p: p.stem)
def test_the_configurations_that_ship_are_read(path):
    config = load_train_config(path)
    assert [config.nano, config.student, config.iconface].count(None) == 2
    if config.nano:
        stem = path.stem.removesuffix("-texture").removesuffix("-hidden")  # another stage of the same network
        assert config.nano.model.name == f"iconface-{stem}" or path.stem == "smoke"


def test_the_4b_configuration_is_the_paper_s():
    config = load_train_config(CONFIGS / "iconface-4b.toml")
    assert config.iconface is not None
    assert config.iconface.model == IconFaceConfig()
    assert config.iconface.losses == FlowLossConfig()
    assert config.iconface.faces.references == (0.3, 0.3, 0.2, 0.2)
    assert config.iconface.degrade.buckets == ((0, 3, 0.5), (4, 8, 0.3), (9, 16, 0.2))
    assert (config.optimizer.lr, config.batch.size, config.batch.accumulate) == (1e-5, 1, 4)
    assert config.schedule.shape == "constant"
    assert config.iconface.model.lora.rank == 16


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "x"\n[nano]\n[optimiser]\nlr = 1', r"run\.toml: unknown key 'optimiser'"),
        ('name = "x"\n[nano.model.conv]\nwidth = 3', r"nano\.model\.conv: unknown key 'width'"),
        ('name = "x"\n[nano]\n[optimizer]\nlr = "much"', r"optimizer\.lr must be float"),
        ('name = "x"\n[nano]\n[optimizer]\nlr = -1', r"optimizer: lr must be positive"),
        ('name = "x"\n[nano]\n[schedule]\nby = "steps"', r"schedule\.by must be one of 'samples', 'seconds'"),
        ('name = "x"\n[nano.faces]\nreferences = [1, true]', r"nano\.faces\.references\[1\] must be float"),
        ('name = "x"\n[nano.curriculum]\nhopeless = [0.5]', r"hopeless must be two parts"),
        ("[nano]", r"'name'"),
        ('name = "x"', r"exactly one of the tables"),
        ('name = "x"\n[nano]\n[iconface]', r"exactly one of the tables"),
        ("name = ", r"run\.toml: "),
    ],
)
def test_what_is_wrong_is_named(write, text, message):
    with pytest.raises(TrainConfigError, match=message):
        load_train_config(write(text))


def test_json_holds_every_default(write):
    text = load_train_config(write('name = "x"\n[nano]')).to_json()
    assert '"weight_decay": 0.01' in text
    assert '"reference_widths"' in text
