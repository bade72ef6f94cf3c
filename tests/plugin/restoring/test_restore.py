"""`iconface references` and `iconface restore`, with the real models, on the sample's ruined print."""

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iconface_core.images.provenance import COMPOSITE_WITH_AI, read_provenance
from plugin.demo.sample import group_photo
from tests.support.library import Cli, Library, tree_hash

ROW_KEYS = {
    "photo", "face_id", "person_id", "person_name", "references", "restorer", "seed", "identity", "output",
    "skipped_reason",
}  # fmt: skip


def owner(cli: Cli) -> int:
    """The person whose print was ruined: the sample ruins the fourth face from the left."""
    rows = cli("faces", "list")["faces"]
    return next(r["person_id"] for r in rows if Path(r["photo"]).name == "sample-person4-1999.jpg")


def restore_command(library: Library, out: Path) -> list[str]:
    """The command in a process of its own, to be killed or starved."""
    home, ruined = str(library.home), str(library.ruined)
    return [sys.executable, "-m", "plugin", "--home", home, "restore", ruined, "-o", str(out)]


def test_references_come_from_the_persons_other_photos_with_reasons(cli: Cli, library: Library):
    [face] = cli("references", library.ruined)["faces"]
    assert face["person_id"] == owner(cli)
    assert 1 <= len(face["references"]) <= 3
    for reference in face["references"]:
        assert "person4" in reference["photo"]
        assert reference["reasons"]
        assert 0 < reference["score"] <= 1


def test_restore_writes_a_checked_and_marked_copy(cli: Cli, library: Library, tmp_path: Path):
    before = tree_hash(library.photos)
    [row] = cli("restore", library.ruined, "--output", tmp_path / "out")["results"]
    assert row.keys() >= ROW_KEYS
    assert row["identity"]["verdict"] in {"pass", "doubtful"}
    output = Path(row["output"])
    assert output.parent == tmp_path / "out"
    assert output.name == "sample-ruined-print_restored.jpg"
    mark = read_provenance(output)
    assert mark is not None
    assert mark.faces[0].restorer == row["restorer"]
    assert COMPOSITE_WITH_AI.encode() in output.read_bytes()
    old, new = (np.asarray(Image.open(p).convert("RGB"), np.int16) for p in (library.ruined, output))
    assert old.shape == new.shape
    assert np.abs(old - new).max() > 8, "the face changed"
    assert tree_hash(library.photos) == before


def test_the_same_request_gives_the_same_file_not_a_second_one(cli: Cli, library: Library, tmp_path: Path):
    first = cli("restore", library.ruined, "-o", tmp_path / "out")["results"][0]
    again = cli("restore", library.ruined, "-o", tmp_path / "out")["results"][0]
    assert again["output"] == first["output"]
    assert len(list((tmp_path / "out").iterdir())) == 1
    other = cli("restore", library.ruined, "-o", tmp_path / "out", "--strength", 0.5)["results"][0]
    assert other["output"] != first["output"]


def test_undo_removes_the_copy_and_nothing_else(cli: Cli, library: Library, tmp_path: Path):
    output = Path(cli("restore", library.ruined, "-o", tmp_path / "out")["results"][0]["output"])
    assert cli("undo")["undo"]["removed"] == [str(output)]
    assert not output.exists()
    assert library.ruined.exists()


def test_a_restored_copy_in_the_library_is_never_evidence(cli: Cli, library: Library, tmp_path: Path):
    folder = tmp_path / "second"
    cli("restore", library.ruined, "-o", folder)
    cli("library", "add", folder)
    report = cli("scan")["scan"]
    assert (report["restored"], report["faces"]) == (1, 0)
    [row] = cli("restore", next(folder.iterdir()))["results"]
    assert "restored photo already" in row["skipped_reason"]


def test_dry_run_names_references_and_restores_nothing(cli: Cli, library: Library, tmp_path: Path):
    [row] = cli("restore", library.ruined, "--dry-run", "-o", tmp_path / "out")["results"]
    assert row["references"]
    assert row["output"] is None
    assert not (tmp_path / "out").exists()


def test_the_user_may_choose_the_references_or_none(cli: Cli, library: Library, tmp_path: Path):
    own = library.photos / "sample-person4-2002.jpg"
    [row] = cli("restore", library.ruined, "--reference", own, "--dry-run")["results"]
    assert [r["photo"] for r in row["references"]] == [str(own)]
    [row] = cli("restore", library.ruined, "--no-references", "-o", tmp_path)["results"]
    assert row["references"] == []
    assert "asked for none" in row["references_note"]
    cli("restore", library.ruined, "--no-references", "--reference", own, code=2)


def test_a_sharp_face_is_left_alone(cli: Cli, library: Library, tmp_path: Path):
    [row] = cli("restore", group_photo(), "--face", 6, "-o", tmp_path / "out")["results"]
    assert row["output"] is None
    assert "sharp already" in row["skipped_reason"]


def test_a_photo_outside_every_folder_is_restored_too(cli: Cli, library: Library, tmp_path: Path):
    copy = shutil.copy(library.ruined, tmp_path / "found in an attic.jpg")
    [row] = cli("restore", copy, "-o", tmp_path / "out")["results"]
    assert row["face_id"] is None
    assert Path(row["output"]).name == "found in an attic_restored.jpg"


