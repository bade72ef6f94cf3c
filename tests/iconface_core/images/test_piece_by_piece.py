"""Copies are written piece by piece, and are what they would be in one piece."""

import io
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from iconface_core.errors import ImageReadError
from iconface_core.images import memory_limits, tiff_strips
from iconface_core.images.embedded import Embedded
from iconface_core.images.encoding import encode
from iconface_core.images.enlarging import enlarged, enlarged_strips
from iconface_core.images.provenance import Provenance, is_restored_output, read_provenance
from iconface_core.images.read import read_photo
from iconface_core.images.stored_patch import StoredPatch
from iconface_core.images.tiff_strips import tiff_tags, write_tiff
from iconface_core.images.write import Written, write_restored
from iconface_core.types import Patch

RECORD = Provenance("a", "ab" * 32, "iconface", datetime(2026, 1, 2, tzinfo=UTC), ())
SIDES = st.integers(1, 70)
FOREIGN = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description xmlns:lr="http://ns.adobe.com/lightroom/1.0/" lr:mark="kept"/></rdf:RDF></x:xmpmeta>"""
XMP, LAYERS, PAGE_NAME, GEO_SCALE, OURS_ALONE = 700, 37724, 285, 33550, 65000


@pytest.fixture(autouse=True, scope="module")
def short_strips():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_limits, "STRIP_BYTES", 3_000)
        patch.setattr(tiff_strips, "_STRIP", 500)
        yield


def picture(mode: str, width: int, height: int, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65536, (height, width), np.uint16))
    return Image.frombytes(mode, (width, height), rng.bytes(width * height * len(Image.new(mode, (1, 1)).getbands())))


class Pieces(io.BytesIO):
    """A file that knows the largest piece that was ever written."""

    largest = 0

    def write(self, data) -> int:
        self.largest = max(self.largest, len(data))
        return super().write(data)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["L", "LA", "RGB", "RGBA", "I;16"]),
    SIDES,
    SIDES,
    st.sampled_from(["raw", "tiff_adobe_deflate"]),
    st.integers(0, 99),
)
def test_a_tiff_in_strips_is_the_picture(mode, width, height, compression, seed):
    image = picture(mode, width, height, seed)
    file = io.BytesIO()
    write_tiff(file, image, compression, tiff_tags(image, {"xmp": FOREIGN}, Embedded()))
    with Image.open(file) as read:
        assert (read.mode, read.size) == (mode, image.size)
        assert read.tobytes() == image.tobytes()
        assert read.info["compression"] == compression
        assert read.info["xmp"] == FOREIGN


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize("mode", ["RGB", "I;16"])
def test_no_copy_is_encoded_as_a_whole(suffix, mode):
    if (suffix, mode) == (".jpg", "I;16"):
        pytest.skip("JPEG has eight bits")
    image, file = picture(mode, 700, 500), Pieces()
    samples = np.array(image) if mode == "I;16" else image
    encode(file, samples, suffix, {"xmp": FOREIGN}, Embedded(), [], lossless=False)
    assert file.largest < len(file.getvalue()) / 4


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["L", "LA", "RGB", "RGBA", "CMYK", "LAB", "YCbCr"]),
    SIDES,
    SIDES,
    st.integers(2, 4),
    st.integers(0, 99),
)
def test_a_picture_enlarged_in_bands_is_the_one_enlarged_at_once(mode, width, height, times, seed):
    image = picture(mode, width, height, seed)
    at_once = image.resize((width * times, height * times), Image.Resampling.BICUBIC)
    assert enlarged(image, times).tobytes() == at_once.tobytes()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([1, 3, 4]), SIDES, SIDES, st.integers(0, 99))
def test_so_are_sixteen_bits(channels, width, height, seed):
    samples = np.random.default_rng(seed).integers(0, 65536, (height, width, channels), np.uint16)
    samples = samples[..., 0] if channels == 1 else samples
    at_once = cv2.resize(samples, (width * 2, height * 2), interpolation=cv2.INTER_CUBIC)
    strips, rows = zip(*enlarged_strips(samples, 2), strict=True)
    assert (np.concatenate(strips) == at_once).all()
    assert [r.stop - r.start for r in rows] == [len(s) for s in strips]


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.integers(1, 30), st.integers(0, 80), st.integers(0, 80), st.integers(0, 99))
def test_a_patch_in_a_file_is_the_patch(width, height, step, top, left, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    with io.BytesIO() as file:
        stored = StoredPatch.of((pixels[i : i + step] for i in range(0, height, step)), file)
        stored.check_inside(pixels.shape)
        with pytest.raises(ValueError, match="is not one of"):
            stored.check_inside((height + 1, width, 3))
        strips = [np.zeros((20, 30, 3), np.uint8) for _ in range(2)]
        stored.put_into(strips[0], top, left)
        Patch((0, 0, width, height), pixels).put_into(strips[1], top, left)
    assert (strips[0] == strips[1]).all()


def copied(path: Path, folder: Path) -> Written:
    folder.mkdir()
    return write_restored(path, [Patch((5, 5, 20, 20), np.full((15, 15, 3), 99, np.uint8))], RECORD, folder)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg"])
def test_a_tiff_keeps_its_own_tags_and_says_that_it_is_a_copy(tmp_path, compression):
    tags = ImageFileDirectory_v2()
    tags[XMP], tags[PAGE_NAME], tags[OURS_ALONE], tags[LAYERS] = FOREIGN, "page 3", "an archive's", b"with the old face"
    tags.tagtype[GEO_SCALE], tags[GEO_SCALE] = 12, (0.5, 0.5, 0.0)
    picture("RGB", 60, 40).save(tmp_path / "a.tif", compression=compression, tiffinfo=tags)
    written = copied(tmp_path / "a.tif", tmp_path / "out")
    assert read_provenance(written.path) == RECORD
    assert is_restored_output(written.path)
    with TiffImageFile(written.path) as copy:
        own = {tag: copy.tag_v2.get(tag) for tag in (PAGE_NAME, OURS_ALONE, GEO_SCALE, LAYERS)}
        assert b"kept" in copy.info["xmp"]
        assert 347 not in copy.tag_v2, "tables of the original's JPEG"
    assert own == {PAGE_NAME: "page 3", OURS_ALONE: "an archive's", GEO_SCALE: (0.5, 0.5, 0.0), LAYERS: None}
    assert "Photoshop's layers stay in the original" in written.notes


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [True, False])
def test_a_large_webp_is_read_as_a_small_one(tmp_path, monkeypatch, mode, lossless):
    path = tmp_path / "a.webp"
    picture("RGB", 9, 7).resize((90, 70)).convert(mode).save(path, lossless=lossless, quality=70)
    small = read_photo(path).pixels
    monkeypatch.setattr(memory_limits, "STREAM_FROM", 100)
    with monkeypatch.context() as unable:
        unable.setattr("PIL.WebPImagePlugin.WebPImageFile.load", None)
        assert (read_photo(path).pixels == small).all()
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ImageReadError, match=r"a\.webp: .*damaged"):
        read_photo(path)


def test_of_a_large_animation_it_is_still_the_first_picture(tmp_path, monkeypatch):
    path = tmp_path / "a.webp"
    frames = [picture("RGB", 90, 70, seed) for seed in (1, 2)]
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    monkeypatch.setattr(memory_limits, "STREAM_FROM", 100)
    assert (read_photo(path).pixels == np.asarray(frames[0])).all()
