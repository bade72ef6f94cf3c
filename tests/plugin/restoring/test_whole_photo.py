"""`iconface restore --photo`, with the real models: a scratched, faded print, step by step."""

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from gallery_db import Gallery
from iconface_core.extensions.backends import BackendContext
from iconface_core.images.provenance import ENHANCED, read_provenance
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate_verified
from iconface_core.restorers.nano.damage_finder import NanoDamageFinder
from iconface_core.types import BBox, RgbU8
from iconface_core.whole_photo.fading import Levels, ToneCurve
from plugin.job_payloads import QueuedChoices
from plugin.models.backends import Backends
from plugin.models.cache import ModelHost
from plugin.models.registry import find_backends
from plugin.restoring.photo_models import PhotoModels
from plugin.restoring.repeat import as_before
from plugin.restoring.whole_photo import PhotoMender
from tests.support.library import Cli, Library, tree_hash
from tests.support.narrow import present


def landscape(height: int = 300, width: int = 420) -> RgbU8:
    """No face in it."""
    y, x = np.mgrid[0:1:height*1j, 0:1:width*1j]  # fmt: skip
    x, y = (np.clip((i - 0.15) / 0.7, 0, 1) for i in (x, y))
    grain = np.random.default_rng(2).normal(0, 2, (height, width, 1))
    return (np.stack([255 * x, 255 * (x + y) / 2, 255 * y], -1) + grain).clip(0, 255).astype(np.uint8)


def scratched(pixels: RgbU8) -> RgbU8:
    out = np.ascontiguousarray(pixels.copy())
    cv2.line(out, (40, 30), (170, 260), (245, 243, 238), 2, cv2.LINE_AA)
    return out


def faded(pixels: RgbU8) -> RgbU8:
    return (pixels * 0.5 + 75).astype(np.uint8)


@pytest.fixture
def print_(tmp_path: Path) -> Path:
    path = tmp_path / "print.png"
    Image.fromarray(scratched(faded(landscape()))).save(path)
    return path


def opened(path: str | Path) -> RgbU8:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def distance(a: RgbU8, b: RgbU8) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def test_a_print_without_faces_is_filled_in_and_toned(cli: Cli, print_: Path, tmp_path: Path):
    before = print_.read_bytes()
    [row] = cli("restore", "--photo", print_, "-o", tmp_path / "out")["results"]
    assert row["face"] is None
    assert row["photo_steps"] == ["damage", "fading", "faces"]
    assert [n["code"] for n in row["notes_data"]] == ["damage_filled", "tones_corrected"]
    assert distance(opened(row["output"]), landscape()) < 0.4 * distance(opened(print_), landscape())
    assert print_.read_bytes() == before
    mark = present(read_provenance(Path(row["output"])))
    record = present(mark.photo)
    assert record.steps == ("damage", "fading")
    assert 0 < record.filled < 0.03
    assert ENHANCED.encode() in Path(row["output"]).read_bytes()


def test_the_tones_can_be_taken_back_from_what_the_copy_says(cli: Cli, print_: Path, tmp_path: Path):
    [row] = cli("restore", "--photo", "--photo-steps", "fading", print_, "-o", tmp_path / "out")["results"]
    record = present(present(read_provenance(Path(row["output"]))).photo)
    curve = ToneCurve(*(Levels(*ends) for ends in record.tones))
    copy = opened(row["output"])
    kept = (copy > 0) & (copy < 255)
    assert (np.abs(curve.undo(copy).astype(int) - opened(print_))[kept] <= 1).all()


def test_a_step_less_is_a_copy_made_anew_from_the_original(cli: Cli, print_: Path, tmp_path: Path):
    both = cli("restore", "--photo", print_, "-o", tmp_path / "out")["results"][0]["output"]
    one = cli("restore", "--photo", "--photo-steps", "damage", print_, "-o", tmp_path / "out")["results"][0]["output"]
    assert both != one
    changed = (opened(one) != opened(print_)).any(2)
    assert 0 < changed.mean() < 0.03, "the scratch and nothing else"
    again = cli("restore", "--photo", print_, "-o", tmp_path / "out")["results"][0]["output"]
    assert again == both


def test_what_was_done_is_listed_repeated_and_taken_back(cli: Cli, library: Library, print_: Path, tmp_path: Path):
    [row] = cli("restore", "--photo", "--tint", "remove", print_, "-o", tmp_path / "out")["results"]
    [listed] = cli("restored", "list")["restorations"]
    assert listed["output"] == row["output"]
    assert listed["restorer"] == "whole-photo"
    with Gallery.open(library.home / "data" / "gallery.db") as gallery, gallery.begin(write=False) as tx:
        again = as_before(tx.restorations.with_output(listed["restoration_id"]))
    assert again.photo_steps == ("damage", "fading", "faces")
    assert not again.keep_tint
    assert again.restorer == "auto"
    assert cli("undo")["undo"]["removed"] == [row["output"]]
    assert not Path(row["output"]).exists()


