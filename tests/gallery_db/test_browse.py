"""Pages of people and faces, and who resembles whom."""

from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from gallery_db import Gallery
from gallery_db.browse.repository import FaceCard, PersonCard, plain
from gallery_db.database import schema
from gallery_db.gallery import Tx
from gallery_db.records import FoundFace
from gallery_db.vectors.similar import SimilarFaces
from iconface_core.types import BBox, DetectedFace, EmbedderId, FaceEmbedding

from .factories import E, photo, put

DIM = 32


def person(tx: Tx, name: str | None, *photos: str, captured: str | None = None) -> int:
    """A person with one face in each of these new photos."""
    who = tx.decisions.create_person(name).person_id
    faces = [put_at(tx, p, captured) for p in photos]
    if faces:
        tx.decisions.assign(faces, who)
    return who


def put_at(tx: Tx, name: str, captured: str | None, quality: float | None = 0.5, vector=None) -> int:
    """A new photo taken at `captured` with one face; returns the face."""
    vector = np.eye(DIM, dtype=np.float32)[0] if vector is None else vector
    found = FoundFace(
        DetectedFace(BBox(0, 0, 10, 10), np.zeros((5, 2), np.float32), 0.9),
        (FaceEmbedding(E, vector, 5.0),),
        quality,
    )
    [stored] = tx.faces.replace_for_photo(
        photo(tx, name, captured_at=None if captured is None else datetime.fromisoformat(captured)), [found]
    ).stored
    return stored.id


def every_page(tx: Tx, limit: int, **kwargs) -> list[PersonCard]:
    out: list[PersonCard] = []
    while page := tx.browse.people("shown", after=out[-1].place if out else None, limit=limit, **kwargs):
        out += page
    return out


def test_the_clearest_face_of_each_year_and_some_without_a_date(gallery: Gallery):
    with gallery.begin() as tx:
        dated = [
            put_at(tx, "dim", "2001-01-01", 0.2),
            put_at(tx, "clear", "2001-12-31", 0.9),
            put_at(tx, "unknown", "2001-05-05", None),
            put_at(tx, "old", "1960-01-01", 0.1),
        ]
        undated = [put_at(tx, f"undated {n}", None, n / 10) for n in range(4)]
        who = tx.decisions.create_person("Ada").person_id
        tx.decisions.assign([*dated, *undated], who)
        tx.decisions.assign([put_at(tx, "hers", "1999-01-01")], tx.decisions.create_person("Eve").person_id)
        found = tx.browse.life(who, undated=2)
        assert [(f.face.id, f.faces) for f in found] == [(dated[3], 1), (dated[1], 3), (undated[3], 4), (undated[2], 4)]


