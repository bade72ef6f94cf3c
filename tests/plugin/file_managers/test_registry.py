"""What is written for each file manager, that it is done once, and that only our own goes away again."""

import json
import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from ast import literal_eval
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from plugin.cli.main import run
from plugin.errors import UsageError
from plugin.file_managers import explorer as windows
from plugin.file_managers.registry import Integration, carry_out, chosen, integrations, status
from plugin.file_managers.thunar import Thunar, without_ours
from plugin.installed_files.changes import IntegrationError
from plugin.installed_files.command import desktop_exec, find_program, guarded, key_file_value
from plugin.installed_files.own_files import UserFolders

COMMAND = ('/opt/it\'s "mine"/iconface', "--home", "/home/my photos", "restore", "--enqueue", "--")
GOLDEN = Path(__file__).parent / "golden"
LINUX = ["nautilus", "nautilus-script", "nemo", "thunar", "dolphin", "pcmanfm"]


def known(home: Path, platform: str = "linux") -> dict[str, Integration]:
    places = UserFolders(home, home / "share", home / "config", home / "own", (home / "system",))
    return {i.name: i for i in integrations(places, COMMAND, platform)}


def put(integration: Integration, home: Path, *, wanted: bool = True) -> list[Path]:
    outcome = carry_out(integration, home / "backups", wanted=wanted, dry_run=False)
    assert outcome.error is None
    return list(outcome.backups)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", [*LINUX, "finder"])
def test_installing_writes_what_it_always_wrote(name: str, tmp_path: Path):
    """The files as they were when they were tried in the file manager (Quick Action: as Automator writes them)."""
    put(known(tmp_path, "darwin" if name == "finder" else "linux")[name], tmp_path)
    for path, content in tree(tmp_path).items():
        golden = GOLDEN / name / f"{Path(path).name}.golden"
        if os.environ.get("ICONFACE_GOLDEN"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_bytes(content)
        assert content.decode() == golden.read_text(), path


@pytest.mark.parametrize("name", [*LINUX, "finder"])
def test_a_dry_run_shows_it_twice_is_once_and_removing_leaves_nothing(name: str, tmp_path: Path):
    integration = known(tmp_path, "darwin" if name == "finder" else "linux")[name]
    dry = carry_out(integration, tmp_path / "backups", wanted=True, dry_run=True)
    assert any("iconface-restore-face" in line for c in dry.changes for line in c.diff())
    assert tree(tmp_path) == {}
    assert status(integration) == "not installed"

    put(integration, tmp_path)
    first = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in tmp_path.rglob("*") if p.is_file()}
    assert status(integration) == "installed"
    again = carry_out(integration, tmp_path / "backups", wanted=True, dry_run=False)
    assert not any(c.needed for c in again.changes)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in tmp_path.rglob("*") if p.is_file()} == first

    put(integration, tmp_path, wanted=False)
    assert {p for p in tree(tmp_path) if "backups" not in p} == set()
    assert not (tmp_path / "Library" / "Services" / "Restore face.workflow").exists()
    put(integration, tmp_path, wanted=False)


@pytest.mark.parametrize("name", [n for n in LINUX if n != "thunar"])
def test_somebody_elses_file_is_left_alone_and_our_edited_one_kept_as_a_copy(name: str, tmp_path: Path):
    integration = known(tmp_path)[name]
    (change,) = integration.plan(wanted=True)
    change.path.parent.mkdir(parents=True)
    change.path.write_text("made by somebody else")
    refused = carry_out(integration, tmp_path / "backups", wanted=True, dry_run=False)
    assert str(change.path) in str(refused.error)
    assert status(integration) == "in the way"
    put(integration, tmp_path, wanted=False)
    assert change.path.read_text() == "made by somebody else"

    change.path.unlink()
    put(integration, tmp_path)
    edited = change.path.read_bytes() + b"# mine\n"
    change.path.write_bytes(edited)
    assert status(integration) == "outdated"
    (kept,) = put(integration, tmp_path)
    assert kept.read_bytes() == edited
    assert status(integration) == "installed"


def test_dolphin_and_the_script_are_executable_again_when_they_were_not(tmp_path: Path):
    for name in ("dolphin", "nautilus-script"):
        integration = known(tmp_path)[name]
        put(integration, tmp_path)
        (change,) = integration.plan(wanted=True)
        assert os.access(change.path, os.X_OK)
        change.path.chmod(0o644)
        assert status(integration) == "outdated"
        (change,) = integration.plan(wanted=True)
        assert change.diff() == [f"{change.path}: mode 644 -> 755"]
        put(integration, tmp_path)
        assert os.access(change.path, os.X_OK)


