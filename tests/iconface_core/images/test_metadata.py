"""EXIF is patched where it lies."""

import io
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from iconface_core.images.metadata import EXIF_IFD, upright_exif

MAKER_NOTE = 0x927C


def camera_block(orientation: int, thumbnail: bytes = b"") -> bytes:
    """EXIF with a maker note, and a second directory that holds a thumbnail, as a camera writes it."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "Camera"
    block.get_ifd(EXIF_IFD)[MAKER_NOTE] = b"\x01\x02offset-laden\x03"
    data = bytearray(block.tobytes()[6:])
    if thumbnail:
        order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
        start = int.from_bytes(data[4:8], order)
        link = start + 2 + 12 * int.from_bytes(data[start : start + 2], order)
        second = len(data)
        data[link : link + 4] = second.to_bytes(4, order)
        at = second + 2 + 24 + 4
        for tag, value in ((0x0201, at), (0x0202, len(thumbnail))):
            entry = tag.to_bytes(2, order) + (4).to_bytes(2, order) + (1).to_bytes(4, order) + value.to_bytes(4, order)
            data += ((2).to_bytes(2, order) if tag == 0x0201 else b"") + entry
        data += bytes(4) + thumbnail
    return b"Exif\0\0" + bytes(data)


def test_orientation_and_thumbnail_go_and_the_rest_stays() -> None:
    thumbnail = io.BytesIO()
    Image.new("RGB", (160, 120), "red").save(thumbnail, "JPEG")
    block = camera_block(6, thumbnail.getvalue())
    upright = upright_exif(block)
    assert upright is not None
    assert thumbnail.getvalue() in block
    assert thumbnail.getvalue()[:64] not in upright
    exif = Image.Exif()
    exif.load(upright)
    assert exif[0x0112] == 1
    assert exif[0x010F] == "Camera"
    assert upright.index(b"offset-laden") == block.index(b"offset-laden")
    assert exif.get_ifd(0x0201) == {}


def test_upright_stays_as_it_is() -> None:
    block = camera_block(1)
    assert upright_exif(block) == block
    assert upright_exif(block[6:]) == block


@given(st.binary(max_size=200), st.sampled_from([b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0\x02\0"]))
def test_damaged_blocks_are_given_up_not_fatal(noise: bytes, head: bytes) -> None:
    result = upright_exif(head + noise)
    assert result is None or result.startswith(b"Exif\0\0")
