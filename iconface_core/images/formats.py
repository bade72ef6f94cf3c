"""Which files are photos: by name (cheap, for a scan) and by content (the truth). Standard library only."""

import hashlib
import struct
from pathlib import Path

from .regular_files import open_regular

RAW_SUFFIXES = frozenset(
    {
        ".3fr",
        ".arw",
        ".cr2",
        ".cr3",
        ".dng",
        ".erf",
        ".fff",
        ".iiq",
        ".kdc",
        ".mef",
        ".mos",
        ".mrw",
        ".nef",
        ".nrw",
        ".orf",
        ".pef",
        ".raf",
        ".rw2",
        ".rwl",
        ".srw",
        ".x3f",
    }
)
"""Camera RAW: only the embedded preview is read."""

PHOTO_SUFFIXES = RAW_SUFFIXES | frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".tif",
        ".tiff",
        ".webp",
        ".heic",
        ".heif",
        ".hif",
        ".avif",
        ".gif",
        ".bmp",
        ".dib",
    }
)

_SUFFIXES_OF = {
    "jpeg": frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"}),
    "png": frozenset({".png"}),
    "tiff": frozenset({".tif", ".tiff"}),
    "webp": frozenset({".webp"}),
    "heif": frozenset({".heic", ".heif", ".hif"}),
    "avif": frozenset({".avif"}),
    "gif": frozenset({".gif"}),
    "bmp": frozenset({".bmp", ".dib"}),
    "raw": RAW_SUFFIXES,
}
_RAW_MAGIC = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_DNG_VERSION = 50706  # TIFF tag that only DNG files carry


def is_photo_name(path: Path) -> bool:
    """Whether the name looks like a photo we read. Dot files (and `._` companions of macOS) are not photos."""
    return path.suffix.lower() in PHOTO_SUFFIXES and not path.name.startswith(".")


def name_matches(path: Path, photo_format: str) -> bool:
    """Whether the suffix of `path` is one that files of `photo_format` carry."""
    return path.suffix.lower() in _SUFFIXES_OF[photo_format]


def sniff_format(path: Path) -> str | None:
    """The format by content: jpeg, png, tiff, webp, heif, avif, gif, bmp or raw; None for anything else.

    TIFF-based RAW files cannot be told from a TIFF by their first bytes: there the suffix, or the DNG tag, decides.
    Raises OSError.
    """
    with open_regular(path) as file:
        head = file.read(4096)
    return sniff_bytes(head, path.suffix)


def sniff_bytes(head: bytes, suffix: str = "") -> str | None:
    """`sniff_format` on the first bytes of a file (some kilobytes)."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(_RAW_MAGIC):
        return "raw"
    if (
        head.startswith(b"BM")
        and len(head) >= 26
        and struct.unpack_from("<I", head, 14)[0] in {12, 40, 52, 56, 108, 124}
    ):
        return "bmp"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _sniff_iso_media(head)
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "raw" if suffix.lower() in RAW_SUFFIXES or head[8:10] == b"CR" or _has_dng_tag(head) else "tiff"
    return None


def _sniff_iso_media(head: bytes) -> str | None:
    """HEIF, AVIF and CR3 share the container; the brands tell them apart. Videos use it too."""
    size = min(struct.unpack_from(">I", head)[0], len(head))
    brands = {head[8:12]} | {head[i : i + 4] for i in range(16, size - 3, 4)}
    if head[8:12] == b"crx ":
        return "raw"
    if brands & _AVIF_BRANDS:
        return "avif"
    return "heif" if brands & _HEIF_BRANDS else None


def _has_dng_tag(head: bytes) -> bool:
    if len(head) < 8:
        return False
    order = "<" if head[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", head, 4)
    if start + 2 > len(head):
        return False
    (count,) = struct.unpack_from(order + "H", head, start)
    entries = range(start + 2, min(start + 2 + 12 * count, len(head) - 1), 12)
    return any(struct.unpack_from(order + "H", head, at)[0] == _DNG_VERSION for at in entries)


def content_hash(path: Path) -> str:
    """SHA-256 of the file's bytes in hex, read in pieces. Raises OSError."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
