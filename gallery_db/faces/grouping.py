"""Write what grouping decided, under facts that may be newer than what grouping saw."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, exists, func, select, update

from gallery_db.database.rows import among, batches, existing
from gallery_db.database.schema import cluster, face, merged, person, rejection
from gallery_db.decisions.follow_up import note_moves
from gallery_db.people import decided
from gallery_db.records import GroupingChanges

if TYPE_CHECKING:  # only named here; importing it loads scipy
    from iconface_core.grouping import Decision

NONE = -1


@dataclass(frozen=True, slots=True)
class Group:
    """Faces of one label. -1: a new cluster, a new person. `clustered` False: the faces are in no cluster."""

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
    conn: Connection,
    face_ids: Sequence[int],
    labels: Sequence[int],
    groups: Sequence[Group],
    dry_run: bool,
    *,
    whole: bool = False,
) -> GroupingChanges:
    """Write the labels (-1: nobody). A dry run only reads; its new people have negative ids. `whole`: of a full pass,
    whose moves are kept with the decisions they follow from."""
    if len(face_ids) != len(labels):
        raise ValueError(f"{len(labels)} labels for {len(face_ids)} faces")
    today = _faces(conn, face_ids)
    people = _living_people(conn, groups)
    members, free, refused = _sort_out(conn, face_ids, labels, people, today)
    writer = _Nothing() if dry_run else _Writer(conn)

    new_people: list[int] = []
    known_clusters = existing(conn, cluster, {g.cluster_id for g in groups})
    target: dict[int, tuple[int | None, int | None]] = dict.fromkeys(free, (None, None))
    for label, ids in members.items():
        person_id = people[label]
        if person_id == NONE:
            person_id = writer.new_person()
            new_people.append(person_id)
        cluster_id: int | None = None
        if groups[label].clustered:
            cluster_id = groups[label].cluster_id
            if cluster_id in known_clusters:
                writer.own_cluster(cluster_id, person_id)
            else:
                cluster_id = writer.new_cluster(person_id)
        target.update(dict.fromkeys(ids, (person_id, cluster_id)))

    change = {i: (today[i].person_id, to[0]) for i, to in target.items() if today[i].person_id != to[0]}
    removed = _would_be_removed(conn, change) if dry_run else []
    moves = {i: to for i, to in target.items() if (today[i].person_id, today[i].cluster_id) != to}
    left = [(today[i].person_id, today[i].cluster_id) for i in moves]
    writer.move(moves)
    if whole and not dry_run:
        note_moves(conn, change)
    return GroupingChanges(
        joined=tuple(sorted(i for i, (old, new) in change.items() if old is None)),
        moved=tuple(sorted(i for i, (old, new) in change.items() if old is not None and new is not None)),
        left=tuple(sorted(i for i, (old, new) in change.items() if new is None)),
        refused=tuple(sorted(refused)),
        new_people=tuple(new_people),
        removed_people=tuple(removed if dry_run else prune(conn, None if whole else left)),
    )


def _sort_out(
    conn: Connection,
    face_ids: Sequence[int],
    labels: Sequence[int],
    people: Sequence[int],
    today: "dict[int, _Face]",
) -> tuple[dict[int, list[int]], list[int], list[int]]:
    """(faces of each label, faces that belong to nobody, faces a human fact keeps out). Faces that are gone are
    dropped."""
    rejected = _rejections(conn, face_ids)
    members: dict[int, list[int]] = {}
    free: list[int] = []
    refused: list[int] = []
    for face_id, label in zip(face_ids, labels, strict=True):
        row = today.get(face_id)
        if row is None:
            continue
        if row.fixed:
            if label != NONE and row.person_id != people[label]:
                refused.append(face_id)
        elif label == NONE:
            free.append(face_id)
        elif (face_id, people[label]) in rejected:
            refused.append(face_id)
            free.append(face_id)
        else:
            members.setdefault(label, []).append(face_id)
    return members, free, refused


class _Writer:
    """What a grouping writes."""

    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def new_person(self) -> int:
        return int(self._c.scalars(person.insert().values(created_by="machine").returning(person.c.id)).one())

    def new_cluster(self, person_id: int) -> int:
        return int(self._c.scalars(cluster.insert().values(person_id=person_id).returning(cluster.c.id)).one())

    def own_cluster(self, cluster_id: int, person_id: int) -> None:
        self._c.execute(update(cluster).where(cluster.c.id == cluster_id).values(person_id=person_id))

    def move(self, target: Mapping[int, tuple[int | None, int | None]]) -> None:
        if target:
            rows = [{"_id": i, "_person": p, "_cluster": c} for i, (p, c) in target.items()]
            change = update(face).where(face.c.id == bindparam("_id"))
            self._c.execute(change.values(person_id=bindparam("_person"), cluster_id=bindparam("_cluster")), rows)


class _Nothing(_Writer):
    """A dry run: made-up ids, no writes."""

    def __init__(self) -> None:
        self._made = 0

    def new_person(self) -> int:
        self._made -= 1
        return self._made

    def new_cluster(self, person_id: int) -> int:
        return 0

    def own_cluster(self, cluster_id: int, person_id: int) -> None:
        pass

    def move(self, target: Mapping[int, tuple[int | None, int | None]]) -> None:
        pass


def _would_be_removed(conn: Connection, change: Mapping[int, tuple[int | None, int | None]]) -> list[int]:
    faces = func.count(face.c.id)
    query = select(person.c.id, faces).outerjoin(face, face.c.person_id == person.c.id).where(~decided())
    left: dict[int, int] = {p: n for p, n in conn.execute(query.group_by(person.c.id))}  # noqa: C416  # typed rows
    for old, new in change.values():
        if old in left:
            left[old] -= 1
        if new in left:
            left[new] += 1
    return sorted(p for p, n in left.items() if n == 0)


def prune(conn: Connection, left: Collection[tuple[int | None, int | None]] | None = None) -> list[int]:
    """Remove empty clusters, and machine-made people without faces that no human act refers to; returns the latter.
    `left`: only of these, the person and the cluster that a face was taken from."""
    people = None if left is None else {p for p, _ in left if p is not None}
    clusters = None if left is None else {c for _, c in left if c is not None}
    for some in among(cluster.c.id, clusters):
        conn.execute(delete(cluster).where(some, ~exists().where(face.c.cluster_id == cluster.c.id)))
    gone: list[int] = []
    for some in among(person.c.id, people):
        no_faces = ~exists().where(face.c.person_id == person.c.id)
        gone += conn.scalars(delete(person).where(some, no_faces, ~decided()).returning(person.c.id))
    return sorted(gone)


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
    heir: dict[int, int] = {}
    for ids in batches({g.person_id for g in groups}):
        heir |= {r.absorbed_id: r.person_id for r in conn.execute(select(merged).where(merged.c.absorbed_id.in_(ids)))}
    found = [heir.get(g.person_id, g.person_id) for g in groups]
    alive = existing(conn, person, set(found))
    return [p if p in alive else NONE for p in found]