class TestPeople:
    def test_named_first_then_by_photos(self, gallery: Gallery):
        with gallery.begin() as tx:
            few = person(tx, "Few", "a")
            many = person(tx, "Many", "b", "c", "d")
            nameless = person(tx, None, *"efghi")
            assert [c.id for c in tx.browse.people("shown")] == [many, few, nameless]
            assert [c.photos for c in tx.browse.people("shown")] == [3, 1, 5]

    def test_photos_are_counted_not_faces(self, gallery: Gallery):
        with gallery.begin() as tx:
            who = tx.decisions.create_person("Collage").person_id
            tx.decisions.assign(put(tx, "collage", 1, 2, 3), who)
            [card] = tx.browse.people("shown")
            assert card.photos == 1

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_pages_hold_everybody_once_and_agree_with_find(self, gallery: Gallery, limit: int):
        with gallery.begin() as tx:
            for i in range(7):
                person(tx, f"P{i}" if i % 2 else None, *(f"{i}-{n}" for n in range(i % 3)))
            pages = every_page(tx, limit)
            assert [c.id for c in pages] == [s.id for s in tx.people.find()]
            assert [(c.photos, c.cover_face_id) for c in pages] == [
                (s.photos, s.cover_face_id) for s in tx.people.find()
            ]

    def test_whoever_is_merged_while_paging_makes_nobody_appear_twice(self, gallery: Gallery):
        with gallery.begin() as tx:
            people = [person(tx, f"P{i}", *(f"{i}-{n}" for n in range(9 - i))) for i in range(6)]
            first = tx.browse.people("shown", limit=3)
            tx.decisions.merge(people[0], [people[1]])
            rest = tx.browse.people("shown", after=first[-1].place, limit=10)
            assert [c.id for c in rest] == people[3:]

    def test_shelves(self, gallery: Gallery):
        with gallery.begin() as tx:
            shown, hidden, stranger, both = (person(tx, n, n) for n in ("Shown", "Hidden", "Stranger", "Both"))
            tx.decisions.hide(hidden)
            tx.decisions.ignore(stranger)
            tx.decisions.hide(both)
            tx.decisions.ignore(both)
            assert [c.id for c in tx.browse.people("shown")] == [shown]
            assert [c.id for c in tx.browse.people("hidden")] == [hidden]
            assert [c.id for c in tx.browse.people("ignored")] == [stranger, both]
            [loose] = put(tx, "loose")
            [gone] = put(tx, "ignored")
            tx.decisions.ignore_faces([gone])
            counts = tx.browse.counts()
            assert (counts.shown, counts.hidden, counts.ignored) == (1, 1, 2)
            assert (counts.loose, counts.ignored_faces) == (1, 1)
            assert [f.id for f in tx.browse.loose()] == [loose]
            assert [f.id for f in tx.browse.ignored_faces()] == [gone]

    def test_machine_made_people_without_faces_are_left_out(self, gallery: Gallery):
        with gallery.begin() as tx:
            tx.meta._c.execute(schema.person.insert(), [{"created_by": "machine"}, {"created_by": "user"}])
            assert [c.id for c in tx.browse.people("shown")] == [2]
            assert tx.browse.counts().shown == 1

    def test_chosen_cover_only_while_it_is_the_persons(self, gallery: Gallery):
        with gallery.begin() as tx:
            who = tx.decisions.create_person("Ada").person_id
            clear, blurred = put_at(tx, "clear", None, 0.9), put_at(tx, "blurred", None, 0.1)
            tx.decisions.assign([clear, blurred], who)
            assert tx.browse.cards([who])[0].cover_face_id == clear
            tx.decisions.cover(who, blurred)
            assert tx.browse.cards([who])[0].cover_face_id == blurred
            tx.decisions.unassign([blurred])
            [card] = tx.browse.cards([who])
            assert (card.cover_face_id, card.chosen_cover_id) == (clear, blurred)

    def test_cards_keep_the_order_asked_for(self, gallery: Gallery):
        with gallery.begin() as tx:
            a, b = person(tx, "A", "a"), person(tx, "B", "b")
            assert [c.id for c in tx.browse.cards([b, 99, a])] == [b, a]


class TestSearch:
    @pytest.mark.parametrize(
        ("search", "found"),
        [
            ("lodz", ["Paweł Łódź"]),
            ("ŁÓDŹ pawel", ["Paweł Łódź"]),
            ("muller", ["Jürgen Müller"]),
            ("gruss", ["Grete Gruß"]),
            ("r", ["Jürgen Müller", "Grete Gruß"]),
            ("gr mu", []),
            ("jur mul", ["Jürgen Müller"]),
            ("100%", []),
            ("'; drop table person; --", []),
        ],
    )
    def test_accents_and_case_do_not_matter(self, gallery: Gallery, search: str, found: list[str]):
        with gallery.begin() as tx:
            for n, name in enumerate(("Paweł Łódź", "Jürgen Müller", "Grete Gruß")):
                person(tx, name, *(f"{name}{i}" for i in range(5 - n)))
            person(tx, None, "x")
            assert [c.name for c in tx.browse.people("shown", search=search)] == found

    def test_pages_of_what_was_found(self, gallery: Gallery):
        with gallery.begin() as tx:
            wanted = [person(tx, f"Anna {i}", *(f"{i}-{n}" for n in range(5 - i))) for i in range(5)]
            person(tx, "Bert", "b")
            assert [c.id for c in every_page(tx, 2, search="ánna")] == wanted

    def test_plain(self):
        assert plain("Łódź Æsir Straße Đorđe") == "lodz aesir strasse dorde"


