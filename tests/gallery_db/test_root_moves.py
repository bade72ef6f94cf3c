"""A folder that lies elsewhere now."""

from pathlib import Path

import pytest

from gallery_db import GalleryError, UnknownIdError
from gallery_db.gallery import Tx
from gallery_db.records import AtStake

from .factories import found, photo, restored

NEW = Path("/mnt/new/Photos")


def face_of(tx: Tx, name: str, root_id: int, seed: int = 1) -> int:
    p = photo(tx, name, root_id=root_id)
    return tx.faces.replace_for_photo(p, [found(0, seed)]).stored[0].id


def test_photos_copies_and_decisions_go_with_the_folder(tx: Tx):
    lib = tx.roots.add(Path("/lib")).id
    f = face_of(tx, "2019/Maí/a.jpg", lib)
    ada = tx.decisions.create_person("Ada").person_id
    tx.decisions.assign([f], ada)
    made = restored(
        tx, photo="/lib/2019/Maí/a.jpg", input_sha256="i", output="/lib/2019/Maí/a_r.jpg", output_sha256="o"
    ).id
    other = restored(tx, photo="/library/b.jpg", input_sha256="j", output="/out/b.jpg", output_sha256="p").id
    tx.roots.set_online(lib, False)
    assert tx.roots.move(lib, NEW) == 1
    face = tx.faces.get(f)
    assert (face.photo, face.person_id, face.confirmed) == (f"{NEW}/2019/Maí/a.jpg", ada, True)
    assert (tx.roots.get(lib).path, tx.roots.get(lib).online) == (str(NEW), True)
    record = tx.restorations.get(made)
    assert (record.photo, record.output) == (f"{NEW}/2019/Maí/a.jpg", f"{NEW}/2019/Maí/a_r.jpg")
    assert tx.restorations.get(other).photo == "/library/b.jpg", "its name only begins alike"


@pytest.mark.parametrize("new", ["/lib/deeper", "/", "/li"])
def test_into_itself_and_out_again(tx: Tx, new: str):
    lib = tx.roots.add(Path("/lib")).id
    for name in ("a.jpg", "deeper/a.jpg", "deeper/deeper/a.jpg"):
        photo(tx, name, root_id=lib)
    before = set(tx.photos.known(lib))
    tx.roots.move(lib, Path(new))
    assert set(tx.photos.known(lib)) == {p.replace("/lib", new.rstrip("/"), 1) for p in before}
    tx.roots.move(lib, Path("/lib"))
    assert set(tx.photos.known(lib)) == before


def test_a_folder_that_was_scanned_there_already_becomes_one_with_it(tx: Tx):
    old, new = tx.roots.add(Path("/lib")).id, tx.roots.add(NEW).id
    decided = face_of(tx, "a.jpg", old, 1)
    face_of(tx, "b.jpg", old, 2)
    both = face_of(tx, "c.jpg", old, 3)
    ada = tx.decisions.create_person("Ada").person_id
    tx.decisions.assign([decided, both], ada)
    again = {}
    for seed, name in enumerate("abcd", 1):
        p = tx.photos.upsert(f"{NEW}/{name}.jpg", f"hash-{name}.jpg", root_id=new).id
        again[name] = tx.faces.replace_for_photo(p, [found(0, seed)]).stored[0].id
    tx.decisions.assign([again["b"], again["c"]], ada)
    tx.roots.move(old, NEW)
    assert [r.id for r in tx.roots.all()] == [old]
    here = {Path(p).name: s for p, s in tx.photos.known(old).items()}
    assert {n for n, s in here.items() if s.state == "indexed"} == {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}
    confirmed = {f.id for f in tx.faces.by_ids([decided, both, *again.values()]) if f.confirmed}
    assert confirmed == {decided, both, again["b"], again["c"]}, "no word of anybody is lost"
    assert tx.faces.get(again["c"]).photo_state == "missing"


def test_a_third_root_stands_in_the_way(tx: Tx):
    lib = tx.roots.add(Path("/lib")).id
    tx.roots.add(Path("/mnt/new"))
    with pytest.raises(GalleryError, match="inside each other"):
        tx.roots.move(lib, NEW)
    with pytest.raises(UnknownIdError):
        tx.roots.move(9, NEW)


def test_what_would_go_with_a_folder(tx: Tx):
    lib, other = tx.roots.add(Path("/lib")).id, tx.roots.add(NEW).id
    assert tx.roots.at_stake(lib) == AtStake()
    f, g, h = (face_of(tx, f"{n}.jpg", lib, n) for n in (1, 2, 3))
    p = tx.photos.upsert(f"{NEW}/x.jpg", "x", root_id=other).id
    elsewhere = tx.faces.replace_for_photo(p, [found()]).stored[0].id
    ada, bea = (tx.decisions.create_person(n).person_id for n in ("Ada", "Bea"))
    tx.decisions.assign([f], ada)
    tx.decisions.assign([elsewhere, g], bea)
    tx.decisions.reject([h], ada)
    tx.decisions.ignore_faces([h])
    tx.decisions.add_face(1, type(tx.faces.get(f).bbox)(0, 50, 10, 60))
    assert tx.roots.at_stake(lib) == AtStake(confirmed=2, rejected=1, ignored=1, drawn=1, only_here=("Ada",))
    assert tx.roots.at_stake(other) == AtStake(confirmed=1)
    with pytest.raises(UnknownIdError):
        tx.roots.at_stake(9)
