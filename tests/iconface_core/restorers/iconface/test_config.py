import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.errors import UnsupportedCheckpointError
from iconface_core.restorers.iconface.config import (
    BackboneConfig,
    IconFaceConfig,
    IdentityConfig,
    LoraSettings,
    MemoryConfig,
    SamplingConfig,
    StructureConfig,
)

configs = st.builds(
    IconFaceConfig,
    backbone=st.builds(BackboneConfig, num_layers=st.integers(1, 9), axes_dims_rope=st.just((4, 4, 4, 4))),
    identity=st.builds(
        IdentityConfig,
        temperature=st.floats(0.1, 9),
        scope=st.sampled_from(["image", "scene"]),
        anchor=st.sampled_from(["paper", "adaptive"]),
    ),
    structure=st.builds(StructureConfig, space=st.sampled_from(["hidden", "latent"]), enabled=st.booleans()),
    memory=st.builds(MemoryConfig, routes=st.sampled_from([0, 1, 2]), tokens=st.integers(1, 99).map(lambda n: 2 * n)),
    lora=st.builds(LoraSettings, rank=st.integers(0, 64)),
    sampling=st.builds(SamplingConfig, prompt=st.text(), guidance=st.floats(1, 9)),
    condition_attention=st.sampled_from(["joint", "cached"]),
)


@given(configs)
def test_json_round_trip(config):
    assert IconFaceConfig.from_json(config.to_json()) == config


def test_a_checkpoint_from_before_the_adaptive_anchor_follows_the_paper():
    assert IconFaceConfig.from_json('{"version": 1, "identity": {"dim": 256}}').identity.anchor == "paper"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "JSON object"),
        ('{"version": 2}', "config version 2"),
        ("{}", "config version None"),
        ('{"version": 1, "extra": 1}', "unknown key 'extra'"),
        ('{"version": 1, "lora": {"rank": "16"}}', "rank must be int"),
        ('{"version": 1, "lora": 3}', "lora must be a"),
        ('{"version": 1, "condition_attention": "sparse"}', "must be one of"),
        ('{"version": 1, "memory": {"routes": true}}', "must be one of"),
        ('{"version": 1, "memory": {"tokens": 255}}', "does not split"),
        ('{"version": 1, "memory": {"kernel": 4}}', "must be odd"),
        ('{"version": 1, "identity": {"temperature": 0}}', "must be positive"),
        ('{"version": 1, "backbone": {"axes_dims_rope": [1.5]}}', "must be int, not 1.5"),
    ],
)
def test_bad_configurations_are_refused_by_name(text, message):
    with pytest.raises(UnsupportedCheckpointError, match=message) as e:
        IconFaceConfig.from_json(text, source="folder/config.json")
    assert "folder/config.json" in str(e.value)


def test_the_defaults_are_the_paper_s():
    c = IconFaceConfig()
    assert (c.sampling.steps, c.sampling.guidance, c.sampling.seed, c.sampling.image_size) == (12, 4.0, 42, 512)
    assert (c.identity.dim, c.identity.temperature, c.structure.scale) == (512, 1.0, 1.0)
    assert (c.memory.tokens, c.memory.routes, c.memory.rank, c.lora.rank) == (256, 2, 16, 16)
    assert c.backbone.hidden_size == 3072
    assert c.variant("full") == c
    assert replace(c, memory=replace(c.memory, routes=1)) == c.variant("single_route")


def test_an_encoder_is_accepted_by_id_or_by_architecture():
    identity = IdentityConfig(encoder="adaface-ir50")
    assert identity.accepts("adaface-ir50")
    assert identity.accepts("adaface-ir50-1a2b3c4d")
    assert not identity.accepts("adaface-ir501")
    assert not IdentityConfig(encoder="adaface-ir50-1a2b3c4d").accepts("adaface-ir50-ffffffff")


def test_config_needs_no_torch():
    code = "import sys, iconface_core.restorers.iconface.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
