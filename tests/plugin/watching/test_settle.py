"""The settle rule over invented time: nothing is reported too soon, twice, or never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.watching.settle import RETRY_S, FileState, StabilityTracker, retry_after

QUIET = 2.0

# Times are multiples of 1/64 s: exact in floating point, so that a rule about 2 s can be checked to the letter.
ticks = st.integers(1, 192).map(lambda n: n / 64)

paths = st.sampled_from(["a", "b", "c"])
steps = st.lists(
    st.tuples(
        ticks,
        st.sampled_from(["write", "write unheard", "delete", "touch", "nothing"]),
        paths,
    ),
    max_size=40,
)


class Disk:
    """Files as stamps, with the time of their last change and of the last event about them."""

    def __init__(self) -> None:
        self.files: dict[str, FileState] = {}
        self.changed: dict[str, float] = {}
        self.heard: dict[str, float] = {}
        self.writes = 0

    def do(self, act: str, path: str, now: float) -> bool:
        """Whether an event tells of it."""
        if act == "nothing":
            return False
        if act.startswith("write"):
            self.writes += 1
            self.files[path] = FileState(self.writes, self.writes)
        elif act == "delete":
            self.files.pop(path, None)
        if act != "touch":
            self.changed[path] = now
        heard = act != "write unheard"
        if heard:
            self.heard[path] = now
        return heard


@given(steps)
def test_a_path_is_reported_when_it_is_quiet_and_not_before(timeline):
    settler, disk = StabilityTracker(QUIET), Disk()
    now = 0.0
    noted: set[str] = set()
    reported: list[tuple[str, FileState | None, float]] = []

    def look() -> None:
        for path in settler.due(now):
            seen = disk.files.get(path)
            if settler.looked(path, seen, now):
                assert path in noted, "nobody spoke of it"
                noted.discard(path)
                assert now - disk.heard[path] >= QUIET
                if seen is not None:
                    assert now - disk.changed[path] >= QUIET / 2 or disk.changed[path] < disk.heard[path]
                reported.append((path, seen, now))

    for wait, act, path in timeline:
        now += wait
        look()
        if disk.do(act, path, now):
            settler.note(path, now)
            noted.add(path)
    for _ in range(20):
        now += QUIET / 2
        look()
    assert len(settler) == 0
    assert not noted, "something was never reported"
    final = {path: seen for path, seen, _ in reported}
    for path, seen in final.items():
        if disk.changed.get(path, 0.0) <= disk.heard[path]:
            assert seen == disk.files.get(path), "reported before its last change"


@given(st.lists(st.tuples(paths, st.integers(0, 64).map(lambda n: n / 64)), min_size=1, max_size=30))
def test_many_events_of_one_path_are_one_report(events):
    settler, now = StabilityTracker(QUIET), 0.0
    for path, wait in events:
        now += wait
        settler.note(path, now)
        assert settler.due(now) == [] or path not in settler.due(now)
    assert len(settler) == len({path for path, _ in events})
    now += QUIET
    for path in settler.due(now):
        assert not settler.looked(path, FileState(1, 1), now), "one look proves nothing"
    now += QUIET / 2
    assert all(settler.looked(path, FileState(1, 1), now) for path in settler.due(now))
    assert len(settler) == 0


def test_a_file_that_grows_unheard_is_waited_for():
    settler = StabilityTracker(QUIET)
    settler.note("slow", 0.0)
    assert settler.due(1.9) == []
    for i, now in enumerate([2.0, 3.0, 4.0]):
        assert settler.due(now) == ["slow"]
        assert not settler.looked("slow", FileState(i, i), now)
    assert settler.looked("slow", FileState(2, 2), 5.0)


def test_a_rewrite_of_the_same_size_is_a_change():
    settler = StabilityTracker(QUIET)
    settler.note("x", 0.0)
    assert not settler.looked("x", FileState(5, 1), 2.0)
    assert not settler.looked("x", FileState(5, 2), 3.0)


def test_what_is_gone_needs_no_second_look():
    settler = StabilityTracker(QUIET)
    settler.note("gone", 0.0)
    assert settler.looked("gone", None, 2.0)


@pytest.mark.parametrize("tries", range(1, len(RETRY_S) + 1))
def test_retries_take_longer_and_longer_and_end(tries: int):
    assert retry_after(tries) == RETRY_S[tries - 1]
    assert list(RETRY_S) == sorted(set(RETRY_S))
    assert retry_after(len(RETRY_S) + 1) is None
