"""Every kind of photo comes out upright, in sRGB; every kind of broken file comes out as an error with its reason."""

import io
import subprocess
import sys
import zlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageFile, PngImagePlugin

from iconface_core.errors import ImageReadError, ImageTooLargeError
from iconface_core.images.read import read_photo
from iconface_core.types import BBox, DetectedFace

LOSSLESS = ["png", "tif", "bmp"]
LOSSY = ["jpg", "webp", "avif", "gif"]


def heic(pixels: np.ndarray, path: Path, **options: object) -> Path:
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(path, quality=90, **options)
    return path


@pytest.mark.parametrize("suffix", LOSSLESS + LOSSY)
def test_colour_survives(pictures, tmp_path: Path, suffix: str) -> None:
    photo = read_photo(pictures.save(tmp_path / f"a.{suffix}"))
    error = np.abs(photo.pixels.astype(int) - pictures.gradient())
    assert (photo.width, photo.height, photo.notes, photo.grey) == (96, 64, (), False)
    assert error.mean() < (8 if suffix == "gif" else 4)
    if suffix in LOSSLESS:
        assert error.max() == 0


def test_heic(pictures, tmp_path: Path) -> None:
    photo = read_photo(heic(pictures.gradient(), tmp_path / "a.heic"))
    assert photo.format == "heif"
    assert np.abs(photo.pixels.astype(int) - pictures.gradient()).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize("reduce_to", [None, 40])
def test_every_orientation_comes_out_upright(pictures, tmp_path, orientation, suffix, reduce_to) -> None:
    upright = pictures.gradient(96, 64)
    stored = np.ascontiguousarray(pictures.laid_down(upright, orientation))
    photo = read_photo(
        pictures.save(tmp_path / f"a.{suffix}", stored, exif=pictures.exif(orientation)), reduce_to=reduce_to
    )
    assert (photo.width, photo.height) == (96, 64)
    expected = np.asarray(Image.fromarray(upright).resize(photo.pixels.shape[1::-1], Image.Resampling.BOX))
    assert np.abs(photo.pixels.astype(int) - expected).mean() < 4


def test_heic_orientation(pictures, tmp_path: Path) -> None:
    stored = np.ascontiguousarray(pictures.laid_down(pictures.gradient(), 6))
    photo = read_photo(heic(stored, tmp_path / "a.heic", exif=pictures.exif(6).tobytes()))
    assert np.abs(photo.pixels.astype(int) - pictures.gradient()).mean() < 4


def test_other_modes(pictures, tmp_path: Path) -> None:
    colour = Image.fromarray(pictures.gradient())
    grey = np.asarray(colour.convert("L"))
    cases = {
        "la.png": (colour.convert("LA"), grey, True),
        "l.jpg": (colour.convert("L"), grey, True),
        "i16.png": (Image.fromarray(grey.astype(np.uint16) * 257), grey, True),
        "i16.tif": (Image.fromarray(grey.astype(np.uint16) * 257), grey, True),
        "f.tif": (Image.fromarray(grey.astype(np.float32) / 255), grey, True),
        "palette.png": (colour.quantize(256), np.asarray(colour), False),
        "cmyk.jpg": (colour.convert("CMYK"), np.asarray(colour), False),
        "cmyk.tif": (colour.convert("CMYK"), np.asarray(colour), False),
    }
    for name, (image, expected, is_grey) in cases.items():
        photo = read_photo(pictures.save(tmp_path / name, image))
        wanted = expected if expected.ndim == 3 else expected[..., None]
        assert photo.grey is is_grey, name
        assert np.abs(photo.pixels.astype(int) - wanted).mean() < 6, name


def test_inverted_adobe_cmyk(pictures, tmp_path: Path) -> None:
    """Adobe stores CMYK JPEG inverted and marks it; a reader that ignores the marker shows a negative."""
    path = pictures.save(tmp_path / "a.jpg", Image.new("CMYK", (32, 32), (0, 0, 0, 0)))
    assert b"Adobe" in path.read_bytes()
    assert read_photo(path).pixels.min() > 250


