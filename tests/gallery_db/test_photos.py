from pathlib import Path

import pytest

from gallery_db import GalleryError, UnknownIdError
from gallery_db.records import RootTally
from iconface_core.reasons import LEGACY

from .factories import E, found, photo, put


def test_roots(tx):
    pictures = tx.roots.add(Path("/home/ada/Pictures"), device=7)
    assert tx.roots.add(Path("/home/ada/Pictures")) == pictures
    for nested in ("/home/ada", "/home/ada/Pictures/2001"):
        with pytest.raises(GalleryError, match="inside each other"):
            tx.roots.add(Path(nested))
    with pytest.raises(GalleryError, match="absolute"):
        tx.roots.add(Path("Pictures"))
    other = tx.roots.add(Path("/home/ada/Pictures2"))
    assert tx.roots.containing(Path("/home/ada/Pictures2/x.jpg")) == other
    assert tx.roots.containing(Path("/elsewhere/x.jpg")) is None
    tx.roots.mark_scanned(pictures.id)
    assert tx.roots.get(pictures.id).last_scan_at is not None
    with pytest.raises(UnknownIdError):
        tx.roots.get(99)


def test_tallies(tx):
    root, other = tx.roots.add(Path("/lib")).id, tx.roots.add(Path("/empty")).id
    first = tx.photos.upsert("/lib/a.jpg", "a", root_id=root, width=100, height=100).id
    tx.faces.replace_for_photo(first, [found(0, 1), found(100, 2), found(200, 3)])
    tx.decisions.ignore_faces([tx.faces.last_id()])
    tx.photos.upsert("/lib/b.jpg", "b", root_id=root)
    tx.photos.mark_missing([tx.photos.upsert("/lib/c.jpg", "c", root_id=root).id])
    tx.photos.mark_failed("/lib/d.jpg", LEGACY(text="broken"), root_id=root)
    tx.photos.mark_restored("/lib/e.jpg", "e", root_id=root)
    assert tx.roots.tallies() == {root: RootTally(photos=2, faces=2, unreadable=1, missing=1, restored=1)}
    assert other not in tx.roots.tallies()
    second = tx.photos.upsert("/empty/f.jpg", "f", root_id=other).id
    by_hand = tx.photos.upsert("/elsewhere/g.jpg", "g").id
    for photo_id, n in ((second, 1), (by_hand, 3)):
        tx.faces.replace_for_photo(photo_id, [found(100 * i, 10 * n + i) for i in range(n)])
    assert {i: (t.photos, t.faces) for i, t in tx.roots.tallies().items()} == {root: (2, 2), other: (1, 1)}
    assert tx.photos.counts() == {"indexed": 4, "missing": 1, "failed": 1, "restored": 1}
    assert [p.path for p in tx.photos.find(states=("failed", "missing"))] == ["/lib/c.jpg", "/lib/d.jpg"]


def test_counts_of_people(tx):
    first, second, *_ = put(tx, "a", 1, 2, 3)
    tx.decisions.create_person("Ada")
    unnamed = tx.decisions.create_person().person_id
    tx.decisions.assign([first], unnamed)
    tx.decisions.create_person()  # without a face: nobody to see
    stranger = tx.decisions.create_person("Ticket seller").person_id
    tx.decisions.assign([second], stranger)
    tx.decisions.ignore(stranger)
    assert tx.people.counts() == (1, 1)


def test_an_offline_root_loses_nothing(tx):
    root = tx.roots.add(Path("/lib"), device=7)
    p = photo(tx, "a", root_id=root.id)
    tx.faces.replace_for_photo(p, [found()])
    tx.roots.set_online(root.id, False)
    assert (tx.roots.get(root.id).online, tx.roots.get(root.id).device) == (False, 7)
    assert tx.faces.count() == 1
    tx.roots.set_online(root.id, True, device=8)
    assert tx.roots.get(root.id).device == 8


def test_removing_a_root_takes_its_photos_and_vectors_along(tx):
    root = tx.roots.add(Path("/lib"))
    tx.faces.replace_for_photo(photo(tx, "a", root_id=root.id), [found()])
    put(tx, "outside")
    assert tx.roots.remove(root.id) == 1
    assert [p.path for p in tx.photos.find()] == ["/lib/outside"]
    assert len(tx.faces.matrix(E)) == 1


def test_the_same_path_keeps_its_row(tx):
    p = photo(tx, "a", size=5)
    tx.faces.replace_for_photo(p, [found()])
    assert photo(tx, "a", content_hash="edited", size=6) == p
    assert (tx.photos.get(p).content_hash, tx.faces.count()) == ("edited", 1)