# Thunar

MINE = """<?xml version="1.0" encoding="UTF-8"?>
<!-- my own; an old one: <action><unique-id>iconface-restore-face</unique-id></action> -->
<actions>
<action>
\t<name>Größer &amp; schöner</name><unique-id>1700000000000000-1</unique-id>
\t<command>convert %f &quot;x&quot;</command><patterns>*</patterns><image-files/>
</action>
<action><icon/><name>Zwei</name><unique-id>2</unique-id><command><![CDATA[a </action> b]]></command></action>
</actions>
"""


def thunar(home: Path, content: str | None) -> tuple[Integration, Path]:
    path = home / "config" / "Thunar" / "uca.xml"
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_text(content)
    return known(home)["thunar"], path


def test_thunar_keeps_every_byte_of_the_users_actions(tmp_path: Path):
    integration, path = thunar(tmp_path, MINE)
    (kept,) = put(integration, tmp_path)
    assert kept.read_text() == MINE
    after = path.read_text()
    head, _, rest = after.partition("<action>\n\t<icon>image-x-generic")
    assert head + rest.partition("</action>\n")[2] == MINE
    ours = [a for a in fromstring(after).iter("action") if a.findtext("unique-id") == "iconface-restore-face"]
    assert [a.findtext("name") for a in ours] == ["Restore face"]
    assert shlex.split(ours[0].findtext("command")) == [*guarded(COMMAND), "%F"]

    edited = after.replace("<name>Zwei", "<name>Drei")  # the user goes on editing around it
    path.write_text(edited)
    assert status(integration) == "installed"
    put(integration, tmp_path, wanted=False)
    assert path.read_text() == MINE.replace("<name>Zwei", "<name>Drei")


def test_thunar_replaces_an_older_entry_of_ours_and_only_that(tmp_path: Path):
    old = "<action><unique-id>iconface-restore-face</unique-id><name>Old</name></action>\n"
    integration, path = thunar(tmp_path, MINE.replace("</actions>", old * 2 + "</actions>"))
    assert status(integration) == "outdated"
    put(integration, tmp_path)
    assert path.read_bytes().count(b"<unique-id>iconface-restore-face") == 2, "one in the comment, one entry"
    assert b"Old" not in path.read_bytes()


def test_thunar_without_own_actions_keeps_those_of_the_system(tmp_path: Path):
    (tmp_path / "system" / "Thunar").mkdir(parents=True)
    (tmp_path / "system" / "Thunar" / "uca.xml").write_text(MINE)
    integration, path = thunar(tmp_path, None)
    put(integration, tmp_path)
    names = [a.findtext("name") for a in fromstring(path.read_text()).iter("action")]
    assert names == ["Größer & schöner", "Zwei", "Restore face"]
    put(integration, tmp_path, wanted=False)
    assert not path.exists(), "Thunar reads the system's again"


@pytest.mark.parametrize(
    "content", ["", "<actions>", "<html></html>", '<!DOCTYPE a [<!ENTITY x "y">]><actions>&x;</actions>', "\0"]
)
def test_thunar_leaves_a_file_it_does_not_understand_alone(content: str, tmp_path: Path):
    integration, path = thunar(tmp_path, content)
    with pytest.raises(IntegrationError, match=r"uca\.xml"):
        integration.plan(wanted=True)
    assert path.read_text() == content


def test_thunar_follows_the_users_symbolic_link_and_fills_an_empty_element(tmp_path: Path):
    integration, path = thunar(tmp_path, None)
    real = tmp_path / "dotfiles.xml"
    real.write_text("<actions/>")
    path.symlink_to(real)
    put(integration, tmp_path)
    assert path.is_symlink()
    assert "iconface-restore-face" in real.read_text()


def test_thunar_leaves_the_users_link_when_its_file_holds_nothing_else(tmp_path: Path):
    integration, path = thunar(tmp_path, None)
    path.symlink_to(tmp_path / "dotfiles.xml")
    put(integration, tmp_path)
    put(integration, tmp_path, wanted=False)
    assert path.is_symlink()
    assert list(fromstring(path.read_text())) == []


