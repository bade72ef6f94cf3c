"""What pages share that are one file: a report, an album. Pictures are in them, and nothing points outside."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from gallery_db.gallery import Tx
from iconface_core.types import RgbU8

from .errors import UsageError
from .languages import for_templates

if TYPE_CHECKING:
    from jinja2 import Environment


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
    return "data:image/jpeg;base64," + base64.b64encode(coded.tobytes()).decode("ascii")


def check_outside_library(tx: Tx, target: Path) -> None:
    """Raises UsageError for a place in a folder of the library."""
    inside = next((r for r in tx.roots.all() if target.resolve().is_relative_to(Path(r.path).resolve())), None)
    if inside is not None:
        raise UsageError(
            f"{target} lies in your library ({inside.path}), where nothing is ever written: name another place"
        )
