"""The statements of `browse`: text, because SQLite uses a partial index only where it can read the condition. In
PostgreSQL's words: `database/words.py`.

With the indexes of migration 0004 every page is read from an index; nothing is counted in advance (docs/benchmarks.md).
Whatever comes from outside is a bound parameter; `{where}` and `{direction}` are filled in with words of `browse` only.
"""

from typing import Literal

from gallery_db.people_list import COVER, DECIDED, SHOWN

Visibility = Literal["shown", "hidden", "ignored"]
"""Where a person stands: in the lists, out of them but recognised, or a stranger."""

SHELF: dict[Visibility, str] = {
    "shown": "NOT person.hidden AND NOT person.ignored",
    "hidden": "person.hidden AND NOT person.ignored",
    "ignored": "person.ignored",
}
_HAS_FACES = f"EXISTS (SELECT 1 FROM face WHERE face.person_id = person.id AND {SHOWN})"
# People without faces that nevertheless stay, because a human act refers to them.
KEPT = f"SELECT person.id FROM person WHERE NOT {_HAS_FACES} AND {DECIDED}"
PEOPLE = f"""
WITH counted AS MATERIALIZED (
  SELECT person_id, count(DISTINCT photo_id) AS photos FROM face INDEXED BY ix_face_shown
  WHERE {SHOWN} AND person_id IS NOT NULL GROUP BY person_id),
page AS MATERIALIZED (
  SELECT person.id, coalesce(counted.photos, 0) AS photos FROM person
  LEFT JOIN counted ON counted.person_id = person.id WHERE {{where}}
  ORDER BY person.name IS NULL, -coalesce(counted.photos, 0), person.id LIMIT :limit)
SELECT person.id, person.name, person.hidden, person.ignored, person.birth_date,
  person.cover_face_id, page.photos, {COVER} AS cover
FROM page JOIN person ON person.id = page.id
ORDER BY person.name IS NULL, -page.photos, person.id"""
COUNT = {
    shelf: f"SELECT count(*) FROM person WHERE {condition} AND ({_HAS_FACES} OR person.id IN ({KEPT}))"
    for shelf, condition in SHELF.items()
}
LOOSE_COUNT = f"SELECT count(*) FROM face WHERE person_id IS NULL AND {SHOWN}"
IGNORED_COUNT = "SELECT count(*) FROM face WHERE state = 'ignored'"
SOME_PEOPLE = f"""
SELECT person.id, person.name, person.hidden, person.ignored, person.birth_date,
  person.cover_face_id, {COVER} AS cover,
  (SELECT count(DISTINCT photo_id) FROM face WHERE face.person_id = person.id AND {SHOWN}) AS photos
FROM person WHERE person.id IN (SELECT value FROM json_each(:ids))"""
HEIR = "SELECT person_id FROM merged WHERE absorbed_id = :person"
_FACE = "face.id, face.photo_id, captured_at, face.quality, face.person_id, face.confirmed, face.state, dated"
_OF_PERSON = f"FROM face JOIN photo ON photo.id = face.photo_id WHERE face.person_id = :person AND {SHOWN}"
TIMELINE = f"""
SELECT {_FACE} {_OF_PERSON} {{where}}
ORDER BY captured_at IS NULL, captured_at {{direction}}, face.id LIMIT :limit"""
MONTHS = f"""
SELECT substr(captured_at, 1, 7) AS month, count(*) AS faces {_OF_PERSON}
GROUP BY month ORDER BY substr(captured_at, 1, 7) IS NULL, month DESC"""
OF_PERIOD = f"""
SELECT face.id {_OF_PERSON} AND CASE WHEN CAST(:period AS text) IS NULL THEN captured_at IS NULL
  ELSE substr(captured_at, 1, length(CAST(:period AS text))) = :period END ORDER BY face.id"""
