"""The words of what decisions did, for the command line and whoever reads its JSON; part of `reason_words.py`.

The page words a decision by the journal, with the names that people have today (`web/views/history_view.py`).
"""

from collections.abc import Sequence

from gallery_db.records import said

from .wording import Words


def _faces(count: int, first: Sequence[int]) -> str:
    shown = ", ".join(map(str, first)) + (", ..." if count > len(first) else "")
    return f"face {shown}" if count == 1 else f"{count} faces ({shown})"


def _copies(copies: int, proposals: int) -> str:
    kinds = ((copies, "restored copy", "restored copies"), (proposals, "proposal", "proposals"))
    return " and ".join(f"{n} {one if n == 1 else many}" for n, one, many in kinds if n)


def _as(person: str | None) -> str:
    return "" if person is None else f" as {person}"


def _imported(source: str, people: int, named: int, drawn: int, ignored: int) -> str:
    faces = ", ".join(f"{n} {what}" for n, what in ((named, "named"), (drawn, "drawn"), (ignored, "ignored")) if n)
    return f"imported {source}: {people} {'person' if people == 1 else 'people'}, faces: {faces}"


def _dated(photos: int, first: str, date: str | None) -> str:
    what = first if photos == 1 else f"{photos} photos"
    if date is None:
        return f"{what}: the date stays as the file has it"
    return f"{what}: taken {date.replace('/', ' to ')}"


WORDS: Words = {
    said.PERSON: lambda id, name: f"person {id}" + (f" ({name})" if name else ""),
    said.FACES: _faces,
    said.COPY: "{path}",
    said.PROPOSAL: "the proposal for {photo}",
    said.COPIES: _copies,
    said.CREATED: "created {person}",
    said.MERGED: lambda people, into: f"merged {', '.join(people)} into {into}",
    said.SPLIT: "split {faces} from {person}: {new}",
    said.DIFFERENT: "{person} is not {other}",
    said.NAMED: lambda person, name: f"named {person} {name or '(no name)'}",
    said.HIDDEN: lambda person, hidden: f"{'hid' if hidden else 'showed'} {person}",
    said.PERSON_IGNORED: lambda person, ignored: f"{'ignored' if ignored else 'no longer ignored'} {person}",
    said.BORN: "{person}: born {date}",
    said.COVER: "{person}: cover {face}",
    said.FACES_CONFIRMED: "confirmed {faces}",
    said.ASSIGNED: lambda faces, person, new: f"assigned {faces} to {person}" + (", who is new" if new else ""),
    said.REJECTED: lambda faces, person: f"rejected {faces}{_as(person)}",
    said.UNASSIGNED: "unassigned {faces}",
    said.FACES_IGNORED: lambda faces, ignored: f"{'' if ignored else 'no longer '}ignored {faces}",
    said.DREW: lambda face, person: f"drew face {face}{_as(person)}",
    said.IMPORTED: _imported,
    said.DATED: _dated,
    said.RESTORED: "restored {photo} to {output}",
    said.COPIES_ACCEPTED: "accepted {what}",
    said.COPIES_REJECTED: "rejected {what}",
    said.UNDID: "undid: {what}",
    said.REDID: "redid: {what}",
    said.FORGOTTEN: "(forgotten)",
}
