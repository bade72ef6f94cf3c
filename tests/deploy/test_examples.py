"""The examples of a server are what their programs can read, and hold no secret."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from plugin.cli.main import run
from plugin.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


def test_what_the_containers_refer_to_is_there(compose: dict[str, Any]):
    services = compose["services"]
    assert {"db", "service", "page", "proxy", "worker"} == set(services)
    for service in services.values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        assert set(service.get("depends_on", {})) <= set(services)
        assert service.get("network_mode", "service:page").removeprefix("service:") in services
        for volume in service.get("volumes", []):
            source = re.sub(r"\$\{PHOTOS:.*?\}", "photos", volume).split(":")[0]
            assert source in compose["volumes"] or source == "photos" or (DEPLOY / source).is_file(), source
    assert "pgvector" in services["db"]["image"]
    assert not any(port.startswith("5432") for s in services.values() for port in s.get("ports", [])), "for nobody else"


def test_commands_exist(compose: dict[str, Any], capsys: pytest.CaptureFixture[str]):
    commands = [s["command"] for n, s in compose["services"].items() if n in ("service", "page", "worker")]
    for unit in UNITS:
        found = re.search(r"^ExecStart=/opt/iconface/bin/iconface (.*)$", unit.read_text(), re.MULTILINE)
        assert found is not None
        commands.append(found[1].split())
    said = re.findall(r"run --rm service ([a-z]+ [a-z]+)", (DEPLOY / "README.md").read_text())
    for command in [*commands, *(words.split() for words in said)]:
        assert run([*command, "--help"]) == 0, command
        capsys.readouterr()


def test_settings_are_read(tmp_path: Path):
    (tmp_path / "config").mkdir()
    shutil.copy(DEPLOY / "config.toml", tmp_path / "config")
    assert load_settings(tmp_path, {}).web_port == 8765


def test_nothing_is_secret():
    for file in DEPLOY.iterdir():
        assert file.is_file(), file
        assert not re.search(r"://[^/\s@]+:[^/\s@]+@|PASSWORD\s*[:=]\s*\w|\b[0-9a-f]{32,}\b", file.read_text()), file


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_units_are_units(unit: Path, tmp_path: Path):
    """With a program that is there in place of ours, which is installed elsewhere."""
    words = unit.read_text().replace("/opt/iconface/bin/iconface", "/bin/true")
    sections = re.findall(r"^\[(\w+)\]$", words, re.MULTILINE)
    assert sections == ["Unit", "Service", "Install"]
    assert all(re.fullmatch(r"\[\w+\]|\w+=.+|#.*|", line) for line in words.splitlines())
    program = shutil.which("systemd-analyze")
    if program is not None:
        (tmp_path / unit.name).write_text(words)
        line = [program, "verify", "--man=no", str(tmp_path / unit.name)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert (done.returncode, [s for s in done.stderr.splitlines() if unit.name in s]) == (0, []), done.stderr
