"""Restorations: everything needed to repeat one, and to recognise our own outputs."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from .records import RestorationRecord, RestorationState


class RestorationRepo:
    def __init__(self, session: Session) -> None:
        self._s = session

    def add(
        self,
        *,
        photo: str,
        input_sha256: str,
        restorer: str,
        weights_sha256: str,
        options: Mapping[str, Any],
        seed: int,
        verdict: str,
        state: RestorationState,
        face_id: int | None = None,
        person_id: int | None = None,
        references: Sequence[Mapping[str, Any]] = (),
        similarity_before: float | None = None,
        similarity_after: float | None = None,
        output: str | None = None,
        output_sha256: str | None = None,
    ) -> RestorationRecord:
        raise NotImplementedError

    def get(self, restoration_id: int) -> RestorationRecord:
        """Raises NotFoundError."""
        raise NotImplementedError

    def by_output(self, *, path: str | None = None, sha256: str | None = None) -> RestorationRecord | None:
        """The latest restoration (whatever its state) that wrote this path or these bytes: "is this file ours?"."""
        raise NotImplementedError

    def repeated(
        self,
        *,
        input_sha256: str,
        restorer: str,
        weights_sha256: str,
        options: Mapping[str, Any],
        seed: int,
        face_id: int | None = None,
        references: Sequence[int] | None = None,
    ) -> RestorationRecord | None:
        """The latest `done` restoration with the same inputs, to avoid doing it twice."""
        raise NotImplementedError

    def set_output(self, restoration_id: int, path: str) -> None:
        """The output file was moved."""
        raise NotImplementedError

    def history(self, *, photo: str | None = None, limit: int | None = None) -> list[RestorationRecord]:
        """Latest first."""
        raise NotImplementedError
