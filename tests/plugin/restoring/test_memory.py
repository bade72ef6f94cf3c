"""Models are in the way of a large photo while its copy is written, and stay for the next one otherwise."""

from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from iconface_core.images import memory_limits
from iconface_core.reason_codes import DISK_FULL
from plugin.app import build_app
from plugin.models.cache import ModelHost
from plugin.restoring import restore_service
from plugin.restoring.photo_models import lent_once
from plugin.restoring.result import RestoreRequest
from plugin.settings import load_settings
from tests.support.library import Cli, Library
from tests.support.narrow import present


@pytest.mark.parametrize("heavy", [False, True])
def test_models_go_before_a_large_copy_is_written(
    cli: Cli, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, heavy: bool
):
    if heavy:
        monkeypatch.setattr(memory_limits, "STREAM_FROM", 1_000)
    app = build_app(load_settings(cli.home, {}))
    written: list[int] = []
    write = app.restored_copies.write

    def look_and_write(*args, **kwargs):
        written.append(app.unload_idle(0))  # how many were still there; the detector stays
        return write(*args, **kwargs)

    monkeypatch.setattr(app.restored_copies, "write", look_and_write)
    [result] = app.restoring.restore(library.ruined, RestoreRequest(output=tmp_path, force=True))
    app.close()
    assert result.output is not None
    assert written == [1 if heavy else 3]


def test_webp_is_heavy_sooner():
    assert not memory_limits.is_heavy(6_000, 4_000, "jpeg")
    assert memory_limits.is_heavy(6_000, 4_000, "webp")
    assert memory_limits.is_heavy(10_000, 8_000, "jpeg")


def test_what_works_at_tiles_is_dropped_after_each_photo():
    names = iter("ab")
    slot = ModelHost().slot(lambda: next(names), exclusive=True)
    for name in "ab":
        with suppress(InterruptedError), lent_once(slot) as model:
            assert model == name
            assert not slot.unload_if_idle(0), "while it works"
            if name == "b":
                raise InterruptedError
        assert not slot.unload_if_idle(0), "it is gone already"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_disk_that_is_full_while_a_photo_is_enlarged_is_the_reason(
    cli: Cli, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    app = build_app(load_settings(cli.home, {}))
    request = RestoreRequest(output=tmp_path / "out", photo_steps=("fading",), enlarge=2)
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(restore_service, "waiting_room", lambda _: nullcontext(full))
        [result] = app.restoring.restore(library.ruined, request)
    app.close()
    assert result.failed
    assert present(result.skipped).params["why"] == DISK_FULL()
    assert not (tmp_path / "out").exists()
