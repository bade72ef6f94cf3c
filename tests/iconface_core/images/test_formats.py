"""Content decides what a file is, not its name."""

import hashlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.errors import ImageReadError
from iconface_core.images.formats import (
    PHOTO_SUFFIXES,
    content_hash,
    is_photo_name,
    name_matches,
    sniff_bytes,
    sniff_format,
)
from iconface_core.images.read import read_photo

BEGINNINGS = (
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"BM",
    b"RIFF\0\0\0\0WEBP",
    b"\0\0\0\x18ftypheic",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
)


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        ("jpg", "jpeg"),
        ("png", "png"),
        ("tif", "tiff"),
        ("webp", "webp"),
        ("gif", "gif"),
        ("bmp", "bmp"),
        ("avif", "avif"),
    ],
)
def test_formats_are_told_by_content(pictures, tmp_path: Path, suffix: str, expected: str) -> None:
    honest = pictures.save(tmp_path / f"photo.{suffix}")
    disguised = honest.rename(tmp_path / "photo.dat")
    assert sniff_format(disguised) == expected
    assert not name_matches(disguised, expected)


@pytest.mark.parametrize(
    "head", [b"", b"\xff", b"%PDF-1.7", b"hello world", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", b"RIFF1234WAVE", b"BM"]
)
def test_other_files_are_not_photos(head: bytes) -> None:
    assert sniff_bytes(head) is None


def test_raw_by_magic_suffix_or_dng_tag() -> None:
    plain = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 256, 4, 1, 100, 0)
    dng = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 50706, 1, 4, 1, 0)
    assert sniff_bytes(plain) == "tiff"
    assert sniff_bytes(plain, ".NEF") == "raw"
    assert sniff_bytes(dng, ".tif") == "raw"
    assert sniff_bytes(b"FUJIFILMCCD-RAW 0201") == "raw"
    assert sniff_bytes(b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom") == "raw"


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=40), st.sampled_from(["", ".tif", ".nef", ".jpg"]))
def test_no_first_bytes_are_too_odd_to_be_told(beginning: bytes, rest: bytes, suffix: str) -> None:
    assert sniff_bytes(beginning + rest, suffix) in {
        None,
        "jpeg",
        "png",
        "gif",
        "bmp",
        "webp",
        "tiff",
        "raw",
        "heif",
        "avif",
    }


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "gif", "bmp", "avif"])
def test_a_file_that_ends_within_its_header_is_refused_by_name(pictures, tmp_path: Path, suffix: str) -> None:
    whole = pictures.save(tmp_path / f"photo.{suffix}").read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    for length in range(1, 33):
        cut.write_bytes(whole[:length])
        with pytest.raises(ImageReadError, match=cut.name):
            read_photo(cut)


def test_names(tmp_path: Path) -> None:
    assert is_photo_name(Path("Holiday/IMG 1.JPG"))
    assert is_photo_name(Path("a.dng"))
    assert not is_photo_name(Path("._IMG_1.jpg"))
    assert not is_photo_name(Path("clip.mp4"))
    assert all(s == s.lower() and s.startswith(".") for s in PHOTO_SUFFIXES)


def test_content_hash(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc" * 1_000_000)
    assert content_hash(path) == hashlib.sha256(b"abc" * 1_000_000).hexdigest()
