"""A gallery on a server, and workers that share it."""

from collections.abc import Iterator

import pytest

from plugin.job_handlers import shared_scan
from plugin.jobs import worker
from tests.support.postgres import Cluster


@pytest.fixture
def url(postgres_cluster: Cluster) -> Iterator[str]:
    """An empty gallery."""
    with postgres_cluster.database("gallery") as url:
        yield url


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers in threads have no supervisor that hears of new work."""
    monkeypatch.setattr(worker, "POLL_S", 0.05)
    monkeypatch.setattr(shared_scan, "AGAIN_S", 0.05)
