"""Whether two photos are one picture: a copy saved again, made smaller, ruined, slightly cut, framed or scanned.

Recall and false alarms: docs/reliability.md, `python -m benchmarks.same_picture`. numpy only: storage imports this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

import numpy as np
from numpy.typing import NDArray

from iconface_core.types import I64

NEAR = 26
"""Bits of 128 that may differ between hashes of one picture."""
_BURST_S = 60.0  # photos whose clocks differ by less are shots of one burst
_WORDS = 2  # 64-bit words a view
_VIEWS = tuple((a, b) for a in range(3) for b in range(3) if (a, b) != (2, 2))  # two middles say too little
_CHUNK = 1 << 18  # pairs compared at once


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """What tells copies of photos, as columns: `photo_ids` (N,) ascending, `hashes` (N, 3, 2) of `perceptual_hash` as
    64-bit words, `seconds` (N,) on the camera's clock, NaN where there is none."""

    photo_ids: I64
    hashes: NDArray[np.uint64]
    seconds: NDArray[np.float64]

    @classmethod
    def of(cls, photo_ids: Sequence[int], hashes: bytes, taken: Sequence[datetime | None]) -> "Pictures":
        """`photo_ids` ascend; `hashes` are joined."""
        words = np.frombuffer(hashes, "<u8").reshape(-1, 3, _WORDS)
        return cls(np.array(photo_ids, np.int64), words, np.array([_seconds(t) for t in taken], np.float64))

    def same(self, a: I64, b: I64) -> NDArray[np.bool_]:
        """For pairs of photo ids (N,) each: whether both are one picture. A photo without a hash is like none."""
        row_a, row_b = self._rows(a), self._rows(b)
        known = (row_a >= 0) & (row_b >= 0) & (a != b)
        out = np.zeros(len(a), bool)
        for at in np.array_split(np.flatnonzero(known), 1 + int(known.sum()) // _CHUNK):
            x, y = row_a[at], row_b[at]
            out[at] = _near(self.hashes[x], self.hashes[y]) & ~_burst(self.seconds[x], self.seconds[y])
        return out

    def like(self, hash_: bytes | None, taken: datetime | None) -> I64:
        """Ids of the photos that are the picture with this hash, taken then."""
        if not hash_ or not len(self.photo_ids):
            return np.empty(0, np.int64)
        words = np.frombuffer(hash_, "<u8").reshape(1, 3, _WORDS)
        found: I64 = self.photo_ids[_near(words, self.hashes) & ~_burst(np.array(_seconds(taken)), self.seconds)]
        return found

    def _rows(self, photo_ids: I64) -> I64:
        if not len(self.photo_ids):
            return np.full(len(photo_ids), -1, np.int64)
        at = np.minimum(np.searchsorted(self.photo_ids, photo_ids), len(self.photo_ids) - 1)
        rows: I64 = np.where(self.photo_ids[at] == photo_ids, at, -1)
        return rows


def distance(a: bytes, b: bytes) -> int:
    """Bits 0..128 in which two hashes differ, by the views that agree best."""
    x, y = (np.frombuffer(h, "<u8").reshape(1, 3, _WORDS) for h in (a, b))
    return int(_distance(x, y)[0])


def _near(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = _distance(a, b) <= NEAR
    return near


def _distance(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.int64]:
    least = np.full(max(len(a), len(b)), 64 * _WORDS, np.int64)
    for i, j in _VIEWS:
        np.minimum(least, np.bitwise_count(a[:, i] ^ b[:, j]).sum(1, dtype=np.int64), out=least)
    return least


def _burst(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Two moments, seconds apart: the clock tells what the look cannot. A copy has the time of its original or none,
    or it is a scan of another day."""
    apart = np.abs(a - b)
    burst: NDArray[np.bool_] = (apart >= 1) & (apart < _BURST_S)
    return burst


def _seconds(taken: datetime | None) -> float:
    """NaN for a mere date too, which is kept as midnight sharp. Wall clocks are compared."""
    if taken is None or taken.time() == time.min:
        return float("nan")
    return (taken.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
