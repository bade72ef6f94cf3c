"""Damaged twins of people's faces: a scan makes them, of clear faces of somebody; identification reads them."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import iconface
from gallery_db.records import FaceFilter, FaceMatrix, FaceRecord
from iconface_core.calibration import EmbedderFacts
from iconface_core.faces.arcface_facts import MEASURED
from iconface_core.faces.damage_facts import TWIN_QUALITY, are_twins
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.faces.student_facts import STUDENT_ID, twin_id
from iconface_core.faces.student_files import named, read_student, second_dim, write_student
from iconface_core.faces.vectors import calibration_path, twin_calibration_path
from iconface_core.models.catalogue import STUDENT_FILE, backend
from iconface_core.models.files import locate, sha256_of
from iconface_core.types import AlignedFace, EmbedderId, FaceEmbedding, Guess
from plugin.app import App, build_app
from plugin.doctor import examine
from plugin.models import arcface_backends
from plugin.people.regrouping import read_faces
from plugin.progress import Counted, Silent
from plugin.restoring.identification import Identifier
from plugin.restoring.known_people import PeopleReader, twins_of
from plugin.settings import load_settings
from tests.support.library import Cli, Library
from tests.support.narrow import present

pytestmark = pytest.mark.twins
STUDENT_TWINS = twin_id("0" * 64)


def opened(home: Path) -> App:
    return build_app(load_settings(home, {}))


def twins_id(app: App) -> EmbedderId:
    assert app.through_damage is not None
    assert app.through_damage.twins is not None
    return app.through_damage.twins.id


def clear_faces(app: App) -> list[FaceRecord]:
    with app.gallery.begin(write=False) as tx:
        return tx.faces.find(FaceFilter(assigned=True, states=("ok",), min_quality=TWIN_QUALITY, limit=1000))


def with_twin(app: App) -> set[int]:
    with app.gallery.begin(write=False) as tx:
        return set(tx.faces.matrix(twins_id(app)).face_ids.tolist())


def test_a_scan_makes_them_of_clear_faces_of_somebody_and_they_are_forgotten_too(
    own: Callable[..., tuple[Path, Cli]],
):
    _, cli = own()
    cli("scan")
    app = opened(cli.home)
    clear = clear_faces(app)
    assert with_twin(app) == {f.id for f in clear}
    assert clear
    with app.gallery.begin(write=False) as tx:
        before = tx.faces.generation(twins_id(app))
        plain = tx.faces.matrix(app.embedder.id, np.array([f.id for f in clear]))
        twins = tx.faces.matrix(twins_id(app))
    of_sface = twins.vectors[:, : plain.vectors.shape[1]]
    likeness = plain.vectors @ (of_sface / np.linalg.norm(of_sface, axis=1, keepdims=True)).T
    people = np.array([f.person_id for f in clear])
    assert (people[likeness.argmax(1)] == people).mean() > 0.8, "still that person"
    assert np.diag(likeness).max() < 0.98, "and another vector"
    app.close()
    cli("scan")
    gone = clear[0].person_id
    cli("forget", gone)
    app = opened(cli.home)
    assert with_twin(app) == {f.id for f in clear if f.person_id != gone}
    with app.gallery.begin(write=False) as tx:
        assert len(tx.faces.changed_since(twins_id(app), before)) == sum(f.person_id == gone for f in clear), (
            "a second scan makes nothing anew"
        )
    app.close()


def test_what_cannot_be_read_now_waits_and_keeps_nobody_else_from_it(own: Callable[..., tuple[Path, Cli]]):
    folder, cli = own()
    cli("scan")
    app = opened(cli.home)
    with app.gallery.begin() as tx:
        tx.faces.drop_embedder(twins_id(app))
    clear = clear_faces(app)
    away = Path(clear[0].photo)
    away.rename(away.with_suffix(".away"))
    broken = next(Path(f.photo) for f in clear if f.photo != clear[0].photo)
    whole = broken.read_bytes()
    broken.write_bytes(whole[:2000])
    app._missing.twins(Silent())
    assert with_twin(app) == {f.id for f in clear if Path(f.photo) not in (away, broken)}
    away.with_suffix(".away").rename(away)
    broken.write_bytes(whole)
    app._missing.twins(Silent())
    assert with_twin(app) == {f.id for f in clear}
    app.close()


def test_so_many_at_once_and_the_rest_later(library: Library):
    app = opened(library.home)
    with app.gallery.begin() as tx:
        tx.faces.drop_embedder(twins_id(app))
    made = app._missing.damaged_twins
    assert made is not None
    every = len(clear_faces(app))
    assert made.add_missing(Silent(), at_most=3) == len(with_twin(app)) == 3
    assert made.add_missing(Silent(), at_most=every) == every - 3
    assert made.add_missing(Silent()) == 0
    app.close()


class Told(Counted):
    def step(self, note: str = "") -> None:
        self._done += 1

    @property
    def told(self) -> tuple[int, int]:
        return self._done, self._total


def test_it_tells_of_no_more_than_one_scan_makes(library: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("plugin.library.twins.A_SCAN", 3)
    app = opened(library.home)
    with app.gallery.begin() as tx:
        tx.faces.drop_embedder(twins_id(app))
    assert app._missing.damaged_twins is not None
    progress = Told()
    assert app._missing.damaged_twins.add_missing(progress, at_most=3) == 3 < len(clear_faces(app))
    assert progress.told[0] == progress.told[1] > 0
    app.close()


def test_other_weights_make_other_twins_and_those_nobody_measured_make_none(library: Library):
    app = opened(library.home)
    shipped = twins_id(app)
    faces = with_twin(app)
    folder = app.settings.folders.models / STUDENT_FILE.folder
    app.close()
    folder.mkdir(parents=True)
    weights = folder / STUDENT_FILE.filename
    first, second = (read_student(locate(STUDENT_FILE), part=part) for part in ("first", "second"))
    tensors = {name: value * np.float32(1.01) for name, value in first.items()}
    write_student(weights, tensors | named("second", second), 8, {})
    shutil.copy(calibration_path(locate(STUDENT_FILE)), calibration_path(weights))
    app = opened(library.home)
    assert app.through_damage is not None
    assert app.through_damage.twins is None
    assert app._missing.damaged_twins is None
    app.close()
    shutil.copy(twin_calibration_path(locate(STUDENT_FILE)), twin_calibration_path(weights))
    app = opened(library.home)
    assert twins_id(app) != shipped
    assert with_twin(app) == set()
    app._missing.twins(Silent())
    assert with_twin(app) == faces
    with app.gallery.begin(write=False) as tx:
        assert {e for e in tx.faces.embedders() if are_twins(e)} == {twins_id(app)}
    app.close()


def test_damaged_faces_are_compared_with_them_too_and_clear_ones_are_not(library: Library):
    """A vector between two people: whose twin it is, is named; without twins, and where it is clear, nobody."""
    app = opened(library.home)
    assert app.through_damage is not None
    twins = app.through_damage.twins
    assert twins is not None
    [subject, *_] = app.photo_faces.find(library.ruined)[1]
    with app.gallery.begin(write=False) as tx:
        known = PeopleReader(app.embedder, twins).read(tx).people
    one, other = np.unique(known.person_ids)[:2]
    theirs = [known.vectors[known.person_ids == p].mean(0) for p in (one, other)]
    between = sum(v / np.linalg.norm(v) for v in theirs)
    between /= np.linalg.norm(between)
    worn = np.eye(2, twins.dim, dtype=np.float32)
    mine = worn[(known.person_ids != one).astype(int)]
    with app.gallery.begin() as tx:
        made = [FaceEmbedding(twins.id, v, 12.0) for v in mine]
        tx.faces.set_embeddings(list(zip(known.face_ids.tolist(), made, strict=True)))

    def named(identifier: Identifier, *, guessed: bool) -> int | None:
        probe = replace(subject, face_id=None, photo_id=None, person_id=None, confirmed=False, perceptual_hash=None)
        seen = FaceEmbedding(STUDENT_ID, between, 8.0)
        probe = replace(probe, embedding=seen, quality=1.0, guess=Guess(seen, worn[0]) if guessed else None)
        [answer] = identifier.answer([probe])
        return answer.person_id

    assert named(app.identifier, guessed=True) == one
    assert named(Identifier(app.gallery, app.embedder, app.through_damage.calibration), guessed=True) is None
    assert named(app.identifier, guessed=False) is None
    app.close()


@pytest.mark.parametrize(("having", "used"), [((), False), ((1,), False), ((1, 2), True), ((1, 2, 3, 4), True)])
def test_twins_are_used_where_half_of_the_people_have_some(library: Library, having: tuple[int, ...], used: bool):
    app = opened(library.home)
    with app.gallery.begin(write=False) as tx:
        faces = read_faces(tx, app.embedder, states=("ok",))
    app.close()
    faces = replace(faces, person_ids=1 + np.arange(len(faces.face_ids)) % 4)
    rows = np.flatnonzero(np.isin(faces.person_ids, having))
    stored = FaceMatrix(faces.face_ids[rows], -faces.vectors[rows], np.ones(len(rows), np.float32))
    found = twins_of(faces, app.embedder, stored)
    assert (found is not None) == used
    if found is not None:
        assert (found.rows == rows).all()
        assert (found.vectors == -faces.vectors[rows]).all()
        assert found.calibration == app.embedder.calibration


class Widened:
    """SFace's vectors in the 512 numbers of a pack's embedder, under its id: what packs cannot ship."""

    dim = 512

    def __init__(self, embedder: str) -> None:
        self.id = EmbedderId(embedder)
        self._sface = SFaceEmbedder()
        self.calibration = replace(self._sface.calibration, embedder=self.id)

    def embed(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        return [FaceEmbedding(self.id, np.pad(e.vector, (0, 384)), e.norm) for e in self._sface.embed(faces)]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Cli, str], EmbedderId]:
    """`installed(cli, embedder)`: chosen, and its file there; what it makes are SFace's vectors."""

    def make(cli: Cli, embedder: str) -> EmbedderId:
        widened = Widened(embedder)
        monkeypatch.setattr(arcface_backends, "_embedder", lambda model, context: widened)
        (cli.home / "config").mkdir(exist_ok=True)
        (cli.home / "config" / "config.toml").write_text(f'embedder = "{embedder}"\n', encoding="utf-8")
        [file] = backend(embedder).files
        weights = load_settings(cli.home, {}).folders.models / file.folder / file.filename
        weights.parent.mkdir(parents=True)
        weights.touch()
        widened.calibration.write(calibration_path(weights))
        return widened.id

    return make


