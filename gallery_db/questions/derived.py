"""Questions that the gallery itself gives reason to ask, whatever grouping asks: the largest people without a name,
good faces that are like nobody, and photos that show somebody twice.

Each is found in the whole gallery, or `about` the faces of a quick pass only: reading half a million faces for the two
of one photo would take longer than all the rest.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from gallery_db.database.rows import among, batches, from_json
from gallery_db.database.schema import face, person, photo, question
from gallery_db.records import Asked

from .open import SHOWN, open_ids

MOST_PEOPLE, MOST_FACES, MOST_TWINS = 300, 100, 200  # of one kind at a time: an endless queue helps nobody
MIN_QUALITY = 0.4  # of a single face that is like nobody: poorer ones tell a human as little as they tell us


def nameless_people(conn: Connection, about: Collection[int] | None = None) -> list[Asked]:
    """The largest people without a name; `about`: those who have one of these faces, and no smaller ones than are
    asked about already."""
    size = func.count().label("size")
    nameless = and_(person.c.name.is_(None), ~person.c.hidden, ~person.c.ignored)
    query = select(person.c.id, size).join(face, face.c.person_id == person.c.id).where(nameless, SHOWN)
    query = query.group_by(person.c.id).order_by(size.desc(), person.c.id).limit(MOST_PEOPLE)
    if about is None:
        return [Asked("who", (), p, gain=n) for p, n in conn.execute(query)]
    asked = select(question.c.gain).join(person, person.c.id == question.c.person_id)
    asked = asked.where(question.c.kind == "who", nameless).order_by(question.c.gain.desc())
    least = conn.scalar(asked.limit(1).offset(MOST_PEOPLE - 1)) or 0
    theirs = (person.c.id.in_(select(face.c.person_id).where(some)) for some in among(face.c.id, about))
    return [Asked("who", (), p, gain=n) for some in theirs for p, n in conn.execute(query.where(some)) if n > least]


def lonely_faces(
    conn: Connection, asked: Sequence[Asked], stored: Sequence[Row[Any]], about: Collection[int] | None = None
) -> list[Asked]:
    """The best faces that belong to nobody, and of which nobody is suspected. `stored`: the rows of `question`."""
    claimed = {i for a in asked if a.kind == "join" for i in a.face_ids}
    alone = and_(face.c.person_id.is_(None), face.c.state == "ok")
    query = (
        select(face.c.id)
        .join(photo, photo.c.id == face.c.photo_id)
        .where(alone, photo.c.state == "indexed", face.c.quality >= MIN_QUALITY)
        .order_by(face.c.quality.desc(), face.c.id)
    )
    if about is None:
        found = list(conn.scalars(query.limit(MOST_FACES + len(claimed))))
        room = MOST_FACES
    else:
        found = [i for some in among(face.c.id, about) for i in conn.scalars(query.where(some))]
        claimed |= _suspected(conn, stored, set(found))
        asked_about = [i for r in stored if r.kind == "who" and r.person_id is None for i in from_json(r.face_ids)]
        still = (select(func.count()).where(alone, some) for some in among(face.c.id, asked_about))
        room = MOST_FACES - sum(conn.scalar(query) or 0 for query in still)
    return [Asked("who", (i,), gain=1) for i in found if i not in claimed][: max(0, room)]


def _suspected(conn: Connection, stored: Sequence[Row[Any]], faces: set[int]) -> set[int]:
    """Those of the faces that an open question takes for somebody's."""
    joins = (r for r in stored if r.kind == "join")
    theirs = {r.id: both for r in joins if (both := faces.intersection(from_json(r.face_ids)))}
    still = {i for some in among(question.c.id, theirs) for i in conn.scalars(open_ids(some))}
    return {face_id for i in still for face_id in theirs[i]}


def twins(conn: Connection, about: Collection[int] | None = None) -> list[Asked]:
    """Two faces of one photo that belong to one person, as after a merge; not if the user confirmed both."""
    other = face.alias("other")
    # "+ 0": SQLite would look up the person's faces for each of them, not the few of the photo.
    one = other.c.person_id + 0 == face.c.person_id
    same = and_(other.c.photo_id == face.c.photo_id, one, other.c.id > face.c.id)
    query = select(face.c.id, other.c.id, face.c.person_id).join(other, same)
    query = query.where(SHOWN, other.c.state.in_(("ok", "doubtful")), ~and_(face.c.confirmed, other.c.confirmed))
    query = query.order_by(face.c.id, other.c.id).limit(MOST_TWINS)
    queries = [query]
    if about is not None:
        theirs = (select(face.c.photo_id).where(some) for some in among(face.c.id, about))
        queries = [query.where(face.c.photo_id.in_(photos)) for photos in theirs]
    return [Asked("twins", (a, b), p, gain=2) for part in queries for a, b, p in conn.execute(part)]


def proposed_twins(conn: Connection, asked: Sequence[Asked]) -> list[Asked]:
    """Two faces of one photo that might both be one person: asked together, because one answer settles both."""
    single = {a.face_ids[0]: a for a in asked if a.kind == "join" and len(a.face_ids) == 1}
    together: defaultdict[tuple[int, int | None], list[int]] = defaultdict(list)
    for ids in batches(single):
        rows = conn.execute(select(face.c.id, face.c.photo_id).where(face.c.id.in_(ids)).order_by(face.c.id))
        for face_id, photo_id in rows:
            together[photo_id, single[face_id].person_id].append(face_id)
    return [
        Asked("twins", (a, b), who, evidence=max(single[a].evidence or 0.0, single[b].evidence or 0.0), gain=2)
        for (_, who), faces in together.items()
        for a, b in zip(faces[::2], faces[1::2], strict=False)
    ]
