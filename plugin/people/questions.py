"""Grouping for people to read: what a full pass would change, and what it would rather ask."""

from collections.abc import Mapping, Sequence

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.questions.repository import PUT_OFF_DAYS
from gallery_db.records import Asked, GroupingChanges, QuestionRecord
from iconface_core.grouping import NOBODY, Cluster, Grouping, Proposal

from ..dry_run import Precondition, tried, unconditional
from ..reason_words import in_words
from ..reasons import SMALL_CHILDREN, YEARS_BETWEEN
from ..rows import Row
from .life_lines import Lives


def asked(tx: Tx, proposals: Sequence[Proposal], clusters: Sequence[Cluster] = ()) -> list[Asked]:
    """What grouping proposed, as questions that can be kept. Call it once the grouping is written: people founded in
    it have their ids then. Proposals about people who came to nothing are left out."""
    founded = _founded(tx, proposals, clusters)
    out: list[Asked] = []
    for p in proposals:
        person = founded.get(p.cluster) if p.person_id == NOBODY else p.person_id
        other = founded.get(p.other_cluster) if p.other_person_id == NOBODY else p.other_person_id
        if person is None or (p.kind == "merge" and other in (None, person)):
            continue
        faces = p.face_ids if p.kind == "join" else ()
        out.append(Asked(p.kind, faces, person, None if other == person else other, p.evidence, len(p.face_ids)))
    return out


def _founded(tx: Tx, proposals: Sequence[Proposal], clusters: Sequence[Cluster]) -> dict[int, int]:
    """Index of a cluster to the person that grouping founded on it."""
    new = {
        c for p in proposals for c in (p.cluster, p.other_cluster) if c != NOBODY and clusters[c].person_id == NOBODY
    }
    # A few faces are enough: all of them got the person, but for those decided about meanwhile.
    some = {face: c for c in new for face in clusters[c].face_ids[:8]}
    return {some[face]: p for face, p in tx.faces.person_ids(list(some)).items() if p is not None}


def open_questions(
    gallery: Gallery, lives: Lives | None = None, *, person_id: int | None = None, limit: int
) -> tuple[list[Row], int]:
    """The most useful questions as rows of `people questions`, at most `limit`, and how many there are. `person_id`:
    only about this person. `lives` tells by their looks where they may be relatives."""
    with gallery.begin(write=False) as tx:
        found, all_of_them = (
            tx.questions.open(person_id=person_id, limit=limit),
            tx.questions.count(person_id=person_id),
        )
    return question_rows(gallery, found, lives), sum(all_of_them.values())


def put_off(gallery: Gallery, question_id: int, *, given: Precondition = unconditional) -> int:
    """Ask it again when there is new evidence, at the latest in so many days as this returns. Raises UnknownIdError,
    and what `given` raises."""
    tried(gallery, lambda tx: tx.questions.put_off(question_id), given=given)
    return PUT_OFF_DAYS


def ask_again(gallery: Gallery, question_id: int) -> None:
    """Ask a question now that was put off. Raises UnknownIdError."""
    with gallery.begin() as tx:
        tx.questions.ask_again(question_id)


def question_rows(gallery: Gallery, questions: Sequence[QuestionRecord], lives: Lives | None = None) -> list[Row]:
    """Rows of `people questions`; `answers` are command lines."""
    with gallery.begin(write=False) as tx:
        names = tx.people.names()
        doubts = [None] * len(questions) if lives is None else lives.doubts(tx, questions)
    return [
        {
            "question_id": q.id,
            "kind": q.kind,
            "text": _words(q, names)[0] + ("" if doubt is None else f" {in_words(doubt)}"),
            "answers": _words(q, names)[1],
            "face_ids": list(q.face_ids),
            "person_id": q.person_id,
            "other_person_id": q.other_person_id,
            "evidence": None if q.evidence is None else round(q.evidence, 2),
            "gain": q.gain,
            "years_between": dict(doubt.params) if doubt is not None and doubt.code == YEARS_BETWEEN else None,
            "small_children": doubt is not None and doubt.code == SMALL_CHILDREN,
        }
        for q, doubt in zip(questions, doubts, strict=True)
    ]


def _words(q: QuestionRecord, names: Mapping[int, str]) -> tuple[str, list[str]]:
    """A question in words, and the command lines that answer it."""
    faces = " ".join(map(str, q.face_ids))
    these = f"face {faces}" if len(q.face_ids) == 1 else f"faces {faces}"
    first, other = (_title(p, names) for p in (q.person_id, q.other_person_id))
    if q.kind == "merge":
        a, b = q.person_id, q.other_person_id
        return f"are {first} and {other} the same?", [f"people merge {a} {b}", f"people different {a} {b}"]
    if q.kind == "join":
        also = "" if q.other_person_id is None else f" (or {other}?)"
        verb = "is" if len(q.face_ids) == 1 else "are"
        yes, no = (f"faces {word} {faces} --person {q.person_id}" for word in ("assign", "reject"))
        return f"{verb} {these} {first}?{also}", [yes, no]
    if q.kind == "twins":
        a, b = q.face_ids
        picks = [
            f"faces assign {x} --person {q.person_id}; faces reject {y} --person {q.person_id}"
            for x, y in ((a, b), (b, a))
        ]
        return f"which of {these} is {first}? one photo shows both", picks
    if q.person_id is None:
        return f"who is {these}?", [f"faces assign {faces} --person NAME --new", f"faces ignore {faces}"]
    return f"who is {first}? ({q.gain} faces)", [f"people name {q.person_id} NAME", f"people ignore {q.person_id}"]


def _title(person_id: int | None, names: Mapping[int, str]) -> str:
    return "" if person_id is None else names.get(person_id) or f"person {person_id}"


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
