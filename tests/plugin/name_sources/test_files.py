"""Picasa's and Takeout's files, and which photo somebody else's path means."""

import json
import shutil
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.extensions.exchange import NamedFace, UnreadFile
from plugin.name_sources.picasa import Picasa, read_ini
from plugin.name_sources.takeout import Takeout
from plugin.photo_places import Places, foreign
from tests.support.narrow import present
from tests.support.xmp_people import jpeg

INI = """[Picasa]
name=Holiday
[a.jpg]
backuphash=600
faces=rect64(6800600097ff9fff),ca5c88ca60f42c0b;rect64(1000200030004000),ffffffffffffffff;rect64(12002000300),5c88ca60f42c0b
[Contacts2]
ca5c88ca60f42c0b=Zoë Example;;
"""


def test_picasa_names_faces_by_number(tmp_path: Path):
    photo = jpeg(tmp_path / "A.JPG")
    (tmp_path / ".picasa.ini").write_text(INI, "utf-8", newline="\r\n")
    contacts = tmp_path / "contacts.xml"
    contacts.write_text('<contacts><contact id="005c88ca60f42c0b" name="Ben"/><contact id="7" name=""/></contacts>')
    zoe, ben = Picasa(contacts).read([photo])
    assert isinstance(zoe, NamedFace)
    assert isinstance(ben, NamedFace)
    assert (zoe.name, ben.name) == ("Zoë Example", "Ben")
    assert pytest.approx(present(zoe.region), abs=1e-4) == (0.40625, 0.375, 0.1875, 0.25)
    assert list(Picasa(tmp_path).read([photo])) == [zoe, ben]  # the folder it is in
    known, unknown = Picasa().read([photo])
    assert known == zoe
    assert isinstance(unknown, UnreadFile)
    assert "contacts.xml" in unknown.why


def test_picasas_places_in_a_turned_photo_may_be_measured_both_ways(tmp_path: Path):
    photo = jpeg(tmp_path / "a.jpg", orientation=6)
    (tmp_path / ".picasa.ini").write_text(INI, "utf-8")
    zoe = next(iter(Picasa().read([photo])))
    assert isinstance(zoe, NamedFace)
    assert zoe.otherwise is not None


def test_broken_lists_of_picasa_are_told_and_lose_nothing_else(tmp_path: Path):
    photos = [jpeg(tmp_path / "good" / "a.jpg"), jpeg(tmp_path / "bad" / "a.jpg")]
    (tmp_path / "good" / ".picasa.ini").write_text("]broken=\n[[\n=\nfaces\n" + INI + "[half", "utf-8")
    (tmp_path / "bad" / ".picasa.ini").mkdir()
    (tmp_path / "contacts.xml").write_text("<contacts><contact")
    found = list(Picasa(tmp_path / "contacts.xml").read(photos))
    assert [f.name for f in found if isinstance(f, NamedFace)] == ["Zoë Example"]
    assert {f.path.parent.name for f in found if isinstance(f, UnreadFile)} == {tmp_path.name, "good", "bad"}


@given(st.text())
def test_no_text_breaks_the_reader(text: str):
    for _, (x, y, w, h), _ in read_ini("[a.jpg]\nfaces=rect64(1),2\n" + text).faces:
        assert 0 <= x < x + w <= 1
        assert 0 <= y < y + h <= 1


@pytest.mark.shared_data
def test_a_real_list_of_picasa(shared_data: Path, tmp_path: Path):
    shutil.copy(shared_data / "metadata/picasa/014-face-tag-new-person/.picasa.ini", tmp_path)
    [face] = Picasa().read([jpeg(tmp_path / "photo00.jpg")])
    assert isinstance(face, NamedFace)
    assert face.name == "synthetiic person 1200"


def _json(path: Path, title: str, *people: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"title": title, "people": [{"name": p} for p in people]}), "utf-8")


def test_takeout_says_who_is_in_a_photo_wherever_its_archive_lies(tmp_path: Path):
    one, two = tmp_path / "takeout-001" / "Photos from 2018", tmp_path / "takeout-002" / "Photos from 2018"
    long = "a very long name of a photo that nobody would ever type.jpg"
    photos = [jpeg(one / n) for n in ("a.jpg", "a(1).jpg", "a-edited.jpg", "b.jpg", long[:47] + ".jpg")]
    _json(two / "a.jpg.json", "a.jpg", "Anna", "Ben")
    _json(two / "a.jpg.supplemental-metadata(1).json", "a.jpg", "Cleo")
    _json(two / "b.jpg.supplemental-metadata.json", "b.jpg")
    _json(one / (long[:46] + ".json"), long, "Dora")
    _json(tmp_path / "takeout-002" / "Other" / "b.jpg.json", "b.jpg", "Eve")
    (one / "metadata.json").write_text('{"title": "Photos from 2018"}')
    (one / "half.jpg.json").write_text('{"title": "half')
    (one / "list.json").write_text("[1, 2]")
    found = list(Takeout(tmp_path).read(photos))
    assert [f.path.name for f in found if isinstance(f, UnreadFile)] == ["half.jpg.json"]
    said = {(f.photo.name, f.name) for f in found if isinstance(f, NamedFace) and f.photo in photos}
    assert said == {
        ("a.jpg", "Anna"), ("a.jpg", "Ben"), ("a-edited.jpg", "Anna"), ("a-edited.jpg", "Ben"),
        ("a(1).jpg", "Cleo"), (long[:47] + ".jpg", "Dora"),
    }  # fmt: skip
    assert [f.name for f in found if isinstance(f, NamedFace) and f.photo not in photos] == ["Eve"]


@pytest.mark.shared_data
def test_a_real_takeout(shared_data: Path):
    folder = shared_data / "metadata" / "takeout"
    found = list(Takeout(folder).read(sorted(folder.rglob("*.jpg"))))
    assert not [f for f in found if isinstance(f, UnreadFile)]
    assert {f.name for f in found if isinstance(f, NamedFace)} == {"Katie", "Suzy", "Maria"}


def test_a_photo_is_known_by_its_folders_or_its_size_and_never_by_chance(tmp_path: Path):
    here = [
        jpeg(tmp_path / p, size=(40 + i, 30)) for i, p in enumerate(("x/2018/IMG_1.jpg", "x/2019/IMG_1.jpg", "y/b.jpg"))
    ]
    places = Places(here)
    assert places.find(here[0]) == here[0]
    assert places.find(foreign(r"D:\Pictures\2019\IMG_1.JPG")) == here[1]
    assert places.find(PurePosixPath("/old/IMG_1.jpg")) is None
    assert places.find(PurePosixPath("/old/b.jpg")) is None  # one name alone is no proof
    assert places.find(PurePosixPath("/old/b.jpg"), here[2].stat().st_size) == here[2]
    assert places.find(PurePosixPath("/old/2019/IMG_1.jpg"), 1) is None
