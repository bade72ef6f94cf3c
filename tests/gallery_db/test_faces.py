from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery_db import UnknownIdError
from gallery_db.database.packed import pack_vector, unpack_vectors
from gallery_db.records import FaceFilter
from iconface_core.grouping import Background, Cluster, Decision, Grouping
from iconface_core.types import BBox, EmbedderId

from .factories import DIM, E, embedded, found, photo, put, unit


def full_pass(face_ids, labels, clusters) -> Grouping:
    found = tuple(Cluster(tuple(f), c, p) for f, c, p in clusters)
    return Grouping(np.array(labels, np.int64), found, (), (), Background.unknown(DIM))


def group(tx, *members, dry_run=False):
    """A full pass: each argument is (face ids, cluster id, person id)."""
    ids = [f for m in members for f in m[0]]
    labels = [i for i, m in enumerate(members) for _ in m[0]]
    return tx.faces.apply_grouping(np.array(ids, np.int64), full_pass(ids, labels, members), dry_run=dry_run)


@given(seed=st.integers(0, 2**32), dim=st.sampled_from([128, 512]))
def test_float16_keeps_cosines_to_a_thousandth(seed, dim):
    a, b = unit(seed, dim), unit(seed + 1, dim)
    close = a + 0.3 * b
    pair = np.stack([a, close / np.linalg.norm(close)])
    back = unpack_vectors(b"".join(pack_vector(v) for v in pair), dim)
    assert np.allclose(np.linalg.norm(back, axis=1), 1, atol=1e-6)
    assert abs(float(back[0] @ back[1] - pair[0] @ pair[1])) < 2e-4


def test_round_trip(tx):
    p = photo(tx, "a", captured_at=datetime(1999, 12, 31, 23, 59))
    made = found(3, 1, degradation={"blur": 0.5}, state="doubtful")
    [f] = tx.faces.replace_for_photo(p, [made]).stored
    assert (f.photo, f.bbox, f.quality, f.state) == ("/lib/a", BBox(3, 0, 13, 10), 0.5, "doubtful")
    assert (f.degradation, f.captured_at) == ({"blur": 0.5}, "1999-12-31T23:59:00")
    assert np.array_equal(f.landmarks, made.face.landmarks)
    assert f.detected().det_score == 0.9
    e = tx.faces.embedding(f.id, E)
    assert np.allclose(e.vector, unit(1), atol=1e-3)
    assert e.norm == 2.0
    assert tx.faces.embedding(f.id, EmbedderId("other")) is None


def test_scanning_again_keeps_ids_and_people(tx):
    p = photo(tx, "a")
    first = tx.faces.replace_for_photo(p, [found(0, 1), found(100, 2), found(200, 3)])
    a, b, c = (r.id for r in first.stored)
    ada = tx.decisions.create_person("Ada").person_id
    tx.decisions.assign([b], ada)
    again = tx.faces.replace_for_photo(p, [found(201, 3), found(102, 9), found(500, 4)])
    assert [r.id for r in again.stored][:2] == [c, b]
    assert (again.removed, len(again.new), again.kept) == ([a], 1, [])
    assert again.stored[1].person_id == ada
    assert again.stored[1].confirmed
    assert np.allclose(tx.faces.embedding(b, E).vector, unit(9), atol=1e-3)


def test_matching_takes_best_pairs_first_whatever_the_order(tx):
    p = photo(tx, "a")
    a, b = (r.id for r in tx.faces.replace_for_photo(p, [found(0), found(3)]).stored)
    for boxes, want in (([found(2), found(0)], [b, a]), ([found(0), found(3)], [a, b]), ([found(2), found(0)], [b, a])):
        assert [r.id for r in tx.faces.replace_for_photo(p, boxes).stored] == want


@pytest.mark.parametrize("fact", ["confirmed", "manual", "ignored", "rejected"])
def test_what_a_human_touched_never_disappears(tx, fact):
    p = photo(tx, "a")
    f = tx.faces.replace_for_photo(p, [found(0)]).stored[0].id
    ada = tx.decisions.create_person("Ada").person_id
    if fact == "confirmed":
        tx.decisions.assign([f], ada)
    elif fact == "ignored":
        tx.decisions.ignore_faces([f])
    elif fact == "rejected":
        tx.decisions.reject([f], ada)
    else:
        f = tx.decisions.add_face(p, BBox(300, 0, 310, 10)).face_id
    changes = tx.faces.replace_for_photo(p, [])
    assert changes.kept == [f]
    assert tx.faces.get(f).id == f


