"""A gallery that was lived in: unreadable and missing photos, jobs of a month, restored copies, open questions.

Written over a made-up gallery (benchmarks/large_gallery.py), through the same repositories as by the application where
it has one for many rows.
"""

import json
import time

import numpy as np
from sqlalchemy import Connection

from gallery_db import Gallery
from gallery_db.records import Asked
from iconface_core.reasons import to_text
from plugin.reasons import QUARANTINED, STATED, WORKER_KILLED

UNREADABLE, LEFT, MISSING, COPIES = 300, 30, 500, 2_000
DONE, TODAY, WAITING, FAILED = 20_000, 2_000, 500, 60
RESTORATIONS, JOINS, MERGES = 3_000, 1_000, 500


def live_in(gallery: Gallery) -> None:
    """Add all of it, each to other photos."""
    with gallery.begin() as tx:
        conn = tx.meta._c
        _photos(conn)
        _restorations(conn)
        _jobs(conn)
        rng = np.random.default_rng(11)
        loose = [r[0] for r in conn.exec_driver_sql("SELECT id FROM face WHERE person_id IS NULL AND state = 'ok'")]
        people = rng.permutation(np.arange(100, 5_000)).tolist()
        asked = [Asked("join", (loose[n],), people[n], evidence=2.0 + n / JOINS, gain=1) for n in range(JOINS)]
        pairs = [sorted(people[2 * n : 2 * n + 2]) for n in range(MERGES)]
        asked += [Asked("merge", (), a, b, evidence=1.0 + n / MERGES, gain=10) for n, (a, b) in enumerate(pairs)]
        tx.questions.keep(asked)
        conn.exec_driver_sql("ANALYZE")


def _photos(conn: Connection) -> None:
    step = 150_000 // (UNREADABLE + MISSING + COPIES)
    state = [("failed", n < LEFT) for n in range(UNREADABLE)] + [("missing", False)] * MISSING
    state += [("restored", False)] * COPIES
    killed = to_text(QUARANTINED(cause=WORKER_KILLED(signal="SIGSEGV"), times=3))
    broken = to_text(STATED(text="broken data stream"))
    rows = [
        (s, None if s != "failed" else killed if left else broken, 1 + n * step) for n, (s, left) in enumerate(state)
    ]
    conn.exec_driver_sql("UPDATE photo SET state = ?, reason = ? WHERE id = ?", rows)


def _restorations(conn: Connection) -> None:
    of = "SELECT f.id, p.path, p.content_hash, f.person_id FROM face f JOIN photo p ON p.id = f.photo_id"
    faces = conn.exec_driver_sql(f"{of} WHERE f.person_id > 50 AND p.state = 'indexed' LIMIT {RESTORATIONS}").all()
    kinds = (
        ("done", "pass", "accepted"), ("done", "pass", None), ("done", "doubtful", None), ("proposed", "", None),
        ("refused", "refused", None), ("rejected", "pass", "rejected"),
    )  # fmt: skip
    rows = [(*face, *kinds[n % 6], f"/restored/{n}.jpg" if n % 6 < 3 else None) for n, face in enumerate(faces)]
    conn.exec_driver_sql(
        'INSERT INTO restoration (face_id, photo, input_sha256, restorer, weights_sha256, options, seed, "references",'
        " created_at, person_id, state, verdict, decided, output)"
        " VALUES (?, ?, ?, 'nano', '', '{}', 1, '[]', '2026-11-01T00:00:00+00:00', ?, ?, ?, ?, ?)",
        rows,
    )


def _jobs(conn: Connection) -> None:
    now = time.time()
    paths = [r[0] for r in conn.exec_driver_sql(f"SELECT path FROM photo LIMIT {DONE + TODAY + WAITING + FAILED}")]

    def row(n: int) -> tuple[object, ...]:
        path = paths[n]
        payload, result = json.dumps({"path": path, "face_id": n + 1}), json.dumps({"text": "1 face restored: Anna"})
        if n < DONE:
            return ("restore", payload, path, "done", -10, now - 86_400 * (1 + n % 30), result, None)
        if n < DONE + TODAY:
            return ("restore", payload, path, "done", 100, now - n % 300, result, None)
        if n < DONE + TODAY + WAITING:
            return ("restore", payload, path, "waiting", n % 100, None, None, None)
        return ("restore", payload, path, "failed", 100, now - n, None, "OSError: no space left on device")

    conn.exec_driver_sql(
        "INSERT INTO job (kind, payload, dedupe, state, priority, finished_at, progress, error, attempts, max_attempts,"
        " run_after, created_at, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 3, 0, 1, 'hand')",
        [row(n) for n in range(len(paths))],
    )
    # Paused, so that no service that finds this gallery begins to work at photos that do not exist.
    conn.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('jobs.paused', '[\"*\"]')")
