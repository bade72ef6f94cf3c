"""What the names of another program come to in this gallery: whose faces which are, and what has to be asked.

Nothing that somebody said here is overwritten: what contradicts it is a conflict. A name without a place is given only
where nobody else can be meant.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gallery_db.decisions.base import clean
from gallery_db.errors import UnusableNameError
from gallery_db.gallery import Tx
from gallery_db.people import name_key
from gallery_db.records import FaceRecord, ImportedBox, ImportedPerson, PhotoRecord
from iconface_core.extensions.exchange import NamedFace

from .face_matching import Placed, match_places, without_repeats

Contradiction = Literal["somebody_else", "two_names", "several_people", "rejected", "left_out", "unusable_name"]
"""Confirmed as somebody else; two names for one face; several people are called so; somebody said that it is not them;
the face was left out here; no name that can be stored."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A name that was not taken. `other` is who the face is here, or the other name; of `unusable_name` the reason."""

    photo: Path
    name: str
    why: Contradiction
    face_id: int | None = None
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A name that could not be given to a face: somebody in the photo, or a place that may be measured two ways."""

    photo: Path
    name: str


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """`people` and `ignored` (face ids) are what would be decided; `known` faces have their name already; `elsewhere`
    counts names for photos that are not in the library."""

    people: tuple[ImportedPerson, ...]
    ignored: tuple[int, ...]
    known: int
    conflicts: tuple[Conflict, ...]
    unplaced: tuple[Unplaced, ...]
    elsewhere: int

    @property
    def empty(self) -> bool:
        """Whether there is nothing to decide."""
        return not self.people and not self.ignored


def plan_import(tx: Tx, named: Iterable[NamedFace]) -> ImportPlan:
    """What these names come to. Reads only."""
    photos = {Path(p.path): p for p in tx.photos.find(states=("indexed",))}
    by_photo: dict[Path, list[NamedFace]] = {}
    elsewhere = 0
    for n in named:
        if n.photo in photos:
            by_photo.setdefault(n.photo, []).append(n)
        else:
            elsewhere += 1
    planner = _Planner(tx, _People(tx))
    for path, some in by_photo.items():
        planner.places(photos[path], some)
    planner.settle_hints()
    return planner.plan(elsewhere)


class _People:
    """Who is called what here."""

    def __init__(self, tx: Tx) -> None:
        self.names = tx.people.names()
        self.by_key: dict[str, list[int]] = {}
        for person_id, name in sorted(self.names.items()):
            self.by_key.setdefault(name_key(name), []).append(person_id)
        self.rejections = tx.faces.rejections()


@dataclass(slots=True)
class _Wish:
    """What is to become of one name. `spelled` is how the source writes it first."""

    spelled: str
    faces: dict[int, FaceRecord] = field(default_factory=dict)
    boxes: list[ImportedBox] = field(default_factory=list)
    hidden: bool = False


class _Planner:
    """Collects, photo by photo; `plan` says what came of it."""

    def __init__(self, tx: Tx, people: _People) -> None:
        self._tx, self._people = tx, people
        self._wishes: dict[str, _Wish] = {}
        self._ignored: dict[int, None] = {}
        self._conflicts: list[Conflict] = []
        self._unplaced: list[Unplaced] = []
        self._known: set[int] = set()
        self._hints: list[tuple[Path, list[str], list[FaceRecord]]] = []

    def places(self, photo: PhotoRecord, named: Sequence[NamedFace]) -> None:
        """Take the names of one photo that have a place; keep the others for `settle_hints`."""
        usable = [n for n in named if n.standing == "ignored" or self._usable(n)]
        faces = {f.id: f for f in self._tx.faces.of_photo(photo.id)}
        boxes = {f.id: f.bbox for f in faces.values()}
        placed = without_repeats(match_places(usable, boxes, photo.width, photo.height))
        by_face: dict[int, list[Placed]] = {}
        for p in placed:
            if p.face_id is not None:
                by_face.setdefault(p.face_id, []).append(p)
            elif p.named.standing != "ignored" and p.sure:
                self._wish(p.named).boxes.append(ImportedBox(photo.id, p.box))
            elif p.named.standing != "ignored":
                self._unplaced.append(Unplaced(p.named.photo, p.named.name))
        for face_id, some in by_face.items():
            self._take(faces[face_id], some)
        if hints := [n.name for n in usable if n.region is None and n.standing != "ignored"]:
            self._hints.append((named[0].photo, list(dict.fromkeys(hints)), [f for f in faces.values() if _seen(f)]))

    def _usable(self, named: NamedFace) -> bool:
        try:
            if clean(named.name) is not None:
                return True
            why = "it is empty"
        except UnusableNameError as e:
            why = str(e)
        self._conflicts.append(Conflict(named.photo, named.name, "unusable_name", other=why))
        return False

    def _wish(self, named: NamedFace) -> _Wish:
        wish = self._wishes.setdefault(name_key(named.name.strip()), _Wish(named.name.strip()))
        wish.hidden |= named.standing == "hidden"
        return wish

    def _take(self, face: FaceRecord, placed: Sequence[Placed]) -> None:
        named = [p.named for p in placed]
        keys = {name_key(n.name.strip()) for n in named if n.standing != "ignored"}
        if not keys:
            if face.state != "ignored" and not face.confirmed:
                self._ignored[face.id] = None
            return
        if len(keys) > 1:
            first = next(n for n in named if n.standing != "ignored")
            second = next(n for n in named if name_key(n.name.strip()) not in ("", name_key(first.name.strip())))
            self._conflict(second, face, "two_names", first.name)
            return
        self._give(face, next(n for n in named if n.standing != "ignored"))

    def _give(self, face: FaceRecord, named: NamedFace) -> bool:
        """Whether the face may have the name."""
        key = name_key(named.name.strip())
        theirs = self._people.by_key.get(key, [])
        if face.state == "ignored":
            self._conflict(named, face, "left_out", None)
        elif face.confirmed and face.person_id in theirs:
            self._known.add(face.id)
        elif face.confirmed and (face.person_name is not None or theirs):
            self._conflict(named, face, "somebody_else", face.person_name)
        elif len(theirs) > 1 and face.person_id not in theirs:
            self._conflict(named, face, "several_people", None)
        elif any((face.id, p) in self._people.rejections for p in theirs):
            self._conflict(named, face, "rejected", None)
        else:
            self._wish(named).faces[face.id] = face
            return True
        return False

    def _conflict(self, named: NamedFace, face: FaceRecord, why: Contradiction, other: str | None) -> None:
        self._conflicts.append(Conflict(named.photo, named.name, why, face.id, other))

    def settle_hints(self) -> None:
        """Names without a place: of who else is in the photo and known, all that is left is one name and one face.
        What that says of a group of faces helps in its other photos."""
        known = _Labels(self._people, self._wishes)
        of_group: dict[int, list[int]] = {}
        for at, (_, _, faces) in enumerate(self._hints):
            for f in faces:
                if f.person_id is not None:
                    of_group.setdefault(f.person_id, []).append(at)
        todo, waiting = deque(range(len(self._hints))), set(range(len(self._hints)))
        given: dict[int, str] = {}
        while todo:
            at = todo.popleft()
            waiting.discard(at)
            photo, names, faces = self._hints[at]
            for face, name in known.fitting(names, faces):
                if face.id in given:
                    continue
                given[face.id] = name_key(name)
                if self._give(face, NamedFace(photo, name)) and known.learn(face, name):
                    again = [i for i in of_group[face.person_id or 0] if i not in waiting]
                    todo.extend(again)
                    waiting.update(again)
        for photo, names, faces in self._hints:
            here = {known.of(f) for f in faces} | {given.get(f.id) for f in faces}
            self._unplaced += [Unplaced(photo, n) for n in names if name_key(n) not in here]

    def plan(self, elsewhere: int) -> ImportPlan:
        """What came of it."""
        groups: dict[int, set[str]] = {}  # unnamed groups, and the names that their faces get
        for key, wish in self._wishes.items():
            for f in wish.faces.values():
                if f.person_id is not None and f.person_name is None:
                    groups.setdefault(f.person_id, set()).add(key)
        people = [p for k, w in self._wishes.items() for p in self._decided(k, w, groups)]
        return ImportPlan(
            tuple(people), tuple(self._ignored), len(self._known), tuple(self._conflicts), tuple(self._unplaced),
            elsewhere,
        )  # fmt: skip

    def _decided(self, key: str, wish: _Wish, groups: Mapping[int, set[str]]) -> Iterable[ImportedPerson]:
        theirs = self._people.by_key.get(key, [])
        if len(theirs) > 1:  # only faces that are one's already
            for one in theirs:
                ids = tuple(i for i, f in wish.faces.items() if f.person_id == one)
                if ids:
                    yield ImportedPerson(wish.spelled, one, ids)
            for box in wish.boxes:
                photo = Path(self._tx.photos.get(box.photo_id).path)
                self._conflicts.append(Conflict(photo, wish.spelled, "several_people"))
            return
        if not wish.faces and not wish.boxes:
            return
        person_id = theirs[0] if theirs else self._group(key, wish, groups)
        yield ImportedPerson(wish.spelled, person_id, tuple(wish.faces), tuple(wish.boxes), wish.hidden)

    def _group(self, key: str, wish: _Wish, groups: Mapping[int, set[str]]) -> int | None:
        """The group without a name that gets it as a whole: the one with most of these faces, and no other name."""
        counts: dict[int, int] = {}
        for f in wish.faces.values():
            if f.person_id is not None and groups.get(f.person_id) == {key}:
                counts[f.person_id] = counts.get(f.person_id, 0) + 1
        return max(counts, key=lambda g: (counts[g], -g)) if counts else None


class _Labels:
    """What is known of faces while hints are settled: the key of a name, by face or by its whole group."""

    def __init__(self, people: _People, wishes: Mapping[str, _Wish]) -> None:
        self._people = people
        self._faces: dict[int, str] = {}
        self._groups: dict[int, str] = {p: name_key(n) for p, n in people.names.items()}
        for key, wish in wishes.items():
            for face in wish.faces.values():
                self._faces[face.id] = key
                if face.person_id is not None:
                    self._groups.setdefault(face.person_id, key)

    def of(self, face: FaceRecord) -> str | None:
        """The key of the name; None while nobody knows."""
        return self._faces.get(face.id) or self._groups.get(face.person_id or 0)

    def learn(self, face: FaceRecord, name: str) -> bool:
        """A face has a name now. Whether its group is known by it from now on."""
        self._faces[face.id] = name_key(name)
        if face.person_id is None or face.person_id in self._groups:
            return False
        self._groups[face.person_id] = name_key(name)
        return True

    def fitting(self, names: Sequence[str], faces: Sequence[FaceRecord]) -> list[tuple[FaceRecord, str]]:
        """The faces of one photo that can only be these people."""
        labels = {f.id: self.of(f) for f in faces}
        out = []
        left = []
        for name in names:
            found = [f for f in faces if labels[f.id] == name_key(name)]
            if len(found) == 1 and not found[0].confirmed:
                out.append((found[0], name))
            elif not found:
                left.append(name)
        free = [f for f in faces if labels[f.id] is None]
        if len(left) == len(free) == 1 and free[0].state == "ok":
            out.append((free[0], left[0]))
        return out


def _seen(face: FaceRecord) -> bool:
    return face.state in ("ok", "doubtful")
