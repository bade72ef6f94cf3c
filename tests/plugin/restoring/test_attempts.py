"""What comes of one try at restoring a face."""

import itertools

import pytest

from plugin.restoring.attempts import next_step

CASES = list(itertools.product([False, True], repeat=4))


@pytest.mark.parametrize(("seen", "lost", "tried", "last"), CASES)
def test_who_insists_gets_a_copy(seen: bool, lost: bool, tried: bool, last: bool):
    assert next_step(seen=seen, lost=lost, tried=tried, last=last, force=True) == "write"


@pytest.mark.parametrize(("seen", "lost", "tried", "last"), CASES)
def test_nothing_is_written_that_nobody_sees_or_that_is_less_like_her(seen: bool, lost: bool, tried: bool, last: bool):
    step = next_step(seen=seen, lost=lost, tried=tried, last=last, force=False)
    assert (step == "write") == (seen and not lost)


@pytest.mark.parametrize(("seen", "lost", "tried", "last"), CASES)
def test_less_strength_is_tried_after_a_loss_that_is_seen_until_there_is_none(
    seen: bool, lost: bool, tried: bool, last: bool
):
    step = next_step(seen=seen, lost=lost, tried=tried, last=last, force=False)
    assert (step == "again") == (seen and lost and not last)


@pytest.mark.parametrize(("lost", "last"), list(itertools.product([False, True], repeat=2)))
def test_what_cannot_be_seen_is_a_refusal_only_after_a_loss(lost: bool, last: bool):
    assert next_step(seen=False, lost=lost, tried=False, last=last, force=False) == "unseen"
    assert next_step(seen=False, lost=lost, tried=True, last=last, force=False) == "refuse"
