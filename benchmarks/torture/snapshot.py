"""What a gallery says, without ids and times: equal when nothing was lost and nothing doubled."""

import hashlib
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any


def snapshot(home: Path) -> dict[str, Any]:
    """Photos, faces and whose they are, what was decided and restored."""
    database = home / "data" / "gallery.db"
    if not database.exists():
        return {}
    with closing(sqlite3.connect(database)) as db:
        tables = {r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "photo" not in tables:
            return {}
        faces = list(db.execute(_FACES))
        people = defaultdict(list)
        for path, box, state, confirmed, person, name in faces:
            if person is not None:
                people[person, name].append((path, box, state, confirmed))
        return {
            "roots": sorted(db.execute("SELECT path FROM root")),
            "photos": sorted(db.execute("SELECT path, content_hash, state FROM photo")),
            "faces": sorted(row[:4] for row in faces),
            "people": sorted((name or "", sorted(theirs)) for (_, name), theirs in people.items()),
            "names": sorted(r[0] for r in db.execute("SELECT name FROM person WHERE name IS NOT NULL")),
            "vectors": db.execute("SELECT count(*) FROM embedding").fetchone()[0],
            "rejections": db.execute("SELECT count(*) FROM rejection").fetchone()[0],
            "decisions": [tuple(r) for r in db.execute("SELECT kind, undone_by IS NULL FROM decision ORDER BY id")],
            "restorations": _restorations(db) if "restoration" in tables else [],
            "jobs": sorted(db.execute(_JOBS)) if "job" in tables else [],
            "models": _files(home / "data" / "models"),
            "notes": sorted(r[0] for r in db.execute("SELECT key FROM meta WHERE key LIKE '%ing%'")),
        }


def _files(folder: Path) -> list[tuple[str, str]]:
    """Each file below `folder`, and what is in it."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    return [(str(p.relative_to(folder)), hashlib.sha256(p.read_bytes()).hexdigest()) for p in paths]


def copies(home: Path) -> str:
    """What is wrong with the restored copies; "" for nothing: every recorded one is there, whole, and no other."""
    with closing(sqlite3.connect(home / "data" / "gallery.db")) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'restoration'").fetchone():
            return ""
        wanted = dict(db.execute("SELECT output, output_sha256 FROM restoration WHERE state = 'done'"))
    wanted = {path: digest for path, digest in wanted.items() if Path(path).is_relative_to(home)}
    found = {str(p) for folder in ("copies", "restored") for p in (home / folder).rglob("*") if p.is_file()}
    if found != set(wanted):
        return f"copies {sorted(found)}, recorded {sorted(wanted)}"
    for path, digest in wanted.items():
        if hashlib.sha256(Path(path).read_bytes()).hexdigest() != digest:
            return f"{path} is not what was recorded"
    return ""


def _restorations(db: sqlite3.Connection) -> list[Any]:
    return sorted(db.execute('SELECT photo, state, verdict, coalesce(decided, "") FROM restoration'))


_FACES = """SELECT photo.path, round(x1) || ',' || round(y1), face.state, confirmed, face.person_id, person.name
FROM face JOIN photo ON photo.id = photo_id LEFT JOIN person ON person.id = face.person_id"""

# Each start of the service has a look at the library, so one more of those is nothing doubled.
_JOBS = "SELECT kind, state FROM job WHERE kind NOT IN ('reconcile', 'nightly')"
