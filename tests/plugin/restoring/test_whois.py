"""Whose face it is, asked again while the gallery changes: what is kept in memory never answers for the past."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gallery_db import Tx
from gallery_db.records import FaceFilter, FaceRecord
from plugin.app import App, build_app
from plugin.library.subjects import Subject
from plugin.restoring.whois import WhoIs
from plugin.settings import load_settings
from tests.plugin.conftest import Library


@pytest.fixture
def app(library: Library) -> Iterator[App]:
    """The application over `library`."""
    app = build_app(load_settings(library.home, {}))
    yield app
    app.close()


@pytest.fixture
def strangers(app: App, library: Library) -> list[Subject]:
    """The faces of a photo as if it were not in the library."""
    _, subjects = app.subjects.find(next(iter(sorted(library.photos.rglob("*.jpg")))))
    return [replace(s, face_id=None, photo_id=None, person_id=None, confirmed=False) for s in subjects]


def said(whois: WhoIs, subjects: list[Subject]) -> list[tuple[object, ...]]:
    return [(a.how, a.reason, a.person_id, a.identification) for a in whois.answer(subjects)]


def _change(tx: Tx, verb: str, faces: list[FaceRecord]) -> None:
    first, other = faces[0], next(f for f in faces if f.person_id != faces[0].person_id)
    assert first.person_id is not None
    assert other.person_id is not None
    match verb:
        case "confirm":
            tx.decisions.confirm([f.id for f in faces])
        case "leave out":
            tx.decisions.ignore_faces([f.id for f in faces[::2]])
        case "assign":
            tx.decisions.assign([first.id], other.person_id)
        case "stranger":
            tx.decisions.ignore(first.person_id)
        case "merge":
            tx.decisions.merge(first.person_id, [other.person_id])
        case "undo":
            tx.decisions.undo()


def test_what_changed_since_is_known(app: App, strangers: list[Subject]):
    with app.gallery.begin() as tx:
        faces = tx.faces.find(FaceFilter(assigned=True))
    asked_always, before = app.whois, None
    for verb in ("confirm", "assign", "undo", "leave out", "undo", "stranger", "undo", "merge"):
        with app.gallery.begin() as tx:
            _change(tx, verb, faces)
        now = said(asked_always, strangers)
        assert now == said(WhoIs(app.gallery, app.embedder), strangers), verb
        assert now != before, f"{verb} must change something, or this test sees nothing"
        before = now


def test_everybody_is_read_once_and_not_at_all_for_what_is_certain(
    app: App, strangers: list[Subject], monkeypatch: pytest.MonkeyPatch
):
    reads: list[object] = []
    real = WhoIs._read_people
    monkeypatch.setattr(WhoIs, "_read_people", lambda *args: reads.append(args) or real(*args))
    with app.gallery.begin() as tx:
        person = tx.people.find()[0].id
    app.whois.answer(strangers, person_id=person)
    app.whois.answer([replace(s, person_id=person, confirmed=True) for s in strangers])
    assert not reads
    first = said(app.whois, strangers)
    assert said(app.whois, strangers) == first
    assert len(reads) == 1
