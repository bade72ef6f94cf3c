"""Whose face it is, asked again while the gallery changes: what is kept in memory never answers for the past."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gallery_db import Tx
from gallery_db.records import FaceFilter, FaceRecord
from iconface_core.identity.company import Album
from iconface_core.identity.identification import PeopleGallery
from iconface_core.reason_codes import DATE_UNKNOWN, LOOKS_AGED, SEEN_WITH
from iconface_core.reasons import Reason
from plugin.app import App, build_app
from plugin.library.photo_faces import PhotoFace
from plugin.people.regrouping import read_faces
from plugin.reasons import WITH_HINT
from plugin.restoring.identification import Identifier
from plugin.restoring.known_people import KnownPeople, PeopleReader
from plugin.settings import load_settings
from tests.support.library import Library
from tests.support.narrow import of_type


@pytest.fixture
def app(library: Library) -> Iterator[App]:
    """The application over `library`."""
    app = build_app(load_settings(library.home, {}))
    yield app
    app.close()


@pytest.fixture
def strangers(app: App, library: Library) -> list[PhotoFace]:
    """The faces of a photo as if it were not in the library."""
    _, subjects = app.photo_faces.find(next(iter(sorted(library.photos.rglob("*.jpg")))))
    return [replace(s, face_id=None, photo_id=None, person_id=None, confirmed=False) for s in subjects]


def said(whois: Identifier, subjects: list[PhotoFace]) -> list[tuple[object, ...]]:
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


def test_what_changed_since_is_known(app: App, strangers: list[PhotoFace]):
    with app.gallery.begin() as tx:
        faces = tx.faces.find(FaceFilter(assigned=True))
    asked_always, before = app.identifier, None
    through = app.through_damage
    assert through is not None
    for verb in ("confirm", "assign", "undo", "leave out", "undo", "stranger", "undo", "merge"):
        with app.gallery.begin() as tx:
            _change(tx, verb, faces)
        now = said(asked_always, strangers)
        assert now == said(Identifier(app.gallery, app.embedder, through.calibration, through.twins), strangers), verb
        assert now != before, f"{verb} must change something, or this test sees nothing"
        before = now


def test_everybody_is_read_once_and_not_at_all_for_what_is_certain(
    app: App, strangers: list[PhotoFace], monkeypatch: pytest.MonkeyPatch
):
    reads: list[object] = []

    def read(*args: Any, **named: Any) -> Any:
        reads.append(args)
        return read_faces(*args, **named)

    monkeypatch.setattr("plugin.restoring.known_people.read_faces", read)
    with app.gallery.begin() as tx:
        person = tx.people.find()[0].id
    app.identifier.answer(strangers, person_id=person)
    app.identifier.answer([replace(s, person_id=person, confirmed=True) for s in strangers])
    assert not reads
    first = said(app.identifier, strangers)
    assert said(app.identifier, strangers) == first
    assert len(reads) == 1


def test_where_dates_are_missing_references_say_how_old_they_look(app: App, strangers: list[PhotoFace]):
    with app.gallery.begin() as tx:
        person = tx.people.find()[0].id
    undated = [replace(s, captured_at=None) for s in strangers]

    def when(whois: Identifier) -> set[str]:
        choices = [a.choice for a in whois.answer(undated, person_id=person)]
        return {c.reasons[4].code for choice in choices if choice is not None for c in choice.chosen}

    assert when(app.identifier) == {LOOKS_AGED}
    assert when(Identifier(app.gallery, app.embedder)) == {DATE_UNKNOWN}


def _crowd(people: PeopleGallery, album: Album, pair: list[int]) -> tuple[PeopleGallery, Album]:
    """The same among 200 other people; `pair` are in 14 photos together."""
    more = np.arange(10_000, 10_200)
    vectors = np.random.default_rng(1).standard_normal((len(more), 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    together = np.repeat(np.arange(20_000, 20_014), 2)
    return PeopleGallery(
        np.concatenate([people.vectors, vectors]),
        np.append(people.person_ids, more),
        np.append(people.qualities, np.ones(len(more), np.float32)),
        np.append(people.face_ids, more),
        np.append(people.photo_ids, more),
        np.append(people.confirmed, np.ones(len(more), bool)),
    ), Album(
        np.concatenate([album.person_ids, more, np.tile(pair, 14)]),
        np.concatenate([album.photo_ids, more, together]),
        np.concatenate([album.days, np.zeros(len(more) + len(together), np.int64)]),
    )


def test_a_doubt_hears_who_else_is_in_the_photo(app: App, strangers: list[PhotoFace], monkeypatch: pytest.MonkeyPatch):
    """One face is known, the other is between somebody and nobody; the two are in many photos together."""
    with app.gallery.begin(write=False) as tx:
        pair = [p.id for p in tx.people.find()][:2]
        names = tx.people.names()
        rows = [tx.faces.reference_candidates(p, app.embedder.id)[0] for p in pair]
    real = PeopleReader.read

    def read(reader: PeopleReader, tx: Tx) -> KnownPeople:
        known = real(reader, tx)
        people, album = _crowd(known.people, known.album, pair)
        return replace(known, people=people, album=album)

    monkeypatch.setattr(PeopleReader, "read", read)
    sure, doubt = (
        replace(
            strangers[0], number=n, quality=1.0, guess=None, embedding=replace(strangers[0].embedding, vector=r.vector)
        )
        for n, r in enumerate(rows, 1)
    )
    noise = np.random.default_rng(0).standard_normal(128)
    noise -= (noise @ rows[1].vector) * rows[1].vector
    noise /= np.linalg.norm(noise)
    for likeness in np.linspace(0.7, 0.1, 31):
        vector = (likeness * rows[1].vector + np.sqrt(1 - likeness**2) * noise).astype(np.float32)
        doubt = replace(doubt, embedding=replace(doubt.embedding, vector=vector))
        alone = app.identifier.answer([doubt])[0]
        if alone.how == "unsure":
            break
    assert (alone.how, alone.person_id) == ("unsure", None)
    hint = alone.reason.params.get("hint")  # of the day, at most
    assert hint is None or of_type(Reason, hint).code != SEEN_WITH
    first, second = app.identifier.answer([sure, doubt])
    assert first.person_id == pair[0]
    ada, bob = pair
    hint = SEEN_WITH(photos=14, person=ada, name=names.get(ada))
    why = second.reason.params["why"]
    assert second.reason == WITH_HINT(why=why, person=bob, name=names.get(bob), hint=hint)
    assert second.identification is not None
    assert second.identification.best is not None
    assert alone.identification is not None
    assert alone.identification.best is not None
    assert second.identification.best.posterior > alone.identification.best.posterior
