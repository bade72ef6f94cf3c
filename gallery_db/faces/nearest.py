"""The faces closest to a vector, asked of the server that has an index (`gallery_db.database.postgres_search`)."""

import numpy as np
from sqlalchemy import Connection, text

from gallery_db.database.packed import unpack_vectors
from gallery_db.database.postgres_search import condition, expression
from iconface_core.types import F32, I64, EmbedderId

_LIST = 100  # candidates that the walk through the graph keeps: recall@10 .99 (docs/benchmarks/storage.md)
_LONGEST_LIST = 1_000  # pgvector's
_MORE = 16  # than are wanted: they are ranked by vectors of two bytes a number, then again by four
_BLOCK = 64  # queries of one statement


def nearest(conn: Connection, embedder: EmbedderId, queries: F32, k: int) -> tuple[I64, F32]:
    """See `FaceRepo.nearest`. Without an index the server compares all vectors."""
    dim = queries.shape[1]
    found = np.full((len(queries), k), -1, np.int64)
    similarities = np.full((len(queries), k), -1.0, np.float32)
    # Beyond the list pgvector goes on where it stopped.
    settings = (
        "SELECT set_config('hnsw.ef_search', :list, true), set_config('hnsw.iterative_scan', 'relaxed_order', true)"
    )
    conn.execute(text(settings), {"list": str(min(max(_LIST, k + _MORE), _LONGEST_LIST))})
    words = _NEAREST.format(condition=condition(embedder, dim), expression=expression(dim))
    for start in range(0, len(queries), _BLOCK):
        some = queries[start : start + _BLOCK]
        rows = conn.exec_driver_sql(words, {"queries": _as_array(some), "limit": k + _MORE}).all()
        if not rows:
            continue
        n = np.array([r[0] for r in rows], np.int64) - 1
        ids = np.array([r[1] for r in rows], np.int64)
        exact = np.einsum("ij,ij->i", unpack_vectors(b"".join(r[2] for r in rows), dim), some[n])
        order = np.lexsort((ids, -exact, n))
        place = np.arange(len(n)) - np.searchsorted(n[order], n[order])
        best = order[place < k]
        at = (start + n[best], place[place < k])
        found[at], similarities[at] = ids[best], exact[best]
    return found, similarities


# For each query the rows that the index says are closest.
_NEAREST = """
SELECT q.n, near.face_id, near.vector
FROM unnest(CAST(%(queries)s AS halfvec[])) WITH ORDINALITY AS q(vector, n) CROSS JOIN LATERAL (
  SELECT face_id, vector FROM embedding WHERE {condition} ORDER BY {expression} <#> q.vector LIMIT %(limit)s
) AS near
"""


def _as_array(vectors: F32) -> str:
    return "{" + ",".join('"[' + ",".join(map(repr, v)) + ']"' for v in vectors.tolist()) + "}"
