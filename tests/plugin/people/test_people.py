"""What people decide, through the command line, on real pictures."""

from pathlib import Path

import pytest

from tests.support.library import Cli, Library

FACE_KEYS = {
    "face_id", "photo", "bbox", "det_score", "quality", "person_id", "person_name", "confirmed", "state",
}  # fmt: skip
PERSON_KEYS = {"person_id", "name", "faces", "photos", "cover_face_id", "hidden"}


def faces_of(cli: Cli, person: object) -> list[int]:
    return [r["face_id"] for r in cli("faces", "list", "--person", person)["faces"]]


def test_promised_keys_are_there(cli: Cli, library: Library):
    face = cli("faces", "list")["faces"][0]
    assert face.keys() >= FACE_KEYS
    assert Path(face["photo"]).is_absolute()
    assert len(face["bbox"]) == 4
    assert cli("people", "list")["people"][0].keys() >= PERSON_KEYS


def test_jsonl_is_one_object_a_line(cli: Cli, library: Library, capsys: pytest.CaptureFixture[str]):
    import json

    from plugin.cli.main import run

    assert run(["--home", str(library.home), "--jsonl", "faces", "list", "--limit", "3"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["type"] for row in lines] == ["faces"] * 3
    assert all(row["schema_version"] == 1 for row in lines)


def test_name_find_by_name_and_undo(cli: Cli):
    person = cli("people", "list")["people"][0]["person_id"]
    cli("people", "name", person, "Ada")
    assert cli("people", "show", "ada")["person"]["person_id"] == person
    undo = cli("undo")["undo"]
    assert cli("people", "list")["people"][0]["name"] is None
    cli("undo", undo["decision_id"])  # undoing the undo does it again
    assert cli("people", "list")["people"][0]["name"] == "Ada"


def test_merge_and_undo_are_an_identity(cli: Cli):
    before = cli("faces", "list")["faces"]
    a, b = (p["person_id"] for p in cli("people", "list")["people"][:2])
    cli("people", "merge", a, b)
    assert len(cli("people", "list")["people"]) == 5
    cli("undo")
    assert cli("faces", "list")["faces"] == before


def test_faces_given_to_somebody_new_are_one_decision(cli: Cli):
    before = cli("people", "list")["people"]
    face = faces_of(cli, before[0]["person_id"])[0]
    done = cli("faces", "assign", face, "--person", "Nell", "--new")["decision"]
    assert faces_of(cli, "Nell") == [face]
    assert [d["decision_id"] for d in cli("history")["decisions"]] == [done["decision_id"]]
    cli("undo")
    assert cli("people", "list")["people"] == before, "nobody is left without a face"


def test_split_faces_stay_split_when_grouped_again(cli: Cli):
    person = cli("people", "list")["people"][0]["person_id"]
    two = faces_of(cli, person)[:2]
    cli("people", "split", person, *two, "--name", "Twin")
    cli("people", "regroup")
    assert sorted(faces_of(cli, "Twin")) == sorted(two)
    assert not set(two) & set(faces_of(cli, person))


def test_a_rejection_is_remembered_through_regrouping(cli: Cli):
    person = cli("people", "list")["people"][0]["person_id"]
    face = faces_of(cli, person)[0]
    cli("faces", "reject", face)
    assert face not in faces_of(cli, person)
    cli("people", "regroup")
    assert face not in faces_of(cli, person)
    assert cli("faces", "show", face)["face"]["person_id"] != person


def test_confirmed_faces_never_move(cli: Cli):
    """Even a wrong confirmation stands: it is the user's to take back."""
    a, b = (p["person_id"] for p in cli("people", "list")["people"][:2])
    face = faces_of(cli, b)[0]
    cli("faces", "assign", face, "--person", a)
    cli("people", "regroup")
    row = cli("faces", "show", face)["face"]
    assert (row["person_id"], row["confirmed"]) == (a, True)


def test_dry_run_of_a_decision_changes_nothing(cli: Cli):
    before = cli("people", "list", "--all")["people"], cli("faces", "list")["faces"]
    a, b = (p["person_id"] for p in cli("people", "list")["people"][:2])
    assert cli("people", "merge", a, b, "--dry-run")["decision"]["dry_run"] is True
    cli("faces", "assign", faces_of(cli, a)[0], "--person", "New One", "--new", "--dry-run")
    assert (cli("people", "list", "--all")["people"], cli("faces", "list")["faces"]) == before
    assert cli("history")["decisions"] == []


def test_hidden_and_ignored_people_leave_the_list(cli: Cli):
    a, b = (p["person_id"] for p in cli("people", "list")["people"][:2])
    cli("people", "hide", a)
    cli("people", "ignore", b)
    assert not {a, b} & {p["person_id"] for p in cli("people", "list")["people"]}
    assert {a, b} <= {p["person_id"] for p in cli("people", "list", "--all")["people"]}
    cli("people", "hide", a, "--off")
    assert a in {p["person_id"] for p in cli("people", "list")["people"]}


def test_birth_date_keeps_earlier_photos_out(cli: Cli):
    """The sample's photos are dated 1999 to 2003: born in 2001, somebody cannot be on the first two."""
    person = cli("people", "list")["people"][0]["person_id"]
    cli("people", "birth-date", person, "2001-01-01")
    cli("people", "regroup")
    dates = [r["captured_at"] for r in cli("faces", "list", "--person", person)["faces"]]
    assert dates
    assert min(dates) >= "2001"


def test_a_face_drawn_by_hand_joins_its_person(cli: Cli, library: Library):
    person = cli("people", "list")["people"][0]["person_id"]
    row = cli("faces", "list", "--person", person)["faces"][0]
    x1, y1, x2, y2 = row["bbox"]
    cli("faces", "ignore", row["face_id"])
    added = cli("faces", "add", row["photo"], x1 + 2, y1, x2, y2 - 2, "--person", person)["decision"]["face_id"]
    face = cli("faces", "show", added)["face"]
    assert (face["person_id"], face["confirmed"], face["source"]) == (person, True, "manual")
    assert cli("doctor")["problems"] == 0, "the drawn face has its vector"


@pytest.mark.parametrize(
    "argv",
    [
        ["people", "show", "Nobody"],
        ["people", "name", "999", "X"],
        ["faces", "show", "99999"],
        ["faces", "confirm", "99999"],
        ["faces", "add", "/nowhere/x.jpg", "0", "0", "9", "9"],
        ["undo", "12345"],
        ["library", "remove", "/nowhere"],
    ],
)
def test_unknown_things_are_not_found(cli: Cli, argv: list[str]):
    assert cli(*argv, code=3)["error"]["exit_code"] == 3


def test_forget_purges_and_a_scan_does_not_bring_the_vectors_back(cli: Cli, library: Library):
    person = cli("people", "list")["people"][0]
    cli("people", "name", person["person_id"], "Secret Name")
    gone = set(faces_of(cli, "Secret Name"))
    report = cli("forget", "Secret Name")["forget"]
    assert report["faces"] == len(gone)
    for file in (library.home / "data").glob("gallery.db*"):
        assert b"Secret Name" not in file.read_bytes()
    cli("scan")
    assert not gone & {r["face_id"] for r in cli("faces", "list")["faces"]}
    assert len(cli("people", "list")["people"]) == 5


def test_backup_and_return(cli: Cli, library: Library, tmp_path: Path):
    before = cli("people", "list")["people"]
    made = Path(cli("backup", tmp_path / "b.db")["backup"])
    cli("people", "name", before[0]["person_id"], "Later")
    kept = cli("restore-backup", made)["kept"]
    assert cli("people", "list")["people"] == before
    cli("restore-backup", kept)
    assert cli("people", "list")["people"][0]["name"] == "Later"
    (tmp_path / "broken.db").write_bytes(made.read_bytes()[:5000])
    cli("restore-backup", tmp_path / "broken.db", code=1)
    assert cli("people", "list")["people"][0]["name"] == "Later"


def test_a_gallery_of_a_newer_release_is_refused(cli: Cli, library: Library):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(library.home / "data" / "gallery.db")) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
    assert "newer" in cli("people", "list", code=1)["error"]["message"]
