"""The untyped border to faiss, in one place."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np

from iconface_core.types import F32, I64

Index = Any
"""A faiss index with ids (`add_with_ids`, `remove_ids`, `search`)."""


def search(index: Index, queries: F32, k: int, params: Any = None) -> tuple[I64, F32]:
    """faiss pads with -1 and the lowest float; we pad with -1 and -1.

    A few queries run on one OpenMP thread: on small machines waking the pool costs several times the search (measured
    8 against 40 ms). faiss has only a process-wide switch, hence set in this module before every piece of work and
    nowhere else; a race between threads costs time, never a result.
    """
    faiss.omp_set_num_threads(1 if len(queries) < _BATCH else _CORES)
    sims, ids = index.search(np.ascontiguousarray(queries, np.float32), k, params=params)
    return ids, np.where(ids < 0, np.float32(-1), sims)


def add(index: Index, face_ids: I64, vectors: F32) -> None:
    """Remove the ids before: faiss would keep an id twice."""
    if len(face_ids) >= _BATCH:
        use_all_cores()
    index.add_with_ids(np.ascontiguousarray(vectors, np.float32), face_ids)


def remove(index: Index, face_ids: I64) -> None:
    index.remove_ids(np.ascontiguousarray(face_ids, np.int64))


def probing(lists: int) -> Any:
    """Search parameters of an inverted index."""
    make: Any = faiss.SearchParametersIVF  # the stub does not know that it takes keywords
    return make(nprobe=lists)


def codes(sample: F32, parts: int) -> Index:
    """An empty index whose codes of `parts` times four bits fit `sample` (N, dim); what they find is compared again by
    the vectors themselves. It numbers vectors as they are added.

    Trained on one thread: faiss starts a team for each few points, which then waits for itself (measured with 512
    numbers: 35 CPU seconds on two threads, .9 on one).
    """
    faiss.omp_set_num_threads(1)
    index = faiss.IndexRefineFlat(faiss.IndexPQFastScan(sample.shape[1], parts, 4, faiss.METRIC_INNER_PRODUCT))
    index.train(np.ascontiguousarray(sample, np.float32))
    return index


def candidates(factor: float) -> Any:
    """Search parameters of `codes`: so many times the neighbours wanted are compared again."""
    make: Any = faiss.IndexRefineSearchParameters
    return make(k_factor=factor)


def use_all_cores() -> None:
    """Before training or adding many vectors."""
    faiss.omp_set_num_threads(_CORES)


def write(index: Index, path: Path) -> None:
    faiss.write_index(index, str(path))


def read(path: Path) -> Index:
    """Only for files whose hash was checked: faiss trusts what it reads. Raises RuntimeError."""
    return faiss.read_index(str(path))


_BATCH = 64
_CORES: int = faiss.omp_get_max_threads()
