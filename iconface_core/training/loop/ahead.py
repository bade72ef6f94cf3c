"""Make the next batches in one thread while this one trains."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")


@contextmanager
def ahead(make: Callable[[int], T], *, start: int, depth: int, threads: int = 1) -> Iterator[Iterator[T]]:
    """`make(start)`, `make(start + 1)`, ... in order, up to `depth` of them in advance (0: made when asked for).

    `threads` is how many torch uses in there. An error in `make` is raised where its result is asked for.
    """
    if depth == 0:
        yield map(make, _count(start))
        return
    with ThreadPoolExecutor(1, "batches", torch.set_num_threads, (threads,)) as pool:
        waiting: deque[Future[T]] = deque()

        def results() -> Iterator[T]:
            for index in _count(start):
                waiting.append(pool.submit(make, index))
                if len(waiting) > depth:
                    yield waiting.popleft().result()

        try:
            yield results()
        finally:
            for future in waiting:
                future.cancel()


def _count(start: int) -> Iterator[int]:
    while True:
        yield start
        start += 1