def test_faces_are_restored_in_what_came_of_the_photo(cli: Cli, library: Library, tmp_path: Path):
    worn = tmp_path / "worn.png"
    Image.fromarray(scratched(opened(library.ruined))).save(worn)
    before = tree_hash(library.photos)
    face, whole = cli("restore", "--photo", worn, "-o", tmp_path / "out")["results"]
    assert face["face"] == 1
    assert face["identity"]["verdict"] in {"pass", "doubtful"}
    assert face["output"] == whole["output"]
    mark = present(read_provenance(Path(face["output"])))
    assert len(mark.faces) == 1
    assert present(mark.photo).steps[0] == "damage"
    assert {r["restorer"] for r in cli("restored", "list")["restorations"]} == {face["restorer"], "whole-photo"}
    assert tree_hash(library.photos) == before
    [only_photo] = cli("restore", "--photo", "--photo-steps", "damage", worn, "-o", tmp_path / "out")["results"]
    assert not present(read_provenance(Path(only_photo["output"]))).faces


def test_a_face_that_filling_in_would_change_keeps_its_damage(tmp_path: Path):
    photo = faded(landscape())

    backends = Backends(find_backends("buffalo_l", []), BackendContext(tmp_path))
    finder = partial(NanoDamageFinder, locate_verified(NANO_FILE), threads=1)
    mender = PhotoMender(PhotoModels(finder, backends, ModelHost()))
    worn, choices = scratched(photo), QueuedChoices(photo_steps=("damage",))
    box = BBox(60, 60, 120, 150)
    mended = mender.mend(worn, choices, harmed=lambda _: [box])
    changed = (mended.pixels != worn).any(2)
    assert changed.any()
    assert not changed[60:151, 60:121].any()
    assert [n.code for n in mended.notes] == ["faces_not_filled", "damage_filled"]
    everywhere = mender.mend(worn, choices, harmed=lambda _: [BBox(0, 0, 420, 300)])
    assert everywhere.pixels is worn
    assert everywhere.record is None


def test_a_photo_that_needs_nothing_gets_no_copy(cli: Cli, tmp_path: Path):
    Image.fromarray(landscape()).save(tmp_path / "fine.png")
    [row] = cli("restore", "--photo", tmp_path / "fine.png", "-o", tmp_path / "out")["results"]
    assert row["output"] is None
    assert row["skipped_reason_data"]["code"] == "nothing_to_restore"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["grey", "alpha", "deep", "panorama", "tiny"])
def test_any_kind_of_photo_keeps_its_kind(cli: Cli, tmp_path: Path, kind: str):
    path, pixels = tmp_path / "a.png", scratched(faded(landscape()))
    if kind == "deep":
        deep = (
            faded(landscape()).astype(np.uint16) * 257
            + np.random.default_rng(1).integers(0, 257, (300, 420, 1), np.uint16)
            - 128
        )
        cv2.imwrite(str(path), deep[..., ::-1])
    elif kind == "grey":
        Image.fromarray(pixels).convert("L").save(path)
    elif kind == "alpha":
        picture = Image.fromarray(pixels)
        picture.putalpha(200)
        picture.save(path)
    else:
        size = (1800, 60) if kind == "panorama" else (5, 3)
        Image.fromarray(faded(landscape())).resize(size).save(path)
    [row] = cli("restore", "--photo", path, "-o", tmp_path / "out")["results"]
    with Image.open(row["output"]) as copy, Image.open(path) as original:
        assert copy.size == original.size
        assert copy.mode == original.mode
        if kind == "alpha":
            assert np.asarray(copy)[..., 3].max() == 200
    if kind == "deep":
        got = present(cv2.imread(row["output"], cv2.IMREAD_UNCHANGED))
        assert got.dtype == np.uint16
        levels = np.unique(got[..., 1])
        assert np.diff(levels[(levels > 5000) & (levels < 60_000)]).max() < 400, "no gaps where tones were stretched"


def test_a_preview_is_a_picture_and_nothing_else_happens(cli: Cli, print_: Path, tmp_path: Path):
    shown = tmp_path / "preview.png"
    told = cli("restore", "--photo", print_, "--preview", shown)["preview"]
    assert told["picture"] == str(shown)
    assert len(told["notes"]) == 3
    assert opened(shown).shape == (300, 3 * 420, 3)
    assert cli("restored", "list")["restorations"] == []
    assert "new .png or .jpg" in cli("restore", "--photo", print_, "--preview", shown, code=2)["error"]["message"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["--photo", "--photo-steps", "damage,varnish"], "damage, background, fading, colour, faces"),
        (["--photo", "--photo-steps", ","], "one or more"),
        (["--preview", "x.png"], "--photo"),
        (["--photo", "--photo-steps", "faces", "--preview", "x.png"], "around the faces"),
    ],
)
def test_a_wrong_line_is_explained(cli: Cli, print_: Path, line: list[str], told: str):
    assert told in cli("restore", print_, *line, code=2)["error"]["message"]


def test_a_file_that_is_no_photo_is_a_result(cli: Cli, tmp_path: Path):
    (tmp_path / "a.jpg").write_text("no picture")
    [row] = cli("restore", "--photo", tmp_path / "a.jpg", code=1)["results"]
    assert row["skipped_reason"]
