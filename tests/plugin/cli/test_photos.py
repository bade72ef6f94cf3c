"""`iconface photos`: what is proposed, what is said, and what that does."""

from tests.support.library import Cli, Library, tree_hash


def test_a_photo_is_dated_and_undone(cli: Cli, library: Library):
    before = tree_hash(library.photos)
    person = max(cli("people", "list")["people"], key=lambda p: p["photos"])["person_id"]
    photo = cli("faces", "list", "--person", person)["faces"][0]["photo"]
    [row] = cli("photos", "when", photo)["photos"]
    assert row["photo"] == photo
    assert row["said"] is None
    tried = cli("photos", "date", photo, "--as", "1955/1959", "--dry-run")["decisions"]
    assert [d["decision_id"] for d in tried] == [None]
    [said] = cli("photos", "date", photo, "--as", "1955-1959")["decisions"]
    assert "taken 1955 to 1959" in said["summary"]
    [row] = cli("photos", "when", photo)["photos"]
    assert (row["standing"], row["said"], row["captured_at"]) == ("said", "1955/1959", "1957-07-01T00:00:00")
    cli("undo")
    [row] = cli("photos", "when", photo)["photos"]
    assert row["said"] is None
    assert tree_hash(library.photos) == before


def test_what_is_no_date_and_what_is_no_photo(cli: Cli, library: Library):
    photo = library.ruined
    assert "no date" in cli("photos", "date", photo, "--as", "soon", code=2)["error"]["message"]
    assert cli("photos", "date", photo, code=2)["error"]["kind"] == "usage"
    assert cli("photos", "when", code=2)["error"]["kind"] == "usage"
    assert cli("photos", "when", library.photos / "unknown.jpg", code=3)["error"]["kind"] == "not_found"