def test_the_user_s_box_stays_and_gets_landmarks_and_vectors(tx):
    p = photo(tx, "a")
    f = tx.decisions.add_face(p, BBox(0, 0, 10, 12)).face_id
    [r] = tx.faces.replace_for_photo(p, [found(1, 5)]).stored
    assert (r.id, r.bbox, r.source) == (f, BBox(0, 0, 10, 12), "manual")
    assert r.landmarks is not None
    assert tx.faces.missing(E) == []


def test_an_ignored_face_stays_ignored(tx):
    p = photo(tx, "a")
    f = tx.faces.replace_for_photo(p, [found(0)]).stored[0].id
    tx.decisions.ignore_faces([f])
    tx.faces.replace_for_photo(p, [found(0)])
    assert tx.faces.get(f).state == "ignored"


def test_other_embedders_stay_unless_the_picture_changed(tx):
    p = photo(tx, "a")
    f = tx.faces.replace_for_photo(p, [found(0)]).stored[0].id
    big = EmbedderId("big")
    assert tx.faces.set_embeddings([(f, embedded(1, big, 16)), (999, embedded(2, big, 16))]) == 1
    tx.faces.replace_for_photo(p, [found(0)])
    assert dict(tx.faces.embedders()) == {E: 1, big: 1}
    tx.faces.replace_for_photo(p, [found(0)], picture_changed=True)
    assert dict(tx.faces.embedders()) == {E: 1}
    assert [r.id for r in tx.faces.missing(big)] == [f]
    assert tx.faces.drop_embedder(E) == 1


def test_unknown_photo(tx):
    with pytest.raises(UnknownIdError, match="photo with id 7"):
        tx.faces.replace_for_photo(7, [])


def test_matrix_and_columns(tx):
    a = put(tx, "a", 1, 2)
    p = photo(tx, "b", captured_at=datetime(2001, 2, 3))
    b = tx.faces.replace_for_photo(p, [found(0, 3, quality=None)]).stored[0].id
    tx.photos.mark_restored("/lib/out", "o")
    m = tx.faces.matrix(E)
    assert m.face_ids.tolist() == [*a, b]
    assert np.allclose(m.vectors, np.stack([unit(1), unit(2), unit(3)]), atol=1e-3)
    assert m.norms.tolist() == [2, 3, 4]
    assert tx.faces.matrix(E, np.array([b, 999])).face_ids.tolist() == [b]
    assert tx.faces.matrix(EmbedderId("none")).vectors.shape == (0, 0)
    c = tx.faces.columns()
    assert c.face_id.tolist() == [*a, b]
    assert c.captured_day.tolist() == [-1, -1, date(2001, 2, 3).toordinal()]
    assert np.isnan(c.quality[2])
    assert c.person_id.tolist() == c.cluster_id.tolist() == [-1, -1, -1]
    assert tx.faces.columns(np.array([b])).photo_id.tolist() == [p]
    assert len(tx.faces.columns(np.array([], np.int64))) == 0


def test_what_is_to_be_grouped_is_known_without_reading_all_of_it(tx):
    a, b = put(tx, "a", 1, 2), put(tx, "b", 3)
    copy = tx.photos.mark_restored("/lib/out", "o")
    tx.faces.replace_for_photo(copy.id, [found(0, 4)])
    assert tx.faces.groupable().tolist() == [*a, *b] == tx.faces.columns().face_id.tolist()
    assert tx.faces.groupable(after_id=a[1]).tolist() == b
    assert [tx.faces.at_least(n) for n in (0, 3, 4)] == [True, True, False]
    assert tx.faces.in_photos_of(np.array([a[1], 999])).tolist() == a
    assert len(tx.faces.in_photos_of(np.array([], np.int64))) == 0


@settings(max_examples=50)
@given(day=st.dates(min_value=date(1, 1, 2)))
def test_captured_day_is_the_ordinal(gallery_template, day):
    with gallery_template.begin() as tx:
        p = photo(tx, "a", captured_at=datetime(day.year, day.month, day.day, 23, 59))
        tx.faces.replace_for_photo(p, [found(0)])
        assert tx.faces.columns().captured_day.tolist() == [day.toordinal()]


