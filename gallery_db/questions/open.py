"""Which questions are open, read from the faces and people they are about (`questions.py` has the rules)."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    ScalarSelect,
    Select,
    TextClause,
    and_,
    case,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from gallery_db.database.rows import from_json
from gallery_db.database.schema import different, face, merged, person, photo, question, rejection
from gallery_db.database.words import as_id, json_count, json_elements, json_ids, larger, smaller, statement
from gallery_db.records import QuestionRecord

SHOWN = face.c.state.in_(("ok", "doubtful"))
_absorbed, _other_absorbed = merged.alias("first_absorbed"), merged.alias("second_absorbed")
first_person: ColumnElement[Any] = func.coalesce(_absorbed.c.person_id, question.c.person_id)
second_person: ColumnElement[Any] = func.coalesce(_other_absorbed.c.person_id, question.c.other_person_id)
"""The people of a question as they are today: one that was merged away stands for who it is now."""

# A year of difference in age costs as much as a tenth of quality, up to 20 years; an unknown one as much as five. Of a
# person in thousands of photos only the best are looked at.
BESIDE = """
SELECT best.id, substr(captured_at, 1, 10) AS day FROM (
  SELECT id, photo_id, coalesce(quality, 0.0) + CASE WHEN confirmed THEN 0.1 ELSE 0.0 END AS worth FROM face
  WHERE person_id = :person AND state IN ('ok', 'doubtful') ORDER BY quality DESC NULLS LAST LIMIT 300) AS best
JOIN photo ON photo.id = best.photo_id WHERE photo.state = 'indexed'
ORDER BY worth - 0.1 * CASE WHEN CAST(:near AS text) IS NULL THEN 0
  ELSE min(20, coalesce(abs(julianday(substr(captured_at, 1, 10)) - julianday(substr(:near, 1, 10))) / 365.25, 5)) END
  DESC, best.id LIMIT :limit"""
LIFE = """
SELECT person.id, name, birth_date, count(DISTINCT face.photo_id) AS photos, min(captured_at) AS first_captured,
  max(captured_at) AS last_captured
