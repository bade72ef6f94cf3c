"""The command tree as a whole: light to start, documented, and honest about usage errors."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from plugin.cli import fast_list
from plugin.cli.main import run, tree
from tests.support.library import Cli, Library

DOCS = Path(__file__).parents[3] / "docs"


def leaves(command: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    children = getattr(command, "commands", None)
    if not children:
        return [path]
    return [leaf for name, child in children.items() for leaf in leaves(child, (*path, name))]


COMMANDS = leaves(get_command(tree()))


def test_every_promised_command_is_there():
    assert {" ".join(c) for c in COMMANDS} >= {
        "library add", "scan", "people list", "people show", "people name", "people merge", "people split",
        "people hide", "people ignore", "people birth-date", "faces list", "faces show", "faces assign",
        "faces confirm", "faces reject", "faces add", "references", "restore", "models list", "models show",
        "models pull", "models verify", "doctor", "backup", "restore-backup", "undo", "forget",
    }  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_stands_in_the_docs(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]):
    assert run([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--home DIR" in " ".join(shown.split()), "the shared options are named under every help text"
    assert f"`{' '.join(path)}" in (DOCS / "cli.md").read_text()


@pytest.mark.parametrize("argv", [["--help"], ["restore", "--help"], ["people", "list"]], ids=" ".join)
def test_no_model_runtime_is_imported_by_light_commands(argv: list[str], tmp_path: Path):
    code = (
        "import sys; from plugin.cli.main import run; run(sys.argv[1:]);"
        "bad = {'torch', 'diffusers', 'transformers', 'insightface', 'ncnn', 'scipy'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code, "--home", str(tmp_path), *argv], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("words", "unused"),
    [
        ("people list", {"typer", "sqlalchemy", "numpy", "alembic", "PIL", "rich", "msgspec"}),
        ("people show 1", {"faiss", "alembic", "PIL", "cv2", "rich"}),
        ("faces list", {"faiss", "alembic", "PIL", "cv2", "rich"}),
        ("restored list", {"faiss", "alembic", "numpy", "PIL", "cv2", "rich"}),
        ("jobs list", {"faiss", "alembic", "numpy", "PIL", "cv2", "rich"}),
    ],
)
def test_a_list_imports_only_what_it_uses(words: str, unused: set[str], library: Library):
    code = (
        "import atexit, sys; from plugin.__main__ import main;"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); main()"
    )
    argv = [sys.executable, "-c", code, "--home", str(library.home), "--json", *words.split()]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["command"] == " ".join(words.split()[:2])
    assert not unused & set(done.stderr.split())


@pytest.mark.parametrize("more", [(), ("--all",), ("--json",), ("--all", "--jsonl"), ("-q",)], ids=" ".join)
def test_the_quick_list_of_people_is_that_of_the_command_tree(more: tuple[str, ...], cli: Cli):
    """The process takes the short way (cli/fast_list.py), `run` the usual one."""
    first, second, *_ = [p["person_id"] for p in cli("people", "list")["people"]]
    cli("people", "name", first, "Zoë")
    cli("people", "hide", second)
    line = ["--home", str(cli.home), "people", "list", *more]
    quick = subprocess.run([sys.executable, "-m", "plugin", *line], check=True, capture_output=True, text=True)
    cli.capture.readouterr()
    assert run(line) == 0
    assert quick.stdout == cli.capture.readouterr().out
    assert "Zo" in quick.stdout


def test_the_quick_way_leaves_every_fault_to_the_usual_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise TypeError("a column of nonsense")

    monkeypatch.setattr("gallery_db.peek.people", broken)
    assert fast_list.quick(["--home", str(tmp_path), "people", "list"]) is None
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("nonsense = 1")
    assert fast_list.quick(["--home", str(tmp_path), "people", "list"]) is None


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["people", "merge"],
        ["faces", "show", "abc"],
        ["--home"],
        *([*words, "--limit", "0"] for words in (["history"], ["faces", "list"], ["people", "questions"])),
    ],
    ids=" ".join,
)
def test_usage_errors_end_with_code_two(argv: list[str], capsys: pytest.CaptureFixture[str]):
    assert run(["--json", *argv]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["exit_code"] == 2


@pytest.mark.parametrize(
    "argv",
    [
        ["library", "add"],
        ["library", "remove"],
        ["library", "rules"],
        ["scan"],
        ["restore"],
        ["restore", "a.jpg", "--output"],
        ["restore", "a.jpg", "--reference"],
        ["restored", "list"],
        ["faces", "list", "--photo"],
        ["cleanup", "plan", "--root"],
        ["backup"],
        ["restore-backup"],
    ],
    ids=" ".join,
)
def test_an_empty_path_is_not_the_current_folder(argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["--home", str(tmp_path / "home"), "--json", "--yes", *argv, ""]) == 2
    assert "an empty path" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert not (tmp_path / "home").exists()


def test_models_are_listed_with_their_licences_and_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    base = ["--home", str(tmp_path), "--json"]
    assert run([*base, "models", "list"]) == 0
    rows = json.loads(capsys.readouterr().out)["models"]
    assert all(r["licence"] for r in rows)
    assert all(r["licence_url"] for r in rows if r["id"] != "iconface-checkpoint"), "it is whatever its publisher says"
    assert {"flux2-klein-base-4b", "iconface-checkpoint"} <= {r["id"] for r in rows}
    shipped = {r["role"] for r in rows if r["bundled"] and r["installed"]}
    assert shipped == {"detector", "embedder", "identifier", "age", "restorer"}
    assert run([*base, "models", "verify"]) == 0
    assert all(r["ok"] for r in json.loads(capsys.readouterr().out)["files"])
    restricted = next(r["id"] for r in rows if r["non_commercial"])
    assert run([*base, "models", "accept", restricted]) == 2, "a licence is not accepted without being asked"
    assert run([*base, "--yes", "models", "accept", restricted]) == 0
    capsys.readouterr()
    assert run([*base, "models", "show", restricted]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["licence_accepted"] is True


def test_installing_something_else_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    wrong = tmp_path / "wrong.safetensors"
    wrong.write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ")
    assert run(["--home", str(tmp_path), "--json", "models", "install", str(wrong)]) == 1
    assert "wrong.safetensors" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_unknown_setting_names_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("colour = 'red'\n")
    assert run(["--home", str(tmp_path), "--json", "people", "list"]) == 2
    assert "config.toml" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_every_setting_stands_in_the_docs():
    from msgspec.structs import fields

    from plugin.settings import Settings

    text = (DOCS / "settings.md").read_text()
    assert [f.name for f in fields(Settings) if f.name != "folders" and f"`{f.name}`" not in text] == []


def test_dry_runs_say_and_do_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    photos, home = tmp_path / "photos", tmp_path / "home"
    photos.mkdir()
    base = ["--home", str(home), "--json"]
    for argv in (
        ["library", "add", str(photos)],
        ["models", "pull", "adaface-ir50"],
        ["models", "pull", "flux2-klein-base-4b"],
        ["models", "install", str(tmp_path / "x.ckpt")],
        ["models", "accept", "scrfd-buffalo_l"],
        ["models", "import-faceir", str(tmp_path / "lora.safetensors")],
        ["models", "encode-prompt"],
        ["backup"],
    ):
        assert run([*base, *argv, "--dry-run"]) == 0, argv
        assert json.loads(capsys.readouterr().out)["dry_run"] is True
    assert run([*base, "library", "list"]) == 0
    assert json.loads(capsys.readouterr().out)["roots"] == []
    assert not (home / "data" / "models").exists()
    assert not (home / "data" / "backups").exists()