def test_filters(tx):
    a, b = put(tx, "a", 1, 2)
    [c] = put(tx, "c", 3)
    ada = tx.decisions.create_person("Ada").person_id
    tx.decisions.assign([a], ada)
    tx.decisions.ignore_faces([b])

    def ids(**kwargs):
        return [r.id for r in tx.faces.find(FaceFilter(**kwargs))]

    assert ids() == [a, c]
    assert ids(states=None) == [a, b, c]
    assert ids(person_id=ada) == ids(assigned=True) == ids(named=True) == ids(confirmed=True) == [a]
    assert ids(assigned=False) == ids(photo="/lib/c") == ids(after_id=a) == [c]
    assert ids(min_quality=0.9) == []
    assert ids(limit=1) == [a]
    assert tx.faces.count() == 2
    assert tx.faces.person_ids([a, c, 99]) == {a: ada, c: None}


def test_people_list(tx):
    a, b = (put(tx, n)[0] for n in "ab")
    p = photo(tx, "c", captured_at=datetime(2000, 1, 1))
    best = tx.faces.replace_for_photo(p, [found(0, 9, quality=0.9)]).stored[0].id
    lone = put(tx, "d")[0]
    group(tx, ([a, b, best], -1, -1), ([lone], -1, -1))
    [big, small] = tx.people.find()
    assert (big.faces, big.photos, big.cover_face_id, big.name, big.decided) == (3, 3, best, None, False)
    assert big.first_captured == "2000-01-01T00:00:00"
    assert tx.people.find(min_faces=2) == [big]
    tx.decisions.name(small.id, "Émile")
    assert [s.id for s in tx.people.find()] == [small.id, big.id]  # named people first
    assert [r.id for r in tx.people.by_name(" émile ")] == [small.id]
    tx.decisions.cover(big.id, a)
    assert tx.people.summary(big.id).cover_face_id == a
    tx.decisions.hide(big.id)
    assert [s.id for s in tx.people.find()] == [small.id]
    assert [s.id for s in tx.people.find(hidden=True)] == [big.id]
    tx.decisions.birth_date(big.id, date(1950, 1, 2))
    born = {c.person_id: c.birth_day for c in tx.people.constraints()}
    assert born == {big.id: date(1950, 1, 2).toordinal(), small.id: -1}


def test_full_pass_founds_people_and_removes_what_is_left_empty(tx):
    a, b, c, d = (put(tx, n)[0] for n in "abcd")
    first = group(tx, ([a, b], -1, -1), ([c, d], -1, -1))
    one, two = first.new_people
    assert first.joined == (a, b, c, d)
    clusters = tx.faces.columns().cluster_id
    preview = group(tx, ([a, b, c, d], int(clusters[0]), one), dry_run=True)
    assert (preview.moved, preview.removed_people) == ((c, d), (two,))
    assert tx.faces.person_ids([c]) == {c: two}
    done = group(tx, ([a, b, c, d], int(clusters[0]), one))
    assert done == preview
    with pytest.raises(UnknownIdError):
        tx.people.get(two)


def test_a_person_a_human_refers_to_is_never_removed(tx):
    a, b, c = (put(tx, n)[0] for n in "abc")
    one, two = group(tx, ([a], -1, -1), ([b], -1, -1)).new_people
    tx.decisions.reject([c], two)
    assert group(tx, ([a, b], -1, one)).removed_people == ()
    assert tx.people.get(two).decided
    tx.decisions.undo()
    assert group(tx, ([a, b], -1, one)).removed_people == (two,)


def test_facts_win_over_grouping(tx):
    a, b, c, d = (put(tx, n)[0] for n in "abcd")
    [one] = group(tx, ([a], -1, -1)).new_people
    ada = tx.decisions.create_person("Ada").person_id
    tx.decisions.assign([b], ada)
    tx.decisions.reject([c], one)
    tx.decisions.ignore_faces([d])
    done = group(tx, ([a, b, c, d], -1, one))
    assert (done.joined, done.moved, done.refused) == ((), (), (b, c, d))
    assert tx.faces.person_ids([a, b, c, d]) == {a: one, b: ada, c: None, d: None}


