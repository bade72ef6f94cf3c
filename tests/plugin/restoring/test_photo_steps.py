"""The steps of a whole photo that are off unless asked for, from a command to its copy: background and colour, and LaMa
for the damage. LaMa and DDColor are tiny files in their layouts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from iconface_core.images.provenance import COMPOSITE_WITH_AI, ENHANCED, read_provenance
from iconface_core.images.read import read_photo
from iconface_core.models.extra_models import DDCOLOR, DDCOLOR_FILE, LAMA, LAMA_FILE
from iconface_core.models.files import installed_path, sha256_of
from iconface_core.types import RgbU8
from plugin.job_payloads import PHOTO_STEPS
from plugin.models import builtin
from plugin.models.registry import find_backends
from plugin.restoring.photo_models import offered_steps
from tests.plugin.restoring.test_whole_photo import landscape, opened, scratched
from tests.support import onnx_files
from tests.support.library import Cli, Library
from tests.support.narrow import present


@pytest.fixture
def models(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The models folder, with tiny files that are the pinned ones for the length of a test."""
    folder = library.home / "data" / "models"
    for names, model, file, path in (
        (("LAMA", "LAMA_FILE"), LAMA, LAMA_FILE, onnx_files.lama(installed_path(LAMA_FILE, folder))),
        (("DDCOLOR", "DDCOLOR_FILE"), DDCOLOR, DDCOLOR_FILE, onnx_files.ddcolor(installed_path(DDCOLOR_FILE, folder))),
    ):
        pinned = replace(file, sha256=sha256_of(path), size=path.stat().st_size)
        monkeypatch.setattr(builtin, names[0], replace(model, files=(pinned,)))
        monkeypatch.setattr(builtin, names[1], pinned)
    yield folder
    for file in (LAMA_FILE, DDCOLOR_FILE):
        installed_path(file, folder).unlink()


def grey(pixels: RgbU8) -> RgbU8:
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def lightness(pixels: RgbU8) -> np.ndarray:
    return cv2.cvtColor(pixels.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab)[..., 0]


def test_noise_is_taken_away_and_the_copy_says_so(cli: Cli, tmp_path: Path):
    truth = cv2.GaussianBlur(landscape(200, 260), (0, 0), 2)
    worn = (truth + np.random.default_rng(5).normal(0, 9, truth.shape)).clip(0, 255).astype(np.uint8)
    path = tmp_path / "noisy.png"
    Image.fromarray(worn).save(path)
    line = ("restore", "--photo", "--photo-steps", "background,fading", path, "-o", tmp_path / "out")
    [row] = cli(*line)["results"]
    assert row["photo_steps"] == ["background", "fading"]
    assert [n["code"] for n in row["notes_data"]] == ["background_cleaned", "not_faded"]
    copy = opened(row["output"]).astype(int)
    assert np.abs(copy - truth).mean() < 0.55 * np.abs(worn.astype(int) - truth).mean()
    record = present(present(read_provenance(Path(row["output"]))).photo)
    assert record.steps == ("background",)
    assert 4 < record.noise < 10
    assert [(m.step, m.model) for m in record.models] == [("background", "waifu2x-upconv7-photo")]
    assert ENHANCED.encode() in Path(row["output"]).read_bytes(), "nothing was made up"
    Image.fromarray(truth).save(path)
    [row] = cli(*line)["results"]
    assert [n["code"] for n in row["notes_data"]] == ["background_clear", "not_faded"]
    assert row["output"] is None


