"""Contact sheets: one row per face, one column per picture, for people to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from iconface_core.types import RgbU8

_MARGIN, _HEAD = 4, 18
_PAPER, _INK = (255, 255, 255), (0, 0, 0)


def contact_sheet(columns: Mapping[str, Sequence[RgbU8]], *, side: int = 128) -> Image.Image:
    """Heading -> pictures (H, W, 3), one per row, each shown `side` pixels wide and high.

    Raises ValueError when there is nothing to show or the columns have different lengths.
    """
    lengths = {len(pictures) for pictures in columns.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise ValueError(f"a sheet needs columns of one length, got {sorted(lengths)}")
    step = side + _MARGIN
    sheet = Image.new("RGB", (_MARGIN + step * len(columns), _HEAD + step * lengths.pop()), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for c, (name, pictures) in enumerate(columns.items()):
        left = _MARGIN + c * step
        draw.text((left, 3), _fitting(name, side, font), fill=_INK, font=font)
        for r, picture in enumerate(pictures):
            image = Image.fromarray(np.ascontiguousarray(picture))
            if image.size != (side, side):
                image = image.resize((side, side), Image.Resampling.LANCZOS)
            sheet.paste(image, (left, _HEAD + r * step))
    return sheet


def write_sheets(
    folder: Path, name: str, columns: Mapping[str, Sequence[RgbU8]], *, rows: int = 10, side: int = 128
) -> list[Path]:
    """Write sheets of at most `rows` faces as `name-1.png`, ... below `folder`, which is made. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    count = len(next(iter(columns.values())))
    written = []
    for number, start in enumerate(range(0, count, rows), 1):
        part = {key: pictures[start : start + rows] for key, pictures in columns.items()}
        path = folder / f"{name}-{number}.png"
        contact_sheet(part, side=side).save(path)
        written.append(path)
    return written


def _fitting(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    while text and font.getlength(text) > width:
        text = text[:-1]
    return text