LIFE = f"""
SELECT * FROM (
  SELECT {_FACE}, substr(captured_at, 1, 4) AS year, count(*) OVER (PARTITION BY substr(captured_at, 1, 4)) AS faces,
    row_number() OVER (PARTITION BY substr(captured_at, 1, 4) ORDER BY face.quality DESC NULLS LAST, face.id) AS place
  {_OF_PERSON}) AS ranked
WHERE place <= CASE WHEN year IS NULL THEN CAST(:undated AS integer) ELSE 1 END
ORDER BY year IS NULL, year, place"""
LOOSE = f"""
SELECT {_FACE} FROM face JOIN photo ON photo.id = face.photo_id
WHERE face.person_id IS NULL AND {SHOWN} {{where}} ORDER BY face.quality DESC NULLS LAST, face.id DESC LIMIT :limit"""
IGNORED = f"""
SELECT {_FACE} FROM face INDEXED BY ix_face_ignored JOIN photo ON photo.id = face.photo_id
WHERE face.state = 'ignored' AND face.id < :after ORDER BY face.id DESC LIMIT :limit"""
IN_TIME = f"""
SELECT face.id, coalesce(face.quality, 0.0) AS quality {_OF_PERSON}
ORDER BY captured_at IS NULL, captured_at, face.id"""
BEST = f"""
SELECT face.id, face.person_id FROM json_each(:people) AS who JOIN face ON face.id IN (
  SELECT face.id FROM face WHERE face.person_id = who.value AND {SHOWN}
  ORDER BY face.quality DESC NULLS LAST, face.id DESC LIMIT :each)"""
_NOT_DIFFERENT = """NOT EXISTS (SELECT 1 FROM different WHERE
  (person_a = face.person_id AND person_b = :person) OR (person_a = :person AND person_b = face.person_id))"""
_GIVEN = "FROM json_each(:faces) AS given JOIN face ON face.id = given.value"
PICTURED = f"""
SELECT face.id, content_hash, x1, y1, x2, y2 {_GIVEN} JOIN photo ON photo.id = face.photo_id"""
OWNERS = f"""
SELECT face.id, face.person_id {_GIVEN} JOIN person ON person.id = face.person_id
WHERE {SHOWN} AND face.person_id != :person AND {SHELF["shown"]} AND {_NOT_DIFFERENT}"""
MAY_BE = f"""
SELECT face.id {_GIVEN} JOIN photo ON photo.id = face.photo_id
WHERE {SHOWN} AND (face.person_id IS NULL OR (NOT face.confirmed AND face.person_id != :person AND {_NOT_DIFFERENT}
  AND EXISTS (SELECT 1 FROM person WHERE person.id = face.person_id AND name IS NULL AND {SHELF["shown"]})))
  AND NOT EXISTS (SELECT 1 FROM rejection WHERE face_id = face.id AND rejection.person_id = :person)
  AND NOT EXISTS (SELECT 1 FROM face AS own WHERE own.person_id = :person AND own.photo_id = face.photo_id)
  AND (captured_at IS NULL OR captured_at >= coalesce((SELECT birth_date FROM person WHERE id = :person), ''))"""
TOGETHER = f"""
SELECT other.person_id, count(DISTINCT face.photo_id) AS photos
FROM face JOIN face AS other ON other.photo_id = face.photo_id
WHERE face.person_id = :person AND {SHOWN} AND other.state IN ('ok', 'doubtful')
  AND other.person_id IN (SELECT value FROM json_each(:others))
GROUP BY other.person_id"""
# A camera that was never set writes anything; one such date would make a picture of a thousand years.
_BELIEVED = "captured_at >= '1800' AND captured_at < '2100'"
SPAN = f"""
SELECT count(*) AS photos, count(*) FILTER (WHERE {_BELIEVED}) AS dated,
  min(captured_at) FILTER (WHERE {_BELIEVED}) AS first, max(captured_at) FILTER (WHERE {_BELIEVED}) AS last
FROM photo WHERE state = 'indexed'"""
# Photos from a year on, one number a decade: grouping by decade would sort every photo first.
SINCE = "count(*) FILTER (WHERE captured_at >= '{year:04}') AS since_{year}"
DECADES = f"SELECT {{counts}} FROM photo WHERE state = 'indexed' AND {_BELIEVED}"
_SEEN = f"face.person_id IN (SELECT value FROM json_each(:people)) AND {SHOWN}"
AMONG = f"""
WITH seen AS MATERIALIZED (
  SELECT DISTINCT face.person_id, face.photo_id FROM face INDEXED BY ix_face_shown WHERE {_SEEN})
SELECT one.person_id AS one, other.person_id AS other, count(*) AS photos
FROM seen AS one JOIN seen AS other ON other.photo_id = one.photo_id AND other.person_id > one.person_id
GROUP BY one.person_id, other.person_id"""
# Ids and what was said come along behind the date: the face of the smallest date without a second look.
_END = "captured_at || ' ' || photo.id || ' ' || face.id || ' ' || coalesce(dated, '')"
ENDS = f"""
SELECT face.person_id, min({_END}) AS first, max({_END}) AS last
FROM face JOIN photo ON photo.id = face.photo_id WHERE {_SEEN} AND captured_at IS NOT NULL GROUP BY face.person_id"""
