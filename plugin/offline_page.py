"""What pages share that are one file: a report, an album. Pictures are in them, and nothing points outside."""

import base64
import re
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import cv2

from gallery_db.gallery import Tx
from iconface_core.images.atomic_write import name_limit, shortened
from iconface_core.images.leftovers import sweep, temporary
from iconface_core.types import RgbU8

from .errors import UsageError
from .languages import for_templates
from .paths import is_device_name

if TYPE_CHECKING:
    from jinja2 import Environment


SUFFIXES = (".html", ".htm")

_UNSAFE = re.compile(r'[<>:"/\\|?*]')


def templates(package: str) -> "Environment":
    """The templates below `package`. Values are escaped, and a name that there is not is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader(package), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals |= for_templates()
    return made


def data_uri(pixels: RgbU8) -> str:
    """RGB pixels (H, W, 3) as a JPEG without metadata, for `src`."""
    coded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
    return as_data_uri(coded.tobytes())


def as_data_uri(jpeg: bytes) -> str:
    """A JPEG file that stands in the page itself."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def check_outside_library(tx: Tx, target: Path) -> None:
    """Raises UsageError for a place in a folder of the library."""
    inside = next((r for r in tx.roots.all() if target.resolve().is_relative_to(Path(r.path).resolve())), None)
    if inside is not None:
        raise UsageError(
            f"{target} lies in your library ({inside.path}), where nothing is ever written: name another place"
        )


def html_name(called: str, fallback: str, folder: Path) -> str:
    """What a page about `called` is named as a file: safe on every system, with .html; it fits into `folder`.
    `fallback`: where nothing is left of it that a file may be called."""
    letters = (c for c in unicodedata.normalize("NFC", called) if unicodedata.category(c)[0] != "C")
    stem = " ".join(_UNSAFE.sub(" ", "".join(letters)).split()).strip(". ")
    if not stem or is_device_name(stem):
        stem = f"{fallback} {stem}".strip()
    return shortened(stem, name_limit(folder) - len(".html.1234567.unfinished")) + ".html"


def target_of(out: Path, name: str, *, force: bool) -> Path:
    """The file to be written: `out`, or `name` in that folder. Raises UsageError."""
    target = out if out.suffix.lower() in SUFFIXES and not out.is_dir() else out / name
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent} is no folder; make it first, or name a file that ends in .html")
    _check_free(target, force=force)
    return target


@contextmanager
def written_whole(target: Path, *, force: bool) -> Generator[TextIO]:
    """A file that becomes `target` at the end; after an error nothing of it is left. Raises OSError, and UsageError for
    one that appeared meanwhile and may not be replaced (`force`)."""
    sweep([target.parent], of=target.name)
    unfinished = temporary(target)
    try:
        with unfinished.open("x", encoding="utf-8", newline="\n") as file:
            yield file
        _check_free(target, force=force)  # a large album takes minutes
        unfinished.replace(target)
    except OSError as e:  # of the file that nobody asked for, or without any name
        raise OSError(e.errno, e.strerror, str(target)) from e
    finally:
        unfinished.unlink(missing_ok=True)


def _check_free(target: Path, *, force: bool) -> None:
    """Raises UsageError when something is there that may not be replaced."""
    if target.is_dir():
        raise UsageError(f"{target} is a folder; name a file in it")
    if not force and (target.exists() or target.is_symlink()):
        raise UsageError(f"{target} is there already; name a new file, or replace it with --force")
