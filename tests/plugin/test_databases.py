"""A gallery that moves to a server: the commands, the settings, backups, and what is said when nothing answers."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery_db import Gallery
from gallery_db.database.address import Server
from iconface_core.calibration import Calibration, EmbedderFacts
from plugin.cli.main import run
from plugin.errors import UsageError
from plugin.people.regrouping import Grouper
from plugin.settings import load_settings
from tests.gallery_db.factories import DIM, E, put
from tests.support.library import Cli
from tests.support.postgres import OFF, Cluster, programs


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--database` is handed on to processes by the environment; here it ends with the test."""
    monkeypatch.setenv("ICONFACE_DATABASE", "")
    if not OFF:
        monkeypatch.setenv("PATH", str(programs()), prepend=":")  # pg_dump


@pytest.fixture
def cli(home: Path, gallery: Gallery, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line over a gallery of one person, who has no name yet."""
    with gallery.begin() as tx:
        tx.decisions.assign(put(tx, "a", 1), tx.decisions.create_person().person_id)
    return Cli(home, capsys)


def test_to_a_server_and_back(cli: Cli, home: Path, postgres_cluster: Cluster, tmp_path: Path):
    file, url = home / "data" / "gallery.db", postgres_cluster.url("moved")
    try:
        assert cli("database", "create", url, "--dry-run")["sql"]
        assert cli("database", "create", url)["database"] == url
        assert cli("database", "create", url)["sql"] == [], "it is there already"
        people = cli("people", "list")["people"]
        copied = cli("database", "copy", file, url)["copy"]
        assert copied["rows"] > len(people) > 0
        assert cli("people", "list", "--database", url)["people"] == people

        (home / "config").mkdir(exist_ok=True)
        (home / "config" / "config.toml").write_text(f'database = "{url}"\n')
        ada = people[0]["person_id"]
        cli("people", "name", ada, "Ada")
        assert "Ada" not in names(file)
        status = cli("database", "status")["database"]
        assert (status["engine"], status["database"]) == ("postgresql", url)
        assert status["connections"] >= 1

        assert searched(cli("database", "index", "--dry-run")) == ["missing"]
        assert searched(cli("database", "index")) == ["ready"]
        assert cli("database", "index", "--drop", "--dry-run")["dropped"] == 1
        assert searched(cli("database", "status")["database"]) == ["ready"]

        backup = Path(cli("backup")["backup"])
        cli("people", "name", ada, "Eva")
        kept = Path(cli("restore-backup", backup)["kept"])
        assert searched(cli("database", "status")["database"]) == ["missing"], "a backup is for any server"
        assert cli("people", "show", ada)["person"]["name"] == "Ada"
        assert searched(cli("database", "index")) == ["ready"]
        cli("restore-backup", kept)
        assert cli("database", "index", "--drop")["dropped"] == 0
        assert cli("people", "show", ada)["person"]["name"] == "Eva"
        assert {str(backup), str(kept)} <= {b["path"] for b in cli("restore-backup")["backups"]}

        back = tmp_path / "back" / "gallery.db"
        cli("database", "copy", url, back)
        assert "Eva" in names(back)
    finally:
        postgres_cluster.drop("moved")


def test_new_faces_are_placed_by_the_server_as_by_files(postgres_cluster: Cluster, tmp_path: Path):
    facts = EmbedderFacts(E, DIM, Calibration(E, 0.0, 10.0, bias=-10.0, slope=30.0))
    with postgres_cluster.database("gallery") as url, Gallery.open(Server(url, tmp_path)) as gallery:
        with gallery.begin() as tx:
            for seed in (1, 2, 3):
                put(tx, f"{seed}", seed)
                put(tx, f"{seed} again", seed)
        grouper = Grouper(gallery, facts)
        grouper.full()
        with gallery.begin() as tx:
            known, stranger = put(tx, "new", 1, 77)
        by_files = grouper.decide(np.array([known, stranger]))
        shutil.rmtree(gallery.vectors_dir)
        gallery.build_search_index(64)
        assert grouper.decide(np.array([known, stranger])) == by_files
        assert {d.face_id: d.kind for d in by_files}[known] == "join"
        assert not gallery.vectors_dir.exists(), "the server was asked"


def searched(said: dict[str, Any]) -> list[str]:
    return [index["state"] for index in said["search"]]


def names(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as conn:
        return {name for [name] in conn.execute("SELECT name FROM person")}


def test_a_server_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    url = f"postgresql://ada:geheim@/gallery?host={tmp_path}"
    error = Cli(tmp_path, capsys)("people", "list", "--database", url, code=6)["error"]
    assert "does not answer" in error["message"]
    assert "geheim" not in str(error)
    assert error["kind"] == "gallery_unreachable"


@pytest.mark.parametrize("line", [["--database"], ["--database", "mysql://a/b"], ["--database=gallery.db"]])
def test_what_is_no_address(line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["people", "list", "--home", str(tmp_path), *line]) == 2
    assert "postgresql://" in capsys.readouterr().err


def test_a_password_in_settings_is_for_nobody_else(tmp_path: Path):
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text('database = "postgresql://ada:geheim@db.local/gallery"\n')
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        load_settings(tmp_path, {})
    file.chmod(0o600)
    assert "geheim" not in repr(load_settings(tmp_path, {}).folders.gallery)
    file.write_text('database = "postgresql://ada@db.local/gallery"\n')
    file.chmod(0o644)
    chosen = load_settings(tmp_path, {"ICONFACE_DATABASE": "postgresql://db.local/other"}).folders
    assert chosen.server == "postgresql://db.local/other"


def test_what_a_file_cannot(cli: Cli, home: Path, tmp_path: Path):
    file = home / "data" / "gallery.db"
    cli("database", "copy", file, file, code=2)
    cli("database", "copy", tmp_path / "no.db", tmp_path / "new.db", code=2)
    cli("database", "index", code=2)
