"""Owns every loaded model: loaded on first use, shared or exclusive, dropped when idle."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from threading import Lock, RLock
from typing import Generic, TypeVar

T = TypeVar("T")


class ModelSlot(Generic[T]):
    """One model. Detectors and embedders may be used by several threads at once (their sessions are thread-safe);
    `exclusive` is for restorers, whose memory must not be needed twice."""

    def __init__(
        self, load: Callable[[], T], *, exclusive: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load, self._clock = load, clock
        self._turn = RLock() if exclusive else nullcontext()
        self._lock = Lock()
        self._model: T | None = None
        self._users = 0
        self._used = 0.0

    @contextmanager
    def use(self) -> Generator[T]:
        """Lend the model for the length of the block, loading it if needed."""
        with self._turn:
            with self._lock:
                if self._model is None:
                    self._model = self._load()
                model = self._model
                self._users += 1
            try:
                yield model
            finally:
                with self._lock:
                    self._users -= 1
                    self._used = self._clock()

    def unload_if_idle(self, ttl_s: float) -> bool:
        """Drop the model when nobody uses it and the last use is `ttl_s` seconds ago. True if it was dropped."""
        with self._lock:
            if self._model is None or self._users or self._clock() - self._used < ttl_s:
                return False
            self._model = None
            return True
