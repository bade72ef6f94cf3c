"""What a restored copy says is true of the copy: kept where it holds, else put right or left out, and told."""

import io
import os
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from iconface_core.images import xmp
from iconface_core.images.atomic_write import shortened
from iconface_core.images.copied_xmp import turned_point
from iconface_core.images.embedded import app13, photoshop_block, read_embedded
from iconface_core.images.metadata import upright_exif
from iconface_core.images.provenance import FaceProvenance, Provenance, read_provenance
from iconface_core.images.read import read_photo, read_xmp
from iconface_core.images.write import Written, restored_names, write_restored
from tests.support.narrow import present

RECORD = Provenance(
    "old.jpg",
    "ab" * 32,
    "iconface 0.1",
    datetime(2026, 1, 2, tzinfo=UTC),
    (FaceProvenance((1, 2, 3, 4), "r", "0", 1, 1),),
)
MWG = "http://www.metadataworkinggroup.com/schemas/regions/"
AREA = "{http://ns.adobe.com/xmp/sType/Area#}"
NAMES = """xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
 xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" xmlns:Container="http://ns.google.com/photos/1.0/container/"
 xmlns:Item="http://ns.google.com/photos/1.0/container/item/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"
 xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" """


def packet(attributes: str = "", body: str = "") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMES}><rdf:Description rdf:about="" {attributes}>{body}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def copied(source: Path, folder: Path | None = None) -> Written:
    pixels = read_photo(source).pixels.copy()
    pixels[2:6, 2:6] ^= 64
    return write_restored(source, pixels, RECORD, folder or source.parent)


def rdf_of(path: Path):
    return xmp.parse_packet(read_xmp(path) or b"")


def xmp_of(path: Path) -> bytes:
    return present(read_xmp(path))


def region(x: float, y: float, w: float, h: float, as_elements: bool) -> str:
    if as_elements:
        parts = "".join(f"<stArea:{k}>{v}</stArea:{k}>" for k, v in zip("xywh", (x, y, w, h), strict=True))
        area = f'<mwg-rs:Area rdf:parseType="Resource">{parts}</mwg-rs:Area>'
    else:
        area = f'<mwg-rs:Area stArea:x="{x}" stArea:y="{y}" stArea:w="{w}" stArea:h="{h}" stArea:unit="normalized"/>'
    return (
        '<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="64" stDim:h="96" '
        'stDim:unit="pixel"/><mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="Ada" '
        f'mwg-rs:Type="Face">{area}</rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>'
    )


@pytest.mark.parametrize("as_elements", [True, False])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_a_region_stays_on_its_face(pictures, tmp_path, name, orientation, as_elements):
    """A white spot lies where the region says, in the stored pixels of the original and in those of the copy."""
    stored = np.zeros((96, 64, 3), np.uint8)
    stored[12:36, 40:56] = 255
    box = region(48 / 64, 24 / 96, 16 / 64, 24 / 96, as_elements)
    source = pictures.save(
        tmp_path / name, stored, exif=pictures.exif(orientation), xmp=packet(f'tiff:Orientation="{orientation}"', box)
    )
    copy = copied(source).path
    pixels = read_photo(copy).pixels.astype(int).sum(2)
    height, width = pixels.shape
    area = next(e for e in rdf_of(copy).iter() if str(e.tag).endswith("}Area"))
    x, y, w, h = (float(area.get(AREA + k) or area.findtext(AREA + k)) for k in "xywh")
    inside = pixels[round((y - h / 2) * height) : round((y + h / 2) * height), :]
    inside = inside[:, round((x - w / 2) * width) : round((x + w / 2) * width)]
    assert inside.min() > 500
    assert (pixels > 400).sum() == pytest.approx(inside.size, rel=0.2)
    text = xmp_of(copy).decode()
    assert f'w="{width}"' in text
    assert f'h="{height}"' in text
    assert xmp.first_value(rdf_of(copy), "http://ns.adobe.com/tiff/1.0/", "Orientation") == "1"
    assert "Ada" in text


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 8))
def test_turning_a_point_keeps_it_in_the_picture_and_its_inverse_brings_it_back(x, y, orientation):
    turned = turned_point(x, y, orientation)
    assert all(-1e-9 <= v <= 1 + 1e-9 for v in turned)
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    assert turned_point(*turned, inverse) == pytest.approx((x, y))


