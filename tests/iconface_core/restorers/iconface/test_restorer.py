"""IConFaceRestorer from folders on disk: contract, batching, references, control, unloading."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from iconface_core.calibration import Calibration
from iconface_core.errors import BackendUnavailableError, UnsupportedCheckpointError
from iconface_core.fakes import FakeEmbedder
from iconface_core.protocols import FaceRestorer
from iconface_core.restorers.common.schedule import sigmas
from iconface_core.restorers.common.tokens import pack, unpack
from iconface_core.restorers.iconface.checkpoint import PromptEmbeds, load_checkpoint, save_checkpoint
from iconface_core.restorers.iconface.latents import decode, encode, to_pixels, to_tensor
from iconface_core.restorers.iconface.lora import lora_shapes, merge_lora
from iconface_core.restorers.iconface.network import IconFaceNetwork
from iconface_core.restorers.iconface.placement import Placement
from iconface_core.restorers.iconface.readiness import why_not
from iconface_core.restorers.iconface.restorer import IconFaceRestorer
from iconface_core.testing import check_restorer
from iconface_core.types import AlignedFace, RestoreInput, RestoreOptions
from tests.support.narrow import present

CPU = Placement(device="cpu")


@pytest.fixture
def backbone(tmp_path, make_transformer, make_vae):
    make_transformer().save_pretrained(tmp_path / "flux" / "transformer")
    make_vae().save_pretrained(tmp_path / "flux" / "vae")
    return tmp_path / "flux"


@pytest.fixture
def save(tmp_path, make_adapter):
    def write(config, name="iconface"):
        g = torch.Generator().manual_seed(0)
        save_checkpoint(
            tmp_path / name,
            config,
            adapter=make_adapter(config, trained=True).state_dict(),
            lora={k: torch.randn(s, generator=g) * 0.05 for k, s in lora_shapes(config).items()},
            prompt=PromptEmbeds(torch.randn(5, 24, generator=g), torch.randn(5, 24, generator=g)),
            licence="test",
        )
        return tmp_path / name

    return write


@pytest.fixture
def make(save, backbone, config):
    def build(config=config, name="iconface", **kwargs):
        kwargs = {"placement": CPU, "embedder": FakeEmbedder(), **kwargs}
        return IconFaceRestorer(save(config, name), backbone, **kwargs)

    return build


def face(seed, size=(64, 64)):
    rng = np.random.default_rng(seed)
    return AlignedFace(rng.integers(0, 256, (*size, 3), dtype=np.uint8), np.eye(2, 3, dtype=np.float32))


def request(seed, references=0, **kwargs):
    refs = tuple(face(100 + seed + r, (64, 48) if r else (64, 64)) for r in range(references))
    return RestoreInput(face(seed), refs, tuple(FakeEmbedder().embed(refs)), **kwargs)


def test_contract_seeded_and_reproducible(make):
    restorer: FaceRestorer = make()
    options = RestoreOptions()
    out = restorer.restore(request(1, 2), options)
    assert out.pixels.shape == (64, 64, 3)
    assert out.pixels.dtype == np.uint8
    assert (out.restorer, out.options) == (restorer.id, options)
    assert len(restorer.weights_sha256) == 64
    assert np.array_equal(out.pixels, restorer.restore(request(1, 2), options).pixels)
    assert not np.array_equal(out.pixels, restorer.restore(request(1, 2), replace(options, seed=1)).pixels)


@pytest.mark.slow
def test_it_keeps_what_the_protocol_promises(make):
    check_restorer(make())


@torch.no_grad()
def test_the_result_is_what_the_parts_give(make, config, make_transformer, make_adapter, make_vae, tmp_path):
    """Every step by hand: LoRA merged, anchor pooled, guidance, schedule, seed, autoencoder."""
    item = request(1, 2)
    got = make().restore(item, RestoreOptions(seed=5)).pixels
    checkpoint = load_checkpoint(tmp_path / "iconface")
    transformer, vae = make_transformer(), make_vae()
    merge_lora(transformer, checkpoint.lora, config.lora)
    network = IconFaceNetwork(transformer, make_adapter(trained=True), config)
    degraded, *references = (encode(vae, to_tensor(f.pixels)) for f in (item.degraded, *item.references))
    raw = sum(torch.from_numpy(e.vector) * e.norm for e in item.identity)
    condition = network.prepare(degraded, references, torch.nn.functional.normalize(raw, dim=0)[None])
    x = pack(torch.randn(1, 16, 4, 4, generator=torch.Generator().manual_seed(5)))
    levels = sigmas(config.sampling.steps, 16)
    prompt = present(checkpoint.prompt)
    for high, low in pairwise(levels):
        u, u0 = (
            network.velocity(x, torch.tensor([high]), text[None], condition)
            for text in (prompt.prompt, prompt.negative)
        )
        x = x + (low - high) * (u0 + 4.0 * (u - u0))
    expected = to_pixels(decode(vae, unpack(x, (4, 4)))[0])
    assert np.abs(got.astype(int) - expected).max() <= 1


def test_nothing_is_loaded_before_the_first_face_and_unload_changes_nothing(make):
    restorer = make()
    assert restorer._loaded is None
    before = restorer.restore(request(1), RestoreOptions()).pixels
    restorer.unload()
    assert restorer._loaded is None
    assert np.array_equal(restorer.restore(request(1), RestoreOptions()).pixels, before)


def test_references_and_identity_change_the_result(make):
    restorer = make()
    options = RestoreOptions()
    plain = restorer.restore(request(1), options).pixels
    one, two = (restorer.restore(request(1, n), options).pixels for n in (1, 2))
    assert not np.array_equal(plain, one)
    assert not np.array_equal(one, two)
    other = replace(request(1, 1), identity=tuple(FakeEmbedder().embed([face(7)])))
    assert not np.array_equal(restorer.restore(other, options).pixels, one)


def test_only_max_references_are_used(make):
    restorer = make(max_references=1)
    three, one = request(1, 3), request(1, 1)
    options = RestoreOptions()
    assert np.array_equal(restorer.restore(three, options).pixels, restorer.restore(one, options).pixels)
    with pytest.raises(ValueError, match="between 0 and 8"):
        make(name="other", max_references=9)


@pytest.mark.parametrize("mode", ["joint", "cached"])
def test_a_batch_gives_each_face_what_it_gets_alone(mode, make, config):
    restorer = make(replace(config, condition_attention=mode), batch=2)
    requests = [request(1, 1), request(2), request(3, 1), request(4, 1), request(5)]
    steps = []
    together = restorer.restore_many(requests, RestoreOptions(), on_step=lambda *a: steps.append(a))
    for item, result in zip(requests, together, strict=True):
        alone = restorer.restore(item, RestoreOptions()).pixels
        assert np.abs(alone.astype(int) - result.pixels).max() <= 1
    # three batches of three steps: two and one face with a reference, two without
    assert steps == [(i, 9) for i in range(1, 10)]
    assert restorer.restore_many([], RestoreOptions()) == []


def test_strength_steps_early_stop_and_cancel(make):
    restorer = make()
    item = request(1, 1)
    assert np.array_equal(restorer.restore(item, RestoreOptions(strength=0)).pixels, item.degraded.pixels)
    steps = []
    restorer.restore(item, RestoreOptions(steps=5), on_step=lambda *a: steps.append(a))
    assert steps == [(i, 5) for i in range(1, 6)]
    stopped = make(name="stopped", stop_after=2)
    steps.clear()
    stopped.restore(item, RestoreOptions(steps=5), on_step=lambda *a: steps.append(a))
    assert steps == [(1, 2), (2, 2)]

    def cancel(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restorer.restore(item, RestoreOptions(), on_step=cancel)
    restorer.restore(item, RestoreOptions())  # still usable


def test_without_references_the_degraded_face_gives_the_anchor(make, config):
    seen: list[tuple[int, ...]] = []

    class Recording(FakeEmbedder):
        def embed(self, faces):
            seen.extend(f.pixels.shape for f in faces)
            return super().embed(faces)

    make(embedder=Recording()).restore(request(1), RestoreOptions())
    assert seen == [(112, 112, 3)]
    seen.clear()
    make(name="b", embedder=Recording()).restore(replace(request(1, 2), identity=()), RestoreOptions())
    assert len(seen) == 2


def test_the_adaptive_anchor_looks_at_the_degraded_face_and_the_papers_does_not(make, config):
    adaptive = replace(config, identity=replace(config.identity, anchor="adaptive"))
    with pytest.raises(BackendUnavailableError, match="'fake-8'"):
        make(adaptive, "a", embedder=None).restore(request(1, 2), RestoreOptions())
    results = {
        rule: make(c, rule).restore(request(1, 2), RestoreOptions()).pixels.astype(int)
        for rule, c in {"paper": config, "adaptive": adaptive}.items()
    }
    assert np.abs(results["paper"] - results["adaptive"]).max() > 0
    make(name="p", embedder=None).restore(request(1, 2), RestoreOptions())


def test_a_hopeless_face_is_restored_as_the_paper_says(make, config):
    class Blind(FakeEmbedder):
        calibration = Calibration(FakeEmbedder.id, 90.0, 99.0, bias=0.0, slope=1.0)  # no norm reaches any quality

    adaptive = replace(config, identity=replace(config.identity, anchor="adaptive"))
    expected = make(name="p").restore(request(1, 2), RestoreOptions()).pixels
    got = make(adaptive, "a", embedder=Blind()).restore(request(1, 2), RestoreOptions()).pixels
    assert np.array_equal(got, expected)


def test_a_missing_identity_encoder_is_named_and_concat_needs_none(make, config):
    with pytest.raises(BackendUnavailableError, match="'fake-8'"):
        make(embedder=None).restore(request(1), RestoreOptions())
    make(config.variant("structure"), name="s", embedder=None).restore(request(1), RestoreOptions())


def test_vectors_of_another_length_are_refused(make, config):
    config = replace(config, identity=replace(config.identity, dim=9))
    with pytest.raises(UnsupportedCheckpointError, match="9 numbers, 'fake-8' gives 8"):
        make(config).restore(request(1, 1), RestoreOptions())


@pytest.mark.parametrize(
    "placement",
    [
        Placement("cpu", "bfloat16"),
        Placement("cpu", weights="int8"),
        Placement("cpu", offload="blocks"),
        Placement("cpu", "bfloat16", "int8", "blocks"),
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["joint", "cached"])
def test_every_placement_gives_nearly_the_same_picture(placement, mode, make, config):
    for package, needed in (("torchao", placement.weights == "int8"), ("accelerate", placement.offload == "blocks")):
        if needed:
            pytest.importorskip(package)
    config = replace(config, condition_attention=mode)
    expected = make(config).restore(request(1, 1), RestoreOptions()).pixels.astype(int)
    got = make(config, name="b", placement=placement).restore(request(1, 1), RestoreOptions()).pixels
    assert np.abs(got - expected).mean() < 6


def test_crops_of_a_wrong_size_are_refused(make):
    with pytest.raises(ValueError, match="multiples of 16"):
        make().restore(RestoreInput(face(1, (60, 64))), RestoreOptions())


def test_readiness_lists_every_reason(tmp_path, save, backbone, config):
    assert why_not(save(config), backbone, CPU, embedder_ids=frozenset({"fake-8"})) in ([], [*_too_small()])
    reasons = " | ".join(why_not(None, None, CPU, embedder_ids=frozenset()))
    assert "import-faceir" in reasons
    assert "models pull" in reasons
    save_checkpoint(
        tmp_path / "bare",
        config.variant("concat"),
        lora={k: torch.zeros(s) for k, s in lora_shapes(config).items()},
        licence="x",
    )
    assert "encode-prompt" in why_not(tmp_path / "bare", backbone, CPU, embedder_ids=frozenset())[0]
    assert "'fake-8' is not installed" in why_not(tmp_path / "iconface", backbone, CPU, embedder_ids=frozenset())[0]
    assert "config.json" in why_not(tmp_path, backbone, CPU, embedder_ids=frozenset())[0]


def _too_small():
    return [r for r in why_not(None, None, CPU, embedder_ids=frozenset()) if "memory free" in r]
