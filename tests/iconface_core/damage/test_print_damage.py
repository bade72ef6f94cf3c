"""Worn prints are told from clean faces, and smooth or drawn pictures are not taken for them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.damage.print_damage import SMALLEST_SIDE, features, print_damage
from iconface_core.damage.sharpness import SHARP_SCORE, measure
from iconface_core.geometry import FFHQ_512
from iconface_core.types import RgbU8

HALF = np.array([[2, 0, 0.5], [0, 2, 0.5]], np.float32)  # a crop that was 256 photo pixels wide


def portraits(shared_data: Path) -> list[RgbU8]:
    paths = [p for p in sorted((shared_data / "celeb512").glob("*/*.png")) if "degraded" not in p.name][::8]
    return [cv2.cvtColor(cv2.imread(str(p)), cv2.COLOR_BGR2RGB) for p in paths]


def drawn() -> RgbU8:
    """Skin with eyes, as smooth as paint."""
    image = np.full((512, 512, 3), (205, 160, 135), np.uint8)
    for x, y in FFHQ_512.points[:2]:
        cv2.circle(image, (int(x), int(y)), 16, (25, 18, 15), -1)
    return cv2.GaussianBlur(image, (0, 0), 2)


@given(pixels=st.sampled_from([0, 7, 128, 255]), scale=st.floats(0.1, 5.3), noise=st.sampled_from([0, 5, 60]))
@settings(max_examples=20)
def test_any_crop_gives_a_probability(pixels: int, scale: float, noise: int):
    rng = np.random.default_rng(0)
    crop = np.clip(pixels + rng.normal(0, noise, (512, 512, 3)), 0, 255).astype(np.uint8)
    value, words = print_damage(crop, scale)
    assert 0 <= value <= 1
    assert words
    assert np.isfinite(features(crop, scale)).all()


def test_small_faces_are_not_judged():
    assert print_damage(drawn(), 512 / (SMALLEST_SIDE - 2)) == (0.0, ())
    assert print_damage(drawn(), 512 / (SMALLEST_SIDE + 2))[1]


def test_each_kind_of_mark_moves_its_own_number():
    plain = features(drawn(), 2.0)
    scratched = drawn()
    cv2.line(scratched, (150, 300), (360, 330), (245, 242, 235), 4)
    dusty = drawn()
    for x, y in np.random.default_rng(1).integers(150, 360, (60, 2)):
        cv2.circle(dusty, (int(x), int(y)), 3, (10, 10, 10), -1)
    faded = (drawn() * 0.45 + 110).astype(np.uint8)
    assert features(scratched, 2.0)[0] > plain[0] + 0.5, "light lines"
    assert features(dusty, 2.0)[7] > plain[7] + 0.5, "dark specks"
    assert features(faded, 2.0)[10] > plain[10] + 0.5, "no black"
    assert features(faded, 2.0)[12] < plain[12] * 0.6, "no contrast"


@pytest.mark.shared_data
def test_clean_portraits_are_left_alone_and_old_prints_found(shared_data: Path):
    torch = pytest.importorskip("torch")
    from iconface_core.training.degradations.degrader import degrade_print_each

    small = [cv2.resize(p, (256, 256), interpolation=cv2.INTER_AREA) for p in portraits(shared_data)]
    clean = torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float() / 127.5 - 1
    worn = (
        ((degrade_print_each(clean, range(len(clean))).images + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    )

    def found(pictures: list[RgbU8]) -> list[bool]:
        crops = [cv2.resize(p, (512, 512), interpolation=cv2.INTER_CUBIC) for p in pictures]
        return [measure(crop, HALF).print_damage >= SHARP_SCORE for crop in crops]

    assert np.mean(found(small)) <= 0.1
    assert np.mean(found(list(worn))) >= 0.6