def motion_photo(path: Path) -> Path:
    gain, video = io.BytesIO(), struct.pack(">I", 24) + b"ftypmp42\0\0\0\0mp42isom" + bytes(3000)
    Image.new("L", (32, 32), 90).save(gain, "JPEG")
    items = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{s}" Item:Length="9"/></rdf:li>'
        for s in ("Primary", "GainMap", "MotionPhoto")
    )
    promises = packet(
        'GCamera:MotionPhoto="1" GCamera:MicroVideo="1" GCamera:MicroVideoOffset="3024" hdrgm:Version="1.0" '
        'GCamera:BurstID="b" xmp:Rating="4"',
        f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>",
    )
    Image.new("RGB", (96, 64), "gray").save(path, xmp=promises)
    path.write_bytes(path.read_bytes() + gain.getvalue() + video)
    return path


def test_a_copy_of_a_motion_photo_promises_nothing_and_says_so(tmp_path):
    written = copied(motion_photo(tmp_path / "PXL.MP.jpg"))
    text = xmp_of(written.path).decode()
    assert not any(word in text for word in ("MotionPhoto", "MicroVideo", "GainMap", "hdr-gain-map", "Directory"))
    assert 'Rating="4"' in text or ">4<" in text
    assert "BurstID" in text
    assert any("video" in note for note in written.notes)
    assert any("gain map" in note for note in written.notes)
    assert b"ftyp" not in written.path.read_bytes()


def test_a_trailer_without_a_promise_is_told_too(tmp_path):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (96, 64)).save(path)
    path.write_bytes(path.read_bytes() + struct.pack(">I", 24) + b"ftypmp42\0\0\0\0mp42isom" + bytes(100))
    assert any("video" in note for note in copied(path).notes)
    Image.new("RGB", (96, 64)).save(path)
    assert copied(path).notes == ()


def test_previews_of_the_old_face_are_not_in_the_copy(pictures, tmp_path):
    """Thumbnails in EXIF, in maker notes, in XMP, in IPTC and in Photoshop's resources."""
    small = io.BytesIO()
    Image.fromarray(pictures.textured(40, 30)).save(small, "JPEG")
    secret = small.getvalue()
    exif = pictures.exif(1)
    exif.get_ifd(0x8769)[0x927C] = b"Maker\0" + secret + bytes(9)
    thumbs = "<xmp:Thumbnails><rdf:Alt><rdf:li xmpGImg:image='QUJD'/></rdf:Alt></xmp:Thumbnails>"
    iptc = b"\x1c\x02\x05" + struct.pack(">H", 2) + b"hi" + b"\x1c\x02\xca" + struct.pack(">H", len(secret)) + secret
    block = present(photoshop_block(iptc, ((0x040C, secret),)))
    source = pictures.save(tmp_path / "a.jpg", exif=exif, xmp=packet(body=thumbs), extra=app13(block))
    assert secret in source.read_bytes()
    copy = copied(source).path
    assert secret[20:200] not in copy.read_bytes()
    assert b"Thumbnails" not in copy.read_bytes()
    assert read_embedded(copy).iptc == b"\x1c\x02\x05\0\x02hi"
    assert pictures.opened(copy).getexif()[0x010F] == "Camera"


