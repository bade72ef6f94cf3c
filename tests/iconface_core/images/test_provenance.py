"""What was done is written into the file, is read back, and leaves other programs' metadata alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from iconface_core.images import xmp
from iconface_core.images.provenance import (
    COMPOSITE_WITH_AI,
    FaceProvenance,
    Provenance,
    ReferenceUsed,
    from_xmp,
    is_restored_output,
    read_provenance,
)

FACE = FaceProvenance(
    (1.5, 2, 30, 40), "waifu2x", "ab" * 32, 42, 0.8, 1, (ReferenceUsed("b.jpg", "cd" * 32, 0.7),), 0.4, 0.5, "doubtful"
)
RECORD = Provenance(
    "photo of <Ann & Bob>.jpg", "ef" * 32, "iconface 0.1", datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC), (FACE,)
)
FOREIGN = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
   xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
   tiff:Orientation="6">
  <dc:subject><rdf:Bag><rdf:li>Grandma</rdf:li></rdf:Bag></dc:subject>
  <dc:description><rdf:Alt><rdf:li xml:lang="x-default">At the lake</rdf:li></rdf:Alt></dc:description>
  <xmpMM:History><rdf:Seq>
   <rdf:li rdf:parseType="Resource"><stEvt:action>saved</stEvt:action></rdf:li>
  </rdf:Seq></xmpMM:History>
 </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
scores = st.none() | st.floats(-1, 1)
faces = st.builds(
    FaceProvenance,
    st.tuples(*[st.floats(0, 1e4)] * 4),
    texts,
    texts,
    st.integers(0, 2**31),
    st.floats(0, 1),
    st.none() | st.integers(1, 50),
    st.lists(st.builds(ReferenceUsed, texts, texts, st.floats(-1, 1)), max_size=3).map(tuple),
    scores,
    scores,
    st.sampled_from(["pass", "doubtful", "refused"]),
)
aware = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(st.builds(Provenance, texts, texts, texts, aware, st.lists(faces, max_size=3).map(tuple)))
def test_records_survive_the_packet(record: Provenance) -> None:
    assert from_xmp(record.to_xmp()) == record
    assert from_xmp(record.to_xmp(FOREIGN)) == record


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_embedded_and_recognised(pictures, tmp_path: Path, name: str) -> None:
    from iconface_core.images.read import read_photo
    from iconface_core.images.write import write_restored

    source = pictures.save(tmp_path / name, pictures.textured(1200, 900), exif=pictures.exif())
    assert not is_restored_output(source)
    assert read_provenance(source) is None
    output = write_restored(source, read_photo(source).pixels, RECORD, tmp_path).path
    assert is_restored_output(output)
    assert read_provenance(output) == RECORD
    rewritten = tmp_path / f"again{output.suffix}"
    with Image.open(output) as image:
        image.save(rewritten, xmp=image.info.get("xmp", b""))
    if name != "a.png":  # Pillow does not write XMP to PNG
        assert is_restored_output(rewritten)


def test_standard_properties_are_there() -> None:
    rdf = xmp.parse_packet(RECORD.to_xmp())
    assert rdf is not None
    assert xmp.first_value(rdf, "http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "DigitalSourceType") == COMPOSITE_WITH_AI
    text = RECORD.to_xmp().decode()
    assert "<stRef:filePath>photo of &lt;Ann &amp; Bob&gt;.jpg</stRef:filePath>" in text
    assert "<stEvt:softwareAgent>iconface 0.1</stEvt:softwareAgent>" in text


def test_foreign_properties_stay() -> None:
    merged = RECORD.to_xmp(FOREIGN).decode()
    assert "Grandma" in merged
    assert "At the lake" in merged
    assert merged.count("<stEvt:action>") == 2
    rdf = xmp.parse_packet(merged.encode())
    assert rdf is not None
    assert xmp.first_value(rdf, "http://ns.adobe.com/tiff/1.0/", "Orientation") == "1"


def test_restoring_twice_keeps_one_record_and_the_whole_history() -> None:
    second = Provenance(RECORD.source, RECORD.source_sha256, "iconface 0.2", RECORD.created + timedelta(days=1))
    merged = second.to_xmp(RECORD.to_xmp())
    assert from_xmp(merged) == second
    assert merged.count(b"<stEvt:action>") == 2


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"<not xml",
        b"\xff\xfe\0",
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>',
        RECORD.to_xmp().replace(b'"faces"', b'"feces"'),
        RECORD.to_xmp().replace(b'"restorer"', b'"x"'),
    ],
)
def test_hostile_and_damaged_packets_hold_no_record(packet: bytes) -> None:
    assert from_xmp(packet) is None
    assert from_xmp(RECORD.to_xmp(packet)) == RECORD
