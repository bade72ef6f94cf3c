"""What is slow to make, made once a run: the workers of pytest-xdist share it."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock


def once(paths: pytest.TempPathFactory, name: str, make: Callable[[Path], Any]) -> tuple[Path, Any]:
    """The folder `name` of this run and what `make(folder)` returned (JSON) in whichever worker came first.

    It is everybody's: nobody writes there afterwards.
    """
    base = paths.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = root / f"{name}.json"
    with FileLock(root / f"{name}.lock"):
        if not made.exists():
            shutil.rmtree(root / name, ignore_errors=True)  # of a try that failed
            made.write_text(json.dumps(make(root / name)))
    return root / name, json.loads(made.read_text())
