"""iconface-nano behind the restorer protocol: contract, anchors, what a large face keeps, absent weights."""

from dataclasses import replace
from unittest.mock import patch

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.ages import ApparentAge
from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.fakes import FakeEmbedder
from iconface_core.geometry import FFHQ_512
from iconface_core.protocols import FaceRestorer
from iconface_core.restorers.nano.checkpoint import save_nano
from iconface_core.restorers.nano.config import ConvConfig, FineConfig, NanoConfig, NanoIdentity
from iconface_core.restorers.nano.inference import NanoFace, NanoModel
from iconface_core.restorers.nano.keep_detail import change_share, degradation, fine_share, keep_detail
from iconface_core.restorers.nano.network import build_network
from iconface_core.restorers.nano.restorer import NanoRestorer, reduced
from iconface_core.restorers.nano.texture_share import texture_share
from iconface_core.testing import check_restorer
from iconface_core.types import AlignedFace, EmbedderId, RestoreInput, RestoreOptions
from tests.support.narrow import present

TINY = NanoConfig(
    size=64,
    identity=NanoIdentity(encoder="fake-8", dim=8, width=8),
    conv=ConvConfig(widths=(8, 8, 8), blocks=(1, 1, 1), reference_widths=(0, 8), heads=2),
)


@pytest.fixture
def weights(tmp_path):
    def write(config=TINY):
        torch.manual_seed(0)
        network = build_network(config)
        with torch.no_grad():
            for p in network.parameters():  # away from the start, where the change is nothing
                p.add_(torch.randn_like(p) * 0.05)
        save_nano(tmp_path / "nano.safetensors", network, config, {"licence": "test"})
        return tmp_path / "nano.safetensors"

    return write


@pytest.fixture
def restorer(weights):
    return NanoRestorer(weights(), embedder=FakeEmbedder, threads=1)


