"""The watcher over real folders: whatever happens on disk, the gallery ends like the disk, and names are kept."""

import io
import os
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from plugin.reasons import LATER
from plugin.watching.events import FileChange
from plugin.watching.root_watch import WatchOptions
from tests.support.waiting import until

from .conftest import QUICK, Watched

OK = "indexed"


def picture(number: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 24), (number % 256, number // 256 % 256, 90)).save(out, "JPEG", comment=f"no. {number}")
    return out.getvalue()


def put(folder: Path, *names: str, start: int = 0) -> None:
    """Photos of distinct content."""
    for i, name in enumerate(names, start):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(i))


def hash_of(watched: Watched, name: str) -> str | None:
    """The content that the gallery knows of the photo at this path below the root."""
    with watched.app.gallery.begin(write=False) as tx:
        photo = tx.photos.by_path(str(watched.root / name))
    return None if photo is None else photo.content_hash


def all_paths(watched: Watched) -> list[str]:
    """Every path the queue was given since the first comparison."""
    return [str(Path(p).relative_to(watched.root)) for e in watched.told("changes") for p in e["paths"]]


def test_photos_that_were_there_and_photos_that_come(watched: Watched):
    put(watched.root, "old.jpg", "deep/er/old.jpg")
    watched.watch()
    watched.settle()
    assert watched.photos() == {"old.jpg": OK, "deep/er/old.jpg": OK}
    put(watched.root, "new.jpg", "made/at/once/a.jpg", "notes.txt", start=10)
    watched.settle()
    assert set(watched.photos()) == {"old.jpg", "deep/er/old.jpg", "new.jpg", "made/at/once/a.jpg"}
    assert "old.jpg" not in all_paths(watched), "only what changed is read"


def test_a_file_written_slowly_is_read_once_and_whole(watched: Watched):
    watched.watch()
    watched.settle()
    data = picture(1)
    with (watched.root / "slow.jpg").open("wb", buffering=0) as file:
        for i in range(0, len(data), 60):
            file.write(data[i : i + 60])
            watched.work()
    watched.settle()
    assert watched.photos() == {"slow.jpg": OK}
    assert all_paths(watched) == ["slow.jpg"]


def test_atomic_saves_moves_in_and_hard_links(watched: Watched, tmp_path: Path):
    watched.watch()
    watched.settle()
    put(tmp_path, "in.jpg", "linked.jpg")
    (tmp_path / "in.jpg").rename(watched.root / "in.jpg")
    (watched.root / "linked.jpg").hardlink_to(tmp_path / "linked.jpg")
    for version in range(3):
        (watched.root / ".a.jpg.tmp").write_bytes(picture(50 + version))
        (watched.root / ".a.jpg.tmp").replace(watched.root / "a.jpg")
    watched.settle()
    assert watched.photos() == {"in.jpg": OK, "linked.jpg": OK, "a.jpg": OK}
    assert all_paths(watched).count("a.jpg") == 1
    first = watched.ids()["a.jpg"]
    (watched.root / ".a.jpg.tmp").write_bytes(picture(60))
    (watched.root / ".a.jpg.tmp").replace(watched.root / "a.jpg")
    watched.settle()
    assert watched.ids()["a.jpg"] == first, "an edited photo is the same photo"


def test_renamed_and_moved_photos_stay_themselves(watched: Watched, tmp_path: Path):
    put(watched.root, "a.jpg", "d/b.jpg", "d/e/c.jpg", "f/x.jpg")
    watched.watch()
    watched.settle()
    before = watched.ids()
    (watched.root / "a.jpg").rename(watched.root / "f" / "a.jpg")
    (watched.root / "d").rename(watched.root / "f" / "g")
    watched.settle()
    assert set(watched.photos()) == {"f/a.jpg", "f/g/b.jpg", "f/g/e/c.jpg", "f/x.jpg"}
    assert watched.ids() == before
    assert sum(r.get("new", 0) for _, r in watched.results) == 4, "nothing was read anew"
    put(watched.root, "f/g/e/later.jpg", start=80)
    watched.settle()
    assert "f/g/e/later.jpg" in watched.photos(), "it is heard under its new name"


