"""Large photos are decoded in strips: the same pixels, within a bound of memory, whatever the format."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from iconface_core.errors import ImageReadError, ImageTooLargeError
from iconface_core.images import memory_limits, png_rows, read
from iconface_core.images.read import check_photo, read_photo


@pytest.fixture
def always(monkeypatch):
    """Everything is large, and a strip holds a few rows."""
    monkeypatch.setattr(memory_limits, "STREAM_FROM", 1)
    monkeypatch.setattr(memory_limits, "STRIP_BYTES", 3_000)


def whole(path: Path, reduce_to: int) -> np.ndarray:
    """As a photo is read that is not large."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_limits, "STREAM_FROM", 10**12)
        return read_photo(path, reduce_to=reduce_to).pixels


def picture(mode: str, size: tuple[int, int] = (301, 203), seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    smooth = Image.fromarray(rng.integers(0, 256, (9, 12, 4), np.uint8), "RGBA").resize(size)
    if mode == "I;16":
        return Image.fromarray(np.asarray(smooth.convert("L")).astype(np.uint16) * 256 + 3)
    if mode == "P":
        return smooth.convert("RGB").quantize(37)
    return smooth.convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("reduce_to", [40, 100, 150])
def test_png_in_strips_is_the_same_picture(always, tmp_path, mode, reduce_to):
    picture(mode).save(tmp_path / "a.png")
    assert (read_photo(tmp_path / "a.png", reduce_to=reduce_to).pixels == whole(tmp_path / "a.png", reduce_to)).all()


@pytest.mark.parametrize("depth", [16])
@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colour_png_in_strips(always, tmp_path, depth, channels):
    import cv2

    deep = np.random.default_rng(0).integers(0, 65536, (90, 70, channels), np.uint16)
    deep[20:60] //= 7
    cv2.imwrite(str(tmp_path / "a.png"), deep)
    assert (read_photo(tmp_path / "a.png", reduce_to=30).pixels == whole(tmp_path / "a.png", 30)).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
@pytest.mark.parametrize("rows", [7, 64, 1000])
def test_tiff_in_strips_is_the_same_picture(always, tmp_path, mode, compression, rows):
    if compression == "jpeg" and (mode not in {"L", "RGB", "CMYK"} or rows % 8):
        pytest.skip("JPEG has no such pixels, or strips")
    path = tmp_path / "a.tif"
    picture(mode).save(path, compression=compression, tiffinfo={278: rows})
    expected = whole(path, 60)
    got = read_photo(path, reduce_to=60).pixels
    assert np.abs(got.astype(int) - expected).max() <= (3 if compression == "jpeg" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg"])
def test_a_large_photo_on_its_side_is_turned(always, pictures, tmp_path, orientation, name):
    upright = pictures.gradient(320, 200)
    pictures.save(tmp_path / name, pictures.laid_down(upright, orientation), exif=pictures.exif(orientation))
    photo = read_photo(tmp_path / name, reduce_to=80)
    assert (photo.width, photo.height) == (320, 200)
    assert photo.pixels.shape[:2] == (50, 80)
    small = np.asarray(Image.fromarray(upright).reduce(4)).astype(int)
    assert np.abs(photo.pixels.astype(int) - small).max() < 12


def test_bmp_in_strips_is_the_same_picture(always, tmp_path):
    for mode in ("L", "P", "RGB"):
        picture(mode).save(tmp_path / "a.bmp")
        assert (read_photo(tmp_path / "a.bmp", reduce_to=50).pixels == whole(tmp_path / "a.bmp", 50)).all()


def test_a_full_read_of_a_large_photo_is_converted_band_by_band(always, tmp_path):
    for mode, name in (("RGB", "a.png"), ("RGBA", "a.png"), ("P", "a.png"), ("L", "a.png"), ("F", "a.tif")):
        picture(mode).save(tmp_path / name)
        expected = read_photo(tmp_path / name).pixels
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(read, "_BANDS_FROM", 1)
            assert (read_photo(tmp_path / name).pixels == expected).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.png", "RGB", {}),
        ("a.png", "P", {}),
        ("a.png", "I;16", {}),
        ("a.tif", "RGB", {"compression": "tiff_lzw"}),
        ("a.tif", "CMYK", {"compression": "tiff_adobe_deflate"}),
        ("a.tif", "RGBA", {}),
        ("a.tif", "L", {"compression": "packbits"}),
        ("a.tif", "RGB", {"compression": "jpeg"}),
        ("a.bmp", "RGB", {}),
    ],
)
def test_a_full_read_in_strips_is_the_same_picture(
    always, pictures, tmp_path, monkeypatch, orientation, name, mode, options
):
    if name == "a.bmp" and orientation > 1:
        pytest.skip("BMP has no EXIF")
    exif = {} if name == "a.bmp" else {"exif": pictures.exif(orientation)}
    picture(mode).save(tmp_path / name, **options, **exif)
    in_strips = read_photo(tmp_path / name)
    monkeypatch.setattr(memory_limits, "STREAM_FROM", 10**12)
    at_once = read_photo(tmp_path / name)
    assert (in_strips.width, in_strips.height) == (at_once.width, at_once.height)
    assert (in_strips.pixels == at_once.pixels).all()