def test_an_installed_embedder_makes_its_own(
    own: Callable[..., tuple[Path, Cli]], installed: Callable[[Cli, str], EmbedderId]
):
    _, cli = own()
    embedder = installed(cli, "arcface-buffalo_s")
    cli("scan")
    app = opened(cli.home)
    assert app.embedder.id == embedder
    second = locate(STUDENT_FILE)
    assert twins_id(app) == f"arcface-buffalo_s/twins-{sha256_of(second)[:8]}"
    assert present(present(app.through_damage).twins).dim == Widened.dim + second_dim(second)
    with app.gallery.begin(write=False) as tx:
        assert tx.faces.matrix(twins_id(app)).vectors.shape[1] == Widened.dim + second_dim(second)
    assert with_twin(app) == {f.id for f in clear_faces(app)} != set()
    with app.gallery.begin() as tx:
        assert set(tx.faces.embedders()) == {app.embedder.id, twins_id(app)}
        tx.faces.set_embeddings([(clear_faces(app)[0].id, FaceEmbedding(STUDENT_TWINS, np.eye(128)[0], 12.0))])
    app._missing.twins(Silent())
    with app.gallery.begin(write=False) as tx:
        assert STUDENT_TWINS not in tx.faces.embedders(), "another embedder's twins are forgotten"
    [check] = [c for c in examine(app, thorough=False, runtimes=False) if c.check == "identifier"]
    assert "through arcface-buffalo_s/looks too, and compared with the damaged twins of" in check.message
    app.close()


