"""A library that lies elsewhere now, and a folder that is named otherwise, with the real models."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from plugin.library.disk import same_folder
from tests.support.library import Cli

Own = Callable[..., tuple[Path, Cli]]


def decided(cli: Cli) -> dict[str, tuple[int | None, bool, str]]:
    """By photo name: who it is, confirmed or not, and the state."""
    rows = cli("faces", "list", "--all")["faces"]
    return {Path(r["photo"]).name: (r["person_id"], r["confirmed"], r["state"]) for r in rows}


def decide(cli: Cli) -> dict[str, tuple[int | None, bool, str]]:
    """Scan, name, confirm one face, reject one and ignore one."""
    cli("scan")
    rows = cli("faces", "list")["faces"]
    person = rows[0]["person_id"]
    cli("people", "name", str(person), "Ada")
    a, b, c = (str(r["face_id"]) for r in rows[:3])
    cli("faces", "confirm", a)
    cli("faces", "reject", b)
    cli("faces", "ignore", c)
    return decided(cli)


def test_a_folder_that_is_said_to_have_moved_keeps_every_decision(own: Own):
    folder, cli = own("*person1*")
    before = decide(cli)
    told = cli("library", "remove", str(folder), "--dry-run")
    assert told["decisions"] == {"confirmed": 1, "rejected": 1, "ignored": 1, "drawn": 0, "only_here": ["Ada"]}
    new = folder.parent / "new drive" / "Photos"
    new.parent.mkdir()
    folder.rename(new)
    report = cli("scan", code=5)
    assert "iconface library move" in report["scan"]["offline"][0]
    assert cli("library", "move", str(folder), str(new), "--dry-run")["photos"] == 5
    assert cli("library", "list")["roots"][0]["path"] == str(folder), "a dry run moves nothing"
    moved = cli("library", "move", str(folder), str(new))
    assert (moved["root"]["path"], moved["moved_from"], moved["photos"]) == (str(new), str(folder), 5)
    report = cli("scan")["scan"]
    assert (report["new"], report["missing"], report["offline"]) == (0, 0, [])
    assert decided(cli) == before


def test_a_folder_that_moved_unsaid_is_recognised_by_its_photos(own: Own):
    folder, cli = own("*person1*")
    before = decide(cli)
    new = folder.parent / "elsewhere"
    (new / "2019").mkdir(parents=True)
    for n, photo in enumerate(sorted(folder.iterdir())):
        photo.rename(new / "2019" / f"{n}-{photo.name}" if n % 2 else new / photo.name)
    folder.rmdir()
    cli("library", "add", str(new))
    report = cli("scan", code=5)["scan"]
    assert (report["moved"], report["new"]) == (5, 0)
    [line] = report["offline"]
    assert "has moved: all its photos were found" in line
    assert "iconface library remove" in line
    assert sorted(decided(cli).values(), key=str) == sorted(before.values(), key=str)
    cli("--yes", "library", "remove", str(folder))
    assert sorted(decided(cli).values(), key=str) == sorted(before.values(), key=str)
    assert cli("scan")["scan"]["unchanged"] == 5


def test_a_folder_that_holds_none_of_the_photos_is_not_where_it_went(own: Own):
    folder, cli = own("*person1*")
    decide(cli)
    other = folder.parent / "other"
    other.mkdir()
    assert "none of the 5 photos" in cli("library", "move", str(folder), str(other), code=2)["error"]["message"]
    cli("library", "move", str(folder), str(folder / "nowhere"), code=3)
    cli("library", "move", str(other), str(folder), code=3)


@pytest.mark.parametrize("spelt", ["{}/", "{}/../{name}", "link"])
def test_a_folder_is_known_however_it_is_spelt(own: Own, spelt: str):
    folder, cli = own("*person1*")
    link = folder.parent / "link"
    link.symlink_to(folder)
    path = str(link) if spelt == "link" else spelt.format(folder, name=folder.name)
    added = cli("library", "add", path)
    assert [r["root_id"] for r in cli("library", "list")["roots"]] == [added["root"]["root_id"]]
    assert cli("scan", path)["scan"]["new"] == 5
    assert cli("library", "rules", path)["root"]["path"] == str(folder)
    (folder / "deep").mkdir()
    code = 2 if spelt == "link" else 1
    assert "of the library" in (error := cli("library", "add", f"{path}/deep", code=code)["error"]["message"]) or (
        "inside each other" in error
    )
    cli("--yes", "library", "remove", path)
    assert cli("library", "list")["roots"] == []


def test_folders_that_are_not_there_are_told_apart_by_their_spelling_alone(tmp_path: Path):
    assert same_folder(tmp_path / "Gone/Caf\u00e9", tmp_path / "gone/Cafe\u0301")
    assert not same_folder(tmp_path / "gone", tmp_path / "away")
    (tmp_path / "there").mkdir()
    assert not same_folder(tmp_path / "there", tmp_path / "There"), "one is there, the other is not"
    (tmp_path / "alias").symlink_to("there")
    assert same_folder(tmp_path / "there", tmp_path / "alias")


def test_a_photo_that_was_turned_keeps_its_decisions_and_takes_no_name_off_others(own: Own):
    folder, cli = own("*person1*")
    for photo in folder.iterdir():
        with Image.open(photo) as image:
            wide = Image.new("RGB", (image.width * 2, image.height), (150, 160, 170))
            wide.paste(image.convert("RGB"), (10, 0))
        wide.save(photo, quality=95)
    before = decide(cli)
    names = {r["face_id"]: r["person_name"] for r in cli("faces", "list")["faces"]}
    for name in list(before)[:3]:
        with Image.open(folder / name) as image:
            turned = image.transpose(Image.Transpose.ROTATE_270)
        turned.save(folder / name, quality=95)
    assert cli("scan")["scan"]["changed"] == 3
    assert decided(cli) == before
    after = {r["face_id"]: r["person_name"] for r in cli("faces", "list")["faces"]}
    assert after == names
