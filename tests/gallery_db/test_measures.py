import datetime
from typing import Any

from gallery_db import Gallery
from gallery_db.faces.measures import Clearness, DegradedFilter
from iconface_core.types import BBox

from .factories import put

V = 7


def measure(score: float = 0.9, eyes: float = 40.0, version: int = V, reduced: float = 1.0) -> dict[str, Any]:
    return {"score": score, "eye_distance": eyes, "version": version, "reduced": reduced, "reasons": []}


def degraded(tx, **changes) -> list[int]:
    return tx.measures.degraded(DegradedFilter(V, **{"min_score": 0.25, "min_eye_distance": 8.0, **changes}))


def test_degraded_faces_are_found_by_score_and_size(tx):
    bad, sharp, tiny, old, never = put(tx, "a", 1, 2, 3, 4, 5)
    tx.measures.set([(bad, measure()), (sharp, measure(0.1)), (tiny, measure(eyes=5)), (old, measure(version=V - 1))])
    assert degraded(tx) == [bad]
    assert degraded(tx, min_eye_distance=0.0) == [bad, tiny]
    assert degraded(tx, min_score=0.0) == [bad, sharp]
    assert tx.faces.get(bad).degradation == measure()
    assert tx.faces.get(never).degradation is None
    assert tx.measures.counts(V) == (5, 3, 3)


def test_how_much_is_unclear_of_all_and_of_a_sample(tx):
    faces = put(tx, "a", *range(12))
    tx.measures.set([(f, measure(0.9 if n % 4 else 0.1)) for n, f in enumerate(faces[:8])])
    limits = DegradedFilter(V, min_score=0.25, min_eye_distance=8.0)
    assert tx.measures.clearness(limits, sample=12) == Clearness(12, 8, 6, sampled=False)
    part = tx.measures.clearness(limits, sample=4)
    assert (part.faces, part.sampled) == (4, True)


def test_hidden_ignored_and_missing_are_left_out(tx):
    faces = [put(tx, name)[0] for name in "abcde"]
    tx.measures.set([(f, measure()) for f in faces])
    hidden, ignored = (tx.decisions.create_person(n).person_id for n in ("H", "I"))
    tx.decisions.assign([faces[0]], hidden)
    tx.decisions.assign([faces[1]], ignored)
    tx.decisions.hide(hidden)
    tx.decisions.ignore(ignored)
    tx.decisions.ignore_faces([faces[2]])
    tx.photos.mark_missing([tx.faces.get(faces[3]).photo_id])
    assert degraded(tx) == [faces[4]]
    assert tx.measures.counts(V)[0] == 3


def test_since_asks_the_capture_date_and_for_undated_photos_the_indexing(tx):
    [old] = put(tx, "old")
    [new] = put(tx, "new")
    [undated] = put(tx, "undated")
    for face, year in ((old, 1999), (new, 2020)):
        photo = tx.photos.get(tx.faces.get(face).photo_id)
        captured = datetime.datetime(year, 5, 1)
        tx.photos.upsert(photo.path, photo.content_hash, width=1000, height=100, captured_at=captured)
    tx.measures.set([(f, measure()) for f in (old, new, undated)])
    assert degraded(tx, since="2010-01-01") == [new, undated]
    assert degraded(tx, since="2020-05-02") == [undated]


def test_what_is_missing_is_listed_photo_by_photo_and_resumable(tx):
    photos = {name: put(tx, name, i, i + 50) for i, name in enumerate("abc")}
    ids = {name: tx.faces.get(faces[0]).photo_id for name, faces in photos.items()}
    assert tx.measures.missing(V, photos=2) == [(ids["a"], photos["a"]), (ids["b"], photos["b"])]
    assert tx.measures.missing(V, after_photo=ids["b"]) == [(ids["c"], photos["c"])]
    tx.measures.set([(photos["a"][0], measure()), (photos["b"][0], measure(reduced=2.0)), (photos["b"][1], measure())])
    assert tx.measures.missing(V) == [(ids["a"], photos["a"][1:]), (ids["b"], photos["b"][:1]), (ids["c"], photos["c"])]
    assert tx.measures.counts(V) == (6, 3, 2)


def test_a_forgotten_face_is_not_measured_again(gallery: Gallery):
    with gallery.begin() as tx:
        [face] = put(tx, "a")
        person = tx.decisions.create_person("Ada").person_id
        tx.decisions.assign([face], person)
    gallery.forget(person)
    with gallery.begin() as tx:
        tx.measures.set([(face, measure())])
        assert tx.measures.missing(V) == []
        assert tx.faces.get(face).degradation is None


def test_forgetting_a_person_drops_the_proposals_for_them(gallery: Gallery):
    with gallery.begin() as tx:
        [face] = put(tx, "a")
        person = tx.decisions.create_person("Ada").person_id
        tx.decisions.assign([face], person)
        tx.restorations.add(
            photo="/lib/a", input_sha256="i", restorer="r", weights_sha256="", options={}, seed=1, verdict="",
            state="proposed", face_id=face, person_id=person, bbox=BBox(0, 0, 1, 1),
        )  # fmt: skip
    gallery.forget(person)
    with gallery.begin(write=False) as tx:
        assert tx.restorations.history() == []
