"""What came of a clean-up, to look at: one self-contained page, and a table. Nothing in them points outside."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from gallery_db.records import CleanupRecord
from iconface_core.errors import ImageReadError
from iconface_core.reasons import read_reasons
from iconface_core.types import RgbU8

from ..errors import UsageError
from ..library.photo_reader import PhotoReader
from ..offline_page import check_outside_library, data_uri, templates
from ..progress import Progress
from ..reason_words import all_in_words, in_words
from .estimate import paces, size_words, time_words
from .outcomes import CleanupOutcome, counts, ended_jobs, outcomes

if TYPE_CHECKING:
    from ..app import App

SUFFIXES = (".html", ".csv")

CROP_PX = 256
"""Side of the pictures on the page: twice what a phone shows, sharp on its screen too."""

MARGIN = 0.25
"""Of the face's box, on each side: hair and chin belong to a face."""


@dataclass(frozen=True, slots=True)
class ReportCard:
    """One face on the page; pictures are data URIs, None where there is nothing to show."""

    outcome: CleanupOutcome
    before: str | None
    after: str | None

    @property
    def kept(self) -> bool:
        """Whether its copy still counts: not undone, not rejected."""
        return self.outcome.state == "done"


def write_report(app: "App", target: Path, *, everything: bool, limit: int, progress: Progress) -> list[Path]:
    """Write `target` (.html or .csv), or both into the folder `target`. Replaces an older report of ours by that name.

    Raises UsageError for another suffix, for a place in the library, or when there was no clean-up yet.
    """
    with app.gallery.begin(write=False) as tx:
        check_outside_library(tx, target)
        run = tx.cleanups.latest()
        found = [o for o in outcomes(tx, None if everything else run) if o.kind not in ("waiting", "cancelled")]
        took = sum(gap for gap, _ in paces(ended_jobs(tx, run))) / 3600 if run is not None else 0.0
    if run is None:
        raise UsageError("there was no clean-up yet: iconface cleanup run")
    kind = target.suffix.lower()
    if kind and kind not in SUFFIXES and not target.is_dir():
        raise UsageError(f"{target}: a report is .html or .csv, or a folder for both")
    files = [target] if kind in SUFFIXES else [target / f"cleanup{suffix}" for suffix in SUFFIXES]
    for path in files:
        page = path.suffix.lower() == ".html"
        text = _page(found, run, took, limit, app.reader, progress) if page else _table(found)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8" if page else "utf-8-sig")  # spreadsheets need the mark to read umlauts
    return files


def _table(found: Sequence[CleanupOutcome]) -> str:
    """CSV with a header; lists are joined by "; "."""
    out = io.StringIO()
    fields = list(CleanupOutcome("waiting", "").row())
    writer = csv.DictWriter(out, fields, lineterminator="\r\n")
    writer.writeheader()
    for o in found:
        writer.writerow({k: _cell(v) for k, v in o.row().items()})
    return out.getvalue()


def _cell(value: Any) -> Any:
    """A spreadsheet must not take a file name for a formula."""
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _page(
    found: Sequence[CleanupOutcome],
    run: CleanupRecord,
    took: float,
    limit: int,
    reader: PhotoReader,
    progress: Progress,
) -> str:
    env = templates(__package__)
    env.filters["name"] = lambda path: Path(path).name
    env.filters["words"] = in_words
    env.filters["all_words"] = lambda values: ", ".join(all_in_words(read_reasons(values)))
    shown = sorted(found, key=lambda o: (_ORDER.index(o.kind), o.first))[:limit]
    progress.total(len(shown))
    cards = list(_cards(shown, reader, progress))
    seconds = sorted(o.seconds for o in found if o.seconds is not None)
    return env.get_template("report.html.j2").render(
        cards=cards,
        counts=counts(found),
        left_out=len(found) - len(shown),
        begun=datetime.fromisoformat(run.started_at).astimezone(),
        median_seconds=seconds[len(seconds) // 2] if seconds else None,
        spent=_spent(run, took, found),
        people=len({o.person for o in found if o.person and o.kind == "restored"}),
    )


def _spent(run: CleanupRecord, took: float, found: Sequence[CleanupOutcome]) -> str:
    """What it took and what was estimated, as one sentence; "" while there is nothing to tell."""
    disk = sum(Path(p).stat().st_size for p in {o.output for o in found if o.output} if Path(p).is_file())
    if not (took and disk):
        return ""
    text = f"Work of {time_words(took)}, and {size_words(disk)} of copies"
    if run.estimated_hours is None or run.estimated_bytes is None:
        return f"{text}."
    return f"{text}; estimated were {time_words(run.estimated_hours)} and {size_words(run.estimated_bytes)}."


_ORDER = ("restored", "refused", "failed", "left alone")


def _cards(found: Sequence[CleanupOutcome], reader: PhotoReader, progress: Progress) -> Iterator[ReportCard]:
    cache = _Reader(reader)
    for o in found:
        before = cache.crop(o.photo, o.bbox)
        after = cache.crop(o.output, o.bbox) if o.kind == "restored" and o.output else None
        yield ReportCard(o, before, after)
        progress.step(o.photo)


class _Reader:
    """Reads photos for their crops; keeps the last two, since the faces of one photo follow each other."""

    def __init__(self, reader: PhotoReader) -> None:
        self._reader = reader
        self._held: dict[str, RgbU8 | None] = {}

    def crop(self, path: str, bbox: tuple[float, ...] | None) -> str | None:
        """A data URI, or None where the file or the box is not there."""
        pixels = self._pixels(path) if bbox is not None else None
        return None if pixels is None or bbox is None else data_uri(_square(pixels, bbox))

    def _pixels(self, path: str) -> RgbU8 | None:
        if path not in self._held:
            if len(self._held) > 1:
                self._held.pop(next(iter(self._held)))
            try:
                self._held[path] = self._reader.read(Path(path)).pixels
            except (ImageReadError, OSError):
                self._held[path] = None
        return self._held[path]


def _square(pixels: RgbU8, bbox: tuple[float, ...]) -> RgbU8:
    """The face with a margin, as a square of CROP_PX that stays inside the photo."""
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = bbox
    side = max(1, round(min(max(x2 - x1, y2 - y1) * (1 + 2 * MARGIN), width, height)))
    left, top = (
        int(np.clip(round((a + b) / 2 - side / 2), 0, full - side))
        for a, b, full in ((x1, x2, width), (y1, y2, height))
    )
    how = cv2.INTER_AREA if side > CROP_PX else cv2.INTER_CUBIC
    square = pixels[top : top + side, left : left + side]
    return np.asarray(cv2.resize(square, (CROP_PX, CROP_PX), interpolation=how), np.uint8)