class TestTimeline:
    WHEN = ("2001-05-02T10:00:00", "2001-05-02T10:00:00", "1999-01-01T00:00:00", None, "2001-05-03T09:00:00", None)

    @pytest.fixture
    def somebody(self, gallery: Gallery):
        with gallery.begin() as tx:
            who = tx.decisions.create_person("Ada").person_id
            faces = [put_at(tx, f"p{i}", when) for i, when in enumerate(self.WHEN)]
            tx.decisions.assign(faces, who)
            yield tx, who, faces

    @pytest.mark.parametrize("limit", [1, 2, 4, 10])
    @pytest.mark.parametrize("oldest_first", [False, True])
    def test_by_date_undated_last_every_face_once(self, somebody, limit: int, oldest_first: bool):
        tx, who, faces = somebody
        out: list[FaceCard] = []
        while page := tx.browse.faces(
            who, after=out[-1].place if out else None, limit=limit, oldest_first=oldest_first
        ):
            out += page
        order = (2, 0, 1, 4, 3, 5) if oldest_first else (4, 0, 1, 2, 3, 5)
        assert [f.id for f in out] == [faces[i] for i in order]

    def test_months_and_periods(self, somebody):
        tx, who, faces = somebody
        assert tx.browse.months(who) == [("2001-05", 3), ("1999-01", 1), (None, 2)]
        assert tx.browse.of_period(who, "2001-05") == [faces[0], faces[1], faces[4]]
        assert tx.browse.of_period(who, "1999") == [faces[2]]
        assert tx.browse.of_period(who, None) == [faces[3], faces[5]]

    def test_ignored_and_other_peoples_faces_are_not_there(self, somebody):
        tx, who, faces = somebody
        tx.decisions.ignore_faces([faces[0]])
        tx.decisions.unassign([faces[1]])
        assert len(tx.browse.faces(who)) == 4

    def test_faces_of_nobody_the_clearest_first_every_one_once(self, gallery: Gallery):
        with gallery.begin() as tx:
            faces = [put_at(tx, f"p{i}", None, q) for i, q in enumerate((0.2, 0.9, None, 0.9, 0.0, None))]
            out: list[FaceCard] = []
            while page := tx.browse.loose(after=out[-1].place if out else None, limit=2):
                out += page
            assert [f.id for f in out] == [faces[i] for i in (3, 1, 0, 4, 5, 2)]

    def test_ignored_faces_by_pages(self, gallery: Gallery):
        with gallery.begin() as tx:
            faces = [put_at(tx, f"p{i}", None) for i in range(5)]
            tx.decisions.ignore_faces(faces)
            first = tx.browse.ignored_faces(limit=3)
            assert [f.id for f in first + tx.browse.ignored_faces(after=first[-1].place)] == faces[::-1]


def test_together(gallery: Gallery):
    with gallery.begin() as tx:
        a, b, c = (tx.decisions.create_person(n).person_id for n in "abc")
        for name in ("x", "y"):
            one, two = put(tx, name, 1, 2)
            tx.decisions.assign([one], a)
            tx.decisions.assign([two], b)
        tx.decisions.assign(put(tx, "z"), c)
        assert tx.browse.together(a, [b, c]) == {b: 2}


def test_heir(gallery: Gallery):
    with gallery.begin() as tx:
        a, b = person(tx, "A", "a"), person(tx, "B", "b")
        tx.decisions.merge(a, [b])
        assert tx.browse.heir(b) == a
        assert tx.browse.heir(a) is None