FROM person LEFT JOIN face ON face.person_id = person.id AND face.state IN ('ok', 'doubtful')
LEFT JOIN photo ON photo.id = face.photo_id WHERE person.id = :person GROUP BY person.id"""


def open_ids(*where: ColumnElement[bool]) -> Select[Any]:
    return joined(select(question.c.id)).where(is_open(), *where)


def open_view() -> Select[Any]:
    """Questions with the people they are about today: a person that was merged away stands for the one it is now."""
    q = question.c
    return joined(
        select(
            q.id,
            q.kind,
            q.evidence,
            q.gain,
            q.put_off_until,
            first_person.label("first"),
            second_person.label("second"),
            case((and_(q.kind == "join", _listed(first_person)), _undecided(first_person)), else_="[]").label(
                "for_first"
            ),
            case((and_(q.kind == "join", _listed(second_person)), _undecided(second_person)), else_="[]").label(
                "for_second"
            ),
            q.face_ids,
        )
    )


def joined(query: Select[Any]) -> Select[Any]:
    return query.outerjoin(_absorbed, _absorbed.c.absorbed_id == question.c.person_id).outerjoin(
        _other_absorbed, _other_absorbed.c.absorbed_id == question.c.other_person_id
    )


def is_open() -> ColumnElement[bool]:
    kind, everybody = question.c.kind, json_count(question.c.face_ids)
    claimed = or_(*(and_(_listed(p), _undecided(p) != "[]") for p in (first_person, second_person)))
    both_undecided = json_count(_undecided(first_person)) == everybody
    both_given = json_count(_given(first_person)) == everybody
    told_apart = (
        exists()
        .where(different.c.person_a == smaller(first_person, second_person))
        .where(different.c.person_b == larger(first_person, second_person))
    )
    nameless = exists().where(person.c.id == first_person, person.c.name.is_(None))
    return or_(
        and_(kind == "join", claimed),
        and_(kind == "merge", first_person != second_person, _listed(first_person), _listed(second_person), ~told_apart)
        & _has_faces(first_person)
        & _has_faces(second_person),
        and_(kind == "twins", _listed(first_person), or_(both_undecided, both_given)),
        and_(
            kind == "who", question.c.person_id.is_not(None), nameless, _listed(first_person), _has_faces(first_person)
        ),
        and_(kind == "who", question.c.person_id.is_(None), _undecided(None) != "[]"),
    )


def _listed(who: ColumnElement[Any]) -> ColumnElement[bool]:
    """Is the person there, and neither hidden nor ignored?"""
    return exists().where(person.c.id == who, ~person.c.hidden, ~person.c.ignored)


def _has_faces(who: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists().where(face.c.person_id == who, SHOWN)


def _undecided(who: ColumnElement[Any] | None) -> ScalarSelect[Any]:
    """JSON array of the question's faces that nobody has and that may still be `who` (None: anybody): not refused, and
    no other face of the photo is that person. The first of two may also be who a face is that shows the second, as long
    as nobody has confirmed that."""
    loose: ColumnElement[bool] = face.c.person_id.is_(None)
    if who is first_person:
        loose = or_(loose, and_(face.c.person_id == second_person, first_person != second_person, ~face.c.confirmed))
    free = _members().where(loose)
    if who is not None:
        refused = exists().where(rejection.c.face_id == face.c.id, rejection.c.person_id == who)
        other = face.alias("beside")
        beside = exists().where(other.c.photo_id == face.c.photo_id, other.c.person_id == who)
        # `who` is a column of the outermost query, two levels up: said explicitly, or it would be joined here again.
        refused, beside = refused.correlate_except(rejection), beside.correlate_except(other)
        free = free.where(~refused, ~beside)
    return free.scalar_subquery()


def _given(who: ColumnElement[Any]) -> ScalarSelect[Any]:
    """JSON array of the question's faces that are `who`; empty when the user confirmed all of them."""
    given = _members().where(face.c.person_id == who)
    return given.having(func.min(case((face.c.confirmed, 1), else_=0)) == 0).scalar_subquery()


def _members() -> Select[Any]:
    # IN, not a join: SQLite would scan all faces for each question.
    listed = select(as_id(json_elements(question.c.face_ids).table_valued("value", name="each").c.value))
    shown = select(json_ids(face.c.id)).join(photo, photo.c.id == face.c.photo_id)
    return shown.where(face.c.id.in_(listed), SHOWN, photo.c.state == "indexed")


def _among(query: Select[Any], dialect: Dialect) -> str:
    """The open ones among the questions with these ids (`:ids`, a JSON array), as text made once: SQLAlchemy takes as
    long to build these statements as SQLite to carry them out. CROSS JOIN has SQLite begin with the ids."""
    whole = str(query.where(is_open()).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    head, tail = whole.split("FROM question LEFT", 1)
    return f"{head}FROM json_each(:ids) AS among CROSS JOIN question ON question.id = among.value LEFT{tail}"


@cache
def _statements(dialect: str) -> tuple[str, str]:
    made = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}[dialect]()
    count = joined(select(question.c.kind, func.count()))
    return _among(open_view(), made), _among(count, made) + " GROUP BY question.kind"


def open_among(conn: Connection) -> TextClause:
    """`open_view` of the open ones among `:ids`."""
    return statement(conn, _statements(conn.dialect.name)[0])


def count_among(conn: Connection) -> TextClause:
    """(kind, number) of the open ones among `:ids`."""
    return statement(conn, _statements(conn.dialect.name)[1])


def record(r: Any) -> QuestionRecord:
    first, second, faces = r.first, r.second, r.face_ids
    if r.kind == "join":
        # The runner-up is asked about once the first is refused.
        refused = r.for_first == "[]"
        faces = r.for_second if refused else r.for_first
        first, second = (r.second, None) if refused else (r.first, r.second if r.for_second != "[]" else None)
    return QuestionRecord(r.id, r.kind, tuple(from_json(faces)), first, second, r.evidence, r.gain, r.put_off_until)
