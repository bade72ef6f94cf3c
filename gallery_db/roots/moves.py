"""A folder of the library that lies elsewhere now: what is known of its photos goes with it. And what would go with a
folder that is removed."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, delete, exists, func, literal, select, update

from gallery_db.database.rows import batches, storable_path
from gallery_db.database.schema import face, person, photo, rejection, restoration, root
from gallery_db.faces.matching import TOUCHED
from gallery_db.records import AtStake


def move(conn: Connection, root_id: int, before: str, path: str) -> int:
    """See `RootRepo.move`; nothing is checked here."""
    old, new = before.rstrip("/"), storable_path(path).rstrip("/")
    paths = conn.execute(select(photo.c.id, photo.c.path).where(photo.c.root_id == root_id))
    target = {i: new + p.removeprefix(old) for i, p in paths}
    photos = len(target)
    for photo_id in _make_room(conn, root_id, target):
        del target[photo_id]
    others = select(root.c.id).where(root.c.path == path, root.c.id != root_id).scalar_subquery()
    conn.execute(update(photo).where(photo.c.root_id == others).values(root_id=root_id))
    conn.execute(delete(root).where(root.c.path == path, root.c.id != root_id))
    conn.execute(update(root).where(root.c.id == root_id).values(path=path, online=True))
    if target and new != old:
        # By way of what is no absolute path: the new folder may lie inside the old one.
        for prefix in ("moving:", ""):
            rows = [{"_id": i, "_path": prefix + p} for i, p in target.items()]
            conn.execute(update(photo).where(photo.c.id == bindparam("_id")).values(path=bindparam("_path")), rows)
    of, to = (literal(folder, restoration.c.photo.type) for folder in (old, new))
    for column in (restoration.c.photo, restoration.c.output):
        # "0" follows "/" in ASCII: a range, so that the index serves.
        below = (column > of + "/", column < of + "0")
        conn.execute(update(restoration).where(*below).values({column: to + func.substr(column, func.length(of) + 1)}))
    return photos


def _make_room(conn: Connection, root_id: int, target: Mapping[int, str]) -> list[int]:
    """Where a photo is to go, another row may be: of the same file, scanned there already. The row stays that somebody
    has decided about; of two such the other is kept as missing. Returns the photos that went instead."""
    mine = {path: i for i, path in target.items()}
    taken: dict[int, int] = {}
    for other_id, path in conn.execute(
        select(photo.c.id, photo.c.path).where(photo.c.root_id.is_distinct_from(root_id))
    ):
        if path in mine:
            taken[other_id] = mine[path]
    decided = _decided(conn, [*taken, *taken.values()])
    gone: list[int] = []
    for other, own in taken.items():
        if other in decided and own in decided:
            aside = {"path": f"{target[own]}#overwritten-{other}", "state": "missing", "root_id": root_id}
            conn.execute(update(photo).where(photo.c.id == other).values(aside))
        elif other in decided:
            gone.append(own)
            conn.execute(update(photo).where(photo.c.id == other).values(root_id=root_id))
    spare = [o for o in taken if o not in decided] + gone
    for ids in batches(spare):
        conn.execute(delete(photo).where(photo.c.id.in_(ids)))
    return gone


def _decided(conn: Connection, photo_ids: list[int]) -> set[int]:
    """Photos with a face that somebody decided about."""
    query = select(face.c.photo_id).distinct().where(TOUCHED)
    return {i for ids in batches(photo_ids) for i in conn.scalars(query.where(face.c.photo_id.in_(ids)))}


def at_stake(conn: Connection, root_id: int) -> AtStake:
    """What people decided about the faces of a root, which goes with it."""
    here = face.join(photo, photo.c.id == face.c.photo_id)

    def count(*conditions: object) -> int:
        query = select(func.count()).select_from(here).where(photo.c.root_id == root_id, *conditions)  # type: ignore[arg-type]
        return conn.scalar(query) or 0

    elsewhere = (
        exists()
        .where(face.c.person_id == person.c.id, face.c.photo_id == photo.c.id)
        .where(photo.c.root_id.is_distinct_from(root_id))
    )
    shown = exists().where(face.c.person_id == person.c.id, face.c.photo_id == photo.c.id, photo.c.root_id == root_id)
    names = select(person.c.name).where(person.c.name.is_not(None), shown, ~elsewhere).order_by(person.c.name)
    return AtStake(
        confirmed=count(face.c.confirmed),
        rejected=count(exists().where(rejection.c.face_id == face.c.id)),
        ignored=count(face.c.state == "ignored"),
        drawn=count(face.c.source == "manual"),
        only_here=tuple(conn.scalars(names)),
    )
