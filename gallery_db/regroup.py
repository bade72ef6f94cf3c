"""Write what grouping decided, under facts that may be newer than what grouping saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, exists, select, update

from .people import decided
from .records import GroupingChanges
from .rows import batches
from .schema import cluster, face, merged, person, rejection

if TYPE_CHECKING:  # only named here; importing it loads scipy
    from iconface_core.grouping import Decision

NONE = -1


@dataclass(frozen=True, slots=True)
class Group:
    """Faces of one label. -1: a new cluster, a new person. `keep_cluster` False: the faces are in no cluster."""

    cluster_id: int
    person_id: int
    clustered: bool = True


def from_decisions(decisions: "Sequence[Decision]") -> tuple[list[int], list[int], list[Group]]:
    """Decisions of the quick pass as labels: one label per (cluster, person) joined and per new person."""
    labels: dict[tuple[int, int, int], int] = {}
    groups: list[Group] = []
    out: list[int] = []
    for d in decisions:
        if d.kind == "defer":
            out.append(NONE)
            continue
        key = (d.cluster_id, d.person_id, NONE) if d.kind == "join" else (NONE, NONE, d.group)
        if key not in labels:
            labels[key] = len(groups)
            joins_confirmed_faces_only = d.kind == "join" and d.cluster_id == NONE
            groups.append(Group(key[0], key[1], clustered=not joins_confirmed_faces_only))
        out.append(labels[key])
    return [d.face_id for d in decisions], out, groups


def apply(
    conn: Connection, face_ids: Sequence[int], labels: Sequence[int], groups: Sequence[Group], dry_run: bool
) -> GroupingChanges:
    if len(face_ids) != len(labels):
        raise ValueError(f"{len(labels)} labels for {len(face_ids)} faces")
    point = conn.begin_nested() if dry_run else None
    try:
        return _apply(conn, face_ids, labels, groups)
    finally:
        if point is not None:
            point.rollback()


def _apply(
    conn: Connection, face_ids: Sequence[int], labels: Sequence[int], groups: Sequence[Group]
) -> GroupingChanges:
    today = _faces(conn, face_ids)
    rejected = _rejections(conn, face_ids)
    people = _living_people(conn, groups)
    wanted: dict[int, list[int]] = {}
    refused: list[int] = []
    free: list[int] = []
    for face_id, label in zip(face_ids, labels, strict=True):
        row = today.get(face_id)
        if row is None or row.fixed:
            if row is not None and label != NONE and row.person_id != people[label]:
                refused.append(face_id)
        elif label == NONE:
            free.append(face_id)
        elif (face_id, people[label]) in rejected:
            refused.append(face_id)
            free.append(face_id)
        else:
            wanted.setdefault(label, []).append(face_id)

    new_people: list[int] = []
    known_clusters = set(conn.scalars(select(cluster.c.id)))
    target: dict[int, tuple[int | None, int | None]] = dict.fromkeys(free, (None, None))
    for label, members in wanted.items():
        person_id = people[label]
        if person_id == NONE:
            person_id = _insert_person(conn)
            new_people.append(person_id)
        cluster_id: int | None = None
        if groups[label].clustered:
            cluster_id = groups[label].cluster_id
            if cluster_id in known_clusters:
                conn.execute(update(cluster).where(cluster.c.id == cluster_id).values(person_id=person_id))
            else:
                insert = cluster.insert().values(person_id=person_id).returning(cluster.c.id)
                cluster_id = conn.scalars(insert).one()
        target.update(dict.fromkeys(members, (person_id, cluster_id)))
    return _write(conn, today, target, refused, new_people)


def _write(
    conn: Connection,
    today: "dict[int, _Face]",
    target: dict[int, tuple[int | None, int | None]],
    refused: list[int],
    new_people: list[int],
) -> GroupingChanges:
    joined: list[int] = []
    moved: list[int] = []
    left: list[int] = []
    rows: list[dict[str, int | None]] = []
    for face_id, (person_id, cluster_id) in target.items():
        before = today[face_id]
        if before.person_id != person_id:
            (left if person_id is None else joined if before.person_id is None else moved).append(face_id)
        if (before.person_id, before.cluster_id) != (person_id, cluster_id):
            rows.append({"_id": face_id, "_person": person_id, "_cluster": cluster_id})
    if rows:
        change = update(face).where(face.c.id == bindparam("_id"))
        conn.execute(change.values(person_id=bindparam("_person"), cluster_id=bindparam("_cluster")), rows)
    return GroupingChanges(
        joined=tuple(sorted(joined)),
        moved=tuple(sorted(moved)),
        left=tuple(sorted(left)),
        refused=tuple(sorted(refused)),
        new_people=tuple(new_people),
        removed_people=tuple(prune(conn)),
    )


def prune(conn: Connection) -> list[int]:
    """Remove empty clusters, and machine-made people without faces that no human act refers to; returns the latter."""
    conn.execute(delete(cluster).where(~exists().where(face.c.cluster_id == cluster.c.id)))
    no_faces = ~exists().where(face.c.person_id == person.c.id)
    gone = delete(person).where(no_faces, ~decided()).returning(person.c.id)
    return sorted(conn.scalars(gone))


@dataclass(frozen=True, slots=True)
class _Face:
    person_id: int | None
    cluster_id: int | None
    fixed: bool


def _faces(conn: Connection, face_ids: Sequence[int]) -> dict[int, _Face]:
    f = face.c
    out: dict[int, _Face] = {}
    for ids in batches(face_ids):
        query = select(f.id, f.person_id, f.cluster_id, f.confirmed, f.state).where(f.id.in_(ids))
        for face_id, person_id, cluster_id, confirmed, state in conn.execute(query):
            out[face_id] = _Face(person_id, cluster_id, confirmed or state in ("ignored", "forgotten"))
    return out


def _rejections(conn: Connection, face_ids: Sequence[int]) -> set[tuple[int, int]]:
    wanted = set(face_ids)
    rows = conn.execute(select(rejection.c.face_id, rejection.c.person_id))
    return {(f, p) for f, p in rows if f in wanted}


def _living_people(conn: Connection, groups: Sequence[Group]) -> list[int]:
    """Today's person of every group: merges since then are followed; a person that is gone counts as new."""
    alive = set(conn.scalars(select(person.c.id)))
    heir = {r.absorbed_id: r.person_id for r in conn.execute(select(merged))}
    found = [heir.get(g.person_id, g.person_id) for g in groups]
    return [p if p in alive else NONE for p in found]


def _insert_person(conn: Connection) -> int:
    return int(conn.scalars(person.insert().values(created_by="machine").returning(person.c.id)).one())