@pytest.mark.parametrize(
    ("encoding", "head", "fits"),
    [
        ("utf-8", "\ufeff", True),
        ("utf-8", '<?xml version="1.0"?>\r\n<!DOCTYPE actions SYSTEM "file:///etc/passwd">\r\n', True),
        ("latin-1", '<?xml version="1.0" encoding="ISO-8859-1"?>\n', False),
        ("utf-16", '<?xml version="1.0" encoding="UTF-16"?>\n', False),
    ],
)
def test_thunar_keeps_the_files_encoding_or_refuses(encoding: str, head: str, fits: bool, tmp_path: Path):
    """A path in UTF-8 would be another one in a file of another encoding."""
    before = f"{head}<actions><action><name>Größe</name><unique-id>1</unique-id></action></actions>".encode(encoding)
    path = tmp_path / "config" / "Thunar" / "uca.xml"
    path.parent.mkdir(parents=True)
    path.write_bytes(before)
    places = UserFolders(tmp_path, tmp_path / "share", tmp_path / "config", tmp_path / "own", ())
    integration = Thunar(places, ("/opt/Größe/iconface",))
    outcome = carry_out(integration, tmp_path / "backups", wanted=True, dry_run=False)
    assert (outcome.error is None) is fits
    assert (path.read_bytes() != before) is fits
    put(integration, tmp_path, wanted=False)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", LINUX)
def test_a_folder_that_cannot_be_is_told_and_the_others_go_on(name: str, tmp_path: Path):
    """As in a home that may only be read: tests run as root, whom permissions do not stop."""
    for folder in ("share", "config"):
        (tmp_path / folder).write_text("a file in the way")
    integration = known(tmp_path)[name]
    outcome = carry_out(integration, tmp_path / "backups", wanted=True, dry_run=False)
    assert str(tmp_path) in str(outcome.error)
    assert status(integration) == "in the way"


def test_a_write_that_is_interrupted_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    integration, path = thunar(tmp_path, MINE)
    path.chmod(0o600)

    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            carry_out(integration, tmp_path / "backups", wanted=True, dry_run=False)
    assert [p.name for p in path.parent.iterdir()] == ["uca.xml"]
    assert path.read_text() == MINE
    put(integration, tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


@given(st.lists(st.sampled_from(["one", "two", "ours", "comment"]), max_size=8))
def test_cutting_ours_out_never_touches_others(kinds: list[str]):
    parts = {
        "one": "<action><name>1</name><unique-id>1</unique-id></action>\n",
        "two": "<action>\n\t<unique-id> 2 </unique-id>\n</action>",
        "ours": "<action>\n<unique-id>iconface-restore-face</unique-id></action>\n",
        "comment": "<!-- <action><unique-id>iconface-restore-face</unique-id></action> -->",
    }
    text = "<actions>" + "".join(parts[k] for k in kinds) + "</actions>"
    rest = "<actions>" + "".join(parts[k] for k in kinds if k != "ours") + "</actions>"
    assert without_ours(text.encode()).decode() == rest


# Commands and their quoting

WORDS = st.lists(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1), min_size=1)


@given(WORDS)
def test_a_desktop_entry_can_be_read_back(words: list[str]):
    """Undone by the specification's own steps, in its order: string value, then quoting, then field codes."""
    value = desktop_exec(words)
    text = value.replace("\\\\", "\\")
    assert key_file_value(text) == value
    out, word, quoted, it = [], "", False, iter(text)
    for c in it:
        if c == '"':
            quoted = not quoted
        elif c == "\\" and quoted:
            word += next(it)
        elif c == " " and not quoted:
            out.append(word)
            word = ""
        else:
            word += c
    assert [w.replace("%%", "%") for w in [*out, word]] == words


PATHS = st.text(st.characters(exclude_categories=["C"]) | st.just(" "), min_size=1).map("/opt/{}/iconface".format)


