"""strength must be exact at its ends and move monotonically between fidelity and realism."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from iconface_core.restorers.common.denoise import denoise
from iconface_core.restorers.common.fidelity import EXPONENTS, anchor_to_input, band_weights
from iconface_core.restorers.common.schedule import sigmas

STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def pictures():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)


def test_the_ends_are_exact():
    restored, degraded = pictures()
    assert np.array_equal(anchor_to_input(restored, degraded, 1.0), restored)
    assert np.array_equal(anchor_to_input(restored, degraded, 0.0), degraded)
    for bad in (-0.1, 1.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            anchor_to_input(restored, degraded, bad)
    with pytest.raises(ValueError, match="one size"):
        anchor_to_input(restored, degraded[:32], 0.5)


@given(st.floats(0, 1), st.floats(0, 1))
def test_every_band_s_share_grows_with_strength_and_fine_bands_come_last_to_the_input(a, b):
    low, high = sorted((a, b))
    assert all(x <= y for x, y in zip(band_weights(low), band_weights(high), strict=True))
    weights = band_weights(a)
    assert len(weights) == len(EXPONENTS)
    assert list(weights) == sorted(weights, reverse=True)


def test_a_wrong_colour_is_corrected_before_the_detail_is_lost():
    """Truth = input's colour + restorer's detail; the restorer has a colour cast."""
    rng = np.random.default_rng(1)
    detail = rng.integers(-40, 41, (64, 64, 3))
    degraded = np.full((64, 64, 3), 128, np.uint8)
    restored = np.clip(128 + detail + 30, 0, 255).astype(np.uint8)
    out = anchor_to_input(restored, degraded, 0.5)
    assert abs(out.mean() - 128) < 3 < 25 < abs(restored.mean() - 128)
    assert out.std() > 0.85 * restored.std()


def test_early_stop_moves_along_the_line_on_an_exact_flow():
    """Two equally likely answers (+1, -1) and nothing known: the exact velocity of that flow is known in closed form.

    Stopping at once gives the posterior mean 0 (least squared error against a random truth); running to the end gives
    a real answer with twice the error. In between both change monotonically.
    """

    def velocity(x, sigma):
        mean = torch.zeros_like(x) if sigma == 1.0 else torch.tanh(x * (1 - sigma) / sigma**2)
        return (x - mean) / sigma

    noise = torch.randn(1, 4000, 1, generator=torch.Generator().manual_seed(0))
    truth = torch.randint(0, 2, noise.shape, generator=torch.Generator().manual_seed(1)) * 2.0 - 1
    distortion, realism = [], []
    for stop in range(1, 13):
        out = denoise(velocity, noise, sigmas(12, 1024), stop_after=stop)
        distortion.append(float((out - truth).square().mean()))
        realism.append(float((out.abs() - 1).abs().mean()))  # distance of the outputs to the two possible answers
    assert distortion == sorted(distortion)
    assert realism == sorted(realism, reverse=True)
    assert distortion[0] == pytest.approx(1.0)
    assert distortion[-1] > 1.7
    assert realism[0] == pytest.approx(1.0)
    assert realism[-1] < 0.2  # twelve Euler steps do not quite arrive


def spectrum_distance(a, b):
    """Mean absolute difference of the log power spectra: small when the textures are statistically alike."""
    spectra = [np.log1p(np.abs(np.fft.rfft2(x.astype(np.float64).mean(-1))) ** 2) for x in (a, b)]
    return float(np.abs(spectra[0] - spectra[1]).mean())


def psnr(a, b):
    return float(10 * np.log10(255**2 / np.mean((a.astype(np.float64) - b) ** 2)))


@pytest.mark.shared_data
def test_the_paper_s_own_results_move_along_the_line(shared_data: Path):
    """Its published pictures are the restorer here; the truth is the gallery's (every third case)."""
    rows = []
    for truth_file in sorted((shared_data / "paper_gallery").rglob("gt.jpg"))[::3]:
        files = [truth_file.with_name(f"{name}.jpg") for name in ("ours", "full", "deg")]
        ours, degraded, truth = (
            np.asarray(Image.open(f).convert("RGB").resize((512, 512), Image.Resampling.BICUBIC))
            for f in (*(f for f in files if f.exists()), truth_file)
        )
        outs = [anchor_to_input(ours, degraded, s) for s in STRENGTHS]
        rows.append([(psnr(o, truth), spectrum_distance(o, truth)) for o in outs])
    assert len(rows) >= 5
    fidelity, unlike = np.mean(rows, axis=0).T
    assert (np.diff(fidelity) < 0).all(), fidelity
    assert (np.diff(unlike) < 0.02).all(), unlike  # flat from about 0.6: the last bands carry no texture
    assert unlike[0] - unlike[-1] > 1
