"""What every restorer must do, whatever its results are worth."""

import string
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from iconface_core.geometry import FFHQ_512
from iconface_core.protocols import FaceRestorer
from iconface_core.restorers.common.drawn_face import drawn_face
from iconface_core.types import AlignedFace, RestoreInput, RestoreOptions, RgbU8

from .expect import ConformanceError, expect, expect_array, frozen

SCALES = (1.0, 3.0, 9.0)
"""Crop pixels per photo pixel: a face of 512, of 170 and of 57 pixels in the photo."""


def check_restorer(restorer: FaceRestorer) -> None:
    """Restores drawn faces of several sizes, with and without references, and looks at shapes, values, determinism,
    progress and that nothing given to it is changed. Raises ConformanceError at the first promise not kept.

    Takes about a dozen restorations.
    """
    _facts(restorer)
    options = RestoreOptions()
    for face in _faces(restorer.max_references):
        restored = restorer.restore(face, options)
        _result(restorer, restored.pixels, face)
        expect(
            restored.restorer == restorer.id, f"RestoredFace.restorer must be {restorer.id!r}: {restored.restorer!r}"
        )
        expect(restored.options == options, "RestoredFace.options must be the options that were asked for")
    again = restorer.restore(face, options).pixels
    expect(np.array_equal(again, restored.pixels), "the same input and options must give the same pixels")
    _strength(restorer, face)
    _many(restorer, restored.pixels, face)
    _steps(restorer, face)


def _facts(restorer: FaceRestorer) -> None:
    expect(isinstance(restorer.id, str) and bool(restorer.id.strip()), "id must be text")
    expect(
        isinstance(restorer.max_references, int) and restorer.max_references >= 0, "max_references must be 0 or more"
    )
    expect(0 <= restorer.default_strength <= 1, "default_strength must be from 0 to 1")
    digest = restorer.weights_sha256
    expect(len(digest) == 64 and set(digest) <= set(string.hexdigits), "weights_sha256 must be 64 hexadecimal digits")


def _faces(references: int) -> Iterator[RestoreInput]:
    """Drawn faces of several sizes, flat pictures (black, white), and more references than it takes."""
    for scale in SCALES:
        yield RestoreInput(_crop(scale, seed=1))
    for value in (0, 255):
        flat = np.full((FFHQ_512.size, FFHQ_512.size, 3), value, np.uint8)
        yield RestoreInput(AlignedFace(frozen(flat), _matrix(4.0)))
    yield RestoreInput(_crop(4.0, seed=2), tuple(_crop(2.0, seed=3 + n) for n in range(references)))


def _crop(scale: float, seed: int) -> AlignedFace:
    return AlignedFace(frozen(drawn_face(scale, seed)), _matrix(scale))


def _matrix(scale: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([[scale, 0, 0], [0, scale, 0]], np.float32)


def _result(restorer: FaceRestorer, pixels: RgbU8, face: RestoreInput) -> None:
    given = face.degraded.pixels
    expect_array(pixels, given.shape, np.uint8, "RestoredFace.pixels")
    expect(not np.shares_memory(pixels, given), f"{restorer.id} must return pixels of its own, not its input")


def _strength(restorer: FaceRestorer, face: RestoreInput) -> None:
    none = restorer.restore(face, replace(RestoreOptions(), strength=0.0)).pixels
    worst = int(np.abs(none.astype(int) - face.degraded.pixels).max())
    expect(worst <= 1, f"strength 0 must give the input back; a pixel differs by {worst}")


def _many(restorer: FaceRestorer, alone: RgbU8, face: RestoreInput) -> None:
    options = RestoreOptions()
    expect(restorer.restore_many([], options) == [], "restore_many of nothing must be an empty list")
    other = RestoreInput(_crop(5.0, seed=11))
    together = restorer.restore_many([other, face], options)
    expect(len(together) == 2, f"restore_many of 2 faces must give 2 results, not {len(together)}")
    _result(restorer, together[0].pixels, other)
    worst = int(np.abs(together[1].pixels.astype(int) - alone).max())
    expect(worst <= 1, f"restore_many must restore each face as restore does, in order; a pixel differs by {worst}")


class _CancelledError(Exception):
    pass


def _steps(restorer: FaceRestorer, face: RestoreInput) -> None:
    steps: list[tuple[int, int]] = []
    restorer.restore(face, RestoreOptions(), on_step=lambda done, total: steps.append((done, total)))
    expect(bool(steps), "on_step must be called at least once")
    total = steps[-1][1]
    numbers = [done for done, _ in steps]
    rising = numbers == sorted(numbers) and numbers[-1] == total and all(t == total for _, t in steps)
    expect(rising, f"on_step(done, total) must rise to (total, total), not {steps}")

    def cancel(done: int, total: int) -> None:
        raise _CancelledError

    try:
        restorer.restore(face, RestoreOptions(), on_step=cancel)
    except _CancelledError:
        return
    raise ConformanceError("what on_step raises must come out of restore: that is how a job is cancelled")