@given(PATHS, PATHS)
def test_every_path_comes_back_from_every_format(program: str, home: str):
    """Read by each manager's own rules: a key file's or XML's, then a shell's, then `%%` is `%`."""
    command = (program, "--home", home, "restore", "--enqueue", "--")
    folder = Path("/nowhere")
    found = {i.name: i for i in integrations(UserFolders(folder, folder, folder, folder, ()), command, "linux")}

    def text(name: str) -> str:
        return (found[name].plan(wanted=True)[0].after or b"").decode()

    nemo = next(line for line in text("nemo").split("\n") if line.startswith("Exec="))
    nemo = nemo.removeprefix("Exec=").replace("\\\\", "\\")
    action = fromstring(text("thunar")).findtext("action/command")
    for words in (shlex.split(nemo), shlex.split(action)):
        assert [w.replace("%%", "%") for w in words] == [*guarded(command), "%F"]
    script = text("nautilus-script").rpartition("\nexec ")[2]
    assert shlex.split(script) == [*guarded(command), "$@", "$file"]
    listed = next(line for line in text("nautilus").split("\n") if line.startswith("COMMAND = "))
    assert literal_eval(listed.removeprefix("COMMAND = ")) == [*guarded(command)]


def test_the_command_is_found_outside_the_environment_where_it_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = tmp_path / "venv" / "bin" / "iconface"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert find_program(str(own), str(own.parent)) == (str(own),)
    link = tmp_path / ".local" / "bin" / "iconface"
    link.parent.mkdir(parents=True)
    link.symlink_to(own)
    assert find_program(str(own), str(own.parent)) == (str(link),), "pipx's link outlives the environment"


