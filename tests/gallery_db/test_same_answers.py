"""Whatever people and machines do, every list and page says the same in both engines, down to ids and order."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gallery_db import Gallery, GalleryError
from gallery_db.browse.sql import SHELF
from gallery_db.database.address import Server
from gallery_db.faces.measures import DegradedFilter
from gallery_db.gallery import Tx
from gallery_db.records import Asked, FaceFilter
from tests.support.postgres import Cluster

from .deciding_process import act
from .factories import example, found, photo, restored

NAMES = ["Zoë", "ada", "Ada", "Émile", None, "Łukasz", "b-c", "b c"]
DATES = ["2001-05-02T10:00:00", "1999-01-01T00:00:00", None, "2001-05-02T23:59:59", "2020-02-29T00:00:00"]


@pytest.fixture
def both(tmp_path: Path, postgres_cluster: Cluster) -> Iterator[tuple[Gallery, Gallery]]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres_cluster.database("gallery"))
        file = stack.enter_context(Gallery.open(tmp_path / "gallery.db"))
        yield file, stack.enter_context(Gallery.open(Server(url, tmp_path / "server")))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 32), acts=st.integers(0, 25))
def test_the_same_life_gives_the_same_answers(both: tuple[Gallery, Gallery], seed: int, acts: int):
    file, server = (life(gallery, seed, acts) for gallery in both)
    for question, answer in file.items():
        assert server[question] == answer, question


def life(gallery: Gallery, seed: int, acts: int) -> dict[str, Any]:
    """What a gallery says after some acts that follow from `seed`. It is empty again afterwards."""
    rng = random.Random(seed)
    with example(gallery) as conn:
        tx = Tx(conn)
        fill(tx, rng)
        said: list[Any] = []
        for _ in range(acts):
            point = conn.begin_nested()
            try:
                said.append(act(tx, rng))
            except GalleryError as e:
                point.rollback()
                said.append(str(e))
            else:
                point.commit()
        faces = [f.id for f in tx.faces.find(FaceFilter(states=None))]
        tx.questions.keep([Asked("join", (f,), 1, 2, evidence=f / 7) for f in faces[::2]])
        return {"said": said} | answers(tx, faces)


def fill(tx: Tx, rng: random.Random) -> None:
    for name in NAMES:
        tx.decisions.create_person(name)
    for n in range(6):
        qualities = [rng.choice([None, 0.1, 0.3, 0.1 + 0.2, 0.9]) for _ in range(2)]
        taken = DATES[rng.randrange(len(DATES))]
        p = photo(tx, f"{rng.choice('aAbB-_ 0')}{n}/x {n}.jpg")
        tx.photos._c.execute(text("UPDATE photo SET captured_at = :at WHERE id = :id"), {"at": taken, "id": p})
        stored = tx.faces.replace_for_photo(p, [found(100 * i, 2 * n + i, quality=q) for i, q in enumerate(qualities)])
        for f in stored.stored:
            measure = {"version": 1, "score": rng.random(), "eye_distance": 20.0, "reduced": rng.choice([1.0, 2.0])}
            tx.measures.set([(f.id, measure | ({"print_damage": 0.7} if rng.random() < 0.3 else {}))])
        if rng.random() < 0.5:
            restored(tx, face_id=stored.stored[0].id, person_id=rng.choice([None, 1, 2]), output=f"/o{n}.png")


def answers(tx: Tx, faces: list[int]) -> dict[str, Any]:
    people = [p.id for p in tx.people.find(hidden=None, ignored=None)]
    columns = tx.faces.columns()
    each = {
        person: [
            tx.browse.faces(person),
            tx.browse.faces(person, oldest_first=True),
            tx.browse.months(person),
            tx.browse.of_period(person, "2001-05"),
            tx.browse.of_period(person, None),
            tx.browse.in_time(person),
            tx.browse.together(person, people),
            tx.browse.may_be(person, faces),
            tx.browse.owners(faces, but=person),
            tx.questions.beside(person, near="2001-05-02T00:00:00"),
            tx.questions.life(person),
            tx.questions.count(person_id=person),
        ]
        for person in people
    }
    return {
        "people": tx.people.find(hidden=None, ignored=None),
        "constraints": tx.people.constraints(),
        "pages": {shelf: tx.browse.people(shelf, limit=3) for shelf in SHELF},
        "found": tx.browse.people("shown", search="a"),
        "counts": (tx.browse.counts(), tx.people.counts(), tx.photos.counts(), tx.measures.counts(1)),
        "loose": tx.browse.loose(),
        "ignored": tx.browse.ignored_faces(),
        "best": tx.browse.best(people, 2),
        "each": each,
        "faces": [replace(f, landmarks=None) for f in tx.faces.find(FaceFilter(states=None))],
        "columns": {f.name: str(getattr(columns, f.name).tolist()) for f in fields(columns)},
        "vectors": tx.faces.matrix(faces_embedder(tx)).vectors.tolist(),
        "paths": [p.path for p in tx.photos.find()],
        "beside": [tx.photos.neighbours(p.path) for p in tx.photos.find()],
        "degraded": tx.measures.degraded(DegradedFilter(version=1, min_score=0.5, min_eye_distance=1.0)),
        "unmeasured": tx.measures.missing(1),
        "questions": tx.questions.open(),
        "asked": tx.questions.count(),
        "shelves": tx.restorations.shelf_counts(),
        "history": [replace(d, at="") for d in tx.decisions.history()],
        "journal": [replace(e, record=replace(e.record, at="")) for e in tx.journal.page(limit=100)],
    }


def faces_embedder(tx: Tx) -> Any:
    return next(iter(tx.faces.embedders()))
