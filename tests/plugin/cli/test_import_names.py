"""`iconface import`: shown, asked about, done, and told to programs."""

import json
from pathlib import Path

from tests.support.library import Cli, Library, tree_hash


def test_names_are_shown_first_then_taken_over_and_taken_back(library: Library, cli: Cli, tmp_path: Path):
    photo = next(f["photo"] for f in cli("faces", "list")["faces"] if f["photo"] != str(library.ruined))
    album = tmp_path / "takeout" / Path(photo).parent.name
    album.mkdir(parents=True)
    faces = cli("faces", "list", "--photo", photo)["faces"]
    names = [f"Guest {chr(65 + i)}" for i in range(len(faces))]
    for face, name in zip(faces[1:], names[1:], strict=True):
        cli("faces", "assign", face["face_id"], "-p", name, "--new")
    said = {"title": Path(photo).name, "people": [{"name": n} for n in names]}
    (album / f"{Path(photo).name}.json").write_text(json.dumps(said))
    (album / "half.json").write_text("{")
    before = tree_hash(library.photos)

    tried = cli("import", "takeout", tmp_path / "takeout", "--dry-run")
    [person] = tried["import"]["people"]
    assert (person["name"], person["face_ids"]) == (names[0], [faces[0]["face_id"]])
    assert (tried["dry_run"], tried["decision"]["decision_id"]) == (True, None)
    assert [Path(u["path"]).name for u in tried["import"]["unread"]] == ["half.json"]
    assert cli("faces", "show", faces[0]["face_id"])["face"]["person_name"] != names[0]

    done = cli("import", "takeout", tmp_path / "takeout")
    assert done["import"]["people"] == tried["import"]["people"]
    assert cli("faces", "show", faces[0]["face_id"])["face"]["person_name"] == names[0]
    assert cli("import", "takeout", tmp_path / "takeout")["decision"] is None
    assert tree_hash(library.photos) == before
    cli("undo")
    assert cli("faces", "show", faces[0]["face_id"])["face"] == {**faces[0]}


def test_a_source_says_what_it_needs(cli: Cli, tmp_path: Path):
    assert "there are: metadata, picasa" in cli("import", "acme", code=2)["error"]["message"]
    assert "digikam4.db" in cli("import", "digikam", code=2)["error"]["message"]
    assert "is not there" in cli("import", "lightroom", tmp_path / "gone.lrcat", code=2)["error"]["message"]
    (tmp_path / "half.lrcat").write_bytes(b"SQLite format 3\0 and no more")
    assert "use a backup" in cli("import", "lightroom", tmp_path / "half.lrcat", code=1)["error"]["message"]
    assert "no such" in cli("import", "digikam", tmp_path, code=1)["error"]["message"].casefold()