def test_a_tree_that_is_copied_in_and_a_file_made_anew(watched: Watched, tmp_path: Path):
    put(tmp_path, "tree/a.jpg", "tree/b/c/d.jpg", "tree/b/e.jpg", start=40)
    put(watched.root, "x.jpg")
    watched.watch()
    watched.settle()
    before = watched.ids()
    shutil.copytree(tmp_path / "tree", watched.root / "deep" / "er" / "tree")
    (watched.root / "x.jpg").unlink()
    put(watched.root, "x.jpg", start=1)
    watched.settle()
    assert set(watched.photos()) == {f"deep/er/tree/{p}" for p in ("a.jpg", "b/c/d.jpg", "b/e.jpg")} | {"x.jpg"}
    assert watched.ids()["x.jpg"] == before["x.jpg"]
    assert hash_of(watched, "x.jpg") == sha256(picture(1)).hexdigest()


def test_a_folder_that_goes_is_missing_and_comes_back_under_another_name(watched: Watched, tmp_path: Path):
    put(watched.root, "d/a.jpg", "d/e/b.jpg", "c.jpg")
    watched.watch()
    watched.settle()
    before = watched.ids()
    (watched.root / "d").rename(tmp_path / "away")
    watched.settle()
    assert watched.photos(missing=True) == {"d/a.jpg": "missing", "d/e/b.jpg": "missing", "c.jpg": OK}
    (tmp_path / "away" / "e" / "b.jpg").rename(tmp_path / "away" / "renamed.jpg")
    (tmp_path / "away").rename(watched.root / "back")
    watched.settle()
    assert set(watched.photos()) == {"back/a.jpg", "back/renamed.jpg", "c.jpg"}
    assert sorted(watched.ids().values()) == sorted(before.values())
    put(watched.root, "back/later.jpg", start=90)
    watched.settle()
    assert "back/later.jpg" in watched.photos(), "it is watched again"


def test_a_folder_that_was_away_is_heard_under_its_own_name(watched: Watched, tmp_path: Path):
    """watchdog 7.1 remembers the path that it had before it went, and renames it with its old parent."""
    put(watched.root, "parent/d/a.jpg")
    watched.watch()
    watched.settle()
    (watched.root / "parent" / "d").rename(tmp_path / "away")
    watched.settle()
    (tmp_path / "away").rename(watched.root / "back")
    watched.settle()
    (watched.root / "parent").rename(watched.root / "renamed")
    watched.settle()
    put(watched.root, "back/new.jpg", start=70)
    watched.settle()
    assert set(watched.photos()) == {"back/a.jpg", "back/new.jpg"}


def test_deleted_files_and_folders(watched: Watched):
    put(watched.root, "a.jpg", "b.jpg", "d/c.jpg", "d/e/f.jpg")
    watched.watch()
    watched.settle()
    (watched.root / "a.jpg").unlink()
    shutil.rmtree(watched.root / "d")
    watched.settle()
    assert watched.photos(missing=True) == {
        "a.jpg": "missing", "b.jpg": OK, "d/c.jpg": "missing", "d/e/f.jpg": "missing",
    }  # fmt: skip
    put(watched.root, "d/c.jpg", start=2)
    watched.settle()
    assert watched.photos()["d/c.jpg"] == OK


def test_a_photo_overwritten_by_another_keeps_both_identities(watched: Watched):
    put(watched.root, "a.jpg", "b.jpg")
    watched.watch()
    watched.settle()
    before = watched.ids()
    (watched.root / "a.jpg").replace(watched.root / "b.jpg")
    watched.settle()
    assert watched.ids() == {"b.jpg": before["a.jpg"]}


