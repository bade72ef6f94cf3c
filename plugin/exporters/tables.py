"""The forms that come with iconface: a table for a spreadsheet, and JSON for a program."""

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from iconface_core.extensions.exchange import ExportedFace, GalleryFacts


@dataclass(frozen=True, slots=True)
class CsvExporter:
    """One row a face, UTF-8 with a mark that spreadsheets look for."""

    name: str = "csv"
    title: str = "a table of faces (.csv)"

    def export(self, facts: GalleryFacts, out: Path) -> None:
        """Raises OSError."""
        with out.open("x", encoding="utf-8-sig", newline="") as file:
            columns = (
                "face_id",
                "photo",
                "x1",
                "y1",
                "x2",
                "y2",
                "person_id",
                "person_name",
                "confirmed",
                "captured_at",
            )
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(self._rows(facts.faces()))

    def _rows(self, faces: Iterable[ExportedFace]) -> Iterable[tuple[Any, ...]]:
        for f in faces:
            box = (round(v, 1) for v in f.bbox)
            yield f.id, str(f.photo), *box, f.person_id, _cell(f.person_name), int(f.confirmed), f.captured_at


@dataclass(frozen=True, slots=True)
class JsonExporter:
    """`{"people": [...], "faces": [...]}`, the fields of `ExportedPerson` and `ExportedFace`."""

    name: str = "json"
    title: str = "people and faces (.json)"

    def export(self, facts: GalleryFacts, out: Path) -> None:
        """Raises OSError."""
        people = [asdict(p) for p in facts.people()]
        faces = [asdict(f) | {"photo": str(f.photo)} for f in facts.faces()]
        with out.open("x", encoding="utf-8") as file:
            json.dump({"people": people, "faces": faces}, file, ensure_ascii=False, indent=1)


def _cell(text: str | None) -> str | None:
    """A name that a spreadsheet would take for a formula is one to it no more."""
    return f"'{text}" if text and text[0] in "=+-@\t\r" else text
