"""What `import iconface` offers: the names that are promised, nothing of the application, and at no cost."""

import dataclasses
import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

import gallery_db
import iconface
import plugin.api
from iconface_core import errors as core_errors
from plugin import errors as app_errors
from plugin.api import errors, gallery, records

LIGHT = {"builtins", "collections.abc", "datetime", "iconface", "os", "pathlib", "types", "typing"}


def test_every_public_class_is_exported_and_says_so() -> None:
    public = {
        name
        for module in (errors, gallery, records)
        for name, value in vars(module).items()
        if inspect.isclass(value) and not name.startswith("_") and value.__module__ == "iconface"
    }
    assert set(iconface.__all__) == set(plugin.api.__all__) == public
    assert dir(iconface) == sorted(iconface.__all__)
    for name in iconface.__all__:
        assert getattr(iconface, name).__doc__, name
    with pytest.raises(AttributeError, match="App"):
        _ = iconface.App


def test_no_class_of_the_application_leaks() -> None:
    """Neither as a field of a record nor as what a method takes or returns."""
    for name in iconface.__all__:
        of = getattr(iconface, name)
        methods = [f for n, f in vars(of).items() if of is iconface.Gallery and inspect.isfunction(f) and n[0] != "_"]
        hints = [h for f in methods for h in typing.get_type_hints(f).values()]
        if dataclasses.is_dataclass(of):
            hints += typing.get_type_hints(of).values()
            assert vars(of)["__dataclass_params__"].frozen, name
        used = {part.__module__ for hint in hints for part in _parts(hint)}
        assert used <= LIGHT, f"{name}: {used - LIGHT}"


def _parts(hint: object) -> Iterator[type]:
    """The classes that a type is made of."""
    inner = hint if isinstance(hint, list) else typing.get_args(hint)  # a list: the parameters of a callable
    if inspect.isclass(hint) and not inner:
        yield hint
    for part in inner:
        yield from _parts(part)


def test_every_error_below_becomes_one_of_ours() -> None:
    below = [
        e
        for module in (app_errors, gallery_db.errors, core_errors)
        for e in vars(module).values()
        if inspect.isclass(e) and issubclass(e, Exception)
    ]
    assert len(below) > 20
    for kind in below:
        with pytest.raises(iconface.Error, match="the way out") as raised, errors.translated():
            raise kind("the way out")
        assert isinstance(raised.value.__cause__, kind)
    with pytest.raises(ZeroDivisionError), errors.translated():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import iconface", {"plugin", "gallery_db", "iconface_core", "typing", "pathlib", "dataclasses"}),
        ("from iconface import *", {"plugin.app", "gallery_db", "iconface_core", "numpy", "torch", "sqlalchemy"}),
    ],
)
def test_importing_it_is_cheap(code: str, unwanted: set[str]) -> None:
    report = f"{code}\nimport sys\nprint(*sys.modules)"
    # -S: without the modules that `.pth` files of other packages import
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", report],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(iconface.__file__).parents[1],
    ).stdout.split()
    assert not unwanted & set(loaded)
