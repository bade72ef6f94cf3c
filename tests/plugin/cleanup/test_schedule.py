"""When a clean-up may work."""

import time
from datetime import datetime, timedelta

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.cleanup import schedule
from plugin.cleanup.schedule import Gate, Hours
from plugin.errors import UsageError

MINUTE = st.integers(0, 1439)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("22-06", "22:00-06:00"),
        ("22:30-6", "22:30-06:00"),
        ("0-24", None),
        ("9-17", "09:00-17:00"),
        ("18-24", "18:00-00:00"),
    ],
)
def test_hours_are_read(text: str, shown: str | None):
    if shown is None:
        hours = Hours.parse(text)
        assert hours.wait(datetime(2026, 1, 1, 13, 7)) == 0, "the whole day"
    else:
        assert str(Hours.parse(text)) == shown


@pytest.mark.parametrize("text", ["", "22", "25-3", "22:75-6", "6-6", "ten-six", "22-06-07", "-6", "24:30-6"])
def test_nonsense_is_refused_with_an_example(text: str):
    with pytest.raises(UsageError, match=r"22-06|FROM is not TO"):
        Hours.parse(text)


@given(MINUTE, MINUTE, st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 30)))
def test_after_the_wait_it_is_open_and_not_before(start: int, end: int, now: datetime):
    hours = Hours(start, end)
    if start == end:
        return
    wait = hours.wait(now)
    assert 0 <= wait < 86_400
    assert hours.wait(now + timedelta(seconds=wait, milliseconds=1)) == 0
    if wait > 0:
        assert hours.wait(now + timedelta(seconds=wait / 2)) > 0


@given(MINUTE, MINUTE)
def test_the_hours_last_as_long_as_they_say(start: int, end: int):
    """Counted minute by minute over a day, also across midnight."""
    if start == end:
        return
    day = datetime(2026, 3, 1)
    opened = sum(Hours(start, end).wait(day + timedelta(minutes=m)) == 0 for m in range(1440))
    assert opened == (end - start) % 1440


def test_the_gate_says_why_it_is_shut(monkeypatch: pytest.MonkeyPatch):
    now = datetime(2026, 1, 1, 12, 0)
    assert Gate().wait(now) == (0.0, "")
    wait, why = Gate(Hours.parse("22-06")).wait(now)
    assert (wait, why) == (36_000.0, "outside the hours 22:00-06:00")
    monkeypatch.setattr(schedule, "machine_busy", lambda: "other programs use 80% of the processors")
    assert Gate(idle=True).wait(now) == (schedule.BUSY_WAIT_S, "other programs use 80% of the processors")
    assert Gate(Hours.parse("22-06"), idle=True).wait(now)[0] == 36_000.0, "the hours are asked first"


def test_own_work_does_not_count_as_others(monkeypatch: pytest.MonkeyPatch):
    """The processors are busy, with this very process."""
    monkeypatch.setattr(schedule, "_input_pause", lambda: None)
    busy, own = iter([100.0, 102.0]), iter([50.0, 52.0])
    monkeypatch.setattr(schedule, "_busy_seconds", lambda: next(busy))
    monkeypatch.setattr(schedule, "_own_seconds", lambda: next(own))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 2)
    assert schedule.machine_busy(0.0 + 1e-3) == ""
    busy, own = iter([100.0, 102.0]), iter([50.0, 50.0])
    assert "other programs" in schedule.machine_busy(1e-3)


def test_somebody_at_the_keyboard_shuts_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schedule, "_input_pause", lambda: 12.0)
    assert schedule.machine_busy(0.0) == "somebody used mouse or keyboard 12 s ago"


@pytest.mark.parametrize(
    ("now", "hours", "real"),
    [
        (datetime(2026, 3, 28, 23), "6-7", 6),  # the night that lacks an hour
        (datetime(2026, 10, 24, 23), "6-7", 8),  # the night that has one twice
        (datetime(2026, 10, 25, 2, 30, fold=0), "3-4", 1.5),
        (datetime(2026, 10, 25, 2, 30, fold=1), "3-4", 0.5),
        (datetime(2026, 3, 29, 1), "2:30-4", 1.5),  # there is no half past two
    ],
)
def test_the_wait_is_right_across_a_change_of_clocks(
    now: datetime, hours: str, real: float, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as there:
        there.setenv("TZ", "Europe/Berlin")
        time.tzset()
        wait = Hours.parse(hours).wait(now)
    time.tzset()
    assert wait == real * 3600
