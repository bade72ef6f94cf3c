"""`iconface eval`, and iconface-nano's place among the restorers."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from iconface_core.errors import BackendUnavailableError
from iconface_core.extensions.backends import BackendContext
from iconface_core.models import files as model_files
from iconface_core.models.catalogue import NANO, NANO_FILE, WAIFU2X
from iconface_core.restorers.nano.checkpoint import save_nano
from iconface_core.restorers.nano.config import ConvConfig, NanoConfig, NanoIdentity
from iconface_core.restorers.nano.network import build_network
from iconface_core.types import AlignedFace, RestoreInput, RestoreOptions
from plugin.errors import UsageError
from plugin.models.backends import Backends
from plugin.models.registry import find_backends
from plugin.progress import Silent
from plugin.settings import load_settings
from plugin.training.evaluation import EvalRequest, run_eval

TINY = NanoConfig(
    size=64,
    identity=NanoIdentity(width=8),
    conv=ConvConfig(widths=(8, 8, 8), blocks=(1, 1, 1), reference_widths=(0, 8), heads=2),
)


def save_tiny(path: Path) -> Path:
    torch.manual_seed(0)
    save_nano(path, build_network(TINY), TINY, {"licence": "test"})
    return path


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    import cv2

    from iconface_core.evaluation.gallery import PAPER_METHODS

    for case in ("A-1", "A-2"):
        folder = tmp_path / "gallery" / "supp_ref_a" / case
        folder.mkdir(parents=True)
        for number, name in enumerate(("deg", "gt", "ref1", *PAPER_METHODS)):
            cv2.imwrite(str(folder / f"{name}.jpg"), np.full((64, 64, 3), 40 + 20 * number, np.uint8))
    return tmp_path / "gallery"


def test_eval_prints_numbers_and_writes_what_was_asked_for(cli, tmp_path, gallery):
    pytest.importorskip("dlib", reason="the extra [eval] is not installed")
    weights = save_tiny(tmp_path / "mine.safetensors")
    out = cli("eval", "--gallery", gallery, "--weights", f"mine={weights}", "--out", tmp_path / "out")
    assert {Path(f).name for f in out["files"]} == {"evaluation.json", "evaluation.md", "gallery-1.png"}
    assert out["evaluation"] == json.loads((tmp_path / "out" / "evaluation.json").read_text())
    found = out["evaluation"]["gallery"]
    assert found["cases"] == ["A-1", "A-2"]
    assert "mine, 1 reference" in found["sizes"]["64"]
    assert "mine" not in found["sizes"]["512"]
    assert "| FaceMe |" in (tmp_path / "out" / "evaluation.md").read_text()


def test_eval_says_what_is_wrong_before_it_starts(cli, tmp_path, gallery):
    assert "nothing to evaluate on" in cli("eval", code=2)["error"]["message"]
    assert "unknown level 'awful'" in cli("eval", tmp_path, "--level", "awful", code=2)["error"]["message"]
    assert "is not a file" in cli("eval", "--gallery", gallery, "--weights", "x=nowhere", code=2)["error"]["message"]
    weights = save_tiny(tmp_path / "a.safetensors")
    request = EvalRequest(gallery=gallery, weights=[f"n={weights}", f"n={weights}"])
    with pytest.raises(UsageError, match="two checkpoints are called 'n'"):
        run_eval(request, load_settings(tmp_path, {}).folders, Silent())


def test_eval_without_its_extra_says_which(tmp_path, gallery, monkeypatch):
    for name in [
        m for m in sys.modules if m.startswith(("iconface_core.evaluation", "iconface_core.training.degradations"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "kornia", None)
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    with pytest.raises(BackendUnavailableError, match=r"iconface\[eval\]"):
        run_eval(EvalRequest(gallery=gallery), load_settings(tmp_path, {}).folders, Silent())


def face() -> RestoreInput:
    pixels = np.random.default_rng(1).integers(0, 256, (512, 512, 3), np.uint8)
    return RestoreInput(AlignedFace(pixels, np.array([[4, 0, 0], [0, 4, 0]], np.float32)))


def test_auto_is_nano_where_its_weights_are_and_waifu2x_where_they_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "BUNDLED", tmp_path / "package")
    here = Backends(find_backends("buffalo_l"), BackendContext(tmp_path / "models"))
    assert here.restorer("auto", []).id == WAIFU2X.id
    with pytest.raises(BackendUnavailableError, match="iconface-nano-256"):
        here.restorer("nano", [])
    own = tmp_path / "models" / NANO_FILE.folder / NANO_FILE.filename
    save_tiny(own)
    monkeypatch.undo()
    for name in ("auto", "nano", "iconface-nano"):
        assert here.restorer(name, []).id == NANO.id
    assert here.restorer("waifu2x", []).id == WAIFU2X.id
    nano = here.restorer("nano", [here.embedder("sface")]).load()
    assert nano.weights_sha256 == here.restorer("nano", []).weights_sha256
    restored = nano.restore(face(), RestoreOptions())
    assert restored.restorer == NANO.id
    assert restored.pixels.shape == (512, 512, 3)


def test_quality_is_steps_of_nano_and_nothing_else():
    steps = {spec.id: spec.quality_steps for spec in find_backends("buffalo_l").restorers}
    assert steps.pop(NANO.id) == {"fast": 1, "best": 8}
    assert steps.pop(WAIFU2X.id) == {}
    assert set(map(len, steps.values())) == {0}


def test_models_show_says_that_nano_is_for_research_only(cli):
    row = cli("models", "show", "iconface-nano")["model"]
    assert row["licence"] == "research only"
    assert row["non_commercial"] is True
    assert "research only" in row["notes"]
