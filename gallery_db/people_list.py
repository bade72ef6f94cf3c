"""The list of people as one statement, for SQLAlchemy (people.py) and for the standard library alone (peek.py): the
same in both engines.

Whatever comes from outside is a bound parameter; `{where}` is filled in with words of this package only.
"""

from collections.abc import Iterable
from typing import Any

from .records import PersonSummary

SHOWN = "face.state IN ('ok', 'doubtful')"  # the condition of the partial indexes, word for word
COVER = f"""coalesce(
  (SELECT face.id FROM face WHERE face.id = person.cover_face_id AND face.person_id = person.id AND {SHOWN}),
  (SELECT face.id FROM face WHERE face.person_id = person.id AND {SHOWN}
   ORDER BY face.quality DESC NULLS LAST, face.det_score DESC, face.id LIMIT 1))"""  # noqa: S608 - nothing comes from outside
"""The face that stands for a person: the user's choice while it is the person's, else the one of best quality."""
DECIDED = """(person.created_by = 'user' OR person.name IS NOT NULL OR person.hidden OR person.ignored
  OR person.birth_date IS NOT NULL OR person.cover_face_id IS NOT NULL
  OR EXISTS (SELECT 1 FROM face WHERE face.person_id = person.id AND face.confirmed)
  OR EXISTS (SELECT 1 FROM rejection WHERE rejection.person_id = person.id)
  OR EXISTS (SELECT 1 FROM merged WHERE merged.person_id = person.id)
  OR EXISTS (SELECT 1 FROM different WHERE different.person_a = person.id OR different.person_b = person.id))"""
"""Does any human act refer to the person? Derived, so that undoing the last such act takes it back too."""
SUMMARIES = f"""
SELECT person.id, person.name, person.hidden, person.ignored, person.birth_date, {DECIDED}, {COVER},
  coalesce(counted.faces, 0), coalesce(counted.photos, 0), coalesce(counted.confirmed, 0), counted.first, counted.last
FROM person LEFT JOIN (
  SELECT face.person_id, count(*) AS faces, count(DISTINCT face.photo_id) AS photos,
    count(*) FILTER (WHERE face.confirmed) AS confirmed, min(photo.captured_at) AS first, max(photo.captured_at) AS last
  FROM face JOIN photo ON photo.id = face.photo_id
  WHERE {SHOWN} AND face.person_id IN (SELECT person.id FROM person WHERE {{where}})
  GROUP BY face.person_id
) AS counted ON counted.person_id = person.id WHERE {{where}}"""  # noqa: S608
VISIBLE = "NOT person.hidden AND NOT person.ignored"


def summary(row: Iterable[Any]) -> PersonSummary:
    """A row of SUMMARIES."""
    i, name, hidden, ignored, birth_date, decided, cover, faces, photos, confirmed, first, last = row
    return PersonSummary(
        id=i,
        name=name,
        faces=faces,
        photos=photos,
        confirmed=confirmed,
        cover_face_id=cover,
        hidden=bool(hidden),
        ignored=bool(ignored),
        birth_date=birth_date,
        decided=bool(decided),
        first_captured=first,
        last_captured=last,
    )


def in_order(people: Iterable[PersonSummary]) -> list[PersonSummary]:
    """Named people first, then by number of faces; without machine-made people who have no faces: the next grouping
    removes them."""
    shown = [p for p in people if p.faces or p.decided]
    return sorted(shown, key=lambda p: (p.name is None, -p.faces, p.id))