def test_failures_count_until_the_file_changes(tx):
    for attempts in (1, 2, 3):
        r = tx.photos.mark_failed("/lib/bad.jpg", LEGACY(text="truncated"), size=9, mtime_ns=1)
        assert (r.state, r.attempts, r.reason) == ("failed", attempts, LEGACY(text="truncated"))
    assert tx.photos.mark_failed("/lib/bad.jpg", LEGACY(text="truncated"), size=10, mtime_ns=1).attempts == 1
    assert tx.photos.upsert("/lib/bad.jpg", "h").attempts == 0
    assert tx.photos.get(r.id).reason is None


def test_a_damaged_photo_keeps_its_people(tx):
    [f] = put(tx, "a")
    tx.photos.mark_failed("/lib/a", LEGACY(text="truncated"))
    assert tx.faces.get(f).photo_state == "failed"


def test_missing_and_back(tx):
    [f] = put(tx, "a")
    bad = tx.photos.mark_failed("/lib/bad", LEGACY(text="?")).id
    known = tx.photos.mark_failed("/lib/known", LEGACY(text="?"), size=1, mtime_ns=5).id
    tx.faces.replace_for_photo(known, [found()])
    ours = tx.photos.mark_restored("/lib/out", "o").id
    a = tx.faces.get(f).photo_id
    assert tx.photos.mark_missing([a, bad, known, ours]) == 3
    assert {p.path: p.state for p in tx.photos.find()} == {
        "/lib/a": "missing",
        "/lib/known": "missing",
        "/lib/out": "restored",
    }
    assert tx.photos.known()["/lib/known"].mtime_ns == 0  # read again when it is back
    assert tx.photos.mark_present([a, ours]) == 1
    assert (tx.photos.get(a).state, tx.photos.get(ours).state) == ("indexed", "restored")
    assert tx.photos.counts() == {"indexed": 1, "failed": 0, "missing": 1, "restored": 1}


def test_a_move_keeps_everything(tx):
    [f] = put(tx, "a")
    ada = tx.decisions.create_person("Ada").person_id
    tx.decisions.assign([f], ada)
    p = tx.faces.get(f).photo_id
    tx.photos.mark_missing([p])
    photo(tx, "b", content_hash="hash-a")  # the scan may have seen the new path already
    moved = tx.photos.move(p, "/lib/b", root_id=None, size=1, mtime_ns=2, inode=3)
    assert (moved.id, moved.path, moved.state, moved.inode) == (p, "/lib/b", "indexed", 3)
    assert tx.faces.get(f).person_name == "Ada"
    with pytest.raises(UnknownIdError):
        tx.photos.move(99, "/x", root_id=None, size=1, mtime_ns=2, inode=3)


def test_a_move_onto_a_photo_with_faces_loses_neither(tx):
    [mine], [other] = put(tx, "a"), put(tx, "b")
    p, overwritten = tx.faces.get(mine).photo_id, tx.faces.get(other).photo_id
    tx.photos.move(p, "/lib/b", root_id=None, size=1, mtime_ns=2, inode=3)
    assert tx.faces.get(mine).photo == "/lib/b"
    kept = tx.photos.get(overwritten)
    assert (kept.state, tx.faces.get(other).photo_id) == ("missing", overwritten)
    assert tx.photos.by_hash("hash-b") == [kept], "found again when its content is"


def test_two_photos_may_change_places(tx):
    (mine,), (other,) = put(tx, "a"), put(tx, "b")
    one, two = tx.faces.get(mine).photo_id, tx.faces.get(other).photo_id
    without_faces = photo(tx, "c")
    for photo_id, path in ((one, "/lib/b"), (two, "/lib/c"), (without_faces, "/lib/a")):
        tx.photos.move(photo_id, path, root_id=None, size=1, mtime_ns=2, inode=3)
    assert {p.path: (p.id, p.state) for p in tx.photos.find()} == {
        "/lib/a": (without_faces, "indexed"),
        "/lib/b": (one, "indexed"),
        "/lib/c": (two, "indexed"),
    }