def test_it_does_without_a_second_opinion_where_none_ships(
    own: Callable[..., tuple[Path, Cli]],
    installed: Callable[[Cli, str], EmbedderId],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("plugin.models.second_opinions.STUDENT_FILE", replace(STUDENT_FILE, bundled=False))
    _, cli = own("sample-person1-*.jpg")
    installed(cli, "arcface-buffalo_s")
    app = opened(cli.home)
    twins = present(present(app.through_damage).twins)
    assert twins == EmbedderFacts(
        EmbedderId("arcface-buffalo_s/twins"), Widened.dim, MEASURED[EmbedderId("arcface-buffalo_s")].twins[""]
    )
    assert present(app.through_damage).load().twins_id == twins.id
    app.close()


def test_an_embedder_that_nobody_measured_makes_none_and_doctor_says_so(
    own: Callable[..., tuple[Path, Cli]], installed: Callable[[Cli, str], EmbedderId]
):
    _, cli = own("sample-person1-*.jpg")
    embedder = installed(cli, "auraface-v1")
    cli("scan")
    app = opened(cli.home)
    with app.gallery.begin(write=False) as tx:
        assert set(tx.faces.embedders()) == {embedder}
    assert app.through_damage is None
    [check] = [c for c in examine(app, thorough=False, runtimes=False) if c.check == "identifier"]
    assert check.message.endswith("by auraface-v1 alone: nobody measured what auraface-v1/looks says")
    app.close()


def test_a_scan_tells_how_far_they_are_and_can_be_stopped_there(own: Callable[..., tuple[Path, Cli]]):
    folder, cli = own()
    told: list[iconface.ScanProgress] = []

    def stop(progress: iconface.ScanProgress) -> None:
        told.append(progress)
        if progress.done > len(list(folder.glob("*.jpg"))) + 1:
            raise InterruptedError

    with iconface.Gallery(cli.home) as gallery, pytest.raises(InterruptedError):
        gallery.scan(on_progress=stop)
    photos = len(list(folder.glob("*.jpg")))
    assert told[photos - 1].done == told[photos - 1].total == photos, "first the photos"
    assert told[-1].done == photos + 2 <= told[-1].total, "then those whose faces get twins"
    app = opened(cli.home)
    made = with_twin(app)
    assert 0 < len(made) < len(clear_faces(app)), "what was made is kept"
    app._missing.twins(Silent())
    assert with_twin(app) == {f.id for f in clear_faces(app)}
    app.close()