def test_a_merge_in_between_is_followed(tx):
    a, b, c = (put(tx, n)[0] for n in "abc")
    one, two = group(tx, ([a], -1, -1), ([b], -1, -1)).new_people
    tx.decisions.merge(one, [two])
    tx.faces.apply_decisions([Decision(c, "join", person_id=two)])
    assert tx.faces.person_ids([c]) == {c: one}


def test_quick_pass(tx):
    a, b, c, d, e = (put(tx, n)[0] for n in "abcde")
    [one] = group(tx, ([a], -1, -1)).new_people
    cluster = int(tx.faces.columns().cluster_id[0])
    done = tx.faces.apply_decisions(
        [
            Decision(b, "join", person_id=one, cluster_id=cluster),
            Decision(c, "new_person", group=5),
            Decision(d, "new_person", group=5),
            Decision(e, "defer"),
        ]
    )
    [new] = done.new_people
    assert tx.faces.person_ids([b, c, d, e]) == {b: one, c: new, d: new, e: None}
    columns = tx.faces.columns()
    assert columns.cluster_id[1] == cluster
    assert columns.cluster_id[2] == columns.cluster_id[3] != -1


def test_reference_candidates_are_evidence_only(tx):
    ada = tx.decisions.create_person("Ada").person_id
    good, missing, unsaid = (put(tx, n)[0] for n in ("good", "missing", "unsaid"))
    drawn = tx.decisions.add_face(tx.photos.by_path("/lib/good").id, BBox(300, 0, 320, 20), person_id=ada).face_id
    tx.faces.set_embeddings([(drawn, embedded(5))])
    tx.decisions.assign([good, missing], ada)
    tx.photos.mark_missing([tx.faces.get(missing).photo_id])
    [r] = tx.faces.reference_candidates(ada, E)
    assert (r.face_id, r.photo, r.content_hash, r.confirmed) == (good, "/lib/good", "hash-good", True)
    assert r.vector.shape == (DIM,)
    assert tx.faces.reference_candidates(ada, EmbedderId("other")) == []


def test_the_best_faces_of_everybody_that_lack_a_vector(tx):
    ada, bob = (tx.decisions.create_person(name).person_id for name in ("Ada", "Bob"))
    many = [
        tx.faces.replace_for_photo(photo(tx, f"a{n}"), [found(seed=n, quality=q)]).stored[0].id
        for n, q in enumerate((0.91, 0.99, 0.95, 0.5))
    ]
    [away], [free], [his] = (put(tx, name) for name in ("away", "free", "his"))
    bare = tx.decisions.add_face(tx.photos.by_path("/lib/free").id, BBox(300, 0, 320, 20), person_id=bob).face_id
    tx.decisions.assign([*many, away], ada)
    tx.decisions.assign([his], bob)
    tx.photos.mark_missing([tx.faces.get(away).photo_id])
    twins = EmbedderId("twins")

    def lacking(**given: Any) -> list[int]:
        return [f.id for f in tx.faces.best_without(twins, **({"each": 2, "min_quality": 0.4} | given))]

    assert lacking() == [many[1], many[2], his]
    assert lacking(min_quality=0.9) == [many[1], many[2]]
    assert lacking(each=9) == [*many, his], "nobody's, a drawn one without landmarks and one of a missing photo are not"
    assert {free, bare, away}.isdisjoint(lacking(each=99))
    assert lacking(after_id=many[1], limit=1) == [many[2]]
    tx.faces.set_embeddings([(many[1], embedded(1, twins))])
    assert lacking() == [many[2], his], "the best have it; the next best do not move up"


def test_generation_counts_every_change(tx):
    [f] = put(tx, "a", 1)
    start = tx.faces.generation(E)
    tx.faces.set_embeddings([(f, embedded(2))])
    assert tx.faces.changed_since(E, start).tolist() == [f]
    tx.photos.delete([tx.faces.get(f).photo_id])
    assert tx.faces.generation(E) == start + 2
    assert tx.faces.changed_since(E, start + 1).tolist() == [f]
    assert tx.faces.changed_since(E, start + 2).tolist() == []


def test_records_compare_by_value(tx):
    [f] = put(tx, "a", 1)
    assert tx.faces.get(f) == replace(tx.faces.get(f), landmarks=None)