def test_sixteen_bit_colour(pictures, tmp_path: Path) -> None:
    import cv2

    deep = pictures.gradient().astype(np.uint16) * 257
    for name in ("a.png", "a.tif"):
        cv2.imwrite(str(tmp_path / name), deep[:, :, ::-1])
        assert np.abs(read_photo(tmp_path / name).pixels.astype(int) - pictures.gradient()).max() <= 1, name


def test_transparent_parts_lie_on_white(pictures, tmp_path: Path) -> None:
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[:4] = (255, 0, 0, 255)
    pixels = read_photo(pictures.save(tmp_path / "a.png", rgba)).pixels
    assert (pixels[0, 0] == (255, 0, 0)).all()
    assert (pixels[7, 7] == 255).all()


def test_profile_is_converted_to_srgb(pictures, tmp_path: Path) -> None:
    lab = ImageCms.createProfile("LAB")
    path = pictures.save(
        tmp_path / "a.png", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    )
    assert np.abs(read_photo(path).pixels.astype(int) - pictures.gradient()).max() <= 1
    # a Lab profile on RGB pixels cannot be applied: said, and read anyway
    path = pictures.save(tmp_path / "b.png", icc_profile=ImageCms.ImageCmsProfile(lab).tobytes())
    photo = read_photo(path)
    assert photo.notes == ("unusable colour profile ignored",)
    assert (photo.pixels == pictures.gradient()).all()


def test_garbage_profile_is_ignored_with_a_note(pictures, tmp_path: Path) -> None:
    photo = read_photo(pictures.save(tmp_path / "a.jpg", icc_profile=b"garbage" * 40))
    assert photo.notes == ("unusable colour profile ignored",)


def test_animation_and_mpo_give_the_first_frame(pictures, tmp_path: Path) -> None:
    first, second = Image.fromarray(pictures.gradient()), Image.new("RGB", (96, 64), "black")
    for name, options in (("a.gif", {}), ("a.mpo", {"format": "MPO"}), ("a.webp", {})):
        first.save(tmp_path / name, save_all=True, append_images=[second], **options)
        photo = read_photo(tmp_path / name)
        assert np.abs(photo.pixels.astype(int) - pictures.gradient()).mean() < 8, name


def test_wrongly_named_file_is_read_and_noted(pictures, tmp_path: Path) -> None:
    path = pictures.save(tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert read_photo(path).notes == ("named .jpg but holds png",)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "bmp", "heic"])
@pytest.mark.parametrize("reduce_to", [None, 500])
def test_reduced_reading_keeps_full_coordinates(pictures, tmp_path, suffix, reduce_to) -> None:
    upright = pictures.gradient(1203, 302)
    path = tmp_path / f"a.{suffix}"
    if suffix == "heic":
        heic(upright, path)
    else:
        pictures.save(path, upright)
    photo = read_photo(path, reduce_to=reduce_to)
    assert (photo.width, photo.height) == (1203, 302)
    long_side = max(photo.pixels.shape)
    assert (500 <= long_side < 1000) if reduce_to else long_side == 1203
    h, w = photo.pixels.shape[:2]
    face = photo.full_face(
        DetectedFace(BBox(0, 0, w, h), np.array([[-0.5, -0.5], [w - 0.5, h - 0.5]], np.float32), 0.9)
    )
    assert face.bbox == BBox(0, 0, 1203, 302)
    assert face.landmarks == pytest.approx(np.array([[-0.5, -0.5], [1202.5, 301.5]]), abs=1e-3)


def test_small_photos_are_not_reduced(pictures, tmp_path: Path) -> None:
    photo = read_photo(pictures.save(tmp_path / "a.jpg"), reduce_to=1600)
    assert photo.scale == (1, 1)


