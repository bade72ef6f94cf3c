"""Distances, intervals and tables."""

from dataclasses import fields

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.evaluation.metrics import load_lpips, psnr, sharpness, ssim, tones_matched
from iconface_core.evaluation.runner import INPUT, Scores
from iconface_core.evaluation.summary import as_json, difference, over_people, summarise, table


def textured(seed=0, size=64):
    rng = np.random.default_rng(seed)
    picture = cv2.GaussianBlur(rng.uniform(0, 255, (size, size, 3)).astype(np.float32), (0, 0), 1.2)
    return cv2.normalize(picture, None, 10, 245, cv2.NORM_MINMAX).astype(np.uint8)


def test_a_known_error_has_the_psnr_of_the_formula():
    truth = np.full((16, 16, 3), 100, np.uint8)
    assert psnr(truth + 10, truth) == pytest.approx(20 * np.log10(255 / 10))
    assert psnr(truth, truth) == 99


def test_a_faded_print_with_its_tones_matched_is_the_print():
    truth = textured()
    faded = np.rint(90 + 0.5 * truth.astype(np.float64)).astype(np.uint8)
    assert psnr(faded, truth) < 25
    assert psnr(tones_matched(faded, truth), truth) > 45  # what is left is rounding
    flat = np.full_like(truth, 7)
    assert (tones_matched(flat, truth) == np.rint(truth.mean((0, 1)))).all()


@settings(max_examples=20)
@given(st.integers(0, 1000), st.floats(0.5, 3))
def test_blur_costs_psnr_ssim_and_sharpness(seed, sigma):
    truth = textured(seed)
    blurred = cv2.GaussianBlur(truth, (0, 0), sigma)
    assert psnr(blurred, truth) < 99
    assert ssim(blurred, truth) < ssim(truth, truth) == pytest.approx(1)
    assert sharpness(blurred, truth) < sharpness(truth, truth) == pytest.approx(1)


def test_noise_counts_as_structure_and_the_text_says_so():
    truth = textured()
    noisy = np.clip(truth + np.random.default_rng(1).normal(0, 30, truth.shape), 0, 255).astype(np.uint8)
    assert sharpness(noisy, truth) > 1.1
    assert "Noise" in (sharpness.__doc__ or "")


def test_lpips_is_a_function_or_says_why_not():
    found = load_lpips()
    assert callable(found) or found.startswith("not available: no ")


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-50, 50, width=32)), min_size=1, max_size=40))
def test_the_interval_holds_the_mean_and_is_reproducible(rows):
    people, values = [f"p{p}" for p, _ in rows], np.array([v for _, v in rows], np.float32)
    found = over_people(values, people, rounds=300)
    assert found.mean == pytest.approx(float(values.astype(np.float64).mean()), abs=1e-4)
    assert found.low - 1e-6 <= found.high
    assert values.min() - 1e-4 <= found.low
    assert found.high <= values.max() + 1e-4
    assert found == over_people(values, people, rounds=300)


def test_many_faces_of_few_people_do_not_make_the_answer_surer():
    rng = np.random.default_rng(3)
    of_person = rng.normal(0, 1, 6)
    few = over_people(np.repeat(of_person, 50).astype(np.float32), np.repeat([f"p{i}" for i in range(6)], 50).tolist())
    many = over_people(
        np.repeat(of_person, 50).astype(np.float32), [f"p{i}" for i in range(300)]
    )  # the same numbers, all of different people
    assert few.high - few.low > 4 * (many.high - many.low)


def scores(n, **given):
    rng = np.random.default_rng(len(given))
    values = {f.name: rng.normal(0.5, 0.1, n).astype(np.float32) for f in fields(Scores)}
    return Scores(**{**values, **{k: np.asarray(v, np.float32) for k, v in given.items()}})


def test_a_gain_is_paired_and_scores_that_are_missing_stay_out():
    people = [f"p{i}" for i in range(20)]
    start = np.linspace(10, 40, 20)
    missing = np.full(20, np.nan)
    results = {
        INPUT: scores(20, psnr=start, lpips=missing),
        "better": scores(20, psnr=start + 1.5, lpips=missing),
    }
    rows = summarise(results, people)
    gain = rows["better"]["psnr_gain"]
    assert (gain.mean, gain.low, gain.high) == pytest.approx((1.5, 1.5, 1.5), abs=1e-5)
    assert rows["better"]["psnr"].high - rows["better"]["psnr"].low > 3
    assert "lpips" not in rows["better"]
    lines = table(rows, title="moderate")
    assert lines[0] == "**moderate**"
    assert "LPIPS" not in lines[2]
    assert len({line.count("|") for line in lines[2:]}) == 1
    assert "+1.50 ± 0.00" in lines[-1]
    assert as_json(rows)["better"]["psnr_gain"] == pytest.approx([1.5, 1.5, 1.5], abs=1e-4)


def test_no_values_is_an_error_not_a_zero():
    with pytest.raises(ValueError, match="no values"):
        difference(np.zeros(0, np.float32), np.zeros(0, np.float32), [])
