"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("ICONFACE_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photographs; tests that use it carry the marker `shared_data`."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real photographs at {SHARED_DATA} (set ICONFACE_SHARED_DATA)")
    return SHARED_DATA
