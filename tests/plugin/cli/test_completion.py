"""What the Tab key offers, in a real bash, and what `iconface` says that was given nothing."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from plugin.cli.completing import Shell, complete
from plugin.cli.main import run
from tests.support.library import Cli, Library


def offered(*words: str, typed: str = "", shell: str = "zsh") -> list[str]:
    return [line.partition("\t")[0] for line in complete(words, f"{shell}:{typed}")]


@pytest.fixture
def named(cli: Cli, library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Two people have names, one of them with what a shell would take for its own."""
    first, second, *_ = [p["person_id"] for p in cli("people", "list")["people"]]
    cli("people", "name", first, "Ada Lovelace")
    cli("people", "name", second, "adam $(x) 'y' * z")
    monkeypatch.setenv("ICONFACE_HOME", str(library.home))
    return library


@pytest.mark.parametrize(
    ("words", "typed", "found"),
    [
        ((), "lib", ["library"]),
        (("library",), "", ["add", "list", "remove", "move", "rules"]),
        (("people",), "na", ["name"]),
        (("people", "list"), "--a", ["--actor", "--all"]),
        (("people", "list"), "--js", ["--json", "--jsonl"]),
        (("--json", "people"), "na", ["name"]),
        (("restore",), "", []),  # the shell offers files
        (("completion",), "", []),
        (("no such thing",), "", []),
        (("--home",), "", []),
    ],
)
def test_commands_and_options(words: tuple[str, ...], typed: str, found: list[str]):
    assert sorted(offered(*words, typed=typed)) == sorted(found)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("people", "show"), True),
        (("people", "merge", "somebody"), True),
        (("people", "merge", "one", "two"), True),
        (("people", "name", "somebody"), False),
        (("faces", "list", "--person"), True),
        (("faces", "assign", "7", "--person"), True),
        (("faces", "assign"), False),
        (("forget",), True),
    ],
)
def test_names_where_a_person_is_wanted(named: Library, words: tuple[str, ...], found: bool):
    everybody = ["Ada Lovelace", "adam $(x) 'y' * z"]
    assert sorted(offered(*words, typed="ad")) == (everybody if found else [])
    assert offered(*words, typed="ADA L") == (everybody[:1] if found else [])
    assert sorted(offered("--home", str(named.home), *words, typed="ad")) == (everybody if found else [])


def test_another_home_has_other_people(named: Library, tmp_path: Path):
    assert offered("--home", str(tmp_path / "empty"), "people", "show") == []


def test_nothing_heavy_is_loaded_for_it(named: Library):
    code = (
        "import sys; from plugin.cli.completing import complete; "
        "print(len(list(complete(['people', 'show'], 'zsh:ad'))), "
        "sorted({'torch', 'sqlalchemy', 'numpy', 'rich', 'fastapi'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == ["2", "[]\n"]


@pytest.mark.parametrize("shell", list(Shell))
def test_every_shell_has_its_script(shell: str, capsys: pytest.CaptureFixture[str]):
    assert run(["completion", shell]) == 0
    assert "_ICONFACE_COMPLETE" in capsys.readouterr().out
    assert run(["--json", "completion", shell]) == 0
    assert "_ICONFACE_COMPLETE" in json.loads(capsys.readouterr().out)["script"]
    assert run(["completion", "csh"]) == 2


PRESS_TAB = r"""
source /dev/stdin <<< "$(iconface completion bash)"
complete -p iconface
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=(); cd "$HOME"
_iconface iconface "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        (["people", "mer"], ["merge"]),
        (["people", "show", "Ad"], ["Ada Lovelace", "adam $(x) 'y' * z"]),
        (["people", "show", r"Ada\ Lo"], ["Ada Lovelace"]),
        (["people", "show", "'Ada Lo"], ["Ada Lovelace"]),
        (["people", "merge", "'Ada Lovelace'", "ada"], ["Ada Lovelace", "adam $(x) 'y' * z"]),
    ],
)
def test_in_a_real_bash(named: Library, tmp_path: Path, line: list[str], found: list[str]):
    command = tmp_path / "bin" / "iconface"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m plugin "$@"\n')
    command.chmod(0o755)
    root = Path(__file__).parents[3]
    env = {
        "PATH": f"{command.parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "ICONFACE_HOME": str(named.home),
        "PYTHONPATH": str(root),
    }
    done = subprocess.run(
        ["bash", "--norc", "-c", PRESS_TAB, "bash", "iconface", *line],
        env=env,
        cwd=root,
        capture_output=True,
        text=True,
    )
    registered, *replies = done.stdout.splitlines()
    assert registered.endswith("-F _iconface iconface"), done.stderr
    assert sorted(replies) == sorted(found)


def test_alone_it_says_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["--home", str(tmp_path / "home")]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert [line.split()[:2] for line in said.out.splitlines() if line.startswith("  ")] == [
        ["iconface", "web"],
        ["iconface", "library"],
        ["iconface", "restore"],
    ]
    assert not (tmp_path / "home").exists(), "nothing is made for a question"
    assert run(["--json"]) == 2, "a program that forgot the command is told"
