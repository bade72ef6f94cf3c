"""What is asked of a restoration and what comes back; the row other programs read is promised in docs/json.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from msgspec.structs import asdict

from gallery_db.records import Origin
from iconface_core.codec import JsonObject
from iconface_core.damage.sharpness import Degradation
from iconface_core.damage.visible_change import VisibleChange
from iconface_core.identity.verdict import Verdict, VerdictKind
from iconface_core.reason_codes import LESS_LIKE
from iconface_core.reasons import Reason, read_reasons
from iconface_core.types import BBox

from ..job_payloads import PhotoStep, QueuedChoices, RestoreChoices
from ..reason_words import all_in_words, changed, in_words
from ..reasons import HOPELESS, UNSEEN
from ..rows import Row


class RestoreRequest(RestoreChoices, frozen=True):
    """What is asked of a restoration now. `origin` says who asks: unless it is `hand`, what people decided about
    earlier results forbids to make the same again, and nobody unknown is restored."""

    person_id: int | None = None
    origin: Origin = "hand"

    @classmethod
    def of(cls, choices: QueuedChoices, person_id: int | None, origin: Origin = "hand") -> Self:
        """What was chosen, with the person looked up."""
        asked = asdict(choices)
        del asked["person"]
        return cls(**asked, person_id=person_id, origin=origin)


@dataclass(frozen=True, slots=True)
class FaceResult:
    """What happened to one face. `references` are rows of {face_id, photo, score, reasons}. `strength` is what was used
    in the end, `change` what it changed visibly; of one that was not written, what the first try did. Of the whole
    photo, which has no `number`, `photo_steps` are what was asked for; None for a face. `choice`: why it is this one,
    where several were compared."""

    photo: Path
    number: int = 0
    bbox: BBox | None = None
    face_id: int | None = None
    person_id: int | None = None
    person_name: str | None = None
    who: Reason | None = None
    references: Sequence[JsonObject] = ()
    references_note: Reason | None = None
    references_used: int = 0
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
    skipped: Reason | None = None
    failed: bool = False
    no_face: bool = False
    notes: tuple[Reason, ...] = ()
    photo_steps: tuple[PhotoStep, ...] | None = None
    choice: Reason | None = None

    @property
    def refused(self) -> bool:
        """The identity check said no and nothing was written."""
        return self.verdict is not None and self.verdict.kind is VerdictKind.REFUSED and self.output is None

    @property
    def skipped_code(self) -> str | None:
        """The three codes that programs may ask for by themselves since the first release."""
        if self.skipped is None:
            return None
        verdict = self.skipped.params.get("verdict")
        if isinstance(verdict, Reason) and verdict.code == LESS_LIKE:
            return LESS_LIKE
        return self.skipped.code if self.skipped.code in (UNSEEN, HOPELESS) else None

    def row(self) -> Row:
        """The JSON row, as it is kept with a job: reasons are data, whoever prints it adds the words."""
        b, d, v, c = self.bbox, self.degradation, self.verdict, self.change
        return {
            "photo": str(self.photo),
            "face": self.number or None,
            "face_id": self.face_id,
            "bbox": None if b is None else [round(x, 1) for x in (b.x1, b.y1, b.x2, b.y2)],
            "person_id": self.person_id,
            "person_name": self.person_name,
            "who": _data(self.who),
            "references": list(self.references),
            "references_note": _data(self.references_note),
            "references_used": self.references_used,
            "restorer": self.restorer,
            "seed": self.seed,
            "strength": _rounded(self.strength),
            "degradation": None if d is None else degradation_row(d),
            "identity": {
                "before": _rounded(self.similarity_before),
                "after": _rounded(self.similarity_after),
                "verdict": None if v is None else v.kind.value,
                "reason": None if v is None else v.reason.as_json(),
            },
            "change": None if c is None else {"mean": round(c.mean, 2), "share": round(c.share, 4)},
            "output": None if self.output is None else str(self.output),
            "skipped_reason": _data(self.skipped),
            "skipped_code": self.skipped_code,
            "notes": [n.as_json() for n in self.notes],
            **({} if self.photo_steps is None else {"photo_steps": list(self.photo_steps)}),
            **({} if self.choice is None else {"choice": self.choice.as_json()}),
        }

    def lines(self) -> list[str]:
        """The same for a person."""
        where = f"{self.photo}" + (f", face {self.number}" if self.number else "")
        out = [where if self.photo_steps is None else f"{where}, the whole photo"]
        if self.who is not None:
            out.append(f"  who         {in_words(self.who)}")
        out += [reference_line(r) for r in self.references]
        if self.references_note is not None:
            out.append(f"  references  {in_words(self.references_note)}")
        if self.verdict is not None:
            before, after = self.similarity_before, self.similarity_after
            numbers = "" if before is None or after is None else f" (likeness {before:.2f} -> {after:.2f})"
            out.append(f"  identity    {self.verdict.kind.value}: {in_words(self.verdict.reason)}{numbers}")
        if self.choice is not None:
            out.append(f"  choice      {in_words(self.choice)}")
        if self.change is not None and self.skipped_code is None:
            out.append(f"  change      {changed(self.change.mean, self.change.share)}")
        out += [f"  note        {n}" for n in all_in_words(self.notes)]
        if self.skipped is not None:
            out.append(f"  left alone  {in_words(self.skipped)}")
        if self.output is not None:
            out.append(f"  written     {self.output}")
        return out


def reference_line(row: Mapping[str, Any]) -> str:
    """One reference for a person, with what speaks for it."""
    reasons = ", ".join(all_in_words(read_reasons(row["reasons"])))
    return f"  reference   {row['photo']} ({row['score']:.2f}: {reasons})"


def degradation_row(d: Degradation) -> Row:
    """How degraded a face is, in rows of `restore` and `cleanup plan`."""
    return {"score": round(d.worst, 3), "reasons": [r.as_json() for r in d.reasons]}


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


def _data(reason: Reason | None) -> Row | None:
    return None if reason is None else reason.as_json()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
