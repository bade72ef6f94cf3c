"""Words instead of traces: whatever the output is, whenever Ctrl-C comes, whatever somebody is called."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gallery_db import Gallery
from plugin.errors import UsageError
from plugin.service.control import ask
from plugin.settings import load_settings
from tests.support.library import Cli, Library

ICONFACE = str(Path(sys.executable).with_name("iconface"))
HOSTILE = "Bea\nKim\u202eabc\x1b]0;pwned\x07"


def run(home: Path, *argv: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, **how.pop("env", {})}
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    return subprocess.run([ICONFACE, "--home", str(home), *argv], env=env, timeout=60, **out)


@pytest.mark.parametrize(
    "env",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252"},
     {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}],
    ids=["ascii", "cp1252", "C"],
)  # fmt: skip
def test_an_output_without_these_letters(cli: Cli, library: Library, env: dict[str, str]) -> None:
    cli("people", "name", 1, "Зоя 👵")
    done = run(library.home, "people", "list", env=env)
    assert (done.returncode, done.stderr) == (0, b"")
    assert re.search(rb"^1 +\S", done.stdout, re.MULTILINE)
    said = json.loads(run(library.home, "people", "list", "--json", env=env).stdout)
    assert "Зоя 👵" in [p["name"] for p in said["people"]]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("more", [(), ("--json",), ("--jsonl",)])
def test_an_output_that_is_full(library: Library, more: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(library.home, "people", "list", *more, stdout=full)
        assert done.returncode == 1
        assert done.stderr.decode() == "iconface: the output cannot be written: No space left on device\n"
        assert run(library.home, "people", "show", "nobody", stderr=full).returncode == 3


def test_outputs_that_are_closed(library: Library) -> None:
    line = f"'{ICONFACE}' --home '{library.home}' people list"
    for how in (">&-", "2>&-", ">&- 2>&- <&-", "| true"):
        done = subprocess.run(["bash", "-o", "pipefail", "-c", f"{line} {how}"], capture_output=True, timeout=60)
        assert b"Traceback" not in done.stderr, how
        assert done.returncode in (0, 1), how


FIRST_LINES = (b"plugin/__main__.py", b"plugin/interrupts.py")


@pytest.mark.slow
def test_ctrl_c_at_any_moment(library: Library) -> None:
    began = time.monotonic()
    run(library.home, "people", "list")
    whole = time.monotonic() - began
    for part in (0.1, 0.2, 0.35, 0.5, 0.7, 0.9):
        process = subprocess.Popen(
            [ICONFACE, "--home", str(library.home), "people", "list"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        time.sleep(whole * part)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        ours = [f for f in re.findall(rb'File "([^"]+)"', said) if b"plugin" in f or b"site-packages" in f]
        ours = [f for f in ours if not f.endswith(FIRST_LINES)]  # which say what Ctrl-C means
        assert not ours or b"init_import_site" in said, said  # what is installed beside us may run while Python starts
        in_python = process.returncode == 1 and b"KeyboardInterrupt" in said  # while it starts, before any code of ours
        assert in_python or process.returncode in (130, 0, -signal.SIGINT)


@pytest.mark.parametrize(
    "name", ["2", "٣", "Bea\nKim", "a\u202eb", "\x1b[31m", "x" * 201, "\ufeff", "a\u200bb", "a\u2028b"]
)
def test_names_that_nobody_can_have(cli: Cli, name: str) -> None:
    before = cli("people", "list")["people"]
    face = cli("people", "show", 1)["faces"][0]["face_id"]
    for line in (("people", "name", 1, name), ("people", "split", 1, face, "--name", name)):
        assert cli(*line, code=2)["error"]["kind"] == "unusable_name"
    assert cli("people", "list")["people"] == before


@pytest.mark.parametrize("name", ["Ada 2", "José", "علی‌رضا", "👨‍👩‍👧", "x" * 200, "O'Neil-Łuć"])
def test_names_that_people_have(cli: Cli, name: str) -> None:
    cli("people", "name", 1, name)
    assert cli("people", "show", name)["person"]["person_id"] == 1


def test_names_of_an_older_release(cli: Cli, library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    with Gallery.open(library.home / "data" / "gallery.db") as gallery, gallery.begin() as tx:
        tx.meta._c.exec_driver_sql("UPDATE person SET name = '2' WHERE id = 1")
        tx.meta._c.exec_driver_sql("UPDATE person SET name = ? WHERE id = 3", (HOSTILE,))
    assert "person 1" in cli("people", "show", "2", code=3)["error"]["message"]
    assert cli("people", "show", 1)["person"]["name"] == "2"
    for line in (("people", "list"), ("people", "show", "3"), ("people", "ignore", "3"), ("undo",), ("history",)):
        done = run(library.home, *line)
        assert done.returncode == 0
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", done.stdout.decode() + done.stderr.decode()), line
        assert b"\nKim" not in done.stdout


def test_doctor_prints_no_escape_sequences(cli: Cli, library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a\x1b]0;pwned\x07.jpg").write_bytes(b"\xff\xd8 no photo")
    cli("library", "add", folder)
    cli("scan")
    done = run(library.home, "doctor")
    assert b"\\x1b]0;pwned" in done.stdout
    assert b"\x1b" not in done.stdout


@pytest.mark.parametrize(
    "text",
    ["workers = -5", "workers = 99999999999999999999", "web_port = 70000", "nightly_hour = 24", "index_side = 0",
     "worker_timeout_seconds = 0", "max_megapixels = -1", "restored = 5", 'restored = "here"', "a = " + "[" * 5000,
     "workers = true", 'workers = "2"', "unknown = 1", "workers = ", "\x00", "folders = 1"],
)  # fmt: skip
def test_bad_settings(tmp_path: Path, text: str) -> None:
    config = tmp_path / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text(text)
    with pytest.raises(UsageError, match=re.escape(str(config))):
        load_settings(tmp_path, {})


def test_a_fault_of_ours_is_told_and_written_down(cli: Cli, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise TypeError("a column of nonsense\nand more")

    monkeypatch.setattr("plugin.people.people.People.listed", broken)
    said = cli("people", "list", code=1)["error"]
    log = library.home / "state" / "errors.log"
    assert said["kind"] == "fault"
    assert str(log) in said["message"]
    assert "broken" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_settings_that_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    os.mkfifo(tmp_path / "config" / "config.toml")
    with pytest.raises(UsageError, match="no file"):
        load_settings(tmp_path, {})


def test_nothing_we_make_is_for_others_to_change(library: Library, tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    line = f"'{ICONFACE}' --quiet --home '{home}'"
    script = f"umask 000; {line} library add '{library.photos}' && {line} backup"
    assert subprocess.run(["sh", "-c", script], capture_output=True, timeout=60).returncode == 0
    made = [home.parent, home, *home.rglob("*")]
    assert [p for p in made if p.stat().st_mode & 0o002] == []
    assert [p for p in (home.parent, home, home / "data") if p.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("text", ["[]", "{}", "5", "null", '{"port": 1e99}', "[" * 9999, "\xff"])
def test_a_port_file_that_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "service.port").write_text(text)
    assert ask(tmp_path, "ping") is None


def test_a_file_that_begins_with_a_tilde(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cli("restore", "~nobody-here.jpg", code=3)


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


def test_a_home_that_can_only_be_read(cli: Cli, library: Library) -> None:
    mounted = ["unshare", "-m", "sh", "-c", READ_ONLY, str(library.home)]
    if shutil.which("unshare") is None or subprocess.run([*mounted, "true"], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    cli("people", "name", 1, "Ada")

    def iconface(*argv: str) -> subprocess.CompletedProcess[bytes]:
        line = [*mounted, ICONFACE, "--home", str(library.home), *argv]
        return subprocess.run(line, capture_output=True, timeout=120)

    done = iconface("people", "list")
    assert (done.returncode, b"Ada" in done.stdout) == (0, True), done.stderr
    assert iconface("service", "status").returncode == 0
    done = iconface("people", "name", "1", "Bea")
    assert done.returncode == 1
    assert b"writable" in done.stderr
    assert cli("people", "show", 1)["person"]["name"] == "Ada"