IPTC = b"".join(
    b"\x1c\x02" + bytes([n]) + struct.pack(">H", len(v)) + v for n, v in ((5, b"Party"), (25, b"family"), (90, b"Lyon"))
)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_captions_and_comments_are_kept(pictures, tmp_path, name):
    options: dict[str, Any] = {"extra": app13(present(photoshop_block(IPTC, ()))), "comment": b"by the shop"}
    if name == "a.tif":
        options = {"tiffinfo": {33723: IPTC, 270: "Garden"}}
    written = copied(pictures.save(tmp_path / name, **options))
    kept = read_embedded(written.path)
    assert kept.iptc == IPTC
    assert written.notes == ()
    if name == "a.jpg":
        assert kept.comment == b"by the shop"
    else:
        assert pictures.opened(written.path).tag_v2[270] == "Garden"


def test_texts_and_colour_of_a_png_are_kept(tmp_path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Title", "Grandma's 80th")
    texts.add_itxt("Description", "Großmutter Зоя")
    texts.add(b"gAMA", struct.pack(">I", 100_000))
    Image.new("RGB", (96, 64)).save(tmp_path / "a.png", pnginfo=texts)
    written = copied(tmp_path / "a.png")
    with Image.open(written.path) as image:
        image.load()
        assert isinstance(image, PngImagePlugin.PngImageFile)
        assert image.text["Title"] == "Grandma's 80th"
        assert image.text["Description"] == "Großmutter Зоя"
        assert image.info["gamma"] == pytest.approx(1.0)
    assert read_provenance(written.path) == RECORD


def test_what_has_no_place_in_the_copy_is_told(tmp_path):
    frames = [Image.new("RGB", (96, 64), c) for c in ("red", "blue")]
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], comment=b"hello")
    Image.new("1", (96, 64)).save(tmp_path / "bits.png")
    assert any("first of 2" in note for note in copied(tmp_path / "pages.tif").notes)
    moving = copied(tmp_path / "moving.gif")
    assert any("first of 2" in note for note in moving.notes)
    assert b"hello" in moving.path.read_bytes()
    assert any("black and white" in note for note in copied(tmp_path / "bits.png").notes)


def test_a_turned_heic_says_its_upright_size(tmp_path):
    pixels = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112], exif[0x0100], exif[0x0101] = 6, 96, 64
    pillow_heif.from_pillow(pixels).save(tmp_path / "a.heic", exif=exif.tobytes())
    copy = copied(tmp_path / "a.heic").path
    with Image.open(copy) as image:
        assert image.getexif().get(0x0112, 1) == 1
        assert image.size == (64, 96)


def test_exif_sizes_change_places_when_the_picture_is_turned(pictures):
    exif = Image.Exif()
    exif[0x0100], exif[0x0101], exif[0x0112] = 96, 64, 6
    exif.get_ifd(0x8769)[0xA002], exif.get_ifd(0x8769)[0xA003] = 96, 64
    block = Image.Exif()
    block.load(present(upright_exif(exif.tobytes(), turned=True)))
    assert (block[0x0100], block[0x0101], block[0x0112]) == (64, 96, 1)
    assert (block.get_ifd(0x8769)[0xA002], block.get_ifd(0x8769)[0xA003]) == (64, 96)


def test_what_a_sidecar_says_is_in_the_copy(tmp_path, pictures):
    source = pictures.save(tmp_path / "a.jpg", xmp=packet('xmp:Rating="1"'))
    (tmp_path / "a.jpg.xmp").write_bytes(packet('xmp:Rating="5" crs:Exposure2012="+2"', "<dc:source>album</dc:source>"))
    written = copied(source, tmp_path)
    assert xmp.first_value(rdf_of(written.path), "http://ns.adobe.com/xap/1.0/", "Rating") == "5"
    assert b"album" in xmp_of(written.path)
    assert b"Exposure" not in xmp_of(written.path)
    assert any("a.jpg.xmp" in note for note in written.notes)
    (tmp_path / "a.jpg.xmp").unlink()
    (tmp_path / "a.xmp").write_bytes(packet('xmp:Rating="3"'))
    (tmp_path / "a.NEF").write_bytes(b"raw")
    assert xmp.first_value(rdf_of(copied(source).path), "http://ns.adobe.com/xap/1.0/", "Rating") == "1"
    (tmp_path / "a.NEF").unlink()
    assert xmp.first_value(rdf_of(copied(source).path), "http://ns.adobe.com/xap/1.0/", "Rating") == "3"
    (tmp_path / "a.xmp").unlink()
    os.mkfifo(tmp_path / "a.xmp")
    assert copied(source).notes == ()


