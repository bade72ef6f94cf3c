"""People in sidecars: written in three ways, merged into what others wrote, and taken out again to the byte."""

import json
import shutil
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.images.header import Header
from iconface_core.images.people_sidecar import PersonInPhoto, with_people, without_ours
from iconface_core.images.provenance import NAMESPACE
from iconface_core.images.regions import Box, read_people, read_regions, readings
from iconface_core.images.xmp import parse_packet
from iconface_core.images.xmp_edit import XmpFormError
from tests.support.narrow import present
from tests.support.xmp_people import microsoft, mwg, packet, words

HEADER = Header(400, 300, 6, None)
ANNA = PersonInPhoto("Anna", (0.1, 0.2, 0.2, 0.3), True)
BEN = PersonInPhoto("Ben", (0.6, 0.5, 0.2, 0.25), False)
DIGIKAM = Path(__file__).with_name("digikam.xmp").read_bytes()

# As darktable, Lightroom and a hand write: attributes, comments, prefixes and spaces of their own, no wrapper, a BOM.
OTHERS = [
    DIGIKAM,
    packet(),
    packet(words("digiKam:TagsList", "People/Anna", "Places/Rome")),
    packet(mwg([("Rex", (0.7, 0.1, 0.1, 0.1))], kind="Pet"), microsoft([("Eve", (0.7, 0.7, 0.1, 0.1))])),
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><?xml version="1.0"?>\n<r:RDF'
    b" xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><!-- mine --><r:Description r:about='uuid:&quot;1'"
    b" xmlns:darktable='http://darktable.sf.net/' darktable:xmp_version='5' darktable:odd='a > b /> &lt;'>"
    b"<darktable:history><r:Seq/></darktable:history></r:Description >\n\n</r:RDF ><?xpacket end='w'?>   \n",
]

# Whatever can be stored as a name: any script, no control characters, no spaces around.
names = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"], exclude_characters="\ufffe\uffff"), min_size=1
)
names = names.map(str.strip).filter(bool)
shares = st.floats(0, 0.8)
boxes = st.tuples(shares, shares, st.floats(0.01, 0.2), st.floats(0.01, 0.2))
people = st.lists(st.builds(PersonInPhoto, names, boxes, st.booleans()), max_size=5)


def said(data: bytes, orientation: int = 6) -> list[tuple[str, Box, str | None]]:
    rdf = present(parse_packet(data))
    return [(r.name, readings(r.box, orientation, stored=r.stored)[0], r.by) for r in read_regions(rdf)]


@given(people=people, orientation=st.integers(1, 8))
def test_what_is_written_is_read_again_in_both_standards(people: list[PersonInPhoto], orientation: int):
    header = Header(400, 300, orientation, None)
    data = with_people(None, people, header).data
    found = [] if data is None else said(data, orientation)
    for standard in (found[: len(people)], found[len(people) :]):
        assert [name for name, _, _ in standard] == [p.name for p in people]
        assert [by == "confirmed" for _, _, by in standard] == [p.confirmed for p in people]
        for (_, box, _), person in zip(standard, people, strict=True):
            assert box == pytest.approx(person.box, abs=2e-6)


@given(people=people, others=st.sampled_from(OTHERS), then=people)
def test_what_others_wrote_stays_to_the_byte(others: bytes, people: list[PersonInPhoto], then: list[PersonInPhoto]):
    data = present(with_people(others, people, HEADER).data)
    again = present(with_people(data, then, HEADER).data)
    assert again == with_people(others, then, HEADER).data  # as if those before had never been there
    assert with_people(again, then, HEADER).data == again
    assert without_ours(again) == others
    assert with_people(again, [], HEADER).data == others


@pytest.mark.parametrize("before", [b"", b"<rdf:li>Places/Rome</rdf:li>"])
def test_an_empty_element_is_opened_and_says_the_same_afterwards(before: bytes):
    tags = b"<rdf:Bag>" + before + b"</rdf:Bag>" if before else b"<rdf:Bag />"
    others = packet(f"<digiKam:TagsList>{tags.decode()}</digiKam:TagsList>")
    data = present(with_people(others, [ANNA], HEADER).data)
    assert read_people(present(parse_packet(data))) == []
    assert b"People/Anna</rdf:li></rdf:Bag>" in data
    empty = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'
    data = present(with_people(empty, [ANNA], HEADER).data)
    assert len(said(data)) == 2
    assert without_ours(data) == empty.replace(b"/></x:", b"></rdf:RDF></x:")


