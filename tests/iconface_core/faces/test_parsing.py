"""A face parser as an ONNX file: a tiny one in the exact layout of BiSeNet's, and files of other layouts."""

from pathlib import Path

import numpy as np
import pytest

from iconface_core.errors import WeightsError
from iconface_core.faces.parsing import BiSeNetParser
from iconface_core.pasting.in_front import CLASSES
from tests.support import onnx_files


def test_a_file_in_its_layout_gives_a_class_for_each_pixel(tmp_path: Path):
    crop = np.full((512, 512, 3), 220, np.uint8)
    crop[:200] = 10
    labels = BiSeNetParser(onnx_files.parser(tmp_path / "p.onnx")).parse(crop)
    assert labels.shape == (512, 512)
    assert labels.dtype == np.uint8
    assert (labels[:200] == CLASSES.index("hat")).all()
    assert (labels[200:] == CLASSES.index("skin")).all()


def test_the_colours_are_red_first_and_imagenets_mean_is_between(tmp_path: Path):
    parser = BiSeNetParser(onnx_files.parser(tmp_path / "p.onnx"))
    for red, seen in ((120, "hat"), (128, "skin")):  # the mean of red is 123.7
        crop = np.zeros((512, 512, 3), np.uint8)
        crop[..., 0] = red
        assert (parser.parse(crop) == CLASSES.index(seen)).all()


def test_files_of_another_layout_are_refused_in_words(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"takes one picture \(1, 3, 512, 512\)"):
        BiSeNetParser(onnx_files.parser(tmp_path / "small.onnx", side=256))
    few = BiSeNetParser(onnx_files.parser(tmp_path / "few.onnx", classes=11))
    with pytest.raises(WeightsError, match=r"\(1, 19, 512, 512\) are wanted"):
        few.parse(np.zeros((512, 512, 3), np.uint8))
    (tmp_path / "broken.onnx").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"broken\.onnx"):
        BiSeNetParser(tmp_path / "broken.onnx")
