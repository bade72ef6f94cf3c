"""How old a face is, or looks, reaches the restorer."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.types import RestoredFace, RestoreInput
from plugin.app import App, build_app
from plugin.library.photo_faces import PhotoFace
from plugin.restoring.identification import Identifier
from plugin.settings import load_settings
from tests.support.library import Cli, Library
from tests.support.narrow import present


@pytest.fixture
def app(library: Library) -> Iterator[App]:
    app = build_app(load_settings(library.home, {}))
    yield app
    app.close()


@pytest.fixture
def face(app: App, library: Library) -> PhotoFace:
    _, subjects = app.photo_faces.find(library.ruined)
    return replace(subjects[0], captured_at=datetime(1990, 6, 1))


def test_it_is_known_where_the_birth_date_is_and_told_by_its_looks_elsewhere(app: App, face: PhotoFace):
    with app.gallery.begin() as tx:
        person = tx.people.find()[0].id
    [looks] = app.identifier.answer([face], person_id=person)
    assert present(looks.age).low < present(looks.age).high, "a guess"
    [nobody] = app.identifier.answer([replace(face, person_id=None)])
    assert nobody.age is not None, "of strangers too"
    with app.gallery.begin() as tx:
        tx.decisions.birth_date(person, date(1986, 6, 1))
    [known] = app.identifier.answer([face], person_id=person)
    assert (present(known.age).low, present(known.age).high) == (4, 4)
    [untold] = Identifier(app.gallery, app.embedder).answer([replace(face, captured_at=None)], person_id=person)
    assert untold.age is None


def test_the_restorer_is_told(cli: Cli, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told: list[RestoreInput] = []
    real = NanoRestorer.restore_many

    def restore_many(self: NanoRestorer, faces: Sequence[RestoreInput], *args: Any, **named: Any) -> list[RestoredFace]:
        told.extend(faces)
        return real(self, faces, *args, **named)

    monkeypatch.setattr(NanoRestorer, "restore_many", restore_many)
    cli("restore", library.ruined, "--output", tmp_path / "out")
    assert told
    assert all(present(face.age).probabilities.sum() == pytest.approx(1, abs=1e-5) for face in told)
