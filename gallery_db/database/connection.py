"""What every connection to the database file is set to. Standard library only."""

import sqlite3
import time

BUSY_TIMEOUT_MS = 10_000


def configure(conn: sqlite3.Connection, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
    conn.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")
    deadline = time.monotonic() + busy_timeout_ms / 1000
    while conn.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            conn.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as e:
            # Turning WAL on for a new file does not wait for the busy timeout when two processes do it at once.
            if not is_busy(e) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    conn.execute("PRAGMA synchronous=NORMAL")
    conn.execute("PRAGMA temp_store=MEMORY")
    conn.execute("PRAGMA secure_delete=ON")  # deleted face vectors must not linger in free pages


def is_busy(error: Exception) -> bool:
    return "locked" in str(error) or "busy" in str(error)
