"""Grouping for people to read: what a full pass would change, and what it would rather ask."""

from gallery_db import Gallery
from gallery_db.records import GroupingChanges
from iconface_core.grouping import NOBODY, Grouping, Proposal

from .rows import Row


def regroup_rows(gallery: Gallery, changes: GroupingChanges, grouping: Grouping, limit: int) -> Row:
    """The object of `people regroup`: counts, the first `limit` changes and questions."""
    with gallery.begin(write=False) as tx:
        names = tx.people.names()
    return {
        "joined": len(changes.joined),
        "moved": len(changes.moved),
        "left": len(changes.left),
        "people_new": len(changes.new_people),
        "people_gone": len(changes.removed_people),
        "changes": [
            {
                "face_id": c.face_id,
                "kind": c.kind,
                "from_person_id": _known(c.from_person_id),
                "to_person_id": _known(c.to_person_id),
            }
            for c in grouping.changes[:limit]
        ],
        "questions": [_question(p, names) for p in grouping.proposals[:limit]],
    }


def regroup_lines(row: Row) -> list[str]:
    """The same for a person."""
    out = [f"{row['joined']} faces join, {row['moved']} move, {row['left']} leave a person"]
    out += [
        f"  face {c['face_id']}: {c['kind']} {c['from_person_id'] or '-'} -> {c['to_person_id'] or 'new'}"
        for c in row["changes"]
    ]
    return out + [f"  ? {q['text']}" for q in row["questions"]]


def _question(p: Proposal, names: dict[int, str]) -> Row:
    def name(person: int) -> str:
        return names.get(person) or f"person {person}"

    if p.kind == "join":
        text = f"is face {', '.join(str(f) for f in p.face_ids)} {name(p.person_id)}?"
        if p.other_person_id != NOBODY:
            text += f" (or {name(p.other_person_id)}?)"
        text += f" yes: iconface faces assign {p.face_ids[0]} --person {p.person_id}"
    else:
        text = f"are {name(p.person_id)} and {name(p.other_person_id)} the same? yes: iconface people merge "
        text += f"{p.person_id} {p.other_person_id}"
    return {
        "kind": p.kind,
        "face_ids": list(p.face_ids),
        "person_id": p.person_id,
        "other_person_id": _known(p.other_person_id),
        "evidence": round(p.evidence, 2),
        "text": text,
    }


def _known(person_id: int) -> int | None:
    return None if person_id == NOBODY else person_id
