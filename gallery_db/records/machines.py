"""Machines that share a gallery."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MachineRecord:
    """`missing` are ids of roots that it does not see. `started_s` and `silent_s`: so many seconds ago it began to work
    and last said so."""

    name: str
    queues: tuple[str, ...]
    missing: tuple[int, ...]
    version: str
    started_s: float
    silent_s: float
