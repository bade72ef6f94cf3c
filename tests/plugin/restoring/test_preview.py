"""A preview is what the copy would be, smaller where the photo is large."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plugin.app import App, build_app
from plugin.errors import UsageError
from plugin.job_payloads import PhotoStep, QueuedChoices
from plugin.restoring import preview
from plugin.settings import load_settings
from tests.plugin.restoring.test_whole_photo import faded, landscape, opened, scratched
from tests.support.library import Cli, Library


@pytest.fixture
def app(library: Library):
    app = build_app(load_settings(library.home, {}))
    yield app
    app.close()


def previewed(app: App, path: Path, *steps: PhotoStep) -> preview.PhotoPreview:
    return app.photo_previews.preview(path, QueuedChoices(photo_steps=steps))


def saved(pixels: np.ndarray, path: Path) -> Path:
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return path


def codes(shown: preview.PhotoPreview) -> list[str]:
    return [str(n.code) for n in shown.notes]


def test_it_shows_the_very_pixels_of_the_copy(app: App, cli: Cli, tmp_path: Path):
    print_ = saved(scratched(faded(landscape())), tmp_path / "print.png")
    shown = previewed(app, print_, "damage", "fading")
    assert codes(shown) == ["damage_filled", "tones_corrected"]
    assert shown.changed
    assert shown.found is not None
    marked = (shown.found != shown.before).any(axis=2)
    assert marked[30:260].any(axis=1).mean() > 0.6, "along the scratch"
    assert marked.mean() < 0.05
    [row] = cli("restore", "--photo", "--photo-steps", "damage,fading", print_, "-o", tmp_path / "out")["results"]
    assert [n["code"] for n in row["notes_data"]] == codes(shown)
    assert np.array_equal(opened(row["output"]), shown.after)
    assert np.array_equal(opened(print_), shown.before)


def test_a_face_waits_for_the_copy_and_nothing_may_be_left_to_see(app: App, library: Library, tmp_path: Path):
    shown = previewed(app, library.ruined, "fading", "faces")
    assert codes(shown)[-1] == "faces_with_copy"
    assert shown.notes[-1].params["faces"] == 1
    plain = previewed(app, saved(landscape(), tmp_path / "plain.png"), "damage", "fading", "faces")
    assert (plain.changed, plain.found) == (False, None)
    assert codes(plain) == ["no_damage", "not_faded", "faces_with_copy"]
    assert plain.notes[-1].params["faces"] == 0
    with pytest.raises(UsageError, match="around the faces"):
        previewed(app, library.ruined, "faces")


def test_noise_is_told_of_the_full_photo(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Averaged away in the smaller picture, it is in the photo all the same."""
    monkeypatch.setattr(preview, "SIDE", 105)
    noise = np.random.default_rng(5).normal(0, 4, (300, 420, 3))
    worn = previewed(app, saved(landscape() + noise, tmp_path / "worn.png"), "background", "fading")
    assert worn.before.shape == worn.after.shape == (75, 105, 3)
    assert codes(worn) == ["fine_noise", "not_faded"]
    assert 2 < float(str(worn.notes[0].params["noise"])) < 6
    y, x = np.mgrid[0:255:300j, 0:255:420j]
    clear = previewed(app, saved(np.stack([x, y, x], -1), tmp_path / "clear.png"), "background", "fading")
    assert sorted(codes(clear)) == ["background_clear", "not_faded"]


def test_marks_can_be_seen_when_all_of_the_photo_is(app: App, tmp_path: Path):
    mask = np.zeros((400, 4000), np.uint8)
    mask[200, 2000] = 255
    marked = preview._marked(np.zeros((400, 4000, 3), np.uint8), mask)
    assert marked is not None
    assert marked[..., 0].any(axis=0).sum() == 5
