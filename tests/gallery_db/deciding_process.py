"""A process that decides, regroups and takes back at random: `python deciding_process.py DATABASE FOLDER SEED SECONDS`
(FOLDER: of an address).

It prints, a JSON pair a line, whom it confirmed as whom; anything but a clear refusal ends it."""

import json
import random
import sys
import time
from pathlib import Path

from gallery_db import ConflictError, Gallery, GalleryError
from gallery_db.database.address import Server
from gallery_db.gallery import Tx
from gallery_db.records import FaceFilter
from iconface_core.grouping import Decision


def main(database: str, folder: str, seed: int, seconds: float) -> None:
    rng = random.Random(seed)
    with Gallery.open(Server(database, Path(folder)) if folder else Path(database)) as gallery:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                with gallery.begin() as tx:
                    done = act(tx, rng)
            except (ConflictError, GalleryError):
                continue
            for face, person in done:
                print(json.dumps([face, person]))


def act(tx: Tx, rng: random.Random) -> list[tuple[int, int | None]]:
    """One act. Returns whom a human act confirmed."""
    faces = [f.id for f in tx.faces.find(FaceFilter(states=None))]
    people = [p.id for p in tx.people.find(hidden=None, ignored=None)]
    f, p, q = rng.choice(faces), rng.choice(people or [1]), rng.choice(people or [1])
    d = tx.decisions
    kind = rng.randrange(12)
    if kind == 0:
        free = [i for i in faces if not tx.faces.get(i).confirmed and tx.faces.get(i).state == "ok"]
        tx.faces.apply_decisions([Decision(i, "join", person_id=rng.choice(people)) for i in free[:5] if people])
        return []
    if kind < 5:
        history = d.history(limit=30)
        d.undo(rng.choice([None, None, *(h.id for h in history)]))
        return []
    verbs = [
        lambda: d.assign([f], p),
        lambda: d.confirm([f]),
        lambda: d.split(p, [f]),
        lambda: d.merge(p, [q]),
        lambda: d.reject([f], p),
        lambda: d.ignore_faces([f], rng.random() < 0.5),
        lambda: d.unassign([f]),
    ]
    verbs[kind - 5]()
    return [(r.id, r.person_id) for r in tx.faces.find(FaceFilter(confirmed=True, states=None))] if kind - 5 < 4 else []


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
