"""Downloads over real sockets on this machine: resumed, checked, and complete or not there."""

import hashlib
import shutil
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.models.catalogue import backend
from iconface_core.models.download import DOWNLOADS, fetch
from iconface_core.models.files import Backend, ModelFile
from tests.support.web_server import FileServer, serving

DATA = bytes(range(256)) * 12_000  # three megabytes: several pieces


def published(url: str, data: bytes = DATA, size: int | None = None) -> Backend:
    digest = hashlib.sha256(data).hexdigest()
    size = len(data) if size is None else size
    file = ModelFile("Tiny", "tiny.onnx", "restorers", digest, size, "MIT", "https://x.invalid", url)
    return Backend("tiny", "restorer", "Tiny", "MIT", None, (file,), pull_url=url, pull_sha256=digest)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(DATA) as server:
        yield server


def left(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


def test_a_file_arrives_whole_with_progress(server: FileServer, tmp_path: Path):
    seen: list[tuple[int, int | None]] = []
    got = fetch(published(server.url), tmp_path, lambda done, total: seen.append((done, total)))
    assert got.parent == tmp_path / DOWNLOADS
    assert got.read_bytes() == DATA
    assert left(tmp_path) == [got]
    assert seen[-1] == (len(DATA), len(DATA))
    assert [s[0] for s in seen] == sorted(s[0] for s in seen)
    assert server.asked == [None]


def test_what_broke_off_goes_on_there(server: FileServer, tmp_path: Path):
    server.cut = 2_500_000
    with pytest.raises(BackendUnavailableError, match=r"broke after 2.5 of 3.1 MB.*goes on where it stopped"):
        fetch(published(server.url), tmp_path)
    [part] = left(tmp_path)
    assert part.stat().st_size == 2_500_000
    server.cut = len(DATA)
    assert fetch(published(server.url), tmp_path).read_bytes() == DATA
    assert server.asked == [None, "bytes=2500000-"]


def test_who_stops_it_keeps_what_came(server: FileServer, tmp_path: Path):
    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(published(server.url), tmp_path, stop)
    assert [p.suffix for p in left(tmp_path)] == [".part"]
    fetch(published(server.url), tmp_path)
    assert server.asked[1] == f"bytes={1 << 20}-"


@settings(max_examples=25)
@given(kept=st.integers(0, len(DATA)), ranges=st.booleans())
def test_any_part_becomes_the_file(kept: int, ranges: bool, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("models")
    with serving(DATA) as server:
        server.ranges = ranges
        entry = published(server.url)
        part = folder / DOWNLOADS / f"tiny.onnx.{str(entry.pull_sha256)[:8]}.part"
        part.parent.mkdir()
        part.write_bytes(DATA[:kept])
        assert fetch(entry, folder).read_bytes() == DATA
        assert len(server.asked) == (kept < len(DATA))
    assert len(left(folder)) == 1


def test_a_part_longer_than_the_file_is_begun_again(server: FileServer, tmp_path: Path):
    entry = replace(published(server.url), files=())  # its size is not known
    part = tmp_path / DOWNLOADS / f"tiny.onnx.{str(entry.pull_sha256)[:8]}.part"
    part.parent.mkdir()
    part.write_bytes(DATA + b"more")
    assert fetch(entry, tmp_path).read_bytes() == DATA
    assert server.asked == [f"bytes={len(DATA) + 4}-", None]


def test_other_bytes_are_thrown_away(server: FileServer, tmp_path: Path):
    server.data = DATA[:-1] + b"?"
    with pytest.raises(WeightsError, match=r"pinned is .*; nothing was installed"):
        fetch(published(server.url), tmp_path)
    assert left(tmp_path) == []


def test_another_size_is_not_even_fetched(server: FileServer, tmp_path: Path):
    seen: list[int] = []
    with pytest.raises(WeightsError, match="the server has 3072000 bytes, pinned are 99"):
        fetch(published(server.url, size=99), tmp_path, lambda done, total: seen.append(done))
    assert seen == []
    assert left(tmp_path) == []


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_what_the_server_answers_is_said(server: FileServer, tmp_path: Path, status: int):
    server.status = status
    with pytest.raises(BackendUnavailableError, match=f"the server answers {status} .*models install FILE"):
        fetch(published(server.url), tmp_path)
    assert left(tmp_path) == []


def test_a_redirect_is_followed_but_not_into_the_open(server: FileServer, tmp_path: Path):
    moved = server.url.replace("tiny.onnx", "moved")
    server.moved_to = server.url
    assert fetch(published(moved), tmp_path).read_bytes() == DATA
    server.moved_to = "http://192.0.2.1/tiny.onnx"
    with pytest.raises(BackendUnavailableError, match=r"http://192.0.2.1/tiny.onnx: only https"):
        fetch(published(moved), tmp_path / "again")


def test_two_at_once_do_not_write_one_file(server: FileServer, tmp_path: Path):
    entry = published(server.url)
    (tmp_path / DOWNLOADS).mkdir()
    lock = tmp_path / DOWNLOADS / f"tiny.onnx.{str(entry.pull_sha256)[:8]}.part.lock"
    with FileLock(lock), pytest.raises(BackendUnavailableError, match="another process downloads it"):
        fetch(entry, tmp_path)
    assert server.asked == []
    fetch(entry, tmp_path)


def test_a_full_disk_is_noticed_before_the_download(server: FileServer, tmp_path: Path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
    with pytest.raises(BackendUnavailableError, match=r"needs 0\.0 GB more: free some space"):
        fetch(published(server.url), tmp_path)
    assert left(tmp_path) == []


def test_what_cannot_be_checked_or_read_by_others_is_not_fetched(tmp_path: Path):
    """No network is needed to fail: nothing published, no hash, not https, nobody listens."""
    with pytest.raises(BackendUnavailableError, match="no file is published"):
        fetch(backend("adaface-ir34"), tmp_path)
    entry = backend("adaface-ir50")
    with pytest.raises(BackendUnavailableError, match="nobody states the SHA-256"):
        fetch(replace(entry, pull_sha256=None), tmp_path)
    for url in ("http://192.0.2.1/x", "ftp://127.0.0.1/x", "file:///etc/passwd"):
        with pytest.raises(BackendUnavailableError, match="only https"):
            fetch(replace(entry, pull_url=url), tmp_path)
    with pytest.raises(BackendUnavailableError, match="models install FILE"):
        fetch(replace(entry, pull_url="https://127.0.0.1:1/x"), tmp_path)
    assert left(tmp_path) == []