def test_a_new_sidecar_is_gone_with_its_last_person():
    data = with_people(None, [ANNA], HEADER).data
    assert with_people(data, [], HEADER).data is None


def test_what_others_say_is_not_said_twice_and_not_contradicted():
    others = packet(mwg([("ANNA", (0.2, 0.7, 0.3, 0.2)), ("Eve", (0.5, 0.2, 0.25, 0.2))]))
    written = with_people(others, [ANNA, BEN], HEADER)
    assert [name for name, _, _ in said(present(written.data))] == ["ANNA", "Eve"]
    assert written.differing == ("Ben",)


def test_keywords_are_those_of_digikam_and_lightroom_and_no_evidence_when_read():
    tags = packet(words("digiKam:TagsList", "People/Anna"), words("lr:hierarchicalSubject", "People|Eve"))
    data = present(with_people(tags, [ANNA, BEN, PersonInPhoto("A/B", (0.4, 0.1, 0.1, 0.1), True)], HEADER).data)
    text = data.decode()
    assert text.count("People/Anna") == 1
    assert [
        text.count(f'<rdf:li xmlns:rdf="{RDF}">{t}</rdf:li>') for t in ("People/Ben", "People|Ben", "People|A/B")
    ] == [1] * 3
    assert read_people(present(parse_packet(data))) == ["Anna", "Eve"]
    assert NAMESPACE not in text  # the mark of restored copies


RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@pytest.mark.parametrize(
    ("sidecar", "why"),
    [
        (DIGIKAM[:-30], "damaged"),
        (b"", "damaged"),
        (DIGIKAM.decode().encode("utf-16"), "UTF-8"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + packet(), "damaged"),
        (packet("<digiKam:TagsList>People</digiKam:TagsList>"), "holds no list"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(sidecar: bytes, why: str):
    with pytest.raises(XmpFormError, match=why):
        with_people(sidecar, [ANNA], HEADER)


@given(names)
def test_names_are_escaped(name: str):
    data = present(with_people(None, [PersonInPhoto(name, ANNA.box, True)], HEADER).data)
    assert escape(name).encode() in data


def _exiftool(*arguments: object) -> str:
    program = shutil.which("exiftool")
    if program is None:
        pytest.skip("exiftool is not installed")
    done = subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.mark.parametrize("others", [None, *OTHERS[:4]])
def test_exiftool_reads_what_is_written(others: bytes | None, tmp_path: Path):
    path = tmp_path / "a.jpg.xmp"
    path.write_bytes(present(with_people(others, [ANNA, PersonInPhoto('Zoë <&> "中"', BEN.box, False)], HEADER).data))
    assert not _exiftool("-validate", "-warning", "-error", "-a", path).replace("Validate", "").strip(" :\nOK")
    [tags] = json.loads(_exiftool("-j", "-struct", "-RegionInfo", "-RegionInfoMP", "-TagsList", "-XMP-lr:all", path))
    regions = {r["Name"]: r["Area"] for r in tags["RegionInfo"]["RegionList"]}
    assert float(regions["Anna"]["X"]) == pytest.approx(0.35)  # turned: stored on its side
    assert 'Zoë <&> "中"' in {r["PersonDisplayName"] for r in tags["RegionInfoMP"]["Regions"]}
    assert "People/Anna" in tags["TagsList"]
    assert "People|Anna" in tags["HierarchicalSubject"]


@pytest.mark.shared_data
def test_real_sidecars_of_other_programs_come_back_to_the_byte(shared_data: Path):
    sidecars = sorted((shared_data / "metadata").rglob("*.xmp"))
    assert len(sidecars) > 20
    for path in sidecars:
        others = path.read_bytes()
        corners = [PersonInPhoto(p.name, (x, 0.01, 0.02, 0.02), p.confirmed) for p, x in ((ANNA, 0.01), (BEN, 0.97))]
        data = present(with_people(others, corners, HEADER).data)
        assert {"Anna", "Ben"} <= {name for name, _, _ in said(data)}, path
        assert without_ours(data) == others, path
