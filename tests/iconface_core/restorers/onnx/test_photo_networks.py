"""LaMa and DDColor: tiny files in their exact layouts, and files that are not."""

from pathlib import Path

import numpy as np
import pytest

from iconface_core.errors import UnusableOutputError, WeightsError
from iconface_core.restorers.onnx.photo_networks import DdColorColouriser, LamaInpainter
from iconface_core.types import RgbU8
from iconface_core.whole_photo.fill import filled
from tests.support import onnx_files


def picture(height: int, width: int) -> RgbU8:
    y, x = np.mgrid[:height, :width]
    return np.stack([40 + x % 150, 30 + y % 150, (x + y) % 200], -1).astype(np.uint8)


@pytest.mark.parametrize("shape", [(60, 90), (1, 400), (700, 1000)], ids=["small", "one row", "several parts"])
def test_lama_fills_the_hole_and_nothing_else_changes(tmp_path: Path, shape: tuple[int, int]):
    lama = LamaInpainter("lama", onnx_files.lama(tmp_path / "l.onnx"), weights_sha256="0" * 64)
    photo, mask = picture(*shape), np.zeros(shape, np.uint8)
    mask[shape[0] // 3 : shape[0] // 3 + 5, shape[1] // 4 : -shape[1] // 4] = 255
    parts: list[tuple[int, int]] = []
    out = filled(photo, mask, inpainter=lama, on_step=lambda done, total: parts.append((done, total)))
    assert (out[mask == 0] == photo[mask == 0]).all(), "bit for bit, though the network makes everything lighter"
    assert np.abs(out[mask > 0].astype(int) - (128 + 9)).max() <= 1
    assert parts[-1][0] == parts[-1][1] == len(parts)
    assert len(parts) == (2 if shape == (700, 1000) else 1)


def test_lama_is_not_shown_the_rim_of_a_hole(tmp_path: Path):
    shown: list[int] = []

    class Seeing(LamaInpainter):
        def inpaint(self, picture, hole):
            shown.append(int((hole > 0).sum()))
            return super().inpaint(picture, hole)

    lama = Seeing("lama", onnx_files.lama(tmp_path / "l.onnx"), weights_sha256="0" * 64)
    mask = np.zeros((512, 512), np.uint8)
    mask[50, 50] = 255
    filled(picture(512, 512), mask, inpainter=lama)
    assert shown == [81]


def test_ddcolor_gives_a_chroma_at_its_own_size(tmp_path: Path):
    for side, wanted in ((256, 256), ("n", 512)):
        model = DdColorColouriser("d", onnx_files.ddcolor(tmp_path / "d.onnx", side=side), weights_sha256="0" * 64)
        photo = np.full((300, 700, 3), 30, np.uint8)
        photo[150:] = 220
        chroma = model.chroma(photo)
        assert chroma.shape == (wanted, wanted, 2)
        assert chroma[-1, 0, 0] > chroma[0, 0, 0] > 0 > chroma[0, 0, 1]
        assert chroma[-1, 0, 0] == pytest.approx(20 * 3 * 220 / 255, rel=0.02), "grey as light as the photo, 0..1"


@pytest.mark.parametrize("fault", ["nan", "flat"])
def test_what_lama_must_not_make(tmp_path: Path, fault: str):
    lama = LamaInpainter("lama", onnx_files.lama(tmp_path / "l.onnx", fault=fault), weights_sha256="0" * 64)
    with pytest.raises(UnusableOutputError, match="lama"):
        lama.inpaint(picture(512, 512), np.ones((512, 512), np.uint8))


@pytest.mark.parametrize("fault", ["nan", "far", "channels"])
def test_what_ddcolor_must_not_make(tmp_path: Path, fault: str):
    path = onnx_files.ddcolor(tmp_path / "d.onnx", channels=3 if fault == "channels" else 2, fault=fault)
    with pytest.raises(UnusableOutputError, match="ddcolor"):
        DdColorColouriser("ddcolor", path, weights_sha256="0" * 64).chroma(picture(64, 64))


def test_files_of_another_layout_are_refused_in_words(tmp_path: Path):
    for bad in (onnx_files.lama(tmp_path / "1.onnx", side=256), onnx_files.lama(tmp_path / "2.onnx", fault="alone")):
        with pytest.raises(WeightsError, match=r"a mask \(1, 1, 512, 512\); this file takes image"):
            LamaInpainter("lama", bad, weights_sha256="0" * 64)
    with pytest.raises(WeightsError, match="DDColor takes one picture"):
        DdColorColouriser("ddcolor", onnx_files.lama(tmp_path / "3.onnx"), weights_sha256="0" * 64)
