"""A photo of any size worked at in overlapping tiles, whose borders nobody sees."""

from collections.abc import Callable, Iterator

import numpy as np

from iconface_core.types import F32, RgbU8

TILE, BLEND, CONTEXT = 448, 8, 32
"""Pixels: side of a tile, half the width of the strip in which two tiles fade into each other, and what a tile sees
around itself. A network that looks no farther than CONTEXT - BLEND gives the same as without tiles."""

OnStep = Callable[[int, int], None]


def in_tiles(
    photo: RgbU8,
    work: Callable[[RgbU8], RgbU8],
    *,
    enlarge: int = 1,
    tile: int = TILE,
    context: int = CONTEXT,
    on_step: OnStep | None = None,
) -> RgbU8:
    """What `work` makes of a photo (H, W, 3), tile by tile: (enlarge * H, enlarge * W, 3). `work` is given at most
    tile + 2 * context pixels a side and returns `enlarge` times as many.

    `on_step(done, total)` counts tiles and may raise to cancel. Memory: the result and a row of tiles.
    """
    out = np.empty((enlarge * photo.shape[0], enlarge * photo.shape[1], 3), np.uint8)
    top = 0
    for rows in tile_rows(photo, work, enlarge=enlarge, tile=tile, context=context, on_step=on_step):
        out[top : top + len(rows)] = rows
        top += len(rows)
    return out


def tile_rows(
    photo: RgbU8,
    work: Callable[[RgbU8], RgbU8],
    *,
    enlarge: int = 1,
    tile: int = TILE,
    context: int = CONTEXT,
    on_step: OnStep | None = None,
) -> Iterator[RgbU8]:
    """The same, some rows after others from the top (N, enlarge * W, 3). Memory: a row of tiles."""
    height, width = photo.shape[:2]
    total, done = -(-height // tile) * -(-width // tile), 0
    waiting = np.empty((0, enlarge * width, 3), np.uint8)  # what the next row of tiles fades into
    for y in range(0, height, tile):
        rows, row_share = _written(y, tile, height, enlarge)
        out = np.empty((rows.stop - rows.start, enlarge * width, 3), np.uint8)
        out[: len(waiting)] = waiting
        for x in range(0, width, tile):
            seen = _seen(y, y + tile, context, height), _seen(x, x + tile, context, width)
            made = work(np.ascontiguousarray(photo[seen]))
            columns, column_share = _written(x, tile, width, enlarge)
            new = made[_within(rows, seen[0], enlarge), _within(columns, seen[1], enlarge)]
            _blend(out[:, columns], new, np.minimum(row_share[:, None], column_share))
            done += 1
            if on_step is not None:
                on_step(done, total)
        ready = len(out) if y + tile >= height else enlarge * (y + tile - BLEND) - rows.start
        yield out[:ready]
        waiting = out[ready:]


def _seen(start: int, stop: int, context: int, end: int) -> slice:
    return slice(max(0, start - context), min(end, stop + context))


def _written(start: int, tile: int, end: int, enlarge: int) -> tuple[slice, F32]:
    """Where a tile is written to, and its share there: rising from 0 where an earlier tile lies, then 1."""
    first, last = max(0, start - BLEND), min(end, start + tile + BLEND)
    share = np.ones(enlarge * (last - first), np.float32)
    if first > 0:
        ramp = 2 * BLEND * enlarge
        share[:ramp] = ((np.arange(ramp, dtype=np.float32) + 0.5) / ramp)[: len(share)]
    return slice(enlarge * first, enlarge * last), share


def _within(part: slice, seen: slice, enlarge: int) -> slice:
    return slice(part.start - enlarge * seen.start, part.stop - enlarge * seen.start)


def _blend(out: RgbU8, new: RgbU8, share: F32) -> None:
    """Mix `new` into `out`, in place. Where both are equal, so is the result."""
    mixed = out + share[..., None] * (new.astype(np.float32) - out)
    mixed[share == 1] = new[share == 1]  # what nobody wrote yet may be anything
    np.copyto(out, np.rint(mixed).astype(np.uint8))
