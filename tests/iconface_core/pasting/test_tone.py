"""The light and palette of a restored crop are those of its photo; its shapes are its own."""

import cv2
import numpy as np

from iconface_core.pasting.tone import tone_matched
from tests.iconface_core.pasting.test_paste import smooth_photo


def test_a_match_is_left_alone() -> None:
    crop = smooth_photo(512, 512)
    assert np.abs(tone_matched(crop, crop)).max() < 0.01


def test_a_faded_print_stays_as_faded_as_the_rest_of_it() -> None:
    crop = smooth_photo(512, 512)
    brighter = np.clip(crop * 0.8 + np.array([40, 30, 10]), 0, 255).astype(np.uint8)
    bright = np.clip(brighter.astype(int) + 20, 0, 255).astype(np.uint8)
    assert abs(tone_matched(bright, brighter).mean()) < 1


def test_a_stain_may_go() -> None:
    """A spot of a tenth of the crop is damage, not light."""
    clean = np.full((512, 512, 3), 140, np.uint8)
    stained = clean.copy()
    cv2.circle(stained, (200, 300), 26, (100, 80, 60), -1)
    assert np.abs(tone_matched(clean, stained)[300, 200] - (40, 60, 80)).max() < 5


def test_what_replaces_a_white_scratch_has_the_colours_of_the_print() -> None:
    light = cv2.GaussianBlur(np.random.default_rng(1).uniform(0, 255, (128, 128)), (0, 0), 8)
    light = cv2.normalize(light, None, 10, 240, cv2.NORM_MINMAX)
    print_ = np.clip(light[..., None] * (1, 0.86, 0.68) + (10, 5, 0), 0, 255).astype(np.uint8)
    scratched = print_.copy()
    scratched[60:62, 40:50] = 220  # paper, which has no sepia
    whole = scratched + tone_matched(print_, scratched)
    np.testing.assert_allclose(whole[60:62, 40:50], print_[60:62, 40:50], atol=8)