def test_what_is_cut_off_is_said_and_not_filled_in(always, tmp_path):
    for name in ("a.png", "a.tif", "a.bmp"):
        path = tmp_path / name
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)).save(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(ImageReadError, match=name):
            read_photo(path, reduce_to=60)
        with pytest.raises(ImageReadError, match=name):
            read_photo(path)


@settings(max_examples=60)
@given(st.binary(max_size=40_000), st.integers(1, 5000), st.integers(1, 60_000))
def test_inflating_gives_all_bytes_in_blocks(data, size, piece):
    packed = zlib.compress(data)
    pieces = iter([packed[i : i + piece] for i in range(0, len(packed), piece)])
    blocks = list(png_rows.inflated(pieces, size, len(data)))
    assert b"".join(blocks) == data
    assert all(len(b) == size for b in blocks[:-1])


def bomb_png(path: Path, side: int, colour: int, depth: int) -> Path:
    """A PNG of one colour, made without holding it."""
    row = bytes(1 + side * depth * {0: 1, 2: 3}[colour] // 8)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(png_rows.chunk(*c) for c in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")))
        + b"".join(png_rows.chunk(*c) for c in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")))
    )
    return path


def one_strip_tiff(path: Path, side: int) -> Path:
    """A grey TIFF of one deflated strip, as the one that once stopped every scan."""
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(bytes(side)) for _ in range(side)) + packer.flush()
    ifd = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in {256: side, 257: side, 258: 8, 259: 8, 262: 1, 277: 1, 278: side, 273: 0, 279: len(data)}.items():
        ifd[tag] = value
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + ifd.tobytes(8) + data)
    return path


READ = """
import resource, sys
from pathlib import Path
from iconface_core.images.read import read_photo
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
p = read_photo(Path(sys.argv[1]), reduce_to=1600)
print(p.width, p.pixels.shape[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["grey16.png", "one.tif"])
def test_two_hundred_megapixels_fit_in_a_gigabyte_with_everything_loaded(tmp_path, kind):
    path = tmp_path / kind
    one_strip_tiff(path, 14000) if kind == "one.tif" else bomb_png(path, 14000, 0, 16)
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, timeout=250)
    assert done.stdout.split() == ["14000", "1750"], done.stderr[-500:]


def test_what_cannot_be_cut_is_refused_with_a_way_out(tmp_path):
    progressive = tmp_path / "p.jpg"
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, "JPEG", progressive=True)
    data = bytearray(out.getvalue())
    frame = data.index(b"\xff\xc2")
    struct.pack_into(">HH", data, frame + 5, 19_000, 19_000)
    progressive.write_bytes(data)
    with pytest.raises(ImageTooLargeError, match=r"p\.jpg.*baseline"):
        read_photo(progressive, reduce_to=1600)
    webp = tmp_path / "w.webp"
    Image.new("RGB", (64, 64)).save(webp)
    data = bytearray(webp.read_bytes())
    struct.pack_into("<HH", data, 26, 12_000, 12_000)
    webp.write_bytes(data)
    with pytest.raises(ImageTooLargeError, match=r"w\.webp.*smaller"):
        read_photo(webp, reduce_to=1600)


def test_a_full_read_has_its_own_limit(tmp_path, pictures):
    pictures.save(tmp_path / "a.png")
    with pytest.raises(ImageTooLargeError, match="full_megapixels"):
        read_photo(tmp_path / "a.png", full_pixels=6_000)
    assert read_photo(tmp_path / "a.png", reduce_to=40, full_pixels=6_000).width == 96


def test_a_panorama_keeps_enough_pixels(tmp_path, pictures):
    pictures.save(tmp_path / "wide.jpg", pictures.gradient(2400, 200))
    photo = read_photo(tmp_path / "wide.jpg", reduce_to=400, least_pixels=400 * 225)
    assert photo.pixels.shape[0] * photo.pixels.shape[1] >= 400 * 225
    assert read_photo(tmp_path / "wide.jpg", reduce_to=400).pixels.shape[1] < 800


def test_a_sparse_file_is_refused_before_it_is_read(tmp_path):
    for name, head in (("zeros.jpg", b""), ("huge.jpg", b"\xff\xd8\xff\xe0")):
        with (tmp_path / name).open("wb") as file:
            file.write(head)
            file.truncate(50 * 10**9)
        with pytest.raises(ImageReadError, match=name):
            check_photo(tmp_path / name)
