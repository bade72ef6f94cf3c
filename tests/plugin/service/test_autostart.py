"""Files that start the service at login: valid where a judge is at hand, golden where not; only our own go."""

import plistlib
import shlex
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.errors import UsageError
from plugin.file_managers.registry import carry_out, status
from plugin.installed_files.own_files import OwnFiles, UserFolders
from plugin.service.autostart import autostart, chosen, launchd, systemd, systemd_exec, task

GOLDEN = Path(__file__).parent / "golden"
COMMAND = ("/home/ada/my venv/bin/iconface", "--quiet", "--home", "/data/100 % $HOME", "service", "run")


@pytest.fixture
def places(tmp_path: Path) -> UserFolders:
    return UserFolders(tmp_path, tmp_path / "share", tmp_path / "config", tmp_path / "own")


def ways(places: UserFolders, command: tuple[str, ...] = COMMAND) -> dict[str, OwnFiles]:
    # `true` stands in for the programs that would be told: they are not here, or must not be asked.
    quiet = ("true",)
    made = [
        systemd(places, command, quiet),
        autostart(places, command),
        launchd(places, command, quiet),
        task(places, command, quiet),
    ]
    return {way.name: way for way in made}


@pytest.mark.parametrize("name", ["systemd", "autostart", "launchd", "task"])
def test_golden_idempotent_and_only_our_own_goes(places: UserFolders, tmp_path: Path, name: str):
    way = ways(places)[name]
    [file] = way.files
    golden = GOLDEN / file.path.name
    assert file.content.decode("utf-16" if name == "task" else "utf-8") == golden.read_bytes().decode()
    assert status(way) == "not installed"
    carry_out(way, tmp_path / "kept", wanted=True, dry_run=True)
    assert not file.path.exists()
    first = carry_out(way, tmp_path / "kept", wanted=True, dry_run=False)
    assert [c.action for c in first.changes] == ["create"]
    assert status(way) == "installed"
    stamp = file.path.stat().st_mtime_ns
    again = carry_out(way, tmp_path / "kept", wanted=True, dry_run=False)
    assert [c.action for c in again.changes] == ["unchanged"]
    assert file.path.stat().st_mtime_ns == stamp
    neighbour = file.path.with_name("other")
    neighbour.write_text("not ours")
    assert carry_out(way, tmp_path / "kept", wanted=False, dry_run=False).error is None
    assert not file.path.exists()
    assert neighbour.exists()


@pytest.mark.parametrize("name", ["systemd", "autostart", "launchd", "task"])
def test_a_file_of_the_same_name_that_is_not_ours_stays(places: UserFolders, tmp_path: Path, name: str):
    way = ways(places)[name]
    path = way.files[0].path
    path.parent.mkdir(parents=True)
    path.write_text("the user's own")
    assert "not from iconface" in (carry_out(way, tmp_path / "kept", wanted=True, dry_run=False).error or "")
    carry_out(way, tmp_path / "kept", wanted=False, dry_run=False)
    assert path.read_text() == "the user's own"


@pytest.mark.parametrize("name", ["icon face", "it's 100 % $x"])
def test_systemd_finds_nothing_to_say(places: UserFolders, tmp_path: Path, name: str):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    program = tmp_path / "my venv" / name
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    way = ways(places, (str(program), "--home", 'a "b" $c %d', "service", "run"))["systemd"]
    carry_out(way, tmp_path / "kept", wanted=True, dry_run=False)
    # It returns 0 for bad values too: only its silence says that all is well.
    assert verified(way.files[0].path, tmp_path) == ""
    # The judge is awake: the same unit with a bad value is complained about.
    bad = tmp_path / "bad.service"
    bad.write_text(way.files[0].content.decode().replace("Nice=10", "Nice=ten"))
    assert "ten" in verified(bad, tmp_path)


def verified(unit: Path, runtime: Path) -> str:
    """What systemd has to say about a unit."""
    env = {"XDG_RUNTIME_DIR": str(runtime), "PATH": "/usr/bin:/bin", "HOME": str(runtime)}
    done = subprocess.run(["systemd-analyze", "--user", "verify", str(unit)], capture_output=True, text=True, env=env)
    return done.stderr


def test_launchd_reads_back_the_very_command(places: UserFolders):
    agent = plistlib.loads(ways(places)["launchd"].files[0].content)
    assert agent["ProgramArguments"] == list(COMMAND)
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["ProcessType"] == "Background"


def test_the_task_is_xml_with_the_very_command(places: UserFolders):
    command = ("C:\\Program Files\\iconface & co\\iconfacew.exe", "--home", "D:\\my <photos>", "service", "run")
    root = ElementTree.fromstring(ways(places, command)["task"].files[0].content.decode("utf-16"))
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert root.findtext(".//t:Command", namespaces=space) == command[0]
    assert root.findtext(".//t:Arguments", namespaces=space) == '--home "D:\\my <photos>" service run'


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1), min_size=1))
def test_systemd_quoting_reads_back(words: list[str]):
    """systemd's rules read backwards: specifiers and variables doubled, double quotes with C escapes."""
    line = systemd_exec(words)
    assert "\n" not in line
    read = shlex.split(line.removeprefix("/usr/bin/env ")) if words[0] != "/usr/bin/env" else shlex.split(line)
    assert [w.replace("%%", "%").replace("$$", "$").replace("\\n", "\n") for w in read] == [
        w.replace("\\n", "\n") for w in words
    ]


def test_choosing_a_way(places: UserFolders):
    known = list(ways(places).values())
    assert [w.name for w in chosen(known, ["task", "task"], wanted=True)] == ["task"]
    assert chosen(known, [], wanted=False) == known
    assert len(chosen(known, [], wanted=True)) == 1
    with pytest.raises(UsageError, match="upstart"):
        chosen(known, ["upstart"], wanted=True)
