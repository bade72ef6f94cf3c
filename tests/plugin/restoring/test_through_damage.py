"""Damaged faces are identified through the student where its weights are, and as ever where they are not."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gallery_db.records import FaceFilter
from iconface_core.errors import WeightsError
from iconface_core.extensions.backends import BackendContext
from iconface_core.faces.damage_facts import CLEAR_QUALITY, are_twins
from iconface_core.faces.sface_facts import SFACE_ID
from iconface_core.faces.student_facts import STUDENT_ID, TWIN_CALIBRATION, UNMEASURED
from iconface_core.faces.student_files import write_student
from iconface_core.faces.vectors import calibration_path
from iconface_core.models.catalogue import STUDENT, STUDENT_FILE
from iconface_core.types import EmbedderId, FaceEmbedding, Guess
from plugin.app import App, build_app
from plugin.doctor import examine
from plugin.library.photo_faces import PhotoFace
from plugin.models.backends import Backends, DamagedBackend
from plugin.models.registry import find_backends
from plugin.restoring.identification import Identifier
from plugin.settings import load_settings
from tests.support.library import Library


def install(models: Path) -> None:
    """Weights that give everything another vector than SFace does, and a calibration for them."""
    rng = np.random.default_rng(1)
    tensors = {"26.weight": rng.normal(0, 0.03, (1024, 1024, 1, 1)), "26.bias": np.zeros(1024)}
    path = models / STUDENT_FILE.folder / STUDENT_FILE.filename
    write_student(path, {name: value.astype(np.float32) for name, value in tensors.items()}, 26, {})
    UNMEASURED.write(calibration_path(path))


def found(library: Library) -> tuple[App, list[PhotoFace]]:
    app = build_app(load_settings(library.home, {}))
    return app, app.photo_faces.find(library.ruined)[1]


def damaged_backend(embedder: EmbedderId, models: Path) -> DamagedBackend | None:
    return Backends(find_backends("buffalo_l"), BackendContext(models)).through_damage(embedder)


@pytest.fixture
def nothing_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a package from which the weights for research were removed."""
    gone = replace(STUDENT_FILE, bundled=False)
    monkeypatch.setattr("plugin.models.student_backend.STUDENT_FILE", gone)
    monkeypatch.setattr("plugin.models.builtin.STUDENT", replace(STUDENT, files=(gone,)))


def test_only_damaged_faces_that_nobody_confirmed_are_guessed_and_nothing_of_it_is_stored(
    library: Library, nothing_ships: None
):
    app, before = found(library)
    assert before
    assert all(s.guess is None for s in before), "no weights, no guess"
    answers = [(a.how, a.reason) for a in app.identifier.answer(before)]
    models = app.settings.folders.models
    [check] = [c for c in examine(app, thorough=False, runtimes=False) if c.check == "identifier"]
    assert (check.ok, "not installed" in check.message) == (True, True)
    app.close()

    install(models)
    app, after = found(library)
    [check] = [c for c in examine(app, thorough=False, runtimes=False) if c.check == "identifier"]
    assert (check.ok, STUDENT_ID in check.message) == (True, True)
    assert any(s.quality < CLEAR_QUALITY for s in after)
    for s in after:
        assert (s.guess is not None) == (s.quality < CLEAR_QUALITY and not s.confirmed)
        assert s.guess is None or s.guess.face.embedder == STUDENT_ID
    told = app.identifier.answer(after)
    assert [s.embedding.vector.tolist() for s in after] == [s.embedding.vector.tolist() for s in before]
    with app.gallery.begin() as tx:
        stored = [e for e in tx.faces.embedders() if not are_twins(e)]  # of clear faces, by the scan
        assert stored == [app.embedder.id]
        tx.decisions.confirm([f.id for f in tx.faces.find(FaceFilter(assigned=True))])
    assert len(told) == len(answers)
    assert all(s.guess is None for s in app.photo_faces.find(library.ruined)[1] if s.confirmed)
    app.close()


def test_the_guess_is_what_is_compared_with_the_gallery(library: Library):
    """A face whose own vector says nothing, with a guess that is somebody's: by the guess they are known."""
    app, subjects = found(library)
    with app.gallery.begin(write=False) as tx:
        person = tx.people.find()[0].id
        row = tx.faces.reference_candidates(person, app.embedder.id)[0]
    nobody = np.eye(128, dtype=np.float32)[0]
    hidden = replace(
        subjects[0],
        face_id=None,
        photo_id=None,
        person_id=None,
        confirmed=False,
        embedding=FaceEmbedding(app.embedder.id, nobody, 8.0),
        guess=Guess(FaceEmbedding(STUDENT_ID, row.vector, 12.0), row.vector),
    )
    through = Identifier(app.gallery, app.embedder, app.embedder.calibration)
    assert through.answer([hidden])[0].person_id == person
    assert through.answer([replace(hidden, guess=None)])[0].person_id is None
    app.close()


def test_what_ships_is_used_where_there_is_no_other(tmp_path: Path):
    shipped = damaged_backend(SFACE_ID, tmp_path)
    assert shipped is not None
    assert shipped.calibration != UNMEASURED, "measured"
    assert shipped.twins is not None
    assert shipped.twins.calibration != TWIN_CALIBRATION, "measured"
    assert shipped.twins.id == shipped.load().twins_id
    assert shipped.load().id == STUDENT_ID
    install(tmp_path)
    own = damaged_backend(SFACE_ID, tmp_path)
    assert own is not None
    assert own.calibration == UNMEASURED
    assert own.twins is None, "nobody measured what likeness to them means"


def test_weights_that_nobody_measured_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bare = tmp_path / "package" / STUDENT_FILE.filename
    install(tmp_path)
    bare.parent.mkdir()
    shutil.copy(tmp_path / STUDENT_FILE.folder / STUDENT_FILE.filename, bare)
    monkeypatch.setattr("plugin.models.student_backend.locate", lambda _: bare)
    assert damaged_backend(SFACE_ID, tmp_path / "models") is None


def test_only_sface_has_a_student_and_damaged_weights_are_no_reason_to_fail_early(tmp_path: Path, nothing_ships: None):
    assert damaged_backend(SFACE_ID, tmp_path) is None
    install(tmp_path)
    assert damaged_backend(EmbedderId("adaface-ir50"), tmp_path) is None
    weights = tmp_path / STUDENT_FILE.folder / STUDENT_FILE.filename
    measured = calibration_path(weights)
    numbers = measured.read_text("utf-8")
    measured.unlink()
    assert damaged_backend(SFACE_ID, tmp_path) is None, "nobody knows what its numbers mean"
    measured.write_text(numbers, "utf-8")
    weights.write_bytes(b"no weights")
    broken = damaged_backend(SFACE_ID, tmp_path)
    assert broken is not None
    with pytest.raises(WeightsError, match="not a safetensors file"):
        broken.load()
