"""`iconface models pull` over real sockets: a package of its own publishes a model on this machine."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iconface_core.models.files import sha256_of
from plugin.cli.main import run
from plugin.models import recommend
from plugin.models.registry import find_backends
from tests.support.library import Cli
from tests.support.waiting import until
from tests.support.web_server import FileServer, serving

ROOT = Path(__file__).resolve().parents[3]
DATA = bytes(range(255)) * 16_000  # four megabytes

MODULE = """
from iconface_core.extensions.backends import RestorerSpec
from iconface_core.models.files import Backend, ModelFile

FILE = ModelFile("Acme", "acme.onnx", "acme", {pin!r}, {size}, {licence!r}, "https://acme.invalid/licence", {url!r})
PART = Backend(
    "acme-1", "restorer", "Acme", FILE.licence, FILE.licence_url, (FILE,), non_commercial={non_commercial},
    pull_url={url!r}, pull_sha256={pin!r},
)

def load(context):
    raise AssertionError("nothing is loaded to be installed")

SPEC = RestorerSpec(id="acme-1", label="Acme", parts=(PART,), names=("acme",), load=load, takes_references=False)
"""


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(DATA) as server:
        yield server


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FileServer) -> Callable[..., Path]:
    """`package(non_commercial=True)`: an installed package whose model the server publishes; returns its folder."""
    site = tmp_path / "site"

    def make(*, non_commercial: bool = False, **pinned: Any) -> Path:
        (site / "acme-1.dist-info").mkdir(parents=True)
        (site / "acme-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
        (site / "acme-1.dist-info" / "entry_points.txt").write_text("[iconface.backends]\na = acme_backend:SPEC\n")
        facts = {
            "pin": hashlib.sha256(DATA).hexdigest(),
            "size": len(DATA),
            "url": server.url,
            "licence": "not for sale" if non_commercial else "MIT",
            "non_commercial": non_commercial,
        } | pinned
        (site / "acme_backend.py").write_text(MODULE.format(**facts))
        monkeypatch.delitem(sys.modules, "acme_backend", raising=False)
        monkeypatch.syspath_prepend(site)
        return site

    return make


@pytest.fixture
def own_cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(tmp_path / "home", capsys)


def files(home: Path) -> list[str]:
    models = home / "data" / "models"
    return sorted(p.relative_to(models).as_posix() for p in models.rglob("*") if p.is_file())


def test_a_model_is_pulled_by_what_it_is_called_and_checked(own_cli: Cli, package: Any, server: FileServer):
    package()
    would = own_cli("models", "pull", "acme", "--dry-run")["would"]
    assert server.url in would
    assert "4 MB, MIT" in would
    assert server.asked == []
    installed = own_cli("models", "pull", "acme")["installed"]
    assert Path(installed).read_bytes() == DATA
    assert files(own_cli.home) == ["acme/acme.onnx"]
    assert own_cli("models", "verify", "acme-1")["files"][0]["ok"]
    own_cli("models", "pull", "acme")
    assert len(server.asked) == 1, "it is here and whole"
    Path(installed).write_bytes(DATA[:-1])
    own_cli("models", "pull", "acme")
    assert Path(installed).read_bytes() == DATA
    assert "no file is published" in own_cli("models", "pull", "sface", code=1)["error"]["message"]


def test_a_restricted_licence_is_shown_and_accepted_once(own_cli: Cli, package: Any, server: FileServer, capsys: Any):
    package(non_commercial=True)
    assert run(["--home", str(own_cli.home), "models", "pull", "acme"]) == 2
    said = capsys.readouterr().err
    assert "not for sale (https://acme.invalid/licence)" in said
    assert server.asked == []
    assert not (own_cli.home / "data" / "models").exists()
    assert run(["--home", str(own_cli.home), "models", "pull", "acme", "--accept-licence"]) == 0
    assert files(own_cli.home) == ["accepted-licences.json", "acme/acme.onnx"]
    assert run(["--home", str(own_cli.home), "models", "pull", "acme"]) == 0, "once"


def test_killed_midway_it_goes_on_there(own_cli: Cli, package: Any, server: FileServer):
    site = package()
    server.piece_s = 0.1
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    argv = [sys.executable, "-P", "-m", "plugin", "--home", str(own_cli.home), "models", "pull", "acme"]
    process = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL)
    models = own_cli.home / "data" / "models"
    until(lambda: sum(p.stat().st_size for p in models.rglob("*.part")) >= 1 << 20)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (models / "acme").exists(), "nothing is half installed"
    [row] = [m for m in own_cli("models", "list")["models"] if m["id"] == "acme-1"]
    assert row["installed"] is False
    server.piece_s = 0.0
    installed = Path(own_cli("models", "pull", "acme")["installed"])
    assert sha256_of(installed) == hashlib.sha256(DATA).hexdigest()
    assert int(str(server.asked[-1]).removeprefix("bytes=").rstrip("-")) >= 1 << 20
    assert files(own_cli.home) == ["acme/acme.onnx"]


def test_what_is_recommended_is_pulled_on_yes(
    own_cli: Cli, package: Any, server: FileServer, monkeypatch: pytest.MonkeyPatch
):
    package()
    [part] = [p for p in find_backends("buffalo_l").parts if p.id == "acme-1"]
    monkeypatch.setattr(recommend, "WORTH_IT", (part,))
    found = own_cli("models", "recommend")
    advice = {m["id"]: m["advice"] for m in found["models"]}
    assert (advice["acme-1"], advice["gfpgan-1.4"], advice["codeformer"]) == ("pull", "possible", "restricted")
    assert [Path(p).read_bytes() for p in found["pulled"]] == [DATA]
    assert found["machine"]["memory_bytes"] > 0
    measured = {m["name"]: m["seconds_per_face"] for m in found["models"]}
    assert measured["waifu2x"] > 0
    assert measured["gfpgan"] is None
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("pinned", "status", "why"),
    [
        ({"pin": "0" * 64}, 200, "pinned is 0000"),
        ({"size": 99}, 200, "pinned are 99"),
        ({}, 503, "the server answers 503"),
        ({"pin": None, "size": None}, 200, "nobody states the SHA-256"),
    ],
)
def test_what_is_not_the_pinned_file_is_not_installed(
    own_cli: Cli, package: Any, server: FileServer, pinned: dict[str, Any], status: int, why: str
):
    package(**pinned)
    server.status = status
    assert why in own_cli("models", "pull", "acme", code=1)["error"]["message"]
    assert files(own_cli.home) == []


def test_a_file_fetched_elsewhere_is_checked_against_the_same_pin(own_cli: Cli, package: Any, tmp_path: Path):
    package(non_commercial=True)
    given = tmp_path / "download (1).onnx"
    given.write_bytes(DATA[:-1])
    error = own_cli("models", "install", given, "--model", "acme-1", code=1)["error"]["message"]
    assert f"{given}: {len(DATA) - 1} bytes, expected {len(DATA)}" in error
    given.write_bytes(DATA)
    own_cli("models", "install", given, "--model", "acme-1")
    assert files(own_cli.home) == ["acme/acme.onnx"]
    [row] = [m for m in own_cli("models", "list")["models"] if m["id"] == "acme-1"]
    assert (row["installed"], row["licence_accepted"]) == (True, False)
