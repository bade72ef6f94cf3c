"""Names in photos and sidecars, in every form and turn in which programs write them."""

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from iconface_core.extensions.exchange import NamedFace, UnreadFile
from iconface_core.images.regions import Box, read_people, read_regions, stored_box
from iconface_core.images.xmp import parse_packet
from plugin.name_sources.metadata import Metadata
from tests.support.narrow import present
from tests.support.xmp_people import acdsee, jpeg, microsoft, mwg, packet, words

ANNA: Box = (0.1, 0.2, 0.2, 0.3)
BEN: Box = (0.6, 0.5, 0.2, 0.25)


def names(*photos: Path) -> list[NamedFace]:
    found = list(Metadata().read(photos))
    assert not [f for f in found if isinstance(f, UnreadFile)]
    return [f for f in found if isinstance(f, NamedFace)]


def near(box: Iterable[float] | None) -> object:
    return pytest.approx(tuple(present(box)), abs=1e-6)


@pytest.mark.parametrize("list_of", ["Bag", "Seq"])
@pytest.mark.parametrize("nested", [False, True])
def test_regions_of_the_standard_in_both_lists_and_spellings(list_of: str, nested: bool):
    rdf = present(parse_packet(packet(mwg([("Anna", ANNA), (None, BEN)], list_of=list_of, nested=nested))))
    [region] = read_regions(rdf)  # iOS writes faces without a name: they say nothing
    assert (region.name, region.stored) == ("Anna", True)
    assert near(region.box) == ANNA


def test_regions_of_microsoft_and_acdsee_and_what_is_no_face():
    rdf = present(
        parse_packet(packet(microsoft([("Anna", ANNA)]), acdsee([("Ben", BEN)]), mwg([("Rex", BEN)], kind="Pet")))
    )
    assert [(r.name, r.stored) for r in read_regions(rdf)] == [("Anna", False), ("Ben", True)]
    denied = present(parse_packet(packet(acdsee([("Ben", BEN)], assigned="denied"))))
    assert read_regions(denied) == []


