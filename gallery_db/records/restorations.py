"""Restored copies and proposals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from iconface_core.types import BBox

RestorationState = Literal["done", "refused", "undone", "proposed", "rejected", "unseen"]
Decided = Literal["accepted", "rejected"]
WHOLE_PHOTO = "whole-photo"
"""`RestorationRecord.restorer` of what was done to a whole photo, beside its faces."""

Origin = Literal["hand", "auto", "cleanup", "watch"]


@dataclass(frozen=True, slots=True)
class RestorationRecord:
    """Everything needed to repeat a restoration and to recognise its output. `references` are
    `{"face_id", "photo", "score", "reasons"}`, the last as JSON of `Reason`; similarities are to the
    person, None without one.

    | state | means |
    |---|---|
    | proposed | nothing was computed yet; `verdict` is empty |
    | done | the output is there, as far as we know |
    | refused | the identity check let no output be written |
    | unseen | nobody would have seen a difference, so no output was written |
    | undone | taken back by `undo`; the output was removed |
    | rejected | the user does not want it; the output was removed |

    `decided` is set by a human only. `version` counts the outputs of one face from 1. `bbox` is in upright pixels of
    the input. `origin` is who asked, `seconds` what the restorer took for this face; both None before schema 0002.
    `changed_mean` (0..255) and `changed_share` (0..1) are what `VisibleChange` measured, None before schema 0006.
    """

    id: int
    face_id: int | None
    photo: str
    input_sha256: str
    restorer: str
    weights_sha256: str
    options: Mapping[str, Any]
    seed: int
    person_id: int | None
    references: tuple[Mapping[str, Any], ...]
    similarity_before: float | None
    similarity_after: float | None
    verdict: str
    output: str | None
    output_sha256: str | None
    state: RestorationState
    created_at: str
    version: int = 1
    decided: Decided | None = None
    bbox: BBox | None = None
    origin: Origin | None = None
    seconds: float | None = None
    changed_mean: float | None = None
    changed_share: float | None = None