def test_touching_and_reading_wake_nobody(watched: Watched):
    put(watched.root, "a.jpg")
    watched.watch()
    watched.settle()
    seen = watched.watcher.status()["roots"][0]["seen"]
    for _ in range(3):
        (watched.root / "a.jpg").read_bytes()
        os.utime(watched.root / "a.jpg")
        (watched.root / "a.jpg").chmod(0o600)
    watched.settle()
    assert watched.watcher.status()["roots"][0]["seen"] == seen


def test_links_to_folders_are_not_followed(watched: Watched):
    put(watched.root, "d/a.jpg")
    watched.watch()
    watched.settle()
    (watched.root / "d" / "loop").symlink_to(watched.root)
    (watched.root / "loop.jpg").symlink_to(watched.root)
    (watched.root / "self.jpg").symlink_to("self.jpg")
    watched.settle()
    assert watched.photos() == {"d/a.jpg": OK}


def test_a_root_that_is_a_link_is_watched(tmp_path: Path, watched: Watched):
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    watched.app.roots.add(link)
    watched.watch()
    until(lambda: len(watched.told("events")) == 2)
    put(real, "a.jpg")
    watched.settle()
    with watched.app.gallery.begin(write=False) as tx:
        assert tx.photos.by_path(str(link / "a.jpg")) is not None


def test_ignored_things_make_no_jobs_and_ignore_files_take_effect(watched: Watched):
    put(watched.root, "a.jpg", "raw/b.jpg")
    watched.watch()
    watched.settle()
    put(watched.root, "@eaDir/x.jpg", ".trash/y.jpg", "z.jpg.part", start=10)
    watched.settle()
    assert all_paths(watched) == []
    (watched.root / ".iconfaceignore").write_text("raw/\n")
    watched.settle()
    assert watched.photos(missing=True) == {"a.jpg": OK, "raw/b.jpg": "missing"}
    (watched.root / ".iconfaceignore").unlink()
    watched.settle()
    assert watched.photos() == {"a.jpg": OK, "raw/b.jpg": OK}


def test_our_own_outputs_are_never_photos(watched: Watched):
    restored = watched.app.settings.folders.restored
    put(watched.root, "a.jpg")
    watched.watch()
    watched.settle()
    assert not restored.is_relative_to(watched.root)
    mark = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- https://iconface.invalid --></x:xmpmeta>'
    from iconface_core.images.provenance import NAMESPACE

    out = io.BytesIO()
    Image.new("RGB", (32, 24)).save(out, "JPEG", xmp=mark + NAMESPACE.encode())
    (watched.root / "a_restored.jpg").write_bytes(out.getvalue())
    watched.settle()
    assert watched.photos() == {"a.jpg": OK, "a_restored.jpg": "restored"}


def test_a_file_that_cannot_be_read_is_tried_again_and_then_given_up(watched: Watched):
    watched.watch()
    watched.settle()
    whole = picture(5)
    (watched.root / "half.jpg").write_bytes(whole[:400])
    watched.settle()
    assert watched.photos() == {"half.jpg": "failed"}
    with watched.app.gallery.begin(write=False) as tx:
        [again] = tx.jobs.find(kind="changes", states=("waiting",))
    assert (again.payload["tries"], again.payload["paths"]) == (1, [str(watched.root / "half.jpg")])
    assert again.run_after > again.created_at + 5
    (watched.root / "half.jpg").write_bytes(whole)
    watched.settle()
    assert watched.photos() == {"half.jpg": OK}
    from plugin.jobs.context import JobContext
    from plugin.jobs.registry import HANDLERS
    from plugin.watching.settle import RETRY_S

    (watched.root / "half.jpg").write_bytes(whole[:400])
    for tries in range(len(RETRY_S) + 1):
        HANDLERS["changes"].run(watched.app, {**again.payload, "tries": tries}, JobContext("watch"))
    with watched.app.gallery.begin(write=False) as tx:
        waiting = [j.payload.get("tries", 0) for j in tx.jobs.find(kind="changes", states=("waiting",))]
    assert max(waiting) == len(RETRY_S), "given up after the last"


