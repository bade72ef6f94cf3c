"""The machines that work at a shared gallery: what each last said of itself."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Row, delete, select

from .database.rows import from_json, now, to_json
from .database.schema import machine
from .database.words import insert
from .records import MachineRecord

ALIVE_S = 60.0
"""A machine that was silent for longer is not counted on. Each speaks every ten seconds."""


class MachineRepo:
    """Rows of machines, by the database's clock."""

    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def tell(
        self, name: str, *, queues: Sequence[str], missing: Iterable[int], version: str, started: bool = False
    ) -> None:
        """This machine is there, takes work from these queues, and does not see these roots. `started`: since now."""
        at = now(self._c)
        said = {"queues": to_json(list(queues)), "missing": to_json(sorted(missing)), "version": version, "seen_at": at}
        row = insert(self._c, machine).values(name=name, started_at=at, **said)
        changed = said | ({"started_at": at} if started else {})
        self._c.execute(row.on_conflict_do_update(index_elements=["name"], set_=changed))

    def leave(self, name: str) -> None:
        """It works no more."""
        self._c.execute(delete(machine).where(machine.c.name == name))

    def all(self) -> list[MachineRecord]:
        """By name."""
        at = now(self._c)
        return [_record(row, at) for row in self._c.execute(select(machine).order_by(machine.c.name))]

    def left_to_others(self, name: str) -> frozenset[int]:
        """Roots that this machine does not see and another one that is alive does: it takes none of their work. What
        nobody sees anybody may take, to say that it is not there."""
        known = self.all()
        own = next((set(m.missing) for m in known if m.name == name), set())
        others = [m for m in known if m.name != name and m.silent_s < ALIVE_S]
        return frozenset(i for i in own if any(i not in m.missing for m in others))


def _record(row: Row[tuple[object, ...]], at: float) -> MachineRecord:
    return MachineRecord(
        row.name,
        tuple(from_json(row.queues)),
        tuple(from_json(row.missing)),
        row.version,
        started_s=max(at - row.started_at, 0.0),
        silent_s=max(at - row.seen_at, 0.0),
    )
