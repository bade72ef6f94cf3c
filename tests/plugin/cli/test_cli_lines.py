"""Lines a person types by mistake: a clear message, the documented exit code, never a trace."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from plugin.cli.main import run

TOO_LARGE = str(2**63)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.mark.parametrize("line", [["jobs", "show"], ["undo"], ["faces", "show"], ["restored", "show"]], ids=" ".join)
def test_a_number_that_no_id_can_be_makes_no_sense(line: list[str], home: Path, capsys: pytest.CaptureFixture[str]):
    assert run([*line, TOO_LARGE, "--home", str(home)]) == 2
    assert "too large" in capsys.readouterr().err


def test_errors_name_the_command_that_failed(home: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["restore", "show", "99", "--json", "--home", str(home)]) == 3
    shown = json.loads(capsys.readouterr().out)
    assert shown["command"] == "restored show"
    assert shown["error"]["exit_code"] == 3


def test_the_output_folder_is_no_file(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "a.jpg"
    file.touch()
    assert run(["restore", str(file), "--output", str(file), "--home", str(home)]) == 2
    assert "must be a folder" in capsys.readouterr().err


def test_a_folder_is_not_called_a_missing_photo(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["references", str(tmp_path), "--home", str(home)]) == 3
    assert "is a folder" in capsys.readouterr().err


def test_a_folder_added_twice_is_said_to_be_there(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    photos = tmp_path / "Fotos Müller"
    photos.mkdir()
    assert run(["library", "add", str(photos), "--home", str(home)]) == 0
    assert run(["library", "add", str(photos), "--home", str(home)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "added" in first
    assert "already" in second


@pytest.mark.parametrize("name", ["", "people", "cleanup", "jobs", "service", "integrate", "restored"])
def test_lists_of_commands_are_not_cut_off(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*([name] if name else []), "--help"]) == 0
    commands = capsys.readouterr().out.partition("Commands:")[2]
    assert commands
    assert not [line for line in commands.splitlines() if line.endswith("...") or len(line) > 80]


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("iconface ")


@pytest.mark.parametrize("stream", [1, 2], ids=["stdout", "stderr"])
def test_closed_streams_are_no_error(stream: int, home: Path):
    code = (
        f"import os, sys; os.close({stream}); os.execv(sys.executable, [sys.executable, '-m', 'plugin', *sys.argv[1:]])"
    )
    line = [sys.executable, "-c", code, "history", "--home", str(home)]
    done = subprocess.run(line, capture_output=True, timeout=120, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


def test_a_reader_that_left_is_no_trace(home: Path):
    line = [sys.executable, "-m", "plugin", "people", "list", "--json", "--home", str(home)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
