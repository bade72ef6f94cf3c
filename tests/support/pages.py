"""What an answer of the review page says."""

import json
import re
from html import unescape
from typing import Any


def text_of(page: str) -> str:
    """What a reader of the HTML sees, blanks made one."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def toast(response: Any) -> dict[str, Any]:
    """The note that the page shows for a moment; `text` are its words."""
    shown: dict[str, Any] = json.loads(response.headers["HX-Trigger"])["toast"]
    return shown
