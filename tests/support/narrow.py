"""What a test knows and an annotation cannot say: it holds, or the test fails there."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """`value`, which is not None here."""
    assert value is not None
    return value


def of_type(kind: type[T], value: object) -> T:
    """`value`, which is a `kind` here."""
    assert isinstance(value, kind)
    return value
