"""Which second opinion on damaged faces is heard: EdgeFace-S where it is installed and its licence was accepted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iconface_core.errors import BackendUnavailableError, LicenceNotAcceptedError, WeightsError
from iconface_core.extensions.backends import BackendContext
from iconface_core.faces.damage_facts import EDGEFACE_DIM, STUDENTS
from iconface_core.faces.second_opinion import SecondOpinion
from iconface_core.faces.student_facts import twin_id
from iconface_core.models.catalogue import EDGEFACE, STUDENT_FILE
from iconface_core.models.files import accept_licence, installed_path, sha256_of
from iconface_core.types import AlignedFace
from plugin.app import build_app
from plugin.models.second_opinions import second_opinions
from plugin.settings import load_settings
from tests.support.library import Cli
from tests.support.narrow import present
from tests.support.onnx_files import arcface


@pytest.fixture
def edgeface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny network in EdgeFace's layout, pinned instead of it: it computes one face a call."""
    path = arcface(tmp_path / "edgeface_s_gamma_05.onnx", EDGEFACE_DIM, at_once="n", rows=1)
    file = replace(EDGEFACE.files[0], sha256=sha256_of(path), size=path.stat().st_size)
    tiny = replace(EDGEFACE, files=(file,))
    monkeypatch.setattr("iconface_core.faces.second_opinion.EDGEFACE_FILE", file)
    monkeypatch.setattr("iconface_core.faces.second_opinion.EDGEFACE", tiny)
    monkeypatch.setattr("plugin.models.second_opinions.EDGEFACE", tiny)
    monkeypatch.setattr("iconface_core.models.catalogue.EDGEFACE", tiny)
    return path


def crops(count: int) -> list[AlignedFace]:
    pixels = np.random.default_rng(2).integers(0, 256, (count, 112, 112, 3), dtype=np.uint8)
    return [AlignedFace(p, np.eye(2, 3, dtype=np.float32)) for p in pixels]


def test_it_says_the_mean_of_what_it_says_of_a_face_and_its_mirror_image(edgeface: Path, tmp_path: Path):
    models = tmp_path / "models"
    with pytest.raises(LicenceNotAcceptedError, match="models accept edgeface-s"):
        SecondOpinion.edgeface(models)
    accept_licence(EDGEFACE, models)
    with pytest.raises(BackendUnavailableError):
        SecondOpinion.edgeface(models)
    place = installed_path(EDGEFACE.files[0], models)
    place.parent.mkdir(parents=True)
    place.write_bytes(edgeface.read_bytes())
    second = SecondOpinion.edgeface(models)
    seen, wider = crops(2)
    turned = [replace(c, pixels=np.ascontiguousarray(c.pixels[:, ::-1])) for c in (seen, wider)]
    said = second.look([seen, wider])
    assert said.shape == (EDGEFACE_DIM,)
    assert np.linalg.norm(said) == pytest.approx(1, abs=1e-5)
    assert said == pytest.approx(second.look(turned), abs=1e-5)
    assert said @ second.twin(seen, wider) < 0.9999
    place.write_bytes(edgeface.read_bytes()[:-1])
    with pytest.raises(WeightsError):
        SecondOpinion.edgeface(models)


def test_what_is_installed_goes_first_once_its_licence_is_accepted(edgeface: Path, tmp_path: Path):
    context = BackendContext(tmp_path / "models")

    def at_hand() -> list[str]:
        return [s.name for s in second_opinions(context)]

    assert at_hand() == [STUDENTS]
    place = installed_path(EDGEFACE.files[0], context.models)
    place.parent.mkdir(parents=True)
    place.write_bytes(edgeface.read_bytes())
    assert at_hand() == [STUDENTS], "its licence is not accepted"
    accept_licence(EDGEFACE, context.models)
    assert at_hand() == [EDGEFACE.id, STUDENTS]
    [best, ours] = second_opinions(context)
    assert best.dim == EDGEFACE_DIM != ours.dim
    assert best.version == sha256_of(edgeface)[:8] != ours.version


def test_it_is_heard_beside_sfaces_student(cli: Cli, edgeface: Path):
    settings = load_settings(cli.home, {})
    app = build_app(settings)
    before = present(present(app.through_damage).twins)
    app.close()
    accept_licence(EDGEFACE, settings.folders.models)
    place = installed_path(EDGEFACE.files[0], settings.folders.models)
    place.parent.mkdir(parents=True)
    place.write_bytes(edgeface.read_bytes())
    app = build_app(settings)
    through = present(app.through_damage)
    twins = present(through.twins)
    assert twins.id == twin_id(present(STUDENT_FILE.sha256), sha256_of(edgeface)[:8]) != before.id
    assert twins.dim == 128 + EDGEFACE_DIM
    assert twins.calibration != before.calibration, "measured with it"
    student = through.load()
    assert student.twins_id == twins.id
    [twin] = student.twins(crops(1))
    assert twin.vector.shape == (twins.dim,)
    app.close()


def test_it_is_installed_as_any_model_is(cli: Cli, edgeface: Path, tmp_path: Path):
    other = arcface(tmp_path / "other" / edgeface.name, EDGEFACE_DIM, seed=1)
    said = cli("models", "install", other, "--model", EDGEFACE.id, code=1)
    assert "EdgeFace-S is pinned to" in said["error"]["message"]
    cli("models", "install", edgeface, "--model", EDGEFACE.id)
    [row] = [m for m in cli("models", "list")["models"] if m["id"] == EDGEFACE.id]
    assert (row["licence"], row["installed"]) == ("CC BY-NC-SA 4.0", True)
