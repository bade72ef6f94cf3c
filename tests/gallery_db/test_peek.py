"""The quick look says what the repositories say, or nothing."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery_db import Gallery, peek
from gallery_db.notes import NOTES
from gallery_db.records import PersonSummary
from iconface_core.grouping import Decision

from .factories import put

pytestmark = pytest.mark.sqlite

ACTS = st.lists(
    st.tuples(
        st.sampled_from(("name", "hide", "ignore", "birth_date", "confirm", "reject", "merge")), st.integers(0, 3)
    ),
    max_size=6,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_it_says_what_the_repository_says(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    with Gallery.open(tmp_path_factory.mktemp("peek") / "g ?#%.db") as gallery:
        with gallery.begin() as tx:
            faces = [put(tx, f"{n}.jpg", *range(4)) for n in range(2)]
            people = list(
                tx.faces.apply_decisions(
                    [Decision(f, "new_person", group=i) for photo in faces for i, f in enumerate(photo)]
                ).new_people
            )
            for act, i in acts:
                _do(tx, act, people, faces[0], i)
        for everybody in (True, False):
            said = peek.people(gallery.path, everybody=everybody)
            assert said == _found(gallery, everybody=everybody)
            assert all(type(p.hidden) is type(p.ignored) is type(p.decided) is bool for p in said or ())


def _do(tx, act: str, people: list[int], faces: list[int], i: int) -> None:
    who = people[i]
    if act == "name":
        tx.decisions.name(who, f"Person number {i}")
    elif act == "birth_date":
        tx.decisions.birth_date(who, date(1950, 1, 1))
    elif act == "confirm" and tx.faces.get(faces[i]).person_id is not None:
        tx.decisions.confirm([faces[i]])
    elif act == "reject":
        tx.decisions.reject([faces[i]], who)
    elif act == "merge" and people[i] != people[0]:
        tx.decisions.merge(people[0], [people[i]])
        people[:] = [people[0] if p == who else p for p in people]
    elif act in ("hide", "ignore"):
        getattr(tx.decisions, act)(who, True)


def _found(gallery: Gallery, *, everybody: bool) -> list[PersonSummary]:
    flag = None if everybody else False
    with gallery.begin(write=False) as tx:
        return tx.people.find(hidden=flag, ignored=flag)


@pytest.mark.parametrize("note", NOTES)
def test_what_was_left_to_be_finished_comes_first(gallery: Gallery, note: str) -> None:
    assert peek.people(gallery.path, everybody=True) == []
    with gallery.begin() as tx:
        tx.meta.set(note, "1")
    assert peek.people(gallery.path, everybody=True) is None


def test_no_answer_where_the_file_has_to_be_opened_in_full(gallery: Gallery, tmp_path: Path) -> None:
    assert peek.people(tmp_path / "none.db", everybody=True) is None
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "photo.db").write_bytes(b"no database at all, " * 1000)
    assert peek.people(tmp_path / "photo.db", everybody=True) is None
    gallery.close()
    with closing(sqlite3.connect(gallery.path)) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '0001'")
        conn.commit()
    assert peek.people(gallery.path, everybody=True) is None


def test_it_needs_the_standard_library_alone(gallery: Gallery) -> None:
    code = (
        "import sys; from pathlib import Path; from gallery_db import peek;"
        "assert peek.people(Path(sys.argv[1]), everybody=True) == [];"
        "assert not {'sqlalchemy', 'numpy', 'alembic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, gallery.path], check=True)