def test_people_without_a_place():
    rdf = present(
        parse_packet(
            packet(
                words("Iptc4xmpExt:PersonInImage", "Anna"),
                words("digiKam:TagsList", "People/Family/Ben", "Places/Rome", "People"),
                words("lr:hierarchicalSubject", "People|Family|Ben", "Cleo"),
            )
        )
    )
    assert read_people(rdf) == ["Anna", "Ben"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_and_both_habits(tmp_path: Path, orientation: int):
    """By the standard MWG measures the picture as stored. Whether a writer keeps to it, nothing says: both come out."""
    photo = jpeg(
        tmp_path / "a.jpg", orientation=orientation, xmp=packet(mwg([("Anna", stored_box(ANNA, orientation))]))
    )
    [anna] = names(photo)
    assert near(anna.region) == ANNA
    assert (anna.otherwise is None) == (orientation == 1)
    photo = jpeg(tmp_path / "b.jpg", orientation=orientation, xmp=packet(mwg([("Anna", ANNA)])))
    [anna] = names(photo)
    assert near(anna.otherwise or anna.region) == ANNA


@pytest.mark.parametrize("turned", [False, True])
def test_the_two_standards_side_by_side_say_which_habit_it_is(tmp_path: Path, turned: bool):
    regions = mwg([("Anna", ANNA if turned else stored_box(ANNA, 6)), ("Ben", BEN if turned else stored_box(BEN, 6))])
    photo = jpeg(tmp_path / "a.jpg", orientation=6, xmp=packet(regions, microsoft([("Anna", ANNA)])))
    found = names(photo)
    assert [(n.name, n.otherwise) for n in found] == [("Anna", None), ("Ben", None), ("Anna", None)]
    assert [near(n.region) == box for n, box in zip(found, (ANNA, BEN, ANNA), strict=True)] == [True] * 3


def test_sidecars_of_both_names_and_one_that_belongs_to_the_raw_beside_it(tmp_path: Path):
    photo = jpeg(tmp_path / "a.jpg")
    (tmp_path / "a.jpg.xmp").write_bytes(packet(mwg([("Anna", ANNA)])))
    (tmp_path / "a.xmp").write_bytes(packet(mwg([("Ben", BEN)])))
    assert [n.name for n in names(photo)] == ["Anna", "Ben"]
    (tmp_path / "a.CR2").write_bytes(b"raw")
    assert [n.name for n in names(photo)] == ["Anna"]


def test_a_place_outside_of_the_picture_leaves_the_name_and_one_that_reaches_out_is_cut(tmp_path: Path):
    photo = jpeg(
        tmp_path / "a.jpg", xmp=packet(microsoft([("Anna", (1.2, 0.1, 0.2, 0.2)), ("Ben", (0.9, 0.9, 0.2, 0.2))]))
    )
    anna, ben = names(photo)
    assert anna.region is None
    assert near(ben.region) == (0.9, 0.9, 0.1, 0.1)
    odd = microsoft(
        [("A", (0.1, 0.1, float("nan"), 0.2)), ("B", (0.1, 0.1, float("inf"), 1)), ("C", (0.1, 0.1, 0.0, 0.1))]
    )
    assert names(jpeg(tmp_path / "b.jpg", xmp=packet(odd))) == []


def test_what_cannot_be_read_is_told_and_keeps_nothing_else_back(tmp_path: Path):
    (tmp_path / "gone.jpg").write_bytes(b"no photo")
    photo = jpeg(tmp_path / "a.jpg", xmp=packet(mwg([("Anna", ANNA)])))
    (tmp_path / "a.jpg.xmp").write_bytes(packet(mwg([("Ben", BEN)]))[:-40])
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + packet(words("digiKam:TagsList", "People/Eve"))
    (tmp_path / "a.xmp").write_bytes(bomb)
    found = list(Metadata().read([tmp_path / "gone.jpg", photo]))
    assert [f.path.name for f in found if isinstance(f, UnreadFile)] == ["gone.jpg", "a.jpg.xmp", "a.xmp"]
    assert [f.name for f in found if isinstance(f, NamedFace)] == ["Anna"]


def test_only_below_the_folder(tmp_path: Path):
    photos = [jpeg(tmp_path / at / "a.jpg", xmp=packet(mwg([(at, ANNA)]))) for at in ("in", "out")]
    assert [f.name for f in Metadata(tmp_path / "in").read(photos) if isinstance(f, NamedFace)] == ["in"]


@pytest.mark.slow
def test_ten_times_as_many_sidecars_take_ten_times_as_long(tmp_path: Path):
    first = jpeg(tmp_path / "0.jpg")
    (tmp_path / "0.jpg.xmp").write_bytes(packet(mwg([("Anna", ANNA)])))
    photos = [first]
    for i in range(1, 3000):
        photos.append(Path(shutil.copy(first, tmp_path / f"{i}.jpg")))
        (tmp_path / f"{i}.jpg.xmp").hardlink_to(tmp_path / "0.jpg.xmp")
    names(*photos[:300])  # what is slow only once
    start = time.process_time()
    assert len(names(*photos[:300])) == 300
    few = time.process_time() - start
    start = time.process_time()
    assert len(names(*photos)) == 3000
    assert time.process_time() - start < 25 * few


@pytest.mark.shared_data
def test_real_files_of_digikam_mylio_ios_and_every_turn(shared_data: Path):
    folder = shared_data / "metadata"
    for photo in (folder / "digikam").glob("*.jpg"):
        marie, pierre = (n for n in names(photo)[:2])
        assert (marie.name, pierre.name) == ("Marie Curie", "Pierre Curie")
        assert pytest.approx(present(marie.region), abs=0.001) == (0.3119, 0.2086, 0.1131, 0.1986)
        assert marie.otherwise is None  # it says the same in both standards
    for photo in (folder / "orientation_regions").glob("*embedded*.jpg"):
        marie = names(photo)[0]
        assert pytest.approx(present(marie.region), abs=0.01) == (0.315, 0.21, 0.11, 0.2)
    assert {n.name for n in names(*(folder / "orientation_regions").glob("*.sidecar.jpg"))} == {
        "Marie Curie",
        "Pierre Curie",
    }
    assert [n.name for n in names(*(folder / "mylio").glob("*.jpg"))] == ["America"]
    assert names(*(folder / "iphone").glob("*.jpg")) == []
    for sidecar in (folder / "sidecars").glob("*.xmp"):
        assert parse_packet(sidecar.read_bytes()) is not None