class CasedParser(RawConfigParser):
    """Upper and lower case of keys differ."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@pytest.mark.parametrize("name", ["nemo", "dolphin", "pcmanfm"])
def test_key_files_parse(name: str, tmp_path: Path):
    (change,) = known(tmp_path)[name].plan(wanted=True)
    parser = CasedParser(strict=True)
    parser.read_string((change.after or b"").decode())
    assert any(parser.get(s, "Exec", fallback="").endswith(" restore --enqueue -- %F") for s in parser.sections())


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_names_are_chosen(platform: str, tmp_path: Path):
    every = list(known(tmp_path, platform).values())
    assert chosen(every, [every[0].name] * 2, wanted=True) == every[:1]
    assert chosen(every, [], wanted=False) == every
    assert {i.name for i in chosen(every, [], wanted=True)} <= {i.name for i in every if i.available()}
    with pytest.raises(UsageError, match="no integration named konqueror"):
        chosen(every, ["konqueror"], wanted=True)


def test_the_quick_action_is_what_finder_wants(tmp_path: Path):
    put(known(tmp_path, "darwin")["finder"], tmp_path)
    folder = tmp_path / "Library" / "Services" / "Restore face.workflow" / "Contents"
    service = plistlib.loads((folder / "Info.plist").read_bytes())["NSServices"][0]
    assert service["NSSendFileTypes"] == ["public.image"]
    action = plistlib.loads((folder / "document.wflow").read_bytes())["actions"][0]["action"]
    script = action["ActionParameters"]["COMMAND_STRING"].splitlines()[1]
    assert shlex.split(script) == ["exec", *COMMAND, "$@"]


def test_the_script_hands_over_every_line_as_it_is(tmp_path: Path, stub):
    places = UserFolders.of({}, tmp_path, tmp_path)
    script = next(i for i in integrations(places, stub.command, "linux") if i.name == "nautilus-script")
    (change,) = script.plan(wanted=True)
    put(script, tmp_path)
    names = ["/p/ a  b ", '/p/-it\'s "Größe".jpg', "/p/$HOME `x` \\n *.jpg", "/p/two\n lines\n\nmore.jpg", "/p/end\n"]
    env = {"PATH": "/usr/bin:/bin", "NAUTILUS_SCRIPT_SELECTED_FILE_PATHS": "\n".join(names) + "\n"}
    subprocess.run([change.path], env=env, check=True)
    assert stub.calls() == [["restore", "--enqueue", "--", *names]]
    (tmp_path / "notify-send").symlink_to(stub.path)
    empty = {"PATH": f"{tmp_path}:{env['PATH']}", "NAUTILUS_SCRIPT_SELECTED_FILE_PATHS": ""}
    subprocess.run([change.path], env=empty, check=True)
    assert len(stub.calls()) == 1
    assert "not on this computer" in next(tmp_path.glob("notify-send.*.call")).read_text()


def test_a_program_that_is_gone_is_told_and_one_that_fails_is_not(tmp_path: Path, stub):
    (tmp_path / "notify-send").symlink_to(stub.path)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    program = tmp_path / "iconface"

    def told() -> int:
        subprocess.run([*guarded((str(program),)), "a.jpg"], env=env, check=True, capture_output=True)
        return len(list(tmp_path.glob("notify-send.*.call")))

    assert told() == 1, "it is not there"
    program.write_text("#!/nowhere/python\n")
    assert told() == 2, "not executable"
    program.chmod(0o755)
    assert told() == 3, "its interpreter is not there"
    program.write_text("#!/bin/sh\nexit 3\n")
    assert told() == 3


# Windows, on Wine


@pytest.mark.slow
def test_the_registry_holds_the_verb_and_nothing_else_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if shutil.which("wine") is None:
        pytest.skip("wine is not installed (see .ci/system-packages)")
    monkeypatch.setenv("WINEPREFIX", str(tmp_path / "prefix"))
    monkeypatch.setenv("WINEDEBUG", "-all")
    monkeypatch.setenv("WINEDLLOVERRIDES", "mscoree,mshtml=;winemenubuilder.exe=d")  # no installers, no menus
    monkeypatch.delenv("DISPLAY", raising=False)
    command = ("C:\\Program Files\\Größe\\iconfacew.exe", "--home", "D:\\my photos", "restore", "--enqueue", "--")
    places = UserFolders.of({}, tmp_path, tmp_path / "own")
    try:
        explorer = windows.explorer(places, command, ("wine", "reg"))
        other = windows.KEY.rpartition("\\")[0] + "\\Other"
        subprocess.run(["wine", "reg", "add", other, "/d", "theirs", "/f"], check=True, capture_output=True)
        put(explorer, tmp_path)
        put(explorer, tmp_path)
        assert status(explorer) == "installed"
        said = query(windows.KEY)
        assert "Restore face" in said
        assert "Player" in said
        exported = tmp_path / "exported.reg"  # a query prints in the console's code page, an export in UTF-16
        subprocess.run(["wine", "reg", "export", windows.KEY, exported], check=True, capture_output=True)
        value = '"C:\\Program Files\\Größe\\iconfacew.exe" --home "D:\\my photos" restore --enqueue -- "%1"'
        assert value.replace("\\", "\\\\").replace('"', '\\"') in exported.read_text("utf-16")
        put(explorer, tmp_path, wanted=False)
        assert query(windows.KEY) == ""
        assert "theirs" in query(other)
        assert not (tmp_path / "own" / "explorer").exists()
        put(explorer, tmp_path, wanted=False)
    finally:
        subprocess.run(["wineserver", "-k"], check=False, capture_output=True)


def query(key: str) -> str:
    done = subprocess.run(["wine", "reg", "query", key, "/s"], check=False, capture_output=True)
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def test_the_command_runs_without_standard_streams(tmp_path: Path):
    """As Windows starts a program that has no console."""
    code = (
        f"import sys; sys.stdout = sys.stderr = None; sys.argv = ['iconfacew', '--home', {str(tmp_path)!r}, 'library', "
        "'list']; from plugin.__main__ import windowed; windowed()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The command


def test_the_command_installs_lists_and_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ICONFACE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def iconface(*argv: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert run(["--home", str(tmp_path / "gallery"), "--json", "integrate", *argv]) == code
        payload: dict[str, Any] = json.loads(capsys.readouterr().out)
        return payload

    (row,) = iconface("install", "nemo", "--dry-run")["integrations"]
    assert "+[Nemo Action]" in row["changes"][0]["diff"]
    assert not (tmp_path / ".local").exists()
    iconface("install", "nemo", "thunar")
    found = {r["name"]: r["status"] for r in iconface("list")["integrations"]}
    assert (found["nemo"], found["thunar"], found["dolphin"]) == ("installed", "installed", "not installed")
    action = (tmp_path / ".local/share/nemo/actions/iconface.nemo_action").read_text()
    assert f"--home {tmp_path / 'gallery'} restore --enqueue -- %F" in action
    assert iconface("install", "konqueror", code=2)["error"]["kind"] == "usage"
    iconface("uninstall")
    assert {r["status"] for r in iconface("list")["integrations"]} == {"not installed"}
    (tmp_path / ".config/Thunar").mkdir(parents=True, exist_ok=True)
    (tmp_path / ".config/Thunar/uca.xml").write_text("broken")
    (row,) = iconface("install", "thunar", code=1)["integrations"]
    assert "uca.xml" in row["error"]
    assert len(iconface("install", "thunar", "nemo", code=5)["integrations"]) == 2