@pytest.mark.sqlite
class TestIndexes:
    """Pages must not read whole tables: what SQLite would do, told by itself."""

    def plan(self, gallery: Gallery, act) -> list[str]:
        from sqlalchemy import event

        statements: list[tuple[str, tuple[Any, ...]]] = []

        def see(conn, cursor, statement, parameters, context, executemany):
            statements.append((statement, parameters))

        with gallery.begin(write=False) as tx:
            conn = tx.meta._c
            event.listen(conn, "before_cursor_execute", see)
            act(tx)
            event.remove(conn, "before_cursor_execute", see)
            rows = [r for s, p in statements for r in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", p)]
        return [r[3] for r in rows]

    @pytest.mark.parametrize(
        "act",
        [
            lambda tx: tx.browse.people("shown", search="a"),
            lambda tx: tx.browse.counts(),
            lambda tx: tx.browse.faces(1),
            lambda tx: tx.browse.months(1),
            lambda tx: tx.browse.loose(),
            lambda tx: tx.browse.ignored_faces(),
            lambda tx: tx.browse.cards([1]),
            lambda tx: tx.browse.together(1, [2]),
            lambda tx: tx.browse.best([1], 3),
            lambda tx: tx.browse.may_be(1, [1]),
        ],
    )
    def test_no_page_scans_faces_photos_or_vectors(self, gallery: Gallery, act):
        plan = self.plan(gallery, act)
        assert plan
        bad = [p for p in plan if p.startswith(("SCAN face", "SCAN photo", "SCAN embedding")) and "USING" not in p]
        assert bad == []

    def test_counting_photos_touches_only_the_index(self, gallery: Gallery):
        plan = self.plan(gallery, lambda tx: tx.browse.people("shown"))
        assert any("ix_face_shown" in p for p in plan)
        assert any("ix_face_best" in p for p in plan)

    def test_the_list_of_people_reads_covers_from_the_index_and_ranks_nobody(self, gallery: Gallery):
        plan = self.plan(gallery, lambda tx: tx.people.find())
        assert any("ix_face_best" in p for p in plan)
        assert [p for p in plan if p.startswith(("SCAN face", "CO-ROUTINE"))] == []


def near(direction: int, n: int, spread: float = 0.4):
    """The n-th face of somebody who looks like axis `direction`."""
    rng = np.random.default_rng(1000 * direction + n)
    v = np.eye(DIM, dtype=np.float32)[direction] + spread * rng.standard_normal(DIM).astype(np.float32) / DIM**0.5
    return (v / np.linalg.norm(v)).astype(np.float32)


def group(tx: Tx, name: str | None, direction: int, n: int = 4, captured: str | None = None, *, machine=False) -> int:
    who = tx.decisions.create_person(name).person_id
    faces = [put_at(tx, f"{direction}-{who}-{i}", captured, vector=near(direction, i + 100 * who)) for i in range(n)]
    if machine:
        tx.meta._c.execute(update(schema.face).where(schema.face.c.id.in_(faces)).values(person_id=who))
    else:
        tx.decisions.assign(faces, who)
    return who


@pytest.fixture
def alike(gallery: Gallery) -> SimilarFaces:
    return SimilarFaces(gallery, EmbedderId(E), DIM)


class TestAlike:
    def test_people_by_likeness(self, gallery: Gallery, alike: SimilarFaces):
        with gallery.begin() as tx:
            anna = group(tx, "Anna", 0)
            others = [group(tx, f"Other {d}", d) for d in (1, 2)]
            twin = group(tx, None, 0)
        with gallery.begin(write=False) as tx:
            found = alike.people(tx, anna)
        assert found[0].id == twin
        assert {f.id for f in found[1:]} <= set(others)
        assert found[0].similarity > 0.6 > max((f.similarity for f in found[1:]), default=0.0)

    def test_hidden_ignored_and_different_people_are_left_out(self, gallery: Gallery, alike: SimilarFaces):
        with gallery.begin() as tx:
            anna, a, b, c = (group(tx, n, 0) for n in ("Anna", "A", "B", "C"))
            tx.decisions.hide(a)
            tx.decisions.ignore(b)
            tx.decisions.different(anna, c)
        with gallery.begin(write=False) as tx:
            assert alike.people(tx, anna) == []

    def test_faces_that_may_be_somebodys(self, gallery: Gallery, alike: SimilarFaces):
        with gallery.begin() as tx:
            anna = group(tx, "Anna", 0)
            loose = put_at(tx, "loose", None, vector=near(0, 1))
            stranger = put_at(tx, "stranger", None, vector=near(5, 1))
            unnamed = group(tx, None, 0, 1, machine=True)
            group(tx, None, 0, 1)  # confirmed by a human
            group(tx, "Bert", 0, 1, machine=True)
            [of_unnamed] = [f.id for f in tx.browse.faces(unnamed)]
        with gallery.begin(write=False) as tx:
            found = [f.id for f in alike.faces(tx, anna)]
        assert set(found[:2]) == {loose, of_unnamed}
        assert found[2:] == [stranger]

    def test_what_was_rejected_never_comes_back(self, gallery: Gallery, alike: SimilarFaces):
        with gallery.begin() as tx:
            anna = group(tx, "Anna", 0)
            loose = put_at(tx, "loose", None, vector=near(0, 1))
        with gallery.begin(write=False) as tx:
            assert [f.id for f in alike.faces(tx, anna)] == [loose]
        with gallery.begin() as tx:
            tx.decisions.reject([loose], anna)
        with gallery.begin(write=False) as tx:
            assert alike.faces(tx, anna) == []

    def test_not_from_before_the_birth_nor_beside_oneself(self, gallery: Gallery, alike: SimilarFaces):
        with gallery.begin() as tx:
            anna = group(tx, "Anna", 0)
            early = put_at(tx, "early", "1950-01-01T00:00:00", vector=near(0, 1))
            late = put_at(tx, "late", "1990-01-01T00:00:00", vector=near(0, 2))
            one, beside = put(tx, "both", 1, 2)
            for n, i in enumerate((one, beside)):
                tx.faces.set_embeddings([(i, FaceEmbedding(E, near(0, 50 + n), 5.0))])
            tx.decisions.assign([one], anna)
            tx.decisions.birth_date(anna, date(1960, 1, 1))
        with gallery.begin(write=False) as tx:
            found = {f.id for f in alike.faces(tx, anna)}
        assert found == {late}
        assert early not in found
        assert beside not in found

    def test_a_life_is_more_than_its_mean(self, gallery: Gallery, alike: SimilarFaces):
        """The child looks like axis 0, the adult like axis 1: both are found, though their mean is like neither."""
        with gallery.begin() as tx:
            anna = group(tx, "Anna", 0, 12, "1970-01-01T00:00:00")
            grown = group(tx, None, 1, 12, "2000-01-01T00:00:00")
            tx.decisions.merge(anna, [grown])
            child = put_at(tx, "child", None, vector=near(0, 1))
            adult = put_at(tx, "adult", None, vector=near(1, 1))
        with gallery.begin(write=False) as tx:
            found = alike.faces(tx, anna)
        assert {f.id for f in found[:2]} == {child, adult}
        assert min(f.similarity for f in found[:2]) > 0.6

    def test_it_follows_the_gallery(self, gallery: Gallery, alike: SimilarFaces):
        with gallery.begin() as tx:
            anna = group(tx, "Anna", 0)
        with gallery.begin(write=False) as tx:
            assert alike.faces(tx, anna) == []
        with gallery.begin() as tx:
            new = put_at(tx, "new", None, vector=near(0, 1))
        with gallery.begin(write=False) as tx:
            assert [f.id for f in alike.faces(tx, anna)] == [new]

    def test_whose_may_these_faces_be(self, gallery: Gallery, alike: SimilarFaces):
        with gallery.begin() as tx:
            anna, bert = group(tx, "Anna", 0), group(tx, "Bert", 1)
            loose = put_at(tx, "loose", None, vector=near(1, 1))
        with gallery.begin(write=False) as tx:
            assert alike.people_like(tx, [loose])[0].id == bert
            assert bert not in [p.id for p in alike.people_like(tx, [loose], but=bert)]
            assert alike.people_like(tx, []) == []
            assert alike.people(tx, anna)

    def test_somebody_without_faces_resembles_nobody(self, gallery: Gallery, alike: SimilarFaces):
        with gallery.begin() as tx:
            nobody = tx.decisions.create_person("Nobody").person_id
        with gallery.begin(write=False) as tx:
            assert alike.people(tx, nobody) == []
            assert alike.faces(tx, nobody) == []