def test_a_stranger_goes_without_references(own, library: Library, tmp_path: Path):
    _, cli = own("*person1*")
    cli("scan")
    [row] = cli("restore", library.ruined, "-o", tmp_path / "out", code=0)["results"]
    assert row["person_id"] is None
    assert row["references"] == []
    assert row["output"] is not None


def test_the_wrong_person_is_refused_or_at_least_not_passed(cli: Cli, library: Library, tmp_path: Path):
    """`--person` is the user's word, but the identity check still compares."""
    other = next(p["person_id"] for p in cli("people", "list")["people"] if p["person_id"] != owner(cli))
    cli.capture.readouterr()
    from plugin.cli.main import run

    argv = [
        "--home",
        str(cli.home),
        "--json",
        "restore",
        str(library.ruined),
        "-p",
        str(other),
        "-o",
        str(tmp_path / "o"),
    ]
    assert run(argv) in (0, 4)
    import json

    [row] = json.loads(cli.capture.readouterr().out)["results"]
    assert row["identity"]["verdict"] != "pass"


@pytest.mark.parametrize(("content", "code"), [(b"", 1), (b"not a picture", 1), (None, 3)])
def test_unreadable_photos_end_with_a_reason(cli: Cli, tmp_path: Path, content: bytes | None, code: int):
    photo = tmp_path / "x.jpg"
    if content is not None:
        photo.write_bytes(content)
    [row] = cli("restore", photo, code=code)["results"]
    assert row["skipped_reason"]
    assert row["output"] is None


def test_no_face_unknown_person_and_wrong_number_are_not_found(cli: Cli, library: Library, tmp_path: Path):
    wall = tmp_path / "wall.jpg"
    Image.fromarray(np.full((300, 400, 3), 180, np.uint8)).save(wall)
    assert "no face found" in cli("restore", wall, code=3)["results"][0]["skipped_reason"]
    assert "no person is called" in cli("restore", library.ruined, "-p", "Zed", code=3)["error"]["message"]
    assert "has no face 7" in cli("restore", library.ruined, "--face", 7, code=3)["results"][0]["skipped_reason"]
    cli("restore", library.ruined, "--restorer", "magic", code=1)
    cli("restore", library.ruined, "--strength", "7", code=2)


def test_some_good_some_bad_is_partial(cli: Cli, library: Library, tmp_path: Path):
    empty = tmp_path / "empty.jpg"
    empty.write_bytes(b"")
    rows = cli("restore", library.ruined, empty, "-o", tmp_path / "out", code=5)["results"]
    assert rows[0]["output"] is not None
    assert rows[1]["output"] is None


def test_kill_minus_nine_while_restoring_leaves_one_whole_copy(cli: Cli, library: Library, tmp_path: Path):
    out = tmp_path / "out"
    command = restore_command(library, out)
    for delay in (2.0, 3.0):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.kill()
        process.wait()
    [row] = cli("restore", library.ruined, "-o", out)["results"]
    assert [str(p) for p in out.iterdir()] == [row["output"]]
    assert read_provenance(Path(row["output"])) is not None


def test_a_full_disk_leaves_no_half_file(library: Library, tmp_path: Path):
    """The process may write 30 kB per file: enough to start the copy, too little to end it."""
    out = tmp_path / "out"
    command = restore_command(library, out)

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=small_files)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists() or list(out.iterdir()) == []


def test_given_references_stand_in_for_a_gallery(own, library: Library, tmp_path: Path):
    """Nobody is known, but the user gave photos: the result is compared with those."""
    _, cli = own("*person1*")
    cli("scan")
    given = library.photos / "sample-person4-1999.jpg"
    [row] = cli("restore", library.ruined, "-r", given, "-o", tmp_path / "out")["results"]
    assert row["identity"]["before"] is not None
    assert row["identity"]["verdict"] == "pass"


def test_all_faces_of_a_photo_end_in_one_copy(cli: Cli, tmp_path: Path):
    rows = cli("restore", group_photo(), "--force", "-o", tmp_path / "out")["results"]
    assert [r["face"] for r in rows] == [1, 2, 3, 4, 5, 6]
    assert {r["output"] for r in rows} == {str(next((tmp_path / "out").iterdir()))}
    mark = read_provenance(Path(rows[0]["output"]))
    assert mark is not None
    assert len(mark.faces) == 6


def test_one_photo_that_goes_wrong_stops_no_other(cli: Cli, library: Library, tmp_path: Path):
    """A name at the limit of the file system, a torn file, a link to a device, and one that cannot be written."""
    long = tmp_path / ("é" * 124 + ".jpg")
    torn, pipe, good = tmp_path / "torn.jpg", tmp_path / "pipe.jpg", tmp_path / "good.jpg"
    for path in (long, good):
        shutil.copy(library.ruined, path)
    torn.write_bytes(library.ruined.read_bytes()[:900])
    pipe.symlink_to("/dev/zero")
    forced = ("--output", tmp_path / "out", "--restorer", "waifu2x", "--force")  # by itself it changes too little
    payload = cli("restore", long, torn, pipe, good, *forced, code=5)
    rows = {Path(r["photo"]).name: r for r in payload["results"]}
    assert rows[good.name]["output"]
    assert rows[long.name]["output"]
    assert len(Path(rows[long.name]["output"]).name.encode()) <= 255
    assert str(torn) in rows["torn.jpg"]["skipped_reason"]
    assert str(pipe) in rows["pipe.jpg"]["skipped_reason"]
    again = cli("restore", long, *forced)["results"]
    assert again[0]["output"] == rows[long.name]["output"], "the shortened name is found again"
