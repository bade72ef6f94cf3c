"""Fixtures every test may use."""

import os
import signal
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("ICONFACE_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

# A shell without job control starts what runs in the background deaf to Ctrl-C, and so would be all that tests start.
for deaf in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
    if signal.getsignal(deaf) is signal.SIG_IGN:
        signal.signal(deaf, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photographs; tests that use it carry the marker `shared_data`."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real photographs at {SHARED_DATA} (set ICONFACE_SHARED_DATA)")
    return SHARED_DATA
