"""`iconface scan` on real pictures, with the real detector and embedder."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from filelock import FileLock
from PIL import Image

from gallery_db import Gallery
from plugin.job_kinds import enqueue_changes
from tests.support.library import Cli, Library, tree_hash

Own = Callable[..., tuple[Path, Cli]]


def people(cli: Cli) -> list[frozenset[str]]:
    """The people as sets of photo names, whatever their ids."""
    rows = cli("faces", "list")["faces"]
    by_person: dict[int, set[str]] = {}
    for row in rows:
        if row["person_id"] is not None:
            by_person.setdefault(row["person_id"], set()).add(Path(row["photo"]).name)
    return sorted((frozenset(v) for v in by_person.values()), key=sorted)


def test_every_person_of_the_sample_is_found(cli: Cli, library: Library):
    found = people(cli)
    assert len(found) == 6
    for names in found:
        owners = {n.split("-")[1] for n in names if "person" in n}
        assert len(owners) == 1, f"two people in one: {names}"
        assert len([n for n in names if "person" in n]) >= 4


def test_scanning_again_reads_nothing_and_changes_nothing(cli: Cli, library: Library):
    before = tree_hash(library.photos), people(cli)
    report = cli("scan")
    assert report["scan"]["new"] == report["scan"]["changed"] == 0
    assert report["scan"]["unchanged"] == 31
    assert (tree_hash(library.photos), people(cli)) == before


def test_dry_run_tells_and_does_not_do(own: Own):
    folder, cli = own("*person1*")
    assert cli("scan", "--dry-run")["scan"]["new"] == 5
    assert cli("faces", "list")["faces"] == []


def test_jsonl_reports_every_photo(own: Own):
    import json

    from plugin.cli.main import run

    _, cli = own("*person1*")
    assert run(["--home", str(cli.home), "--jsonl", "scan"]) == 0
    events = [json.loads(line) for line in cli.capture.readouterr().out.splitlines()]
    assert [(e["done"], e["total"]) for e in events[:-1]] == [(i, 5) for i in range(1, 6)]
    assert events[-1]["scan"]["new"] == 5


def test_a_renamed_photo_keeps_its_face(own: Own):
    folder, cli = own("*person1*")
    cli("scan")
    before = {r["face_id"]: Path(r["photo"]).name for r in cli("faces", "list")["faces"]}
    (folder / "deep").mkdir()
    (folder / "sample-person1-1999.jpg").rename(folder / "deep" / "renamed.jpg")
    report = cli("scan")["scan"]
    assert (report["moved"], report["new"], report["missing"]) == (1, 0, 0)
    after = {r["face_id"]: Path(r["photo"]).name for r in cli("faces", "list")["faces"]}
    assert set(after) == set(before)
    assert "renamed.jpg" in after.values()


def test_a_backup_that_cannot_be_made_is_said_and_costs_nothing_else(own: Own):
    _, cli = own("*person1*")
    in_the_way = cli.home / "data" / "backups"
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("no folder")
    report = cli("scan", code=5)
    assert (report["people"], report["scan"]["new"]) == (1, 5)
    assert "there is no backup of today" in report["scan"]["problems"][0]
    in_the_way.unlink()
    assert cli("scan")["scan"]["problems"] == []
    assert len(list(in_the_way.glob("gallery-*.db"))) == 1


def test_unmounted_folder_is_offline_and_loses_nothing(own: Own):
    folder, cli = own("*person1*")
    cli("scan")
    faces = cli("faces", "list")["faces"]
    away = folder.with_name("away")
    folder.rename(away)
    report = cli("scan", code=5)
    assert "cannot be opened" in report["scan"]["offline"][0]
    assert cli("faces", "list")["faces"] == faces
    assert cli("library", "list")["roots"][0]["online"] is False
    folder.mkdir()  # the mount point without its drive
    assert "is empty" in cli("scan", code=5)["scan"]["offline"][0]
    folder.rmdir()
    away.rename(folder)
    cli("scan")
    assert cli("faces", "list")["faces"] == faces
    assert cli("library", "list")["roots"][0]["online"] is True


def test_half_empty_folder_marks_nothing_until_told(own: Own):
    folder, cli = own("*person*")
    cli("scan")
    for photo in sorted(folder.glob("*person[1-3]*")):
        photo.unlink()
    report = cli("scan", code=5)
    assert report["scan"]["missing"] == 0
    assert "at once" in report["scan"]["problems"][0]
    assert cli("scan", "--accept-missing")["scan"]["missing"] == 15


def test_deleted_photo_is_missing_and_comes_back_with_its_name(own: Own):
    folder, cli = own("*person1*")
    cli("scan")
    [person] = cli("people", "list")["people"]
    cli("people", "name", person["person_id"], "Ada")
    photo = folder / "sample-person1-2001.jpg"
    kept = photo.with_suffix(".kept")
    photo.rename(kept)
    assert cli("scan")["scan"]["missing"] == 1
    kept.rename(photo)
    assert cli("scan")["scan"]["back"] == 1
    assert cli("people", "show", "Ada")["person"]["faces"] == 5


def test_bad_files_are_listed_by_doctor_and_stop_nothing(own: Own):
    folder, cli = own("*person1*")
    good = (folder / "sample-person1-1999.jpg").read_bytes()
    (folder / "truncated.jpg").write_bytes(good[: len(good) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "letter.jpg").write_text("Dear all")
    shutil.copy(folder / "sample-person1-2000.jpg", folder / "really-a-jpeg.png")
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(folder / "black.png")
    report = cli("scan")["scan"]
    assert {Path(p).name for p in report["failed"]} == {"truncated.jpg", "empty.png", "letter.jpg"}
    assert report["new"] == 7
    bad = [c["message"] for c in cli("doctor", code=5)["checks"] if not c["ok"]]
    assert len(bad) == 3
    assert all(any(name in m for m in bad) for name in ("truncated.jpg", "empty.png", "letter.jpg"))
    assert cli("scan")["scan"]["unchanged"] == 10, "failed files are not read again"
    assert len(cli("scan", "--retry-failed")["scan"]["failed"]) == 3


def test_two_scans_at_once_the_second_waits_its_turn_and_shows_how_far_the_first_is(library: Library):
    command = [sys.executable, "-m", "plugin", "--home", str(library.home), "scan", "--jsonl"]
    with Gallery.open(library.home / "data" / "gallery.db") as gallery, FileLock(library.home / "data" / "scan.lock"):
        with gallery.begin() as tx:  # as a service that scans tells it
            enqueue_changes(tx, 1, ["a.jpg"])
            job = tx.jobs.claim(time.time(), 1000.0)
            assert job is not None
            tx.jobs.heartbeat(job, time.time(), 1000.0, {"done": 2, "total": 9, "text": "b.jpg"})
        scan = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert scan.stdout is not None
        shown = [json.loads(scan.stdout.readline()) for _ in range(2)]
        assert [(e["done"], e["total"]) for e in shown] == [(1, 9), (2, 9)]
        assert scan.poll() is None, "it waits"
    out, err = scan.communicate()
    assert scan.returncode == 0
    assert "the service scans already" in err
    assert json.loads(out)["scan"]["unchanged"] > 0


def test_our_own_state_never_lies_inside_the_library(tmp_path: Path, cli: Cli):
    inside = Cli(tmp_path / "photos" / "home", cli.capture)
    (tmp_path / "photos").mkdir()
    assert "outside your photos" in inside("library", "add", tmp_path / "photos", code=2)["error"]["message"]


def test_kill_minus_nine_loses_and_doubles_nothing(own: Own):
    """Killed again and again at arbitrary moments, the gallery ends as if scanned once."""
    folder, cli = own()
    command = [sys.executable, "-m", "plugin", "--home", str(cli.home), "--quiet", "scan"]
    for delay in (1.2, 1.8, 2.4):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert cli("doctor")["checks"][0]["ok"], "the database is damaged"
    cli("scan")
    rows = cli("faces", "list")["faces"]
    assert len({(r["photo"], tuple(r["bbox"])) for r in rows}) == len(rows)
    assert len({r["photo"] for r in rows}) == 31
    fresh = Cli(cli.home.with_name("fresh"), cli.capture)
    fresh("library", "add", folder)
    fresh("scan")
    assert people(cli) == people(fresh)


def test_photos_indexed_before_are_looked_at_by_the_next_scan(own: Own):
    folder, cli = own("*person1*.jpg")
    cli("scan")
    with Gallery.open(cli.home / "data" / "gallery.db") as gallery:
        with gallery.begin(write=False) as tx:
            before = {p.id: p.perceptual_hash for p in tx.photos.find()}
        assert {len(look or b"") for look in before.values()} == {48}
        with closing(sqlite3.connect(gallery.path)) as c:
            c.execute("update photo set perceptual_hash = null")
            c.commit()
        (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff" + bytes(100))
        cli("scan")
        with gallery.begin(write=False) as tx:
            after = tx.photos.pictures(before)
    assert after.photo_ids.tolist() == sorted(before)
    assert all(int(i) in after.like(before[int(i)], None) for i in after.photo_ids)
