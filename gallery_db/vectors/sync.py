"""Keep an index equal to the database: load it if its stamp fits, replay what changed since, else rebuild.

Beside `NAME.faiss` lies the stamp `NAME.json`. A file is only handed to faiss when the stamp, written by us, has its
hash. Losing, truncating or ageing either file changes nothing but the time this takes.
"""

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gallery_db.gallery import Tx
from iconface_core.codec import decode_json, encode_json
from iconface_core.images.leftovers import temporary
from iconface_core.images.regular_files import open_regular, read_small
from iconface_core.types import EmbedderId

from . import _faiss
from .base import VectorStore
from .faiss_flat import FaissFlatStore
from .faiss_ivf import FaissIvfStore

IVF_ABOVE = 300_000
"""Faces above which a rebuilt index is approximate. An index changes its kind only when it is rebuilt anyway or has
grown past twice, or shrunk below half of this."""

_SCHEMA = 1
_MOST_STAMP = 10_000  # bytes
_REPLAY_SHARE = 0.2  # above that share of changed faces a rebuild is about as fast, and trains its lists again
_REMOVE_MAX = 5_000  # removals walk the whole index


@dataclass(frozen=True, slots=True)
class IndexStamp:
    """What an index file says of itself. `epoch` names the database's timeline (a restored backup starts another),
    `generation` the last change the index has seen."""

    embedder: str
    dim: int
    kind: str
    epoch: str
    generation: int
    count: int
    sha256: str
    metric: str = "inner_product"
    schema: int = _SCHEMA


@dataclass(slots=True)
class SyncedStore:
    """A store and how far it follows the database."""

    store: VectorStore
    embedder: EmbedderId
    generation: int


def open_store(directory: Path, tx: Tx, embedder: EmbedderId, dim: int, *, ivf_above: int = IVF_ABOVE) -> SyncedStore:
    """The index of `embedder`, equal to what `tx` sees; written back to `directory` when it had to change.

    Use a read transaction: an index that follows a write which is rolled back later would keep what never was. Raises
    ValueError when the stored vectors have another width than `dim`; OSError when the folder is not writable.
    """
    loaded = _load(directory, tx, embedder, dim)
    if loaded is not None:
        before = loaded.generation
        if sync_store(loaded, tx, max_share=_REPLAY_SHARE) and not _outgrown(loaded.store, ivf_above):
            if loaded.generation != before:
                save_store(directory, loaded, tx)
            return loaded
    built = _build(tx, embedder, dim, ivf_above)
    save_store(directory, built, tx)
    return built


def sync_store(synced: SyncedStore, tx: Tx, *, max_share: float = 1.0) -> bool:
    """Replay in memory what changed since; milliseconds for a few faces. False, and nothing done, when more than
    `max_share` of the faces (and more than a few thousand) changed: open the store again then."""
    now = tx.faces.generation(synced.embedder)
    if now == synced.generation:
        return True
    changed = tx.faces.changed_since(synced.embedder, synced.generation)
    if len(changed) > _REMOVE_MAX and len(changed) > max_share * len(synced.store):
        return False
    present = tx.faces.matrix(synced.embedder, changed)
    gone = np.setdiff1d(changed, present.face_ids)
    if len(gone):
        synced.store.remove(gone)
    if len(present):
        synced.store.add(present.face_ids, present.vectors)
    synced.generation = now
    return True


def save_store(directory: Path, synced: SyncedStore, tx: Tx) -> None:
    """Write index and stamp, each by rename. A crash in between leaves a hash that does not fit, hence a rebuild."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    index, stamp = _paths(directory, synced.embedder)
    temp = temporary(index)
    try:
        os.close(os.open(temp, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        synced.store.write(temp)
        _sync(temp)
        made = IndexStamp(
            embedder=synced.embedder,
            dim=synced.store.dim,
            kind=synced.store.kind,
            epoch=_epoch(tx),
            generation=synced.generation,
            count=len(synced.store),
            sha256=_sha256(temp),
        )
        if index.is_dir():
            shutil.rmtree(index)
        temp.replace(index)
        temp.write_text(encode_json(made))
        temp.chmod(0o600)
        _sync(temp)
        temp.replace(stamp)
        _sync(directory)
    finally:
        temp.unlink(missing_ok=True)


def _load(directory: Path, tx: Tx, embedder: EmbedderId, dim: int) -> SyncedStore | None:
    """The saved index if it is whole, ours, and of this database's past."""
    index, stamp_file = _paths(directory, embedder)
    try:
        stamp = decode_json(IndexStamp, read_small(stamp_file, _MOST_STAMP), str(stamp_file))
        mine = (stamp.schema, stamp.embedder, stamp.dim, stamp.metric) == (_SCHEMA, embedder, dim, "inner_product")
        past = stamp.epoch == _epoch(tx) and stamp.generation <= tx.faces.generation(embedder)
        if not (mine and past and stamp.sha256 == _sha256(index)):
            return None
        raw = _faiss.read(index)
        if raw.d != dim:
            return None
    except (OSError, ValueError, RuntimeError):  # missing or damaged
        return None
    store: VectorStore = FaissFlatStore(dim, raw) if stamp.kind == FaissFlatStore.kind else FaissIvfStore(raw)
    return SyncedStore(store, embedder, stamp.generation) if len(store) == stamp.count else None


def _build(tx: Tx, embedder: EmbedderId, dim: int, ivf_above: int) -> SyncedStore:
    faces = tx.faces.matrix(embedder)
    if len(faces) and faces.vectors.shape[1] != dim:
        raise ValueError(f"the gallery holds vectors of {faces.vectors.shape[1]} numbers for {embedder}, not {dim}")
    large = len(faces) > ivf_above
    store: VectorStore = FaissIvfStore.train(faces.vectors) if large else FaissFlatStore(dim)
    if len(faces):
        store.add(faces.face_ids, faces.vectors)
    return SyncedStore(store, embedder, tx.faces.generation(embedder))


def _outgrown(store: VectorStore, ivf_above: int) -> bool:
    n = len(store)
    return n > 2 * ivf_above if store.kind == FaissFlatStore.kind else n < ivf_above / 2


def _epoch(tx: Tx) -> str:
    return tx.meta.get("index_epoch") or ""


def _paths(directory: Path, embedder: EmbedderId) -> tuple[Path, Path]:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", embedder)
    if name != embedder:
        name += "-" + hashlib.sha256(embedder.encode()).hexdigest()[:8]
    return directory / f"{name}.faiss", directory / f"{name}.json"


def _sha256(path: Path) -> str:
    with open_regular(path) as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