def test_an_unplugged_root_is_offline_loses_nothing_and_comes_back(watched: Watched):
    put(watched.root, *[f"{i}.jpg" for i in range(12)])
    watched.watch()
    watched.settle()
    before = watched.ids()
    away = watched.root.with_name("away")
    watched.root.rename(away)
    until(lambda: watched.told("offline"))
    watched.work()
    watched.root.mkdir()  # the mount point without its drive
    watched.settle()
    assert watched.watcher.status()["roots"][0]["mode"] == "offline"
    assert set(watched.photos().values()) == {OK}
    (away / "new.jpg").write_bytes(picture(77))
    watched.root.rmdir()
    away.rename(watched.root)
    until(lambda: len(watched.told("events")) == 2)
    watched.settle()
    assert watched.ids() == before | {"new.jpg": watched.ids()["new.jpg"]}
    assert watched.app.roots.rows()[0]["online"] is True


def test_a_half_empty_root_is_offline_until_it_is_whole(watched: Watched, tmp_path: Path):
    put(watched.root, *[f"usb/{i}.jpg" for i in range(20)], *[f"{i}.jpg" for i in range(20)])
    watched.watch()
    watched.settle()
    watched.watcher.stop()
    (watched.root / "usb").rename(tmp_path / "unplugged")
    watched.watch()
    watched.settle()
    assert watched.app.roots.rows()[0]["online"] is False
    assert set(watched.photos().values()) == {OK}, "nothing was marked"
    watched.watcher.stop()
    (tmp_path / "unplugged").rename(watched.root / "usb")
    watched.watch()
    watched.settle()
    assert watched.app.roots.rows()[0]["online"] is True


def test_a_root_that_was_half_empty_is_looked_at_again_without_any_event(watched: Watched):
    """Mounting a drive below it makes none."""
    watched.watch(replace(QUICK, doubt_s=0.5))
    watched.settle()
    with watched.app.gallery.begin() as tx:
        tx.roots.set_online(1, False)
    until(lambda: watched.work() or watched.app.roots.rows()[0]["online"])
    assert "much of it was missing" in [e["reason"] for e in watched.told("reconcile")]
    until(lambda: watched.app.roots.rows()[0]["online"])


def test_lost_events_lead_to_a_rescan(watched: Watched):
    watched.watch()
    watched.settle()
    [root] = watched.watcher._roots.values()
    put(watched.root, "a.jpg")
    root._changes.put(FileChange("rescan", ""))
    watched.settle()
    assert [e["reason"] for e in watched.told("reconcile")] == ["start", "events were lost"]
    assert watched.photos() == {"a.jpg": OK}


