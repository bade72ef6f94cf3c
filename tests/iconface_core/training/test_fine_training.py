"""Training a network with a fine level: from its U-Net, through windows, with echoed faces."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from iconface_core.errors import TrainConfigError
from iconface_core.restorers.nano.checkpoint import load_nano
from iconface_core.restorers.nano.config import FineConfig
from iconface_core.restorers.nano.fine import FineNet
from iconface_core.training.data.draw import Draw
from iconface_core.training.data.shards import open_pack
from iconface_core.training.loop.start import TrainingPaths, splits, train
from iconface_core.training.loop.train_config import TrainConfig, load_train_config
from iconface_core.training.recipes.nano_recipe import NanoRecipe, NanoTraining
from iconface_core.training.recipes.texture_recipe import TextureRecipe, energies, energy_loss
from tests.support.narrow import of_type, present

SMOKE = Path(__file__).parents[3] / "configs" / "smoke.toml"
WEIGHTS = "iconface-nano-smoke.safetensors"


def nano_of(made: TrainConfig) -> NanoTraining:
    return present(made.nano)


def config(texture_blocks: int = 0, **training) -> TrainConfig:
    plain = load_train_config(SMOKE)
    model = replace(nano_of(plain).model, size=64, fine=FineConfig(8, 1, 8, texture_blocks))
    nano = replace(nano_of(plain), model=model, identity_every=1, **training)
    return replace(plain, nano=nano, schedule=replace(plain.schedule, total=8))


def recipe(make_pack, **training) -> NanoRecipe:
    nano = nano_of(config(**training))
    pack = open_pack(make_pack(size=64), preload=True)
    return NanoRecipe(nano, splits(pack, nano.faces), batch=2, device=torch.device("cpu"))


def test_a_run_starts_from_the_u_net_below_and_may_leave_it_alone(make_pack, tmp_path):
    small = load_train_config(SMOKE)
    small = replace(small, schedule=replace(small.schedule, total=4))
    places = TrainingPaths([make_pack()], tmp_path / "small", tmp_path / "models", tmp_path / "backbone")
    start = train(small, places).weights / WEIGHTS
    large = replace(places, data=[make_pack(size=64)], out=tmp_path / "large", start=start)
    done = train(config(stage="fine", window=32), large)
    before, _, _ = load_nano(start)
    after, model, _ = load_nano(done.weights / WEIGHTS)
    assert model.fine is not None
    torch.testing.assert_close(dict(of_type(FineNet, after).trunk.state_dict()), dict(before.state_dict()))
    assert train(config(window=32), replace(large, out=tmp_path / "again", start=done.weights / WEIGHTS)).finished
    with pytest.raises(TrainConfigError, match="start from another"):
        other = config()
        nano = nano_of(other)
        model = replace(nano.model, references=False)
        train(replace(other, nano=replace(nano, model=model)), replace(large, out=tmp_path / "no"))


def test_every_term_has_a_gradient_and_sees_only_its_window(make_pack):
    made = recipe(make_pack, window=32)
    example = made.draw(Draw(1, 0), 0.0)
    terms = made.losses(made.module, example)
    assert {"pixels", "gradient", "spectrum", "small", "identity"} < set(terms)
    terms["loss"].backward()
    learns = {
        n: p for n, p in made.module.named_parameters() if p.requires_grad and "match" not in n and "take" not in n
    }
    assert all(p.grad is not None for p in learns.values())
    rows, columns = (slice(2 * s.start, 2 * s.stop) for s in present(example.window))
    outside = torch.ones_like(example.target, dtype=torch.bool)
    outside[..., rows, columns] = False
    moved = replace(example, target=torch.where(outside, -example.target, example.target))
    with torch.no_grad():
        again = made.losses(made.module, moved)
        weights = made._training.losses
        flat = replace(weights, evenness=0.0)  # evenness looks at the whole face
        made._training = replace(made._training, losses=flat)
        ours, theirs = made.losses(made.module, example), made.losses(made.module, moved)
    assert not torch.equal(again["small"], terms["small"])
    torch.testing.assert_close(ours["pixels"], theirs["pixels"])


def test_echoed_batches_are_the_same_faces_through_other_windows(make_pack):
    made = recipe(make_pack, window=16, echo=3)
    examples = [made.draw(Draw(1, i), 0.0) for i in range(4)]
    assert all(torch.equal(e.degraded, examples[0].degraded) for e in examples[:3])
    assert not torch.equal(examples[3].degraded, examples[0].degraded)
    assert len({str(e.window) for e in examples}) > 1
    fresh = recipe_of_one(made).draw(Draw(1, 2), 0.0)  # resumed in the middle of an echo
    assert torch.equal(fresh.degraded, examples[2].degraded)
    assert fresh.window == examples[2].window


def recipe_of_one(made: NanoRecipe) -> NanoRecipe:
    """The same recipe without what it remembers."""
    return NanoRecipe(made._training, made._faces, batch=2, device=torch.device("cpu"))


@pytest.mark.parametrize("wrong", [{"window": 12}, {"window": 128}, {"echo": 0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"window|echo"):
        config(**wrong)


def test_windows_need_a_fine_level():
    plain = nano_of(load_train_config(SMOKE))
    with pytest.raises(ValueError, match="fine"):
        replace(plain, window=8)


def test_a_texture_is_trained_over_a_base_that_stays(make_pack, tmp_path):
    places = TrainingPaths([make_pack(size=64)], tmp_path / "base", tmp_path / "models", tmp_path / "backbone")
    base = train(config(window=32), places).weights / WEIGHTS
    over = replace(places, out=tmp_path / "texture", start=base)
    with pytest.raises(TrainConfigError, match="--from"):
        train(config(texture_blocks=1, window=32, stage="texture"), replace(over, start=None))
    calls = iter([False] * 2 + [True] * 9)
    assert train(config(texture_blocks=1, window=32, stage="texture"), over, stop=lambda: next(calls)).reason == "asked"
    done = train(config(texture_blocks=1, window=32, stage="texture"), replace(over, start=None), resume=True)
    assert done.finished
    before, _, _ = load_nano(base)
    after, model, _ = load_nano(done.weights / WEIGHTS)
    assert present(model.fine).texture_blocks == 1
    assert not any(name.startswith("critic") for name in after.state_dict())
    torch.testing.assert_close(
        {k: v for k, v in after.state_dict().items() if k in before.state_dict()}, dict(before.state_dict())
    )


def test_critic_and_texture_learn_from_their_own_losses(make_pack):
    plain = nano_of(config(texture_blocks=1, stage="texture", window=32))
    pack = open_pack(make_pack(size=64), preload=True)
    made = TextureRecipe(
        NanoRecipe(plain, splits(pack, plain.faces), batch=2, device=torch.device("cpu")),
        present(plain.texture),
    )
    example = made.draw(Draw(1, 0), 0.0)
    terms = made.losses(made.module, example)
    critic = list(made.module.critic.parameters())
    assert all(g is None for g in torch.autograd.grad(terms["fooled"], critic, allow_unused=True, retain_graph=True))
    texture = [p for p in made.module.network.parameters() if p.requires_grad]
    assert all(g is None for g in torch.autograd.grad(terms["critic"], texture, allow_unused=True, retain_graph=True))
    terms["loss"].backward()
    assert all(p.grad is not None for p in [*critic, *texture])


def test_the_texture_learns_over_the_base_that_the_network_gives(make_pack):
    plain = nano_of(config(texture_blocks=1, stage="texture", window=32, echo=2))
    pack = open_pack(make_pack(size=64), preload=True)
    faces = NanoRecipe(plain, splits(pack, plain.faces), batch=2, device=torch.device("cpu"))
    made = TextureRecipe(faces, present(plain.texture))
    first, second, third = (made.draw(Draw(1, i), 0.0) for i in range(3))
    drawn = faces.draw(Draw(1, 0), 0.0)
    with torch.no_grad():
        torch.testing.assert_close(first.base, faces.module(drawn.degraded, drawn.references, drawn.anchor).base)
    assert first.base is second.base
    assert first.base is not third.base
    assert first.window != second.window


def test_a_share_of_the_texture_is_exported_and_all_of_it_trained(make_pack, tmp_path):
    plain = nano_of(config(texture_blocks=1, stage="texture", window=32))
    pack = open_pack(make_pack(size=64), preload=True)
    faces = NanoRecipe(plain, splits(pack, plain.faces), batch=2, device=torch.device("cpu"))
    made = TextureRecipe(faces, present(plain.texture), share=0.5)
    before = present(made.module.network.texture).last.weight.detach().clone()
    exported, _, _ = load_nano(made.export(tmp_path, {}))
    torch.testing.assert_close(present(of_type(FineNet, exported).texture).last.weight, (before / 2).half().float())
    torch.testing.assert_close(present(made.module.network.texture).last.weight.detach(), before)


def test_what_finds_damage_is_trained_and_the_rest_stays(make_pack, tmp_path):
    places = TrainingPaths([make_pack(size=64)], tmp_path / "base", tmp_path / "models", tmp_path / "backbone")
    base = train(config(window=32), places).weights / WEIGHTS
    done = train(config(stage="hidden"), replace(places, out=tmp_path / "hidden", start=base))
    before, after = (load_nano(path)[0].state_dict() for path in (base, done.weights / WEIGHTS))
    changed = {name.partition(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"hidden"}


def test_fine_structure_has_more_energy_than_its_blur():
    g = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, 32, 32, generator=g) * 2 - 1
    blurred = torch.nn.functional.avg_pool2d(images, 3, 1, 1)
    for whole, less, half in zip(energies(images), energies(blurred), energies(images * 0.5), strict=True):
        assert whole.shape == (2, 1, 4, 4)
        assert bool((whole[:1] > less[:1]).float().mean() > 0.9)
        torch.testing.assert_close(half, whole * 0.5, atol=2e-3, rtol=0)
    assert 0 == energy_loss(images, images) < energy_loss(blurred, images) < 1
    torch.testing.assert_close(
        energy_loss(images.new_zeros(2, 3, 32, 32), images), torch.tensor(0.97), atol=0.04, rtol=0
    )
