"""What is asked of a restoration and what comes back; the row other programs read is promised in docs/json.md."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gallery_db.records import Origin
from iconface_core.damage.sharpness import Degradation
from iconface_core.damage.visible_change import VisibleChange
from iconface_core.extensions.backends import Quality
from iconface_core.identity.verdict import Verdict, VerdictKind
from iconface_core.types import BBox
from plugin.rows import Row

from .skips import Skip


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """`strength` and `steps` None mean the restorer's own; `quality` chooses steps where none are given.

    `face` counts from the left, from 1; None means every face that needs it; `face_ids` name some by their ids in the
    gallery. `references` are files given by the user and replace the choice from the gallery; `reference_faces` are
    faces of the gallery that do so for the people they show, and mean nothing for others. `output` is a folder for the
    copy, `beside` puts it beside the original. `force` restores what would be left alone, and writes what the identity
    check refused. `origin` says who asks: unless it is `hand`, what people decided about earlier results forbids to
    make the same again, and nobody unknown is restored.
    """

    strength: float | None = None
    seed: int = 42
    steps: int | None = None
    quality: Quality | None = None
    face: int | None = None
    face_ids: Sequence[int] = ()
    person_id: int | None = None
    references: tuple[Path, ...] = ()
    reference_faces: Sequence[int] = ()
    use_references: bool = True
    restorer: str = "auto"
    output: Path | None = None
    beside: bool = False
    dry_run: bool = False
    force: bool = False
    origin: Origin = "hand"


@dataclass(slots=True)
class FaceResult:
    """What happened to one face. `references` are rows of {face_id, photo, score, reasons}. `strength` is what was used
    in the end, `change` what it changed visibly; of one that was not written, what the first try did."""

    photo: Path
    number: int = 0
    bbox: BBox | None = None
    face_id: int | None = None
    person_id: int | None = None
    person_name: str | None = None
    who: str = ""
    references: list[dict[str, Any]] = field(default_factory=list)
    references_note: str = ""
    references_used: int = 0
    references_unread: int = 0
    restorer: str | None = None
    seed: int | None = None
    seconds: float | None = None
    strength: float | None = None
    degradation: Degradation | None = None
    change: VisibleChange | None = None
    similarity_before: float | None = None
    similarity_after: float | None = None
    verdict: Verdict | None = None
    output: Path | None = None
    skipped_reason: str | None = None
    skipped_code: Skip | None = None
    failed: bool = False
    no_face: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """The identity check said no and nothing was written."""
        return self.verdict is not None and self.verdict.kind is VerdictKind.REFUSED and self.output is None

    def row(self) -> Row:
        """The JSON row."""
        b, d, v, c = self.bbox, self.degradation, self.verdict, self.change
        return {
            "photo": str(self.photo),
            "face": self.number or None,
            "face_id": self.face_id,
            "bbox": None if b is None else [round(x, 1) for x in (b.x1, b.y1, b.x2, b.y2)],
            "person_id": self.person_id,
            "person_name": self.person_name,
            "who": self.who or None,
            "references": self.references,
            "references_note": self.references_note or None,
            "references_used": self.references_used,
            "restorer": self.restorer,
            "seed": self.seed,
            "strength": _rounded(self.strength),
            "degradation": None if d is None else {"score": round(d.worst, 3), "reasons": list(d.reasons)},
            "identity": {
                "before": _rounded(self.similarity_before),
                "after": _rounded(self.similarity_after),
                "verdict": None if v is None else v.kind.value,
                "reason": None if v is None else v.reason,
            },
            "change": None if c is None else {"mean": round(c.mean, 2), "share": round(c.share, 4)},
            "output": None if self.output is None else str(self.output),
            "skipped_reason": self.skipped_reason,
            "skipped_code": None if self.skipped_code is None else self.skipped_code.value,
            "notes": self.notes,
        }

    def lines(self) -> list[str]:
        """The same for a person."""
        where = f"{self.photo}" + (f", face {self.number}" if self.number else "")
        out = [where]
        if self.who:
            out.append(f"  who         {self.who}")
        out += [f"  reference   {r['photo']} ({r['score']:.2f}: {', '.join(r['reasons'])})" for r in self.references]
        if self.references_note:
            out.append(f"  references  {self.references_note}")
        if self.verdict is not None:
            before, after = self.similarity_before, self.similarity_after
            numbers = "" if before is None or after is None else f" (likeness {before:.2f} -> {after:.2f})"
            out.append(f"  identity    {self.verdict.kind.value}: {self.verdict.reason}{numbers}")
        if self.change is not None and self.skipped_code is None:
            out.append(f"  change      {change_words(self.change)}")
        out += [f"  note        {n}" for n in self.notes]
        if self.skipped_reason:
            out.append(f"  left alone  {self.skipped_reason}")
        if self.output is not None:
            out.append(f"  written     {self.output}")
        return out


def change_words(change: VisibleChange) -> str:
    """What was measured, for a person."""
    return f"{change.mean:.1f} of 255 in the mean, {change.share:.0%} of the face clearly"


def exit_code(results: Sequence[FaceResult]) -> int:
    """0 all well, 1 nothing could be read, 3 no face anywhere, 4 refused, 5 some of each (docs/cli.md)."""
    bad = [r for r in results if r.failed or r.refused or r.no_face]
    if not bad:
        return 0
    if len(bad) < len(results):
        # A refusal beside faces that were simply fine already is still a refusal, not a half-done job.
        done = any(r.output is not None for r in results)
        return 4 if not done and all(r.refused for r in bad) else 5
    if all(r.no_face for r in results):
        return 3
    if all(r.refused for r in results):
        return 4
    return 1 if all(r.failed for r in results) else 5


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
