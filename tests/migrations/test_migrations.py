import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from gallery_db import Gallery
from gallery_db.database.migrate import alembic_config, upgrade
from gallery_db.database.revisions import HEAD, scripts
from gallery_db.database.schema import metadata
from gallery_db.database.sqlite import make_engine
from gallery_db.records import FoundFace
from iconface_core.reasons import LEGACY
from iconface_core.types import BBox, DetectedFace, EmbedderId, FaceEmbedding

E = EmbedderId("e")


def fill(path: Path) -> None:
    face = DetectedFace(BBox(0, 0, 2, 2), np.zeros((5, 2), np.float32), 0.9)
    vector = np.array([1, 0], np.float32)
    with Gallery.open(path) as g, g.begin() as tx:
        photo = tx.photos.upsert("/a.jpg", "h", width=4, height=4)
        [f] = tx.faces.replace_for_photo(photo.id, [FoundFace(face, (FaceEmbedding(E, vector, 1.0),))]).stored
        ada = tx.decisions.create_person("Ada").person_id
        tx.decisions.assign([f.id], ada)


def counts(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as c:
        tables = [r[0] for r in c.execute("select name from sqlite_master where type = 'table' and name not like 's%'")]
        return {t: c.execute(f"select count(*) from {t}").fetchone()[0] for t in tables}


def test_schema_and_migrations_agree(tmp_path: Path):
    upgrade(tmp_path / "g.db")
    with make_engine(tmp_path / "g.db").connect() as c:
        command.check(alembic_config(c))


def test_alembic_speaks_where_stdout_is_now(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Its own default is where stdout was when it was first imported: with captured output, a closed file."""
    upgrade(tmp_path / "g.db")
    with make_engine(tmp_path / "g.db").connect() as c:
        command.check(alembic_config(c))
    assert "No new upgrade operations" in capsys.readouterr().out


def test_head_is_the_last_script():
    assert ScriptDirectory(str(scripts())).get_current_head() == HEAD


def test_ids_are_never_given_twice(tmp_path: Path):
    """Alembic's batch mode forgets AUTOINCREMENT unless `table_kwargs` says it again."""
    upgrade(tmp_path / "g.db")
    with closing(sqlite3.connect(tmp_path / "g.db")) as c:
        made = dict(c.execute("select name, sql from sqlite_master where type = 'table'"))
    wanted = [t.name for t in metadata.sorted_tables if t.dialect_options["sqlite"]["autoincrement"]]
    assert {"face", "person", "photo", "vector_change"} <= set(wanted)
    assert [t for t in wanted if "AUTOINCREMENT" not in made[t]] == []


def test_down_and_up_again(tmp_path: Path):
    upgrade(tmp_path / "g.db")
    with make_engine(tmp_path / "g.db").connect() as c:
        command.downgrade(alembic_config(c), "base")
        command.upgrade(alembic_config(c), "head")
        command.check(alembic_config(c))


def test_an_up_to_date_file_is_left_alone(tmp_path: Path):
    upgrade(tmp_path / "g.db")
    assert upgrade(tmp_path / "g.db") is None
    assert not list(tmp_path.glob("*.bak"))


@pytest.mark.parametrize("change", ["insert", "update", "delete", "cascade"])
def test_triggers_log_every_change_of_a_vector(tmp_path: Path, change: str):
    fill(tmp_path / "g.db")
    statement = {
        "insert": "insert into embedding (embedder, face_id, vector, norm) values ('other', 1, x'00', 1)",
        "update": "update embedding set norm = 2",
        "delete": "delete from embedding",
        "cascade": "delete from photo",
    }[change]
    with make_engine(tmp_path / "g.db").execution_options(write=True).connect() as c:
        before = c.execute(text("select max(seq), count(*) from vector_change")).one()
        c.execute(text(statement))
        after = c.execute(text("select max(seq), count(*) from vector_change")).one()
        assert after[0] > before[0]
        assert after[1] == before[1] + (change == "insert")


NEXT = """
from alembic import op
import sqlalchemy as sa
revision = "next"
down_revision = "{head}"
def upgrade():
    with op.batch_alter_table("photo", recreate="always") as b:
        b.add_column(sa.Column("extra", sa.Integer))
    with op.batch_alter_table("person", recreate="always") as b:
        b.add_column(sa.Column("extra", sa.Integer))
    {tail}
def downgrade():
    pass
"""


@pytest.mark.parametrize("tail", ["pass", "raise RuntimeError('half way')", "op.execute('DELETE FROM photo')"])
def test_batch_migration_keeps_children_and_is_atomic(tmp_path: Path, tail: str):
    """Rebuilding a parent table with foreign keys on would delete every face (and pass the check afterwards)."""
    db = tmp_path / "g.db"
    fill(db)
    before = counts(db)
    location = tmp_path / "scripts"
    shutil.copytree(scripts(), location, ignore=shutil.ignore_patterns("__pycache__"))
    (location / "versions" / "next.py").write_text(NEXT.format(head=HEAD, tail=tail))
    if tail == "pass":
        saved = upgrade(db, location)
        assert saved is not None
        assert saved.name == f"g.db.before-{HEAD}.bak"
        assert counts(saved) == before
    elif "DELETE" in tail:
        with pytest.raises(Exception, match="dangling"):
            upgrade(db, location)
    else:
        with pytest.raises(RuntimeError, match="half way"):
            upgrade(db, location)
    assert counts(db) == before
    with closing(sqlite3.connect(db)) as c:
        assert ("extra" in {r[1] for r in c.execute("pragma table_info(photo)")}) == (tail == "pass")
        assert c.execute("select version_num from alembic_version").fetchone()[0] == (
            "next" if tail == "pass" else HEAD
        )


RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"))


@pytest.mark.parametrize("old", RELEASED, ids=lambda p: p.stem)
def test_every_row_of_an_old_file_survives(tmp_path: Path, old: Path):
    """One frozen file per released schema, with rows in every table."""
    db = tmp_path / "g.db"
    with closing(sqlite3.connect(db)) as c:
        c.executescript(old.read_text())
    before = counts(db)
    assert all(before.values())
    with Gallery.open(db) as g, g.begin() as tx:
        assert {t: n for t, n in counts(db).items() if t in before} == before
        assert tx.people.by_name("Ada")[0].birth_date == "1950-01-02"
        assert len(tx.faces.matrix(EmbedderId("test-8"))) == 4
        tx.decisions.undo()


def test_each_released_schema_has_its_file():
    known = {r.revision for r in ScriptDirectory(str(scripts())).walk_revisions()}
    assert {p.stem for p in RELEASED} == known


def rows(path: Path, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as c:
        c.row_factory = sqlite3.Row
        return [dict(r) for r in c.execute(query)]


def test_0002_keeps_every_restoration_and_gives_no_id_twice(tmp_path: Path):
    db = tmp_path / "g.db"
    with closing(sqlite3.connect(db)) as c:
        c.executescript((Path(__file__).parent / "released" / "0001.sql").read_text())
        c.execute("update sqlite_sequence set seq = 7 where name = 'restoration'")  # restorations 2 to 7 are deleted
        c.commit()
    before = {t: rows(db, f"select * from {t}") for t in ("root", "restoration", "job")}
    saved = upgrade(db)
    assert saved is not None
    assert saved.name == "g.db.before-0001.bak"
    for reference in (references := json.loads(str(before["restoration"][0]["references"]))):
        reference["reasons"] = [legacy(text) for text in reference["reasons"]]  # 0008
    before["restoration"][0]["references"] = json.dumps(references, separators=(",", ":"))
    for table, old in before.items():
        new = rows(db, f"select * from {table}")
        assert [{k: r[k] for k in old[0]} for r in new] == old
    assert [(r["version"], r["decided"]) for r in rows(db, "select * from restoration")] == [(1, None)]
    with Gallery.open(db) as g, g.begin() as tx:
        assert tx.roots.all()[0].rules is None
        made = tx.restorations.add(
            photo="/lib/a.jpg",
            input_sha256="in",
            restorer="r",
            weights_sha256="",
            options={},
            seed=1,
            verdict="",
            state="proposed",
            face_id=1,
        )
        assert (made.id, made.version) == (8, 2)
    with closing(sqlite3.connect(db)) as c, pytest.raises(sqlite3.IntegrityError, match="ck_restoration_state"):
        c.execute("update restoration set state = 'elsewhere'")
    with closing(sqlite3.connect(db)) as c, pytest.raises(sqlite3.IntegrityError, match="ck_restoration_decided"):
        c.execute("update restoration set decided = 'perhaps'")


def test_0006_forgets_only_what_nobody_saw_when_it_goes_back(tmp_path: Path):
    db = tmp_path / "g.db"
    upgrade(db)
    with closing(sqlite3.connect(db)) as c:
        columns = (
            'photo, input_sha256, restorer, weights_sha256, options, seed, "references", verdict, state, created_at'
        )
        for state in ("unseen", "done"):
            c.execute(
                f"insert into restoration ({columns}) values ('p', 'i', 'r', '', '{{}}', 1, '[]', '', '{state}', '')"
            )
        c.commit()
    with make_engine(db).connect() as c:
        command.downgrade(alembic_config(c), "0005")
    assert [r["state"] for r in rows(db, "select * from restoration")] == ["done"]
    upgrade(db)
    assert [r["changed_mean"] for r in rows(db, "select * from restoration")] == [None]


def test_0007_takes_a_clean_up_along_and_back(tmp_path: Path):
    """An unfinished one goes on where it was: one photo has its job, one was fed long ago, two wait."""
    db = tmp_path / "g.db"
    upgrade(db)
    with make_engine(db).connect() as c:
        command.downgrade(alembic_config(c), "0006")
    begun = "2026-11-01T10:00:00.000000+00:00"
    run = {
        "started_at": begun, "photos": 4, "faces": 5, "fed": 2, "hours": "22:00-06:00", "idle": True,
        "options": {"restorer": "waifu2x"}, "estimated_hours": 1.5, "estimated_bytes": 900,
    }  # fmt: skip
    payload = {"path": "/lib/b.jpg", "face_id": None, "options": {"face_ids": [2]}, "run": begun}
    with closing(sqlite3.connect(db)) as c:
        c.execute("insert into root (id, path, added_at, online) values (1, '/lib', '', 1)")
        c.execute(
            "insert into photo values (7, 1, '/lib/b.jpg', 'h', 0, 0, 0, 9, 9, null, '', 'indexed', null, 0, '', null)"
        )
        for number, told in ((3, payload), (4, payload | {"run": "another"})):
            c.execute(
                "insert into job (id, kind, payload, state, priority, attempts, max_attempts, run_after, created_at,"
                " origin) values (?, 'restore', ?, 'done', 0, 1, 3, 0, 0, 'cleanup')",
                (number, json.dumps(told)),
            )
        c.execute("insert into meta values ('cleanup.run', ?)", (json.dumps(run),))
        c.execute("insert into meta values ('cleanup.todo', ?)", (json.dumps([[8, [3, 4]], [9, [5]]]),))
        c.commit()
    upgrade(db)
    with Gallery.open(db) as g, g.begin() as tx:
        found = tx.cleanups.latest()
        assert found is not None
        assert (found.started_at, found.photos, found.faces, found.fed) == (begun, 4, 5, 2)
        assert (found.hours, found.idle, found.options) == ("22:00-06:00", True, {"restorer": "waifu2x"})
        assert (found.estimated_hours, found.estimated_bytes) == (1.5, 900)
        assert [j.id for j in tx.cleanups.jobs(found.id)] == [3]
        assert [(i.photo_id, i.face_ids) for i in tx.cleanups.next_items(found.id, 9)] == [(8, (3, 4)), (9, (5,))]
        assert tx.meta.get("cleanup.run") is None
    with make_engine(db).connect() as c:
        command.downgrade(alembic_config(c), "0006")
    kept = {r["key"]: json.loads(r["value"]) for r in rows(db, "select * from meta where key like 'cleanup.%'")}
    assert kept == {"cleanup.run": run, "cleanup.todo": [[8, [3, 4]], [9, [5]]]}


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"started_at": null}'])
def test_0007_is_not_stopped_by_a_damaged_clean_up(tmp_path: Path, damaged: str):
    db = tmp_path / "g.db"
    upgrade(db)
    with make_engine(db).connect() as c:
        command.downgrade(alembic_config(c), "0006")
    with closing(sqlite3.connect(db)) as c:
        c.execute("insert into meta values ('cleanup.run', ?)", (damaged,))
        c.commit()
    with Gallery.open(db) as g, g.begin(write=False) as tx:
        assert tx.cleanups.latest() is None


def legacy(text: str) -> dict[str, object]:
    return LEGACY(text=text).as_json()


KILLED = "the worker was killed (SIGSEGV)"
GIVEN_UP = f"/lib/bad: {KILLED}, 3 times; left alone until: iconface scan --retry-failed"
RESULT: dict[str, Any] = {
    "outcome": "sharp",
    "text": "sharp already (degradation 0.02 of 1)",
    "faces": [
        {
            "face_id": 1,
            "who": "Ada, confirmed: you confirmed it",
            "skipped_reason": "sharp already (degradation 0.02 of 1)",
            "skipped_code": None,
            "degradation": {"score": 0.02, "reasons": ["blurred"]},
            "identity": {"before": None, "verdict": None, "reason": None},
            "references": [{"face_id": 4, "photo": "/lib/c", "score": 0.5, "reasons": ["quality 0.83", "face 90 px"]}],
            "references_note": None,
            "notes": ["damaged EXIF was not copied"],
        }
    ],
}


@pytest.fixture
def with_sentences(tmp_path: Path) -> Path:
    """A gallery of schema 0007 in which every kind of sentence stands that releases up to then stored."""
    db = tmp_path / "g.db"
    with closing(sqlite3.connect(db)) as c:
        c.executescript((Path(__file__).parent / "released" / "0007.sql").read_text())
        c.execute("update photo set reason = ? where path = '/lib/bad'", (GIVEN_UP,))
        bad = "update photo set state = 'failed', reason = '/lib/d: the file is empty (0 bytes)' where path = '/lib/d'"
        c.execute(bad)
        c.execute("update job set state = 'done', progress = ? where id = 2", (json.dumps(RESULT),))
        c.execute("update job set state = 'failed', error = 'OSError: disk full', progress = '{half' where id = 1")
        c.execute("update face set degradation = ? where id = 1", (json.dumps({"score": 0.9, "reasons": ["blurred"]}),))
        c.commit()
    return db


def test_0008_keeps_every_sentence_as_a_reason(with_sentences: Path):
    upgrade(with_sentences)
    with Gallery.open(with_sentences) as g, g.begin(write=False) as tx:
        given_up, empty = tx.photos.by_path("/lib/bad"), tx.photos.by_path("/lib/d")
        assert given_up is not None
        assert given_up.reason is not None
        assert given_up.reason.as_json() == {"code": "quarantined", "params": {"cause": legacy(KILLED), "times": 3}}
        assert empty is not None
        assert empty.reason == LEGACY(text="the file is empty (0 bytes)")
        assert tx.jobs.get(1).error == LEGACY(text="OSError: disk full")
        result = tx.jobs.get(2).progress
        assert result is not None
        [face] = result["faces"]
        assert result["text"] == face["skipped_reason"] == legacy("sharp already (degradation 0.02 of 1)")
        assert face["degradation"] == {"score": 0.02, "reasons": [legacy("blurred")]}
        assert face["references"][0]["reasons"] == [legacy("quality 0.83"), legacy("face 90 px")]
        assert face["identity"] == RESULT["faces"][0]["identity"]
        assert face["notes"] == [legacy("damaged EXIF was not copied")]
        assert tx.restorations.get(1).references[0]["reasons"] == [legacy("sharp")]
        assert tx.faces.get(1).degradation == {"score": 0.9, "reasons": [legacy("blurred")]}


def test_0008_gives_the_sentences_back(with_sentences: Path):
    columns = {"photo": "reason", "job": "error", "restoration": '"references"', "face": "degradation"}
    query = {table: f"select id, {column} as it from {table} order by id" for table, column in columns.items()}
    before = {table: rows(with_sentences, q) for table, q in query.items()}
    done = rows(with_sentences, "select progress from job where id = 2")
    upgrade(with_sentences)
    with make_engine(with_sentences, enforce_foreign_keys=False).execution_options(write=True).begin() as c:
        command.downgrade(alembic_config(c), "0007")
    after = {table: rows(with_sentences, q) for table, q in query.items()}
    without_path = [dict(r, it=r["it"] and str(r["it"]).partition(": ")[2]) for r in before.pop("photo")]
    assert after.pop("photo") == without_path
    assert after.pop("job") == before.pop("job")
    for table, old in before.items():
        assert [(r["id"], r["it"] and json.loads(str(r["it"]))) for r in after[table]] == [
            (r["id"], r["it"] and json.loads(str(r["it"]))) for r in old
        ]
    [now] = rows(with_sentences, "select progress from job where id = 2")
    assert json.loads(str(now["progress"])) == json.loads(str(done[0]["progress"])) == RESULT


def test_an_older_release_can_take_the_file_back(tmp_path: Path):
    """Downgrading is for developers, but it must not fail on states the old schema has no word for."""
    db = tmp_path / "g.db"
    with closing(sqlite3.connect(db)) as c:
        c.executescript((Path(__file__).parent / "released" / "0002.sql").read_text())
        c.execute("update restoration set state = 'rejected' where id = 1")
        c.commit()
    with make_engine(db, enforce_foreign_keys=False).execution_options(write=True).begin() as c:
        command.downgrade(alembic_config(c), "0001")
    assert [(r["id"], r["state"]) for r in rows(db, "select * from restoration")] == [(1, "undone")]
    with closing(sqlite3.connect(db)) as c:
        made = c.execute("select group_concat(sql) from sqlite_master where tbl_name in ('job', 'root')").fetchone()[0]
    assert made.count("AUTOINCREMENT") == 2
    assert "uq_job_waiting" in made


def test_an_installed_wheel_migrates_from_inside_the_package(tmp_path: Path):
    """The wheel carries `migrations/` as `gallery_db/migrations` (pyproject.toml)."""
    here = Path(__file__).resolve().parents[2]
    site, skip = tmp_path / "site", shutil.ignore_patterns("__pycache__")
    for package in ("gallery_db", "iconface_core"):
        shutil.copytree(
            here / package, site / package, ignore=shutil.ignore_patterns("__pycache__", "*.onnx", "weights")
        )
    shutil.copytree(here / "migrations", site / "gallery_db" / "migrations", ignore=skip)
    code = (
        "import sys, pathlib, gallery_db\n"
        "from gallery_db.database.revisions import scripts\n"
        "assert scripts() == pathlib.Path(gallery_db.__file__).parent / 'migrations', scripts()\n"
        "gallery_db.Gallery.open(pathlib.Path(sys.argv[1])).close()\n"
    )
    command_line = [sys.executable, "-c", code, str(tmp_path / "g.db")]
    done = subprocess.run(
        command_line,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert counts(tmp_path / "g.db")["meta"] == 1
