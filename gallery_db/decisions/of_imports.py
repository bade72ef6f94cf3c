"""Names that another program knew, taken over as one act: part of `DecisionRepo`."""

from collections.abc import Sequence

from gallery_db.database.rows import require
from gallery_db.database.schema import person, photo
from gallery_db.errors import GalleryError
from gallery_db.records import ImportedPerson, NamesImported, said

from .base import Decisions, clean, new_person
from .of_faces import insert_box
from .recorder import Recorder


class ImportDecisions(Decisions):
    def import_names(self, source: str, people: Sequence[ImportedPerson], ignored: Sequence[int] = ()) -> NamesImported:
        """ "These are those people, as `source` says": their faces confirmed, boxes where no face was found drawn, the
        faces `ignored` left out; all of it one decision. Raises GalleryError when nothing is given."""
        if not people and not ignored:
            raise GalleryError("there are no names to import")
        with self._c.begin_nested():  # what cannot be had half way leaves nothing half done
            return self._import_names(source, people, ignored)

    def _import_names(self, source: str, people: Sequence[ImportedPerson], ignored: Sequence[int]) -> NamesImported:
        r = Recorder(self._c)
        drawn: list[int] = []
        named = 0
        for p in people:
            rows = self._faces(p.face_ids) if p.face_ids else {}
            person_id = self._person(r, p)
            self._take(r, rows, person_id)
            require(self._c, photo, [b.photo_id for b in p.boxes])
            drawn += [insert_box(self._c, r, b.photo_id, b.bbox, person_id) for b in p.boxes]
            named += len(rows)
        if ignored:
            self._leave_out(r, self._faces(ignored))
        what = said.IMPORTED(source=source, people=len(people), named=named, drawn=len(drawn), ignored=len(ignored))
        done = self._note("import", what, r)
        return NamesImported.of(done, drawn)

    def _person(self, r: Recorder, p: ImportedPerson) -> int:
        """Who it is: somebody new, or the group that gets the name."""
        if p.person_id is None:
            person_id = new_person(r, p.name)
        else:
            require(self._c, person, [p.person_id])
            person_id = p.person_id
            [row] = self._rows(person, person.c.id == person_id)
            if row.name is not None:  # known here, and shown or hidden as somebody decided here
                return person_id
            r.update(person, [person_id], name=clean(p.name))
        if p.hidden:
            r.update(person, [person_id], hidden=True)
        return person_id
