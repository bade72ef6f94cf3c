"""Names out and in again: sidecars on a disk, in step with a gallery."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery_db import Gallery
from gallery_db.records import FaceFilter
from iconface_core.grouping import Background, Cluster, Grouping
from iconface_core.images.date_span import years_span
from iconface_core.images.provenance import is_restored_output
from iconface_core.types import BBox
from plugin.exporters.sidecars import export_sidecars
from plugin.name_sources.metadata import Metadata
from plugin.people.importing import ImportDone, find_names, import_names
from tests.gallery_db.factories import DIM, found
from tests.support.library import tree_hash
from tests.support.xmp_people import jpeg, microsoft, mwg, packet, words

# Photos here are 40 x 30 as stored; places are cells of a grid, so that faces are apart as faces are.
CELLS = [(i, j) for i in range(3) for j in range(3)]
Places = Sequence[tuple[tuple[int, int], str]]


def box(cell: tuple[int, int], width: int, height: int) -> BBox:
    x, y = cell[0] * width / 3, cell[1] * height / 3
    return BBox(x + 1, y + 1, x + width / 3 - 1, y + height / 3 - 1)


def put(gallery: Gallery, path: Path, places: Places, orientation: int = 1) -> list[int]:
    """A photo whose faces were found at these places, named where a name is given."""
    width, height = (30, 40) if orientation >= 5 else (40, 30)
    with gallery.begin() as tx:
        photo = tx.photos.upsert(str(path), f"hash of {path}", width=width, height=height).id
        faces = [found(seed=i, box=box(cell, width, height)) for i, (cell, _) in enumerate(places)]
        ids = [f.id for f in tx.faces.replace_for_photo(photo, faces).stored]
        for face_id, (_, name) in zip(ids, places, strict=True):
            same = tx.people.by_name(name)
            if same:
                tx.decisions.assign([face_id], same[0].id)
            elif name:
                tx.decisions.assign_new([face_id], name)
    return ids


def names_of(gallery: Gallery) -> list[tuple[str, BBox, str | None]]:
    with gallery.begin(write=False) as tx:
        return [(f.photo, f.bbox, f.person_name) for f in tx.faces.find(FaceFilter())]


def come_in(gallery: Gallery) -> ImportDone:
    return import_names(gallery, find_names(gallery, Metadata()))


letters = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"])
names = st.text(letters, min_size=1, max_size=12).map(lambda s: normalize("NFC", s).strip())
names = names.filter(lambda n: bool(n) and not n.isdecimal() and normalize("NFC", n) == n)
named_places = st.dictionaries(st.sampled_from(CELLS), names, max_size=4).map(lambda d: sorted(d.items()))


@settings(max_examples=10)
@given(photos=st.lists(st.tuples(st.integers(1, 8), named_places), min_size=1, max_size=3))
def test_what_goes_out_comes_in_again(
    photos: list[tuple[int, Places]], tmp_path_factory: pytest.TempPathFactory, empty_gallery: Path
):
    folder = tmp_path_factory.mktemp("round-trip")
    first, second = (Gallery.open(Path(shutil.copy(empty_gallery, folder / n))) for n in ("a.db", "b.db"))
    with first, second:
        for i, (orientation, places) in enumerate(photos):
            path = jpeg(folder / f"{i}.jpg", orientation=orientation)
            put(first, path, places, orientation)
            put(second, path, [(cell, "") for cell, _ in places], orientation)
        assert export_sidecars(first).problems == []
        assert come_in(second).plan.conflicts == ()
        assert names_of(second) == names_of(first)
        assert come_in(second).decision is None
        again = export_sidecars(second)
        assert (again.new, again.changed, again.removed) == ([], [], [])


@pytest.fixture
def anna(gallery: Gallery, tmp_path: Path) -> Path:
    """A photo of Anna and Ben."""
    photo = jpeg(tmp_path / "photos" / "a.jpg")
    put(gallery, photo, [((0, 0), "Anna"), ((1, 1), "Ben")])
    return photo


def test_photos_stay_as_they_are_and_new_sidecars_lie_beside_them(gallery: Gallery, anna: Path):
    before = anna.read_bytes(), anna.stat().st_mtime_ns
    nobody = jpeg(anna.with_name("nobody.jpg"))
    put(gallery, nobody, [((0, 0), "")])
    tried = export_sidecars(gallery, dry_run=True)
    assert [p.name for p in tried.new] == ["a.jpg.xmp"]
    assert sorted(p.name for p in anna.parent.iterdir()) == ["a.jpg", "nobody.jpg"]
    assert export_sidecars(gallery).new == tried.new
    assert sorted(p.name for p in anna.parent.iterdir()) == ["a.jpg", "a.jpg.xmp", "nobody.jpg"]
    assert (anna.read_bytes(), anna.stat().st_mtime_ns) == before
    assert not is_restored_output(tried.new[0])
    written = tree_hash(anna.parent)
    assert export_sidecars(gallery).unchanged == 1
    assert tree_hash(anna.parent) == written


def test_sidecars_follow_renames_merges_and_undo_and_keep_what_others_wrote(gallery: Gallery, anna: Path):
    others = packet(words("digiKam:TagsList", "Places/Rome"), mwg([("Rex", (0.8, 0.8, 0.1, 0.1))], kind="Pet"))
    sidecar = anna.with_name("a.xmp")
    sidecar.write_bytes(others)
    sidecar.chmod(0o640)
    assert export_sidecars(gallery).changed == [sidecar]
    first = sidecar.read_bytes()
    assert b"People/Anna" in first
    with gallery.begin() as tx:
        tx.decisions.name(1, "Anna Maria")
    export_sidecars(gallery)
    assert b"People/Anna<" not in sidecar.read_bytes()
    assert sidecar.read_bytes().count(b"Anna Maria") == 6  # two regions, two keywords, and twice that they are ours
    with gallery.begin() as tx:
        tx.decisions.merge(2, [1])
    export_sidecars(gallery)
    assert b"Anna" not in sidecar.read_bytes()
    with gallery.begin() as tx:
        tx.decisions.undo()
        tx.decisions.undo()
    export_sidecars(gallery)
    assert sidecar.read_bytes() == first
    with gallery.begin() as tx:
        tx.decisions.hide(1)
        tx.decisions.name(2, None)
    assert export_sidecars(gallery).changed == [sidecar]
    assert sidecar.read_bytes() == others
    assert sidecar.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in anna.parent.iterdir() if p.suffix == ".unfinished"] == []


def test_a_sidecar_of_ours_goes_with_the_last_name(gallery: Gallery, anna: Path):
    [sidecar] = export_sidecars(gallery).new
    with gallery.begin() as tx:
        for person in (1, 2):
            tx.decisions.name(person, None)
    assert export_sidecars(gallery, dry_run=True).removed == [sidecar]
    assert sidecar.exists()
    assert export_sidecars(gallery).removed == [sidecar]
    assert not sidecar.exists()


def test_what_another_program_says_otherwise_is_left_and_told(gallery: Gallery, anna: Path):
    eve = box((0, 0), 40, 30)
    share = (eve.x1 / 40, eve.y1 / 30, eve.width / 40, eve.height / 30)
    anna.with_name("a.jpg.xmp").write_bytes(packet(microsoft([("Eve", share)])))
    done = export_sidecars(gallery)
    assert done.differing == [(anna, "Anna")]
    assert [n.name for n in find_names(gallery, Metadata()).named if n.region] == ["Ben", "Eve", "Ben"]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda p: p.write_bytes(b"<x:xmpmeta half"), "damaged"),
        (lambda p: p.mkdir(), "cannot be opened"),
        (lambda p: p.write_bytes(packet(words("dc:x", "y" * 2_100_000))), "too long"),
    ],
)
def test_a_sidecar_that_cannot_be_read_is_never_replaced(
    gallery: Gallery, anna: Path, spoil: Callable[[Path], object], why: str
):
    spoil(anna.with_name("a.jpg.xmp"))
    before = tree_hash(anna.parent)
    [(photo, problem)] = export_sidecars(gallery).problems
    assert photo == anna
    assert why in problem
    assert tree_hash(anna.parent) == before


def test_a_photo_that_is_away_is_told_and_holds_nothing_up(gallery: Gallery, anna: Path):
    gone = anna.with_name("gone.jpg")
    put(gallery, gone, [((0, 0), "Anna")])
    done = export_sidecars(gallery)
    assert [p.name for p in done.new] == ["a.jpg.xmp"]
    assert [p for p, _ in done.problems] == [gone]


def test_what_a_killed_export_left_is_swept_and_nothing_else(gallery: Gallery, anna: Path):
    (anna.parent / "a.jpg.xmp.999999.unfinished").write_bytes(b"half")
    (anna.parent / "mine.999999.unfinished").write_bytes(b"not ours to say")
    export_sidecars(gallery)
    assert sorted(p.name for p in anna.parent.iterdir()) == ["a.jpg", "a.jpg.xmp", "mine.999999.unfinished"]


def test_dates_that_a_person_said_come_and_go_beside_the_names(gallery: Gallery, anna: Path):
    export_sidecars(gallery)
    sidecar = anna.with_name("a.jpg.xmp")
    named = sidecar.read_bytes()
    with gallery.begin() as tx:
        [photo] = [p for p in tx.photos.find() if p.path == str(anna)]
        gone = tx.photos.upsert(str(anna.with_name("gone.jpg")), "gone", width=40, height=30)
        tx.decisions.date_photos([photo.id, gone.id], years_span(1955, 1959))
    before = tree_hash(anna.parent)
    assert export_sidecars(gallery, dry_run=True).changed == [sidecar]
    assert tree_hash(anna.parent) == before
    done = export_sidecars(gallery)
    assert (done.changed, [p.name for p, _ in done.problems]) == ([sidecar], ["gone.jpg"])
    dated = sidecar.read_bytes()
    assert b"<photoshop:DateCreated" in dated
    assert b">1957<" in dated
    assert come_in(gallery).plan.conflicts == ()
    with gallery.begin() as tx:
        tx.decisions.undo()
    assert export_sidecars(gallery).changed == [sidecar]
    assert sidecar.read_bytes() == named


def test_only_what_somebody_confirmed_is_evidence_elsewhere(gallery: Gallery, anna: Path):
    with gallery.begin() as tx:
        [face] = tx.faces.find(FaceFilter(person_id=1))
        tx.decisions.unassign([face.id])
        clusters = (Cluster((face.id,), -1, 1),)
        grouping = Grouping(np.zeros(1, np.int64), clusters, (), (), Background.unknown(DIM))
        tx.faces.apply_grouping(np.array([face.id], np.int64), grouping)
        assert tx.faces.get(face.id).person_name == "Anna"
    export_sidecars(gallery)
    assert b">Anna<" in anna.with_name("a.jpg.xmp").read_bytes()
    assert {n.name for n in find_names(gallery, Metadata()).named} == {"Ben"}