def test_capture_date(pictures, tmp_path: Path) -> None:
    path = pictures.save(tmp_path / "a.jpg", exif=pictures.exif(offset="-07:00"))
    assert read_photo(path).captured_at == datetime(2001, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=-7)))
    path = pictures.save(tmp_path / "b.tif", exif=pictures.exif())
    assert read_photo(path).captured_at == datetime(2001, 2, 3, 4, 5, 6)
    xmp = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description xmlns:ps="http://ns.adobe.com/photoshop/1.0/" ps:DateCreated="1950-06-07T00:00:00Z"/>
      </rdf:RDF></x:xmpmeta>"""
    path = pictures.save(tmp_path / "c.jpg", xmp=xmp)
    assert read_photo(path).captured_at == datetime(1950, 6, 7, tzinfo=UTC)
    path = pictures.save(tmp_path / "d.jpg", exif=pictures.exif(taken="0000:00:00 00:00:00"))
    assert read_photo(path).captured_at is None


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_exif_does_not_stop_reading(pictures, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    good = pictures.exif(3, offset="+01:00").tobytes()
    for i in range(60):
        block = bytearray(good)
        for at in rng.integers(6, len(block), 4):
            block[at] = rng.integers(256)
        path = pictures.save(tmp_path / f"{i}.jpg", exif=bytes(block))
        assert read_photo(path).pixels.shape == (64, 96, 3) or read_photo(path).pixels.shape == (96, 64, 3)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "gif", "bmp", "avif", "heic"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated_files_are_refused(pictures, tmp_path, suffix, share) -> None:
    path = tmp_path / f"a.{suffix}"
    pixels = pictures.textured(300, 200)
    if suffix == "heic":
        heic(pixels, path)
    else:
        pictures.save(path, pixels)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ImageReadError, match=r"a\.\w+: (truncated|damaged)"):
        read_photo(path)
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_truncated_jpeg_is_refused_in_reduced_reading_too(pictures, tmp_path: Path) -> None:
    path = pictures.save(tmp_path / "a.jpg", pictures.textured(800, 600))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ImageReadError, match="truncated"):
        read_photo(path, reduce_to=200)


def test_files_that_are_not_pictures(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "fake.cr2").write_bytes(b"II*\0" + bytes(500))
    reasons = {
        "empty.jpg": "0 bytes",
        "text.jpg": "not a picture",
        "folder.jpg": "directory",
        "gone.jpg": "no such file",
    }
    for name, reason in (reasons | {"fake.cr2": "preview"}).items():
        with pytest.raises(ImageReadError, match=reason) as error:
            read_photo(tmp_path / name)
        assert str(tmp_path / name) in str(error.value)


def huge_png(path: Path, side: int) -> Path:
    header = b"\0\0\0\rIHDR" + side.to_bytes(4) * 2 + b"\x08\x02\0\0\0"
    header += zlib.crc32(header[4:]).to_bytes(4)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + b"\0\0\0\0IDAT" + zlib.crc32(b"IDAT").to_bytes(4))
    return path


def test_bombs_are_refused_from_the_header(tmp_path: Path) -> None:
    with pytest.raises(ImageTooLargeError, match="10000 megapixels, more than the limit of 400"):
        read_photo(huge_png(tmp_path / "bomb.png", 100_000))


def test_large_scans_are_read_without_touching_pillows_limit(pictures, tmp_path: Path) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    Image.new("L", (20_000, 10_000)).save(
        tmp_path / "scan.png", compress_level=1
    )  # 200 megapixels; Pillow's own limit is 179
    photo = read_photo(tmp_path / "scan.png", reduce_to=1000)
    assert photo.width * photo.height == 200_000_000
    assert limit == Image.MAX_IMAGE_PIXELS
    with pytest.raises(ImageTooLargeError):
        read_photo(tmp_path / "scan.png", max_pixels=100_000_000)


def test_text_bomb(pictures, tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "a" * 80_000_000, zip=True)
    path = pictures.save(tmp_path / "a.png", pnginfo=info)
    assert path.stat().st_size < 200_000
    with pytest.raises(ImageReadError, match="too large"):
        read_photo(path)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "gif", "bmp", "avif", "heic"])
def test_any_damage_is_an_image_read_error(pictures, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "heic":
        heic(pictures.gradient(), path)
    else:
        pictures.save(path, **({} if suffix in {"gif", "bmp"} else {"exif": pictures.exif(6)}))
    good, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for i in range(60):
        data = bytearray(good)
        reach = len(data) if i % 2 else min(len(data), 300)
        for at in rng.integers(0, reach, rng.integers(1, 12)):
            data[at] = rng.integers(256)
        path.write_bytes(data)
        try:
            read_photo(path, reduce_to=40 if i % 3 else None, max_pixels=1_000_000)
        except ImageReadError:
            refused += 1
    assert refused


def test_reading_leaves_the_file_alone(pictures, tmp_path: Path) -> None:
    path = pictures.save(tmp_path / "a.jpg")
    path.chmod(0o444)
    before = path.read_bytes(), path.stat().st_mtime_ns
    read_photo(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_importing_is_free_of_heavy_modules() -> None:
    heavy = {"torch", "onnxruntime", "ncnn", "cv2", "pillow_heif", "rawpy"}
    code = f"import sys, iconface_core.images.read; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_raw_preview(pictures, tmp_path: Path) -> None:
    """A hand-made DNG: a JPEG preview in front, one Bayer frame behind it, as cameras write it."""
    preview = io.BytesIO()
    Image.fromarray(pictures.gradient(320, 240)).save(preview, "JPEG", quality=95)
    path = tmp_path / "a.dng"
    path.write_bytes(minimal_dng(preview.getvalue(), 320, 240))
    photo = read_photo(path)
    assert photo.format == "raw"
    assert np.abs(photo.pixels.astype(int) - pictures.gradient(320, 240)).mean() < 4


def minimal_dng(jpeg: bytes, width: int, height: int) -> bytes:
    """DNG 1.4: IFD0 holds the JPEG preview, a sub-IFD the colour filter array."""
    import struct

    def ifd(entries: list[tuple[int, int, int, bytes]], at: int) -> bytes:
        body, extra = struct.pack("<H", len(entries)), b""
        data_at = at + 2 + 12 * len(entries) + 4
        for tag, kind, count, value in sorted(entries):
            if len(value) > 4:
                body += struct.pack("<HHII", tag, kind, count, data_at + len(extra))
                extra += value + b"\0" * (len(value) % 2)
            else:
                body += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
        return body + struct.pack("<I", 0) + extra

    def short(*v: int) -> bytes:
        return struct.pack(f"<{len(v)}H", *v)

    def long(*v: int) -> bytes:
        return struct.pack(f"<{len(v)}I", *v)

    jpeg_at = 4096
    cfa_at = jpeg_at + len(jpeg) + len(jpeg) % 2
    cfa = np.full((height, width), 8000, "<u2").tobytes()
    matrix = struct.pack("<18i", *(v for i in range(9) for v in (int(i % 4 == 0), 1)))
    main = [
        (254, 4, 1, long(1)), (256, 4, 1, long(width)), (257, 4, 1, long(height)), (258, 3, 3, short(8, 8, 8)),
        (259, 3, 1, short(7)), (262, 3, 1, short(6)), (271, 2, 5, b"Test\0"), (272, 2, 5, b"Test\0"),
        (273, 4, 1, long(jpeg_at)), (274, 3, 1, short(1)), (277, 3, 1, short(3)), (278, 4, 1, long(height)),
        (279, 4, 1, long(len(jpeg))), (330, 4, 1, long(2048)), (50706, 1, 4, bytes([1, 4, 0, 0])),
        (50708, 2, 5, b"Test\0"), (50721, 10, 9, matrix), (50778, 3, 1, short(21)),
    ]  # fmt: skip
    raw = [
        (254, 4, 1, long(0)), (256, 4, 1, long(width)), (257, 4, 1, long(height)), (258, 3, 1, short(16)),
        (259, 3, 1, short(1)), (262, 3, 1, short(32803)), (273, 4, 1, long(cfa_at)), (277, 3, 1, short(1)),
        (278, 4, 1, long(height)), (279, 4, 1, long(len(cfa))), (33421, 3, 2, short(2, 2)),
        (33422, 1, 4, bytes([0, 1, 1, 2])), (50717, 4, 1, long(65535)),
    ]  # fmt: skip
    head = (b"II*\0" + long(8) + ifd(main, 8)).ljust(2048, b"\0") + ifd(raw, 2048)
    return (head.ljust(jpeg_at, b"\0") + jpeg).ljust(cfa_at, b"\0") + cfa