def test_polling_sees_the_same(watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As on a network folder."""
    monkeypatch.setattr("plugin.watching.root_watch.no_events", lambda path: "nfs4 at /mnt: nobody tells")
    put(watched.root, "a.jpg", "d/b.jpg", "e/c.jpg")
    (watched.root / "d" / "loop").symlink_to(watched.root)
    watched.watch()
    watched.settle()
    before = watched.ids()
    assert watched.watcher.status()["roots"][0] | {"pending": 0, "seen": 0, "queued": 0} == {
        "root_id": 1,
        "path": str(watched.root),
        "mode": "polling",
        "reason": "nfs4 at /mnt: nobody tells",
        "pending": 0,
        "seen": 0,
        "queued": 0,
    }
    (watched.root / "a.jpg").rename(watched.root / "e" / "a.jpg")
    (watched.root / "d").rename(watched.root / "f")
    put(watched.root, "new.jpg", start=30)
    until(lambda: watched.work() or {"e/a.jpg", "f/b.jpg", "new.jpg"} <= set(watched.photos()))
    watched.settle()
    assert set(watched.photos()) == {"e/a.jpg", "f/b.jpg", "e/c.jpg", "new.jpg"}
    assert {k: v for k, v in watched.ids().items() if k != "new.jpg"} == before


def test_polling_sees_atomic_saves_and_files_made_anew(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    """As deleted and created, or only created: what is at the path decides."""
    monkeypatch.setattr("plugin.watching.root_watch.no_events", lambda path: "nfs4 at /mnt: nobody tells")
    put(watched.root, "saved.jpg", "anew.jpg")
    watched.watch()
    watched.settle()
    before = watched.ids()
    (watched.root / "saved.tmp").write_bytes(picture(10))
    (watched.root / "saved.tmp").replace(watched.root / "saved.jpg")
    (watched.root / "anew.jpg").unlink()
    put(watched.root, "anew.jpg", start=11)
    wanted = [sha256(picture(n)).hexdigest() for n in (10, 11)]
    until(lambda: watched.work() or [hash_of(watched, name) for name in ("saved.jpg", "anew.jpg")] == wanted)
    assert watched.ids() == before
    assert set(watched.photos(missing=True).values()) == {OK}


def test_roots_that_are_added_and_removed_are_followed(watched: Watched, tmp_path: Path):
    watched.watch()
    other = tmp_path / "other"
    put(other, "a.jpg")
    watched.app.roots.add(other)
    until(lambda: len(watched.told("events")) == 2)
    watched.settle()
    with watched.app.gallery.begin(write=False) as tx:
        assert tx.photos.by_path(str(other / "a.jpg")) is not None
        [_, root] = tx.roots.all()
    watched.app.roots.remove(root.id)
    until(lambda: len(watched.watcher.status()["roots"]) == 1)
    put(other, "b.jpg", start=9)
    assert watched.settle() == []


def test_what_happened_while_nobody_watched_is_found_at_the_next_start(watched: Watched):
    put(watched.root, "a.jpg", "b.jpg", "c.jpg")
    watched.watch()
    watched.settle()
    before = watched.ids()
    watched.watcher.stop()
    (watched.root / "a.jpg").rename(watched.root / "a2.jpg")
    (watched.root / "b.jpg").unlink()
    put(watched.root, "d.jpg", start=20)
    watched.watch()
    watched.settle()
    assert set(watched.photos()) == {"a2.jpg", "c.jpg", "d.jpg"}
    assert watched.ids()["a2.jpg"] == before["a.jpg"]


def test_many_events_become_one_job(watched: Watched):
    watched.watch()
    watched.settle()
    for i in range(200):
        (watched.root / f"{i}.jpg").write_bytes(picture(i))
        (watched.root / f"{i}.jpg").write_bytes(picture(i))
    until(lambda: sum(len(e["paths"]) for e in watched.told("changes")) == 200)
    with watched.app.gallery.begin(write=False) as tx:
        waiting = tx.jobs.find(kind="changes", states=("waiting",))
    assert [len(j.payload["paths"]) for j in waiting] == [200]


def test_the_nightly_job_is_enqueued_once_a_day(watched: Watched):
    watched.watch(nightly_hour=0)
    until(lambda: any(j.kind == "nightly" for j, _ in watched.results) or watched.work() is None)
    watched.settle()
    assert [j.kind for j, _ in watched.results].count("nightly") == 1
    watched.watcher.stop()
    watched.watch(nightly_hour=0)
    watched.settle()
    assert [j.kind for j, _ in watched.results].count("nightly") == 1


def test_a_busy_scan_postpones_the_job(watched: Watched):
    from filelock import FileLock

    watched.watch()
    watched.settle()
    put(watched.root, "a.jpg")
    with FileLock(watched.app.settings.folders.data / "scan.lock"):
        results = watched.settle()
    assert results[-1]["text"]["code"] == LATER
    with watched.app.gallery.begin(write=False) as tx:
        [again] = tx.jobs.find(kind="changes", states=("waiting",))
    assert again.payload["paths"] == [str(watched.root / "a.jpg")]


def test_the_options_are_in_seconds():
    assert QUICK.quiet_s < WatchOptions().quiet_s == 2.0
    assert WatchOptions().network_quiet_s == 30.0
