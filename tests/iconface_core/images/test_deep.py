"""16 bits a colour and other large pictures go through in strips, and come out as they did in one piece."""

import errno
import os
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from iconface_core.errors import ImageReadError
from iconface_core.images import memory_limits, png_rows, stored_patch, turning, write
from iconface_core.images.carrying import CopyForm
from iconface_core.images.deep import png_pieces
from iconface_core.images.provenance import Provenance
from iconface_core.images.read import read_photo
from iconface_core.images.write import write_restored
from iconface_core.types import Patch
from tests.support.narrow import present

RECORD = Provenance("a", "ab" * 32, "iconface", datetime(2026, 1, 2, tzinfo=UTC), ())
COMPRESSION = {"raw": 1, "lzw": 5, "deflate": 8}


@pytest.fixture(autouse=True)
def short_strips(monkeypatch):
    monkeypatch.setattr(memory_limits, "STRIP_BYTES", 3_000)


def deep(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(channels).integers(0, 65536, (90, 70, channels), np.uint16)


def save(path: Path, channels: int, compression: str) -> Path:
    options = [cv2.IMWRITE_TIFF_COMPRESSION, COMPRESSION[compression]] if path.suffix == ".tif" else []
    assert cv2.imwrite(str(path), deep(channels), options)
    return path


def brighter(samples: np.ndarray) -> np.ndarray:
    return samples * np.float32(0.8) + np.float32(20)


def restored(path: Path, folder: Path, *, tones: bool = False) -> Path:
    face = Patch((11, 20, 40, 61), np.full((41, 29, 3), 99, np.uint8))
    patches = [face]
    if tones:
        toned = brighter(read_photo(path).pixels).astype(np.uint8)
        patches = [Patch((0, 0, toned.shape[1], toned.shape[0]), toned), face]
    folder.mkdir(exist_ok=True)
    return write_restored(path, patches, RECORD, folder, form=CopyForm(brighter if tones else None)).path


def parts(png: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The pixels of a PNG, filtered, and its other chunks."""
    packed, at = b"", 8
    others: list[tuple[bytes, bytes]] = []
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length)[0] == zlib.crc32(kind + data)
        packed, others = (packed + data, others) if kind == b"IDAT" else (packed, [*others, (kind, data)])
        at += 12 + length
    return zlib.decompress(packed), others


@pytest.mark.parametrize(
    ("name", "channels", "compression"),
    [("a.png", 3, "raw"), ("a.png", 4, "raw"), ("a.tif", 3, "raw"), ("a.tif", 3, "lzw"), ("a.tif", 3, "deflate")],
)
@pytest.mark.parametrize("tones", [False, True])
def test_strips_write_what_the_whole_picture_wrote(tmp_path, monkeypatch, name, channels, compression, tones):
    source = save(tmp_path / name, channels, compression)
    in_strips = restored(source, tmp_path / "strips", tones=tones)
    monkeypatch.setattr(write, "deep_strips", lambda *_: None)
    at_once = restored(source, tmp_path / "whole", tones=tones)
    assert in_strips.name == at_once.name
    assert parts(in_strips.read_bytes()) == parts(at_once.read_bytes())


@pytest.mark.parametrize("tones", [False, True])
def test_a_transparent_colour_becomes_transparency_in_strips_as_in_one_piece(tmp_path, monkeypatch, tones):
    samples = deep()
    samples[30:40, ::3] = 3, 2, 1  # as OpenCV has them, from blue to red
    done, data = cv2.imencode(".png", samples)
    assert done
    png, source = data.tobytes(), tmp_path / "a.png"
    source.write_bytes(png[:33] + png_rows.chunk(b"tRNS", struct.pack(">3H", 1, 2, 3)) + png[33:])
    in_strips = restored(source, tmp_path / "strips", tones=tones)
    got = present(cv2.imread(str(in_strips), cv2.IMREAD_UNCHANGED))
    hidden = (samples == (3, 2, 1)).all(2)
    assert ((got[..., 3] == 0) == hidden).all()
    assert (got[hidden, :3] == (3, 2, 1)).all()
    assert tones or (got[:20, :, :3] == samples[:20]).all()
    monkeypatch.setattr(write, "deep_strips", lambda *_: None)
    at_once = restored(source, tmp_path / "whole", tones=tones)
    assert parts(in_strips.read_bytes()) == parts(at_once.read_bytes())


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_damaged_strips_are_refused_and_nothing_is_left(tmp_path, name):
    source = save(tmp_path / name, 3, "deflate")
    data = bytearray(source.read_bytes())
    if name == "a.png":
        del data[len(data) // 2 :]
    else:  # whose directory comes last
        data[len(data) // 2 : len(data) // 2 + 4_000] = b"\xff" * 4_000
    source.write_bytes(data)
    with pytest.raises(ImageReadError, match=rf"{name}: truncated or damaged"):
        restored(source, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_refuses_nameless_files_at_the_end_gets_a_whole_one(tmp_path, monkeypatch):
    source = save(tmp_path / "a.png", 3, "raw")
    expected = restored(source, tmp_path / "usual").read_bytes()
    link = os.link

    def refused(src, dst, **options):
        if str(src).startswith("/proc/"):
            raise OSError(errno.EXDEV, "another device")
        link(src, dst, **options)

    monkeypatch.setattr(os, "link", refused)
    assert restored(source, tmp_path / "hidden").read_bytes() == expected


@pytest.mark.parametrize(("name", "mode"), [("a.jpg", "CMYK"), ("a.tif", "CMYK"), ("a.tif", "LAB"), ("a.png", "P")])
def test_a_picture_that_waits_on_disk_is_the_same(tmp_path, monkeypatch, pictures, name, mode):
    image = Image.fromarray(pictures.textured())
    if mode == "LAB":
        image = Image.fromarray(pictures.textured(), "LAB")
    (image.quantize() if mode == "P" else image.convert(mode) if mode != "LAB" else image).save(tmp_path / name)
    in_memory = restored(tmp_path / name, tmp_path / "memory")
    monkeypatch.setattr(stored_patch, "_KEPT_IN_MEMORY", 100)
    on_disk = restored(tmp_path / name, tmp_path / "disk")
    assert on_disk.read_bytes() == in_memory.read_bytes()
    assert list((tmp_path / "disk").iterdir()) == [on_disk]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([3, 4]), st.integers(1, 17), st.integers(0, 2**32 - 1))
def test_pieces_make_a_png_that_others_read(width, height, channels, step, seed):
    samples = np.random.default_rng(seed).integers(0, 65536, (height, width, channels), np.uint16)
    pieces = png_pieces((width, height), (samples[i : i + step] for i in range(0, height, step)), ())
    got = present(cv2.imdecode(np.frombuffer(b"".join(pieces), np.uint8), cv2.IMREAD_UNCHANGED))
    order = [2, 1, 0, 3][:channels]
    assert (got[:, :, order] == samples).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_is_laid_down_stands_up_again(orientation):
    picture = np.arange(24).reshape(2, 4, 3)
    assert (turning.upright(turning.laid_down(picture, orientation), orientation) == picture).all()
