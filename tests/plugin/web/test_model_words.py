"""Every role that a model may have can be said on the page."""

from typing import get_args

from iconface_core.models.files import Role
from plugin.web.words.models import TASKS


def test_every_role_has_a_word() -> None:
    assert set(TASKS) == set(get_args(Role))
