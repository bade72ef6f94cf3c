"""A better embedder arrives: its vectors are made beside the old ones, which serve until the last face is done.

The weights are random, in AdaFace's exact layout: what is shown is the change-over, not recognition.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from iconface_core.faces.adaface_net import AdaFaceNet
from iconface_core.types import BBox, DetectedFace
from plugin.app import build_app
from plugin.settings import load_settings
from tests.support.library import Cli, Library


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "model.safetensors"
    save_file({f"model.net.{k}": v for k, v in AdaFaceNet("ir_18").state_dict().items()}, path)
    return path


def vectors(cli: Cli) -> str:
    return next(c["message"] for c in cli("doctor")["checks"] if c["check"] == "vectors")


def test_old_vectors_serve_until_the_new_ones_are_complete(own: Callable[..., tuple[Path, Cli]], checkpoint: Path):
    _, cli = own("*person1*")
    cli("scan")
    person = cli("people", "list")["people"][0]["person_id"]
    faces = [r["face_id"] for r in cli("faces", "list", "--person", person)["faces"]]
    cli("faces", "confirm", *faces)
    cli("models", "install", checkpoint)
    assert "5 faces have sface-2021dec vectors" in vectors(cli), "the old ones still serve"
    assert cli("scan", "--re-embed")["re_embedded"] == 5
    assert "5 faces have adaface-ir18-" in vectors(cli)
    rows = cli("faces", "list", "--person", person)["faces"]
    assert [r["face_id"] for r in rows if r["confirmed"]] == faces
    assert cli("scan", "--re-embed")["re_embedded"] == 0, "nothing is left to do"


@pytest.mark.parametrize(("px", "detailed"), [(60, True), (600, False)])
def test_small_faces_are_seen_with_all_pixels(library: Library, tmp_path: Path, px: int, detailed: bool):
    Image.new("RGB", (6000, 4000)).save(tmp_path / "large.png", compress_level=1)
    face = DetectedFace(BBox(100, 100, 100 + px, 100 + px), np.zeros((5, 2), np.float32), 0.9)
    app = build_app(load_settings(library.home, {}))
    width, height = app._indexer.read_for(tmp_path / "large.png", [face]).pixels.shape[1::-1]
    app.close()
    assert ((width, height) == (6000, 4000)) == detailed
