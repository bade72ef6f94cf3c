"""Before and after as one picture, to be sent to somebody who has no iconface."""

import io

from PIL import Image, ImageDraw, ImageFont

PAPER, INK, SOFT = (250, 246, 240), (42, 36, 32), (102, 90, 80)
"""The site's colours in the light."""


def before_after(before: bytes, after: bytes, title: str) -> bytes:
    """Two pictures of the same place (as JPEG) and what they are, as JPEG: side by side, wide ones one above the other.
    `title` stands below them, "" for nothing. No metadata."""
    pair = [Image.open(io.BytesIO(data)).convert("RGB") for data in (before, after)]
    width, height = pair[1].size
    pair[0] = pair[0].resize((width, height), Image.Resampling.LANCZOS)  # an upright copy may differ by a pixel
    gap = max(8, width // 60)
    line = max(18, min(width, height) // 22)
    stacked = width > 1.4 * height
    step = (0, height + 2 * line + gap) if stacked else (width + gap, 0)
    size = (step[0] + width + 2 * gap, step[1] + height + 2 * line + 2 * gap + (2 * line if title else 0))
    sheet = Image.new("RGB", size, PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(line)
    for n, (picture, word) in enumerate(zip(pair, ("Before", "After"), strict=True)):
        x, y = gap + n * step[0], gap + n * step[1]
        sheet.paste(picture, (x, y))
        draw.text((x + width / 2, y + height + line), word, SOFT, font, anchor="mm")
    if title:
        draw.text((size[0] / 2, size[1] - gap - line), title, INK, font, anchor="mm")
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=92, subsampling="4:4:4")
    return out.getvalue()
