"""Owns every loaded model: loaded on first use, shared or exclusive, dropped when idle."""

import ctypes
import gc
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from threading import RLock
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def give_back_memory() -> None:
    """Let the system have what was freed: glibc keeps it, some 100 MB after the models of a restoration are loaded, and
    the pixels of a large photo come on top. Elsewhere the system sees to it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


class ModelSlot(Generic[T]):
    """One model. Detectors and embedders may be used by several threads at once (their sessions are thread-safe);
    `exclusive` is for restorers, whose memory must not be needed twice."""

    def __init__(
        self, load: Callable[[], T], *, exclusive: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load, self._clock = load, clock
        self._turn = RLock() if exclusive else nullcontext()
        self._lock = RLock()
        self._model: T | None = None
        self._users = 0
        self._used = 0.0

    @contextmanager
    def use(self) -> Generator[T]:
        """Lend the model for the length of the block, loading it if needed."""
        with self._turn:
            with self._lock:
                model = self.loaded()
                self._users += 1
            try:
                yield model
            finally:
                with self._lock:
                    self._users -= 1
                    self._used = self._clock()

    def loaded(self) -> T:
        """The model, to be kept by another one that needs it: two of a kind would take twice the memory."""
        with self._lock:
            if self._model is None:
                self._model = self._load()
                give_back_memory()
            self._used = self._clock()
            return self._model

    def unload_if_idle(self, ttl_s: float) -> bool:
        """Drop the model when nobody uses it and the last use is `ttl_s` seconds ago. True if it was dropped."""
        with self._lock:
            if self._model is None or self._users or self._clock() - self._used < ttl_s:
                return False
            self._model = None
            return True


class ModelHost:
    """Makes slots and remembers them, so that whatever lies idle can be dropped at once."""

    def __init__(self) -> None:
        self._slots: list[ModelSlot[Any]] = []

    def slot(self, load: Callable[[], T], *, exclusive: bool = False) -> ModelSlot[T]:
        """A new slot."""
        made = ModelSlot(load, exclusive=exclusive)
        self._slots.append(made)
        return made

    def unload_idle(self, ttl_s: float) -> int:
        """Drop every model that was not used for `ttl_s` seconds. Returns how many."""
        dropped = sum(slot.unload_if_idle(ttl_s) for slot in self._slots)
        if dropped:
            gc.collect()
            torch = sys.modules.get("torch")  # never imported for this: without it nothing is cached on a device
            if torch is not None and torch.cuda.is_available():
                torch.cuda.empty_cache()
        return dropped