def face(seed, scale=4.0, size=512):
    """A smooth random face-sized picture, seen at `scale` crop pixels per photo pixel."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(30, 220, (12, 12, 3)).astype(np.float32)
    pixels = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    matrix = np.array([[scale, 0, 0], [0, scale, 0]], np.float32)
    return AlignedFace(np.clip(pixels, 0, 255).astype(np.uint8), matrix)


def noisy(clean, sigma, seed=0):
    """White noise on the photo's own grid."""
    side = round(512 / clean.from_photo[0, 0])
    small = cv2.resize(clean.pixels, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    small += np.random.default_rng(seed).normal(0, sigma, small.shape)
    pixels = cv2.resize(np.clip(small, 0, 255).astype(np.uint8), (512, 512), interpolation=cv2.INTER_CUBIC)
    return replace(clean, pixels=pixels)


def request(seed, references=0):
    refs = tuple(face(100 * seed + r + 1) for r in range(references))
    return RestoreInput(noisy(face(seed), 12), refs, tuple(FakeEmbedder().embed(refs)))


def test_contract(restorer):
    checked: FaceRestorer = restorer
    check_restorer(checked)
    options = RestoreOptions()
    out = checked.restore(request(1, 2), options)
    assert out.pixels.shape == (512, 512, 3)
    assert out.pixels.dtype == np.uint8
    assert (out.restorer, out.options) == ("iconface-nano", options)
    assert len(checked.weights_sha256) == 64
    assert np.array_equal(out.pixels, checked.restore(request(1, 2), options).pixels)
    assert np.abs(out.pixels.astype(int) - request(1, 2).degraded.pixels).max() > 0


def test_strength_zero_is_the_photo(restorer):
    item = request(1, 1)
    assert np.array_equal(restorer.restore(item, RestoreOptions(strength=0.0)).pixels, item.degraded.pixels)


def test_faces_with_different_references_are_restored_together_as_alone(restorer):
    items = [request(1, 2), request(2), request(3, 1), request(4, 2)]
    together = restorer.restore_many(items, RestoreOptions())
    for item, got in zip(items, together, strict=True):
        alone = restorer.restore(item, RestoreOptions()).pixels.astype(int)
        assert np.abs(alone - got.pixels).max() <= 1
    assert restorer.restore_many([], RestoreOptions()) == []


def test_more_steps_are_the_mean_with_the_mirror_image(weights):
    model = NanoModel(weights(), FakeEmbedder(), threads=1)
    item = NanoFace(reduced(face(1), 64), (reduced(face(2), 64),))
    mirror = NanoFace(
        item.degraded[:, ::-1].copy(), tuple(r[:, ::-1].copy() for r in item.references), model_identity(model, item)
    )
    # the identity is the face's own in both halves, so the mirrored face is given the same vectors
    (both,) = model.restore([item], mirrored=True)
    (one,), (other,) = model.restore([item]), model.restore([mirror])
    mean = (one.astype(float) + other[:, ::-1]) / 2
    assert np.abs(both - mean).mean() < 1.5
    assert np.abs(both.astype(int) - one).max() > 0


def model_identity(model, item):
    return tuple(model.embed(item.references))


def test_references_change_the_result_and_at_most_three_count(weights):
    model = NanoModel(weights(), FakeEmbedder(), threads=1)
    degraded, refs = reduced(face(1), 64), [reduced(face(s), 64) for s in (5, 6, 7, 8)]
    results = [model.restore([NanoFace(degraded, tuple(refs[:n]))])[0].astype(int) for n in range(5)]
    assert np.abs(results[0] - results[1]).max() > 0
    assert np.abs(results[1] - results[3]).max() > 0
    assert np.array_equal(results[3], results[4])


def test_known_vectors_are_used_and_others_are_made(weights):
    seen = []

    class Recording(FakeEmbedder):
        def embed(self, faces):
            seen.append(len(faces))
            return super().embed(faces)

    model = NanoModel(weights(), Recording(), threads=1)
    degraded, reference = reduced(face(1), 64), reduced(face(2), 64)
    known = tuple(FakeEmbedder().embed([face(2)]))
    model.restore([NanoFace(degraded, (reference,), known)])
    assert seen == [1]  # the degraded face only
    foreign = (replace(known[0], embedder=EmbedderId("another")),)
    model.restore([NanoFace(degraded, (reference,), foreign)])
    assert sum(seen) == 3


def test_cancelling_stops_between_batches(weights):
    restorer = NanoRestorer(weights(), embedder=FakeEmbedder, threads=1, batch=1)
    steps = []

    def cancel(done, total):
        steps.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restorer.restore_many([request(1), request(2)], RestoreOptions(), on_step=cancel)
    assert steps == [(1, 2)]
    restorer.restore(request(1), RestoreOptions())  # still usable


def test_the_callers_threads_are_given_back(restorer):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        restorer.restore(request(1), RestoreOptions())
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_absent_weights_and_encoders_are_named(tmp_path, weights):
    with pytest.raises(WeightsError, match=r"nothing\.safetensors is not there"):
        NanoRestorer(tmp_path / "nothing.safetensors")
    with pytest.raises(BackendUnavailableError, match="'fake-8', not None"):
        NanoRestorer(weights()).restore(request(1), RestoreOptions())
    blind = replace(TINY, identity=replace(TINY.identity, enabled=False))
    NanoRestorer(weights(blind)).restore(request(1), RestoreOptions())


def test_a_crop_of_another_size_is_refused(weights):
    model = NanoModel(weights(), FakeEmbedder(), threads=1)
    with pytest.raises(ValueError, match="64 x 64 px, not"):
        model.restore([NanoFace(face(1).pixels)])


FINE = replace(TINY, size=128, fine=FineConfig(width=8, blocks=1, reference_width=8, texture_blocks=1))


def test_strength_goes_from_the_photo_over_the_base_to_the_texture(weights):
    restorer = NanoRestorer(weights(FINE), embedder=FakeEmbedder, threads=1)
    item = request(1, 1)
    photo, gentle, base, some, full = (
        restorer.restore(item, RestoreOptions(strength=s)).pixels.astype(float) for s in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    assert np.array_equal(photo, item.degraded.pixels)
    plain = NanoRestorer(
        weights(replace(FINE, fine=replace(present(FINE.fine), texture_blocks=0))), embedder=FakeEmbedder
    )
    assert plain.restore(item, RestoreOptions()).pixels.shape == (512, 512, 3)
    assert 0 < np.abs(gentle - photo).mean() < np.abs(base - photo).mean()
    assert np.abs(full - base).mean() > 1
    assert np.median(np.abs((base + full) / 2 - some)) < 0.6  # rounding; where a value is clipped it is more


def test_a_face_that_lost_its_structure_gets_more_of_the_texture(weights):
    model = NanoModel(weights(FINE), FakeEmbedder(), threads=1)
    crop = reduced(face(1), 128)
    asked = [NanoFace(crop, texture=np.full((128, 128), t, np.float32)) for t in (0.0, 0.5, 1.0)]
    none, half, whole = (p.astype(float) for p in model.restore(asked, texture=1.0))
    assert np.array_equal(none, model.restore([NanoFace(crop)])[0])
    assert np.abs(whole - none).mean() > 1
    assert np.median(np.abs((none + whole) / 2 - half)) < 0.6
    restorer = NanoRestorer(weights(replace(FINE, size=256)), embedder=FakeEmbedder, threads=1)
    sharp = detailed(1)
    blurred = replace(sharp, pixels=cv2.GaussianBlur(sharp.pixels, (0, 0), 12))
    with patch.object(restorer._load(), "restore_faces", wraps=restorer._load().restore_faces) as run:
        restorer.restore_many([replace(request(1), degraded=d) for d in (blurred, sharp)], RestoreOptions())
    more, less = (f.texture for f in run.call_args.args[0])
    assert more == pytest.approx(np.full((256, 256), 4 / 3), abs=0.01)
    assert 1 <= less.min() <= less.max() < 1.2


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_more_degraded_the_more_texture_and_never_more_than_was_trained(one, other):
    less, more = (texture_share(score, None, 16) for score in sorted((one, other)))
    assert less.min() >= 1
    assert (less <= more).all()
    assert more.max() <= 4 / 3 + 1e-6


@given(st.floats(0, 1), st.floats(0, 100), st.floats(0, 100))
def test_the_younger_a_face_the_less_texture_in_it(score, one, other):
    younger, older = (texture_share(score, ApparentAge.known(years), 16) for years in sorted((one, other)))
    assert younger.min() >= 0
    assert (younger <= older + 1e-6).all()
    assert (older <= texture_share(score, None, 16)).all()
    assert texture_share(score, ApparentAge.known(40), 16) == pytest.approx(texture_share(score, None, 16))


def test_a_childs_skin_gets_none_its_eyes_some_and_what_is_around_it_all():
    share = texture_share(0.5, ApparentAge.known(6), 512)
    eye, _, nose, *_ = FFHQ_512.points.round().astype(int)
    assert share[eye[1] + 70, eye[0]] < 0.05
    assert share[nose[1] - 30, nose[0]] < 0.05
    assert share[eye[1], eye[0]] == pytest.approx(0.5, abs=0.02)
    assert share[10, 10] == 1


def test_of_unknown_age_is_restored_as_an_adult_and_a_child_otherwise(weights):
    restorer = NanoRestorer(weights(FINE), embedder=FakeEmbedder, threads=1)
    item = request(1, 1)

    def restored(strength, age, steps=1):
        options = RestoreOptions(strength=strength, steps=steps)
        return restorer.restore(replace(item, age=age), options).pixels.astype(float)

    child, adult, unsure = ApparentAge.known(6), ApparentAge.known(40), ApparentAge(np.full(101, 1 / 101, np.float32))
    base, full = restored(0.5, None), restored(1.0, None)
    assert np.array_equal(restored(1.0, adult), full)
    x, y = FFHQ_512.points[0].round().astype(int)
    skin = slice(y + 60, y + 80), slice(x, x + 20)  # of a cheek
    assert np.abs(restored(1.0, child)[skin] - base[skin]).max() <= 1
    assert 1 < np.abs(restored(1.0, unsure)[skin] - base[skin]).mean() < np.abs(full[skin] - base[skin]).mean()
    assert restored(1.0, child)[:8] == pytest.approx(full[:8], abs=1)


def test_the_mask_of_damage_lies_where_the_network_says(weights):
    model = NanoModel(weights(FINE), FakeEmbedder(), threads=1)
    item = NanoFace(reduced(face(1), 128))
    marks = torch.full((1, 1, 128, 128), -9.0)
    marks[..., 10:20, 30:40] = 9.0
    with patch.object(model._network.hidden, "forward", return_value=marks):
        (found,) = model.restore_faces([item])
    assert np.array_equal(np.argwhere(present(found.damage) == 1).min(0), [9, 29])
    assert np.array_equal(np.argwhere(present(found.damage) > 0).max(0), [20, 40])
    (small,) = NanoModel(weights(), FakeEmbedder()).restore_faces([NanoFace(reduced(face(1), 64))])
    assert small.damage is None


def test_what_damage_hides_is_replaced_in_full():
    crop = face(1, scale=2.0)
    before = reduced(crop, 128)
    after = np.clip(before.astype(int) + 40, 0, 255).astype(np.uint8)
    damage = np.zeros((128, 128), np.float32)
    damage[40:60, 40:60] = 1
    without, masked = (
        keep_detail(crop, before, after, degradation(before, 512), d).astype(int) for d in (None, damage)
    )
    hidden = (slice(170, 230), slice(170, 230))
    low = cv2.resize(after, (512, 512), interpolation=cv2.INTER_CUBIC).astype(int)
    assert np.abs(masked[hidden] - low[hidden]).max() <= 1
    assert np.array_equal(masked[:140], without[:140])


def detailed(seed):
    """A sharp picture: flat shapes with edges as steep as pixels allow."""
    rng = np.random.default_rng(seed)
    picture = np.full((1024, 1024, 3), 150, np.uint8)
    for _ in range(60):
        centre, axes = rng.integers(100, 924, 2), rng.integers(8, 160, 2)
        colour = tuple(int(v) for v in rng.integers(20, 236, 3))
        cv2.ellipse(picture, tuple(map(int, centre)), tuple(map(int, axes)), int(rng.integers(180)), 0, 360, colour, -1)
    pixels = cv2.resize(picture, (512, 512), interpolation=cv2.INTER_AREA)
    return AlignedFace(pixels, np.eye(2, 3, dtype=np.float32))


def psnr(a, b):
    return 10 * np.log10(255**2 / max(np.mean((a.astype(float) - b) ** 2), 1e-9))


@pytest.mark.shared_data
@pytest.mark.parametrize("side", [512, 300, 128])
def test_a_sharp_face_is_not_made_worse_whatever_the_network_does(side, shared_data):
    for path in sorted((shared_data / "celeb512").glob("*/[0-9]*.png"))[::30]:
        photo = cv2.resize(cv2.imread(str(path)), (side, side), interpolation=cv2.INTER_AREA)
        pixels = cv2.resize(photo, (512, 512), interpolation=cv2.INTER_CUBIC)
        crop = AlignedFace(pixels, np.array([[512 / side, 0, 0], [0, 512 / side, 0]], np.float32))
        before = reduced(crop, 128)
        ruined = cv2.GaussianBlur(before, (0, 0), 3)
        assert psnr(keep_detail(crop, before, ruined, degradation(before, 512)), crop.pixels) > 45


def test_a_degraded_small_face_gets_the_whole_change():
    crop = noisy(face(3), 25)
    before = reduced(crop, 128)
    score = degradation(before, 512)
    assert change_share(score) == 1
    after = reduced(face(3), 128)
    assert psnr(keep_detail(crop, before, after, score), face(3).pixels) > psnr(crop.pixels, face(3).pixels) + 8


def test_noise_finer_than_the_network_sees_goes_and_structure_stays():
    drawing = detailed(2)
    assert kept_energy(drawing) > 0.95
    flat = replace(drawing, pixels=np.full((512, 512, 3), 128, np.uint8))
    assert kept_energy(noisy(flat, 15)) < 0.15


def kept_energy(crop):
    """How much of what the network cannot see is kept."""
    low = cv2.resize(reduced(crop, 128).astype(np.float32), (512, 512), interpolation=cv2.INTER_CUBIC)
    fine = crop.pixels.astype(np.float32) - low
    return (fine_share(crop, fine, 128) * fine**2).sum() / (fine**2).sum()
