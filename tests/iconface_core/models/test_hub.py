"""`pull` against a small hub on this machine: the real client, real HTTP, real resume and hashes."""

import hashlib
import json
import re
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from huggingface_hub import constants

from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.models.hub import PIN, PullSpec, pull
from tests.support.narrow import present

COMMIT = "a" * 40
FILES = {
    "transformer/config.json": b'{"num_layers": 5}',
    "transformer/diffusion_pytorch_model.safetensors": bytes(range(256)) * 400,
    "vae/config.json": b"{}",
    "text_encoder/model.safetensors": b"not wanted",
}
LFS = ".safetensors"
SPEC = PullSpec("someone/model", ("transformer/*", "vae/*"), "Apache-2.0")


class Hub(ThreadingHTTPServer):
    """`requests` records what was asked (method, path, range), `served` can replace a file's bytes."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.requests: list[tuple[str, str, str | None]] = []
        self.served: dict[str, bytes] = {}
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"


def sibling(name: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "rfilename": name,
        "size": len(data),
        "blobId": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(),
    }
    if name.endswith(LFS):
        entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 1}
    return entry


@pytest.fixture
def hub():
    """Serves FILES like the hub does."""

    class Handler(BaseHTTPRequestHandler):
        server: Hub

        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            server = self.server
            server.requests.append((self.command, self.path, self.headers.get("Range")))
            if self.path.startswith("/api/models/someone/model"):
                revision = re.search(r"/revision/([^/?]+)", self.path)
                body: dict[str, Any] = {"_id": "1", "id": "someone/model", "modelId": "someone/model", "sha": COMMIT}
                body |= {"private": False, "tags": [], "downloads": 0, "likes": 0}
                body["siblings"] = [sibling(n, d) for n, d in FILES.items()]
                known = revision is None or revision[1] in (COMMIT, "main")
                return self.answer(json.dumps(body).encode() if known else b"{}", 200 if known else 404)
            name = self.path.removeprefix(f"/someone/model/resolve/{COMMIT}/")
            if name not in FILES:
                return self.answer(b"", 404)
            data = server.served.get(name, FILES[name])
            etag = sibling(name, FILES[name]).get("lfs", {}).get("sha256") or sibling(name, FILES[name])["blobId"]
            return self.answer(data, 200, etag)

        def answer(self, data, status, etag=None):
            total, start = len(data), 0
            asked = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
            if asked and status == 200:
                start, status = int(asked[1]), 206
            self.send_response(status)
            self.send_header("Content-Length", str(total - start))
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            if etag:
                self.send_header("ETag", f'"{etag}"')
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("Accept-Ranges", "bytes")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data[start:])

        def log_message(self, *args):
            pass

    server = Hub(Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def downloads(hub):
    return [path.split("/")[-1] for command, path, _ in hub.requests if command == "GET" and "/resolve/" in path]


def test_only_the_wanted_files_arrive_and_the_commit_is_recorded(hub, tmp_path):
    seen = []
    commit = pull(SPEC, tmp_path, endpoint=hub.endpoint, on_progress=lambda *a: seen.append(a))
    assert commit == COMMIT
    for name, data in FILES.items():
        assert (tmp_path / name).exists() == (not name.startswith("text_encoder"))
        if not name.startswith("text_encoder"):
            assert (tmp_path / name).read_bytes() == data
    pin = json.loads((tmp_path / PIN).read_text())
    assert (pin["commit"], pin["licence"], len(pin["checked"])) == (COMMIT, "Apache-2.0", 3)
    total = sum(len(d) for n, d in FILES.items() if not n.startswith("text_encoder"))
    assert seen[0][1:] == (0, total)
    assert seen[-1] == ("", total, total)
    assert [s[1] for s in seen] == sorted(s[1] for s in seen)


def test_a_second_pull_asks_for_the_recorded_commit_and_downloads_nothing(hub, tmp_path):
    pull(SPEC, tmp_path, endpoint=hub.endpoint)
    hub.requests.clear()
    pull(SPEC, tmp_path, endpoint=hub.endpoint)
    assert downloads(hub) == []
    assert any(f"/revision/{COMMIT}" in path for _, path, _ in hub.requests)


def test_a_cancelled_pull_goes_on_where_it_stopped(hub, tmp_path):
    def cancel_at_the_second(name, done, total):
        if name != "transformer/config.json":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(SPEC, tmp_path, endpoint=hub.endpoint, on_progress=cancel_at_the_second)
    first = downloads(hub)
    assert len(first) == 1
    hub.requests.clear()
    pull(SPEC, tmp_path, endpoint=hub.endpoint)
    assert len(downloads(hub)) == 2


def test_progress_inside_a_file_and_a_pull_cancelled_there_resumes_there(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 10_000)
    weights = "transformer/diffusion_pytorch_model.safetensors"
    seen = []

    class CancelledError(Exception):
        pass

    def cancel_half_way(name, done, total):
        seen.append((name, done))
        if name == weights and done > total / 2:
            raise CancelledError

    with pytest.raises(CancelledError):
        pull(SPEC, tmp_path, endpoint=hub.endpoint, on_progress=cancel_half_way)
    assert len([done for name, done in seen if name == weights]) > 4
    assert not (tmp_path / weights).exists()
    hub.requests.clear()
    pull(SPEC, tmp_path, endpoint=hub.endpoint)
    assert (tmp_path / weights).read_bytes() == FILES[weights]
    assert not list(tmp_path.rglob("*.part"))
    (ranged,) = [header for command, path, header in hub.requests if command == "GET" and path.endswith(weights)]
    assert int(present(re.match(r"bytes=(\d+)-", ranged))[1]) >= 40_000


def test_checks_against_another_commit_are_not_trusted(hub, tmp_path):
    pull(SPEC, tmp_path, endpoint=hub.endpoint)
    path = tmp_path / "transformer/diffusion_pytorch_model.safetensors"
    path.write_bytes(b"x" * path.stat().st_size)
    pin = json.loads((tmp_path / PIN).read_text())
    stat = path.stat()
    pin |= {"commit": "b" * 40, "checked": {path.relative_to(tmp_path).as_posix(): [stat.st_size, stat.st_mtime_ns]}}
    (tmp_path / PIN).write_text(json.dumps(pin))
    pull(replace(SPEC, revision=COMMIT), tmp_path, endpoint=hub.endpoint)
    assert path.read_bytes() == FILES["transformer/diffusion_pytorch_model.safetensors"]


def test_two_parts_of_one_repository_share_the_record(hub, tmp_path):
    pull(SPEC, tmp_path, endpoint=hub.endpoint)
    pull(replace(SPEC, patterns=("text_encoder/*",)), tmp_path, endpoint=hub.endpoint)
    assert len(json.loads((tmp_path / PIN).read_text())["checked"]) == 4


def test_a_file_damaged_on_disk_is_fetched_again(hub, tmp_path):
    pull(SPEC, tmp_path, endpoint=hub.endpoint)
    path = tmp_path / "transformer/diffusion_pytorch_model.safetensors"
    path.write_bytes(b"x" * path.stat().st_size)
    pull(SPEC, tmp_path, endpoint=hub.endpoint)
    assert path.read_bytes() == FILES["transformer/diffusion_pytorch_model.safetensors"]


@pytest.mark.parametrize("name", ["transformer/diffusion_pytorch_model.safetensors", "vae/config.json"])
def test_wrong_bytes_are_an_error_after_a_second_try(name, hub, tmp_path):
    hub.served[name] = bytes(len(FILES[name]))
    with pytest.raises(WeightsError, match="differs from the hub's hash") as e:
        pull(SPEC, tmp_path, endpoint=hub.endpoint)
    assert name in str(e.value)


def test_offline_names_what_to_copy_where(tmp_path):
    with pytest.raises(BackendUnavailableError, match=r"transformer/\*, vae/\*.*huggingface\.co/someone/model") as e:
        pull(SPEC, tmp_path, endpoint="http://127.0.0.1:9")
    assert str(tmp_path) in str(e.value)


def test_a_full_disk_is_noticed_before_the_download(hub, tmp_path, monkeypatch):
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
    with pytest.raises(BackendUnavailableError, match=r"needs 0.0 GB more: free some space"):
        pull(SPEC, tmp_path, endpoint=hub.endpoint)
    assert downloads(hub) == []


def test_a_file_name_that_leads_out_of_the_folder_is_refused(hub, tmp_path, monkeypatch):
    monkeypatch.setitem(FILES, "transformer/../../evil.json", b"{}")
    with pytest.raises(WeightsError, match="leads out of"):
        pull(SPEC, tmp_path / "models", endpoint=hub.endpoint)
    assert downloads(hub) == []


def test_an_unknown_revision_is_an_error_of_ours(hub, tmp_path):
    with pytest.raises(BackendUnavailableError):
        pull(PullSpec("someone/model", ("*",), "x", revision="nope"), tmp_path, endpoint=hub.endpoint)
