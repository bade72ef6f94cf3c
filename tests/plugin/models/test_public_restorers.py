"""The public restorers as the registry has them, over tiny files in their layouts instead of the pinned ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from iconface_core.errors import BackendUnavailableError, LicenceNotAcceptedError, WeightsError
from iconface_core.extensions.backends import BackendContext
from iconface_core.models.files import accept_licence, installed_path, sha256_of
from iconface_core.models.public_models import CODEFORMER, PUBLIC_RESTORERS
from iconface_core.restorers.onnx.profile import PROFILES
from iconface_core.testing import check_restorer, check_spec
from plugin.models.backends import Backends
from plugin.models.onnx_restorers import onnx_restorer
from plugin.models.registry import find_backends
from tests.support import onnx_files
from tests.support.library import Cli, Library

NAMES = tuple(PROFILES)


def test_each_has_a_name_a_layout_and_a_pin(tmp_path: Path):
    registry, context = find_backends("buffalo_l", []), BackendContext(tmp_path)
    specs = [registry.restorer_of(m.id) for m in PUBLIC_RESTORERS]
    assert sorted(s.called for s in specs if s is not None) == sorted(NAMES)
    for model in PUBLIC_RESTORERS:
        [file] = model.files
        assert file.sha256 == model.pull_sha256
        assert file.size is not None
        spec = registry.restorer_of(model.id)
        assert spec is not None
        assert not spec.automatic, "what a library is restored with does not change by itself"
        assert spec.reasons(context) == [f"{model.title} is not installed: iconface models pull {model.id}"]
    with pytest.raises(BackendUnavailableError, match=r"iconface models pull gfpgan-1\.4"):
        Backends(registry, context).restorer("gfpgan", [])


@pytest.mark.parametrize("model", PUBLIC_RESTORERS, ids=lambda m: m.id)
def test_with_a_file_in_its_layout_it_is_as_its_spec_says(model, tmp_path: Path):
    registry, context = find_backends("buffalo_l", []), BackendContext(tmp_path)
    real = registry.restorer_of(model.id)
    assert real is not None
    make = onnx_files.codeformer if real.called == "codeformer" else onnx_files.contrast
    [file] = model.files
    path = make(installed_path(file, tmp_path))
    tiny = replace(model, files=(replace(file, sha256=sha256_of(path), size=path.stat().st_size),))
    spec = onnx_restorer(tiny, PROFILES[real.called], names=real.names, way_out="iconface models pull X")
    if model.non_commercial:
        assert spec.reasons(context) == [f"its licence was not accepted: iconface models accept {model.id}"]
        with pytest.raises(LicenceNotAcceptedError, match="non-commercial"):
            spec.load(context)
        accept_licence(model, tmp_path)
    check_spec(spec, context)
    check_restorer(spec.load(context))
    with pytest.raises(WeightsError, match=f"expected {file.size}"):
        real.load(context)


def test_doctor_and_restore_say_what_keeps_one_from_running(cli: Cli, library: Library, tmp_path: Path):
    [file] = CODEFORMER.files
    path = installed_path(file, library.home / "data" / "models")
    onnx_files.codeformer(path)
    said = [c["message"] for c in cli("doctor", code=5)["checks"] if c["check"] in ("restorer", "model")]
    assert "CodeFormer cannot run: its licence was not accepted: iconface models accept codeformer" in said
    assert any(m.startswith("codeformer, codeformer.onnx:") and "it is damaged" in m for m in said)
    argv = ("restore", library.ruined, "--restorer", "codeformer", "-o", tmp_path / "out")
    assert "iconface models accept codeformer" in cli(*argv, code=1)["error"]["message"]
    cli("models", "accept", "codeformer")
    assert f"{path}: {path.stat().st_size} bytes, expected {file.size}" in cli(*argv, code=1)["error"]["message"]
    assert not (tmp_path / "out").exists()