def test_faces_in_a_noisy_photo_are_restored_on_top_of_a_clean_background(cli: Cli, library: Library, tmp_path: Path):
    photo = opened(library.ruined)
    worn = (photo + np.random.default_rng(5).normal(0, 9, photo.shape)).clip(0, 255).astype(np.uint8)
    Image.fromarray(worn).save(tmp_path / "worn.png")
    line = ("restore", "--photo", "--photo-steps", "background,faces", tmp_path / "worn.png", "-o", tmp_path / "out")
    face, whole = cli(*line)["results"]
    assert face["output"] == whole["output"]
    copy = opened(face["output"]).astype(float)
    larger, _ = cli(*line, "--enlarge", 2)["results"]
    assert larger["bbox"] == face["bbox"], "the photo's pixels"
    [mark] = present(read_provenance(Path(larger["output"]))).faces
    assert mark.bbox == pytest.approx([2 * v for v in face["bbox"]], abs=0.2), "the copy's own"
    twice = opened(larger["output"])
    assert twice.shape == (2 * copy.shape[0], 2 * copy.shape[1], 3)
    again = cv2.resize(twice, copy.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(again - copy).mean() < 2
    x1, y1, x2, y2 = (int(v) for v in face["bbox"])
    corner = np.s_[: max(8, y1 // 2), : max(8, x1 // 2)]
    assert np.abs(copy - worn)[corner].mean() > 3, "the corner is clean"
    rough = [np.abs(np.diff(p.astype(float), axis=1)).mean() for p in (copy[corner], worn[corner])]
    assert rough[0] < 0.6 * rough[1]
    assert np.abs(copy - worn)[y1:y2, x1:x2].mean() > 1


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("kind", ["grey", "grey_and_alpha", "deep", "profile", "sepia"])
def test_colours_are_invented_for_grey_photos_and_marked(cli: Cli, tmp_path: Path, kind: str):
    path, pixels = tmp_path / "old.png", grey(landscape(80, 120))
    if kind == "deep":
        cv2.imwrite(str(path), pixels[..., 0].astype(np.uint16) * 257)
    elif kind == "sepia":
        pixels = (pixels * np.array([1.0, 0.85, 0.65])).astype(np.uint8)
        Image.fromarray(pixels).save(path)
    else:
        picture = Image.fromarray(pixels[..., 0])
        if kind == "grey_and_alpha":
            picture.putalpha(200)
        picture.save(path, icc_profile=grey_profile() if kind == "profile" else None)
    [row] = cli("restore", "--photo", "--photo-steps", "colour", path, "-o", tmp_path / "out")["results"]
    assert [n["code"] for n in row["notes_data"]] == ["colours_invented"]
    assert "nobody knows" in row["notes"][0]
    copy = opened(row["output"])
    shown = opened(path) if kind == "grey_and_alpha" else read_photo(path).pixels
    assert np.ptp(copy.astype(int), axis=2).max() > 20
    most = 1.6 if kind == "grey_and_alpha" else 0.9  # what shines through black cannot be made darker
    assert np.abs(lightness(copy) - lightness(shown)).max() < most
    with Image.open(row["output"]) as made:
        assert made.mode == ("RGBA" if kind == "grey_and_alpha" else "RGB")
        assert made.info.get("icc_profile") is None, "its colours are sRGB now"
        if kind == "grey_and_alpha":
            assert np.asarray(made)[..., 3].min() == 200
    if kind == "deep":
        assert present(cv2.imread(row["output"], cv2.IMREAD_UNCHANGED)).dtype == np.uint16
    mark = present(read_provenance(Path(row["output"])))
    assert present(mark.photo).steps == ("colour",)
    assert [(m.step, m.model) for m in present(mark.photo).models] == [("colour", "ddcolor")]
    data = Path(row["output"]).read_bytes()
    assert COMPOSITE_WITH_AI.encode() in data
    assert b"colours are invented by AI" in data
    assert b"colour (invented) with ddcolor" in data


def grey_profile() -> bytes:
    """Of a grey picture with sRGB's tones. LittleCMS makes none, so it is spelled out: ICC.1:2001, a curve of 1.8."""
    white = b"XYZ \0\0\0\0" + b"".join(int(v * 65536).to_bytes(4, "big") for v in (0.9642, 1.0, 0.8249))
    curve = b"curv\0\0\0\0\0\0\0\1" + int(1.8 * 256).to_bytes(2, "big") + b"\0\0"
    text = b"text\0\0\0\0grey\0\0\0\0"
    desc = b"desc\0\0\0\0\0\0\0\5grey\0" + b"\0" * 78 + b"\0"
    tags = [(b"desc", desc), (b"cprt", text), (b"wtpt", white), (b"kTRC", curve)]
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags:
        data += b"\0" * (-len(data) % 4)
        table += name + (at + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data
    size = at + len(body)
    head = size.to_bytes(4, "big") + b"\0\0\0\0\2\x10\0\0mntrGRAYXYZ " + b"\0" * 12 + b"acsp" + b"\0" * 28
    head += b"".join(int(v * 65536).to_bytes(4, "big") for v in (0.9642, 1.0, 0.8249)) + b"\0" * 48
    assert len(head) == 128
    return head + len(tags).to_bytes(4, "big") + table + body


@pytest.mark.usefixtures("models")
def test_a_photo_with_colours_is_refused_new_ones(cli: Cli, tmp_path: Path):
    Image.fromarray(landscape(80, 120)).save(tmp_path / "a.png")
    [row] = cli("restore", "--photo", "--photo-steps", "colour", tmp_path / "a.png", "-o", tmp_path / "out")["results"]
    assert [n["code"] for n in row["notes_data"]] == ["has_colours"]
    assert row["output"] is None


def test_a_model_that_finds_no_colours_leaves_the_photo_grey(cli: Cli, models: Path, tmp_path: Path, monkeypatch):
    path = onnx_files.ddcolor(installed_path(DDCOLOR_FILE, models), fault="grey")
    monkeypatch.setattr(builtin, "DDCOLOR_FILE", replace(DDCOLOR_FILE, sha256=sha256_of(path)))
    Image.fromarray(grey(landscape(80, 120))).save(tmp_path / "a.png")
    line = ("restore", "--photo", "--photo-steps", "colour", tmp_path / "a.png", "-o", tmp_path / "out")
    [row] = cli(*line)["results"]
    assert [n["code"] for n in row["notes_data"]] == ["no_colours_found"]
    path = onnx_files.ddcolor(path, fault="nan")
    monkeypatch.setattr(builtin, "DDCOLOR_FILE", replace(DDCOLOR_FILE, sha256=sha256_of(path)))
    [row] = cli(*line, code=1)["results"]
    assert "no numbers" in row["skipped_reason"]
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("models")
def test_lama_fills_damage_where_it_is_installed(cli: Cli, tmp_path: Path):
    worn = scratched(landscape())
    path = tmp_path / "worn.png"
    Image.fromarray(worn).save(path)
    line = ("restore", "--photo", "--photo-steps", "damage", path, "-o", tmp_path / "out")
    [row] = cli(*line)["results"]
    [by_hand] = cli(*line, "--fill", "opencv")["results"]
    lama, opencv = (present(read_provenance(Path(r["output"]))) for r in (row, by_hand))
    assert [m.model for m in present(lama.photo).models] == ["lama"]
    assert [m.model for m in present(opencv.photo).models] == ["opencv-telea"]
    changed = [(opened(r["output"]) != worn).any(2) for r in (row, by_hand)]
    assert (changed[0] | changed[1]).mean() < 0.03, "nothing but the scratch"
    assert {r["options"]["fill"] for r in cli("restored", "list")["restorations"]} == {"lama", "opencv"}


def test_what_is_not_installed_is_said_before_anything_is_done(cli: Cli, tmp_path: Path):
    Image.fromarray(landscape(60, 60)).save(tmp_path / "a.png")
    base = ("restore", "--photo", tmp_path / "a.png", "-o", tmp_path / "out")
    for more, told in (
        (("--photo-steps", "damage,colour"), "iconface models pull ddcolor"),
        (("--fill", "lama"), "iconface models pull lama"),
        (("--photo-steps", "background", "--background-with", "real-esrgan"), "pip install 'iconface[real-esrgan]'"),
        (("--fill", "varnish"), "known: auto, opencv, lama"),
    ):
        assert told in cli(*base, *more, code=1)["error"]["message"]
    assert not (tmp_path / "out").exists()


def test_what_a_front_end_may_offer(models: Path, tmp_path: Path):
    without = offered_steps(find_backends("buffalo_l", []), tmp_path)
    assert [o.step for o in without] == list(PHOTO_STEPS)
    assert {o.step: o.needs for o in without if o.needs} == {"colour": "iconface models pull ddcolor"}
    assert {o.step for o in without if o.usual} == {"damage", "fading", "faces"}
    assert not any(o.needs for o in offered_steps(find_backends("buffalo_l", []), models))