def test_restorations_follow_the_photo_and_no_other(tx):
    [mine], [other] = put(tx, "a"), put(tx, "b")
    one, two = tx.faces.get(mine).photo_id, tx.faces.get(other).photo_id

    def restored(path: str, digest: str, face: int | None) -> int:
        return tx.restorations.add(
            photo=path, input_sha256=digest, face_id=face, restorer="r", weights_sha256="w", options={}, seed=1,
            verdict="pass", state="done",
        ).id  # fmt: skip

    of_a = restored("/lib/a", "hash-a", None)
    of_a_before_it_was_edited = restored("/lib/a", "older", mine)
    of_b = restored("/lib/b", "hash-b", other)
    of_what_was_at_a_once = restored("/lib/a", "else", None)
    swapped = ((one, "/lib/b"), (two, "/lib/a"))
    for photo_id, path in swapped:
        tx.photos.move(photo_id, path, root_id=None, size=1, mtime_ns=2, inode=3)
    ids = (of_a, of_a_before_it_was_edited, of_b, of_what_was_at_a_once)
    assert [tx.restorations.get(i).photo for i in ids] == ["/lib/b", "/lib/b", "/lib/a", "/lib/a"]
    assert [r.id for r in tx.restorations.history(photo="/lib/b")] == [of_a_before_it_was_edited, of_a]


def test_an_unread_photo_keeps_what_was_read_last(tx):
    p = photo(tx, "a")
    tx.photos.mark_failed("/lib/a", LEGACY(text="input/output error"), content_hash=None)
    assert tx.photos.mark_missing([p]) == 1
    assert [r.id for r in tx.photos.by_hash("hash-a")] == [p], "it is itself again where that is found"


def test_known_at_takes_exact_paths_and_whole_folders(tx):
    for name in ["d/a", "d/e/b", "d0/c", "d-/c", "d", "x%/y", "x_/y"]:
        photo(tx, name)
    assert set(tx.photos.known_at(["/lib/d0/c", "/lib/nope"])) == {"/lib/d0/c"}
    assert set(tx.photos.known_at([], ["/lib/d"])) == {"/lib/d/a", "/lib/d/e/b"}
    assert set(tx.photos.known_at(["/lib/d"], ["/lib/x%"])) == {"/lib/d", "/lib/x%/y"}


def test_photos_are_found_by_inode_but_never_by_none(tx):
    a, b = photo(tx, "a", inode=7), photo(tx, "b", inode=0)
    assert [r.id for r in tx.photos.with_inodes([7, 0, 8])] == [a]
    assert b


def test_restored_photos_are_no_evidence(tx):
    put(tx, "a")
    tx.photos.mark_restored("/lib/a", "o")
    assert (tx.faces.count(), len(tx.faces.matrix(E))) == (0, 0)


def test_known_is_what_a_scan_compares(tx):
    root = tx.roots.add(Path("/lib"))
    p = photo(tx, "a", root_id=root.id, size=1, mtime_ns=2, inode=3, detector="d")
    photo(tx, "b")
    [(path, stat)] = tx.photos.known(root.id).items()
    assert (path, stat.id, stat.size, stat.mtime_ns, stat.inode, stat.state) == ("/lib/a", p, 1, 2, 3, "indexed")
    assert (stat.content_hash, stat.detector) == ("hash-a", "d")
    assert len(tx.photos.known()) == 2
    assert [r.id for r in tx.photos.by_hash("hash-a")] == [p]
    assert [r.path for r in tx.photos.find(root_id=root.id, states=("indexed",))] == ["/lib/a"]


def test_odd_names(tx):
    name = "/lib/caf\udce9.jpg"  # what Python makes of a Latin-1 file name
    with pytest.raises(GalleryError, match="not valid UTF-8"):
        tx.photos.upsert(name, "h")
    assert tx.photos.mark_failed(name, LEGACY(text="name")).path == "/lib/caf\\udce9.jpg"
    assert tx.photos.upsert("/lib/ü '%_\n.jpg", "h").path == "/lib/ü '%_\n.jpg"


def test_looks_are_added_once_and_never_to_what_changed_meanwhile(tx):
    look, other = bytes(48), bytes([255] * 48)
    a, b, faceless = (tx.photos.upsert(f"/lib/{n}.jpg", n) for n in ("a", "b", "c"))
    for p in (a, b):
        tx.faces.replace_for_photo(p.id, [found(0)])
    away = tx.photos.upsert("/away/d.jpg", "d", root_id=tx.roots.add(Path("/away")).id)
    tx.faces.replace_for_photo(away.id, [found(0)])
    tx.roots.set_online(away.root_id, False)
    assert [p.id for p in tx.photos.without_look(9)] == [a.id, b.id]
    tx.photos.upsert(b.path, "edited", perceptual_hash=other)
    tx.photos.set_look([(a, look), (b, look)])
    assert tx.photos.without_look(9) == []
    pictures = tx.photos.pictures()
    assert pictures.photo_ids.tolist() == [a.id, b.id]
    assert pictures.like(other, None).tolist() == [b.id]
    tx.photos.set_look([(a, b"")])  # could not be read
    assert tx.photos.pictures().photo_ids.tolist() == [b.id]
    assert tx.photos.pictures([a.id, faceless.id]).photo_ids.tolist() == []