@pytest.mark.parametrize("nameless", [True, False])
def test_a_copy_has_its_originals_time(pictures, tmp_path, monkeypatch, nameless):
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    source = pictures.save(tmp_path / "a.jpg")
    os.utime(source, (10**9, 10**9))
    assert copied(source).path.stat().st_mtime == 10**9


def test_hostile_xmp_costs_nothing_and_is_not_copied(pictures, tmp_path):
    nested = "<dc:a>" * 300 + "</dc:a>" * 300
    for name, data in (("deep.jpg", packet(body=nested)), ("long.webp", b"<?xpacket " * 300_000)):
        source = pictures.save(tmp_path / name, xmp=data)
        assert read_photo(source).width == 96
        written = copied(source)
        assert any("XMP" in note for note in written.notes)
        assert read_provenance(written.path) == RECORD


@given(st.text(min_size=1, max_size=300), st.integers(20, 255))
def test_a_shortened_name_fits_and_is_whole(name, most):
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return
    short = shortened(name, most)
    assert len(short.encode()) <= most
    assert (short == name) == (size <= most)


@pytest.mark.parametrize("stem", ["é" * 124 + "a", "x" * 245, "y" * 251])
@pytest.mark.parametrize("nameless", [True, False])
def test_the_longest_names_have_copies(pictures, tmp_path, monkeypatch, stem, nameless):
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    source, other = (pictures.save(tmp_path / f"{stem[:-1]}{end}.jpg") for end in "ab")
    first, second, third = copied(source).path, copied(other).path, copied(source).path
    assert len({first, second, third}) == 3
    assert all(len(os.fsencode(p.name)) <= 255 for p in (first, second, third))
    assert third.name.endswith("_restored-2.jpg")
    assert first in restored_names(source, tmp_path, ".jpg")
    assert second not in list(restored_names(source, tmp_path, ".jpg"))[:20]


def test_regions_written_by_digikam(pictures, tmp_path):
    """digiKam's regions on a photo that lies on its side (orientation 6): the copy's lie on the same two faces."""
    written = Path(__file__).with_name("digikam.xmp").read_bytes()
    source = pictures.save(tmp_path / "a.jpg", pictures.gradient(700, 840), exif=pictures.exif(6), xmp=written)
    copy = copied(source, tmp_path).path
    areas = [e for e in rdf_of(copy).iter() if str(e.tag).endswith("}Area")]
    centres = sorted(tuple(float(a.get(AREA + k) or a.findtext(AREA + k)) for k in "xy") for a in areas)
    assert centres == [pytest.approx((0.3685, 0.3079), abs=0.01), pytest.approx((0.6875, 0.2393), abs=0.01)]
    assert b"0.311905, 0.208571" in xmp_of(copy), "Microsoft's are upright already"


@pytest.mark.skipif(which("exiftool") is None, reason="needs exiftool")
def test_exiftool_finds_no_fault(pictures, tmp_path):
    block = present(photoshop_block(IPTC, ()))
    sources = [
        pictures.save(tmp_path / "a.jpg", exif=pictures.exif(6), extra=app13(block), comment=b"c"),
        pictures.save(tmp_path / "a.tif", tiffinfo={33723: IPTC}),
        motion_photo(tmp_path / "m.jpg"),
    ]
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Title", "x")
    sources.append(pictures.save(tmp_path / "a.png", pnginfo=texts))
    for source in sources:
        copy = copied(source).path
        done = subprocess.run(
            ["exiftool", "-validate", "-warning", "-error", "-a", "-IPTC:City", str(copy)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Error" not in done.stdout, (source.name, done.stdout)
        if source.name in {"a.jpg", "a.tif"}:
            assert "Lyon" in done.stdout
