"""Restored copies: where they go, which are there, and what is remembered of them. Nothing is ever overwritten."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import Origin, RestorationRecord, RestorationState, RootRecord
from iconface_core.errors import IconFaceError
from iconface_core.images.carrying import AS_IT_IS, CopyForm
from iconface_core.images.provenance import PhotoProvenance, Provenance, read_provenance
from iconface_core.images.read import DEFAULT_FULL_PIXELS, DEFAULT_MAX_PIXELS, content_hash
from iconface_core.images.write import restored_names, write_restored
from iconface_core.reasons import Reason
from iconface_core.types import Patch

from ..library.degradation import row
from ..models.backends import RestorerBackend
from ..reasons import (
    ACCEPTED,
    DELETED,
    REFUSED_BEFORE,
    REJECTED_BEFORE,
    RESTORED_ALREADY,
    TAKEN_BACK,
    UNSEEN,
    UNSEEN_BEFORE,
)
from ..settings import Layout
from .listing import CHOICE
from .presence import presence
from .result import FaceResult


class RestoredCopies:
    """Writes restored copies. `folder` is the folder of settings; `layout` says how copies are laid out in it:

    | layout | a copy of ROOT/2019/May/a.jpg |
    |---|---|
    | mirror | FOLDER/ROOT's name/2019/May/a_restored.jpg |
    | beside | ROOT/2019/May/a_restored.jpg |
    | flat | FOLDER/a_restored.jpg |
    """

    def __init__(
        self,
        gallery: Gallery,
        folder: Path,
        layout: Layout,
        software: str,
        *,
        max_pixels: int = DEFAULT_MAX_PIXELS,
        full_pixels: int = DEFAULT_FULL_PIXELS,
    ) -> None:
        self._gallery, self._folder, self._layout, self.software = gallery, folder, layout, software
        self._limits = {"max_pixels": max_pixels, "full_pixels": full_pixels}

    def folder_for(self, photo: Path, *, beside: bool = False) -> Path:
        """Where a copy of `photo` goes. A photo outside the library has no place in a mirror: it goes to its top."""
        if beside or self._layout == "beside":
            return photo.parent
        if self._layout == "flat":
            return self._folder
        with self._gallery.begin(write=False) as tx:
            roots = tx.roots.all()
        root = next((r for r in roots if photo.is_relative_to(r.path)), None)
        if root is None:
            return self._folder
        return self._folder / mirror_name(root, roots) / photo.parent.relative_to(root.path)

    def write(
        self,
        photo: Path,
        patches: Sequence[Patch],
        provenance: Provenance,
        folder: Path,
        *,
        form: CopyForm = AS_IT_IS,
    ) -> tuple[Path, Sequence[str]]:
        """Write the copy, or find the one that a run killed before its last step left. Returns it, and
        remarks."""
        there = existing_result(photo, folder, provenance, self._is_ours)
        if there is not None:
            return there, ()
        folder.mkdir(parents=True, exist_ok=True)
        written = write_restored(photo, patches, provenance, folder, form=form, **self._limits)
        return written.path, written.notes

    def _is_ours(self, copy: Path) -> bool:
        """False for a copy that was edited since: it may keep our mark, but it is the user's now."""
        with self._gallery.begin(write=False) as tx:
            known = tx.restorations.by_output(path=str(copy))
        return known is None or known.output_sha256 == content_hash(copy)

    def remember(
        self,
        results: Sequence[FaceResult],
        output: Path | None,
        *,
        input_sha256: str,
        weights_sha256: str,
        options: Mapping[str, Any],
        origin: Origin,
        photo: PhotoProvenance | None = None,
    ) -> None:
        """Keep every attempt, the refused ones too; what was written can be undone as one. What was measured in the
        full picture is kept as well: indexing may have seen a reduced one. `weights_sha256` are the restorer's, those
        that found the damage of the whole photo are in `photo`."""
        damage_weights = "" if photo is None else photo.weights_sha256 or ""
        seen = [(r.face_id, row(r.degradation)) for r in results if r.face_id is not None and r.degradation is not None]
        tried = [
            r
            for r in results
            if r.verdict is not None
            or (r.photo_steps is not None and r.output is not None)
            or (r.skipped is not None and r.skipped.code == UNSEEN)
        ]
        digest = None if output is None else content_hash(output)
        with self._gallery.begin() as tx:
            tx.measures.set(seen)
            old = None if output is None else tx.restorations.by_output(path=str(output), sha256=digest)
            if not tried or (old is not None and old.output_sha256 == digest and old.state == "done"):
                return  # the same result again: nothing new to remember
            written = []
            for r in tried:
                change = r.change
                state: RestorationState = "done" if r.output is not None else "refused" if r.verdict else "unseen"
                added = tx.restorations.add(
                    photo=str(r.photo),
                    input_sha256=input_sha256,
                    restorer=r.restorer or "",
                    weights_sha256=weights_sha256 if r.photo_steps is None else damage_weights,
                    options={
                        **options,
                        **({} if r.strength is None else {"strength": r.strength}),
                        **({} if r.choice is None else {CHOICE: r.choice.as_json()}),
                    },
                    seed=int(options["seed"]),
                    verdict=r.verdict.kind.value if r.verdict is not None else "",
                    state=state,
                    face_id=r.face_id,
                    person_id=r.person_id,
                    references=r.references,
                    similarity_before=r.similarity_before,
                    similarity_after=r.similarity_after,
                    output=None if r.output is None else str(r.output),
                    output_sha256=None if r.output is None else digest,
                    bbox=r.bbox,
                    origin=origin,
                    seconds=r.seconds,
                    changed_mean=None if change is None else change.mean,
                    changed_share=None if change is None else change.share,
                )
                if r.output is not None:
                    written.append(added.id)
            if written:
                tx.decisions.restored(written)


def mirror_name(root: RootRecord, roots: Sequence[RootRecord]) -> str:
    """The folder that mirrors a root: its name, with its id where an older root has the same name (in any case: the
    copies may go to a disk that does not tell `Photos` from `photos`)."""
    name = Path(root.path).name or "root"
    older = any(r.id < root.id and (Path(r.path).name or "root").casefold() == name.casefold() for r in roots)
    return f"{name}-{root.id}" if older else name


def remove(record: RestorationRecord) -> Path | None:
    """Delete the output. None when it is not there, or was changed since it was written: then it is the user's."""
    if presence(record) != "there":
        return None
    path = Path(str(record.output))
    path.unlink()
    return path


def why_not_again(
    rows: Sequence[RestorationRecord], *, input_sha256: str, restorer: RestorerBackend, references: Sequence[int]
) -> Reason | None:
    """Why no algorithm may restore a face (again), or None. `rows` are all restorations of that face.

    A person's word holds: what was accepted is not replaced, and what was rejected, undone or deleted is not made again
    from the same photo with the same restorer and references, whatever it has learnt since. What is done already stays;
    what was refused or could not be seen would come out the same with the same weights.
    """
    wanted = frozenset(references)
    for r in rows:
        if r.state == "done" and r.decided == "accepted" and presence(r, compare=False) != "gone":
            return ACCEPTED(restoration=r.id)
        same = (r.input_sha256, r.restorer) == (input_sha256, restorer.id)
        if not same or {x.get("face_id") for x in r.references} != wanted:
            continue
        if r.state == "rejected":
            return REJECTED_BEFORE(restoration=r.id)
        if r.state == "undone":
            return TAKEN_BACK(restoration=r.id)
        if r.state in ("unseen", "refused") and restorer.weights_sha256 not in (None, r.weights_sha256):
            continue
        if r.state == "unseen":
            return UNSEEN_BEFORE(restoration=r.id)
        if r.state == "refused":
            return REFUSED_BEFORE(restoration=r.id)
        if r.state == "done" and presence(r, compare=False) == "gone":
            return DELETED(restoration=r.id, output=str(r.output))
        if r.state == "done":
            return RESTORED_ALREADY(restoration=r.id, output=str(r.output))
    return None


def existing_result(
    path: Path, folder: Path, provenance: Provenance, is_ours: Callable[[Path], bool] = lambda _: True
) -> Path | None:
    """A file of ours that says it is exactly this result: what a run that was killed before its last step left.
    `is_ours(file)` is asked of one that says so."""
    for suffix in {path.suffix, ".jpg", ".png"}:
        for name in restored_names(path, folder, suffix):
            if not os.path.lexists(name):
                break
            try:
                old = read_provenance(name)
            except IconFaceError:
                continue
            same = old is not None and _made_of(old) == _made_of(provenance)
            if same and is_ours(name):
                return name
    return None


def _made_of(record: Provenance) -> tuple[object, ...]:
    return record.source_sha256, record.faces, record.photo


def rows_of(tx: Tx, which: str) -> list[RestorationRecord]:
    """The rows that `which` names: a restoration's id, an output file, or a photo (its latest output or proposal,
    else what was last tried).

    Empty when nothing is known by that name.
    """
    if which.isdecimal():
        return tx.restorations.with_output(int(which))
    found = tx.restorations.by_output(path=which)
    if found is None:
        live = tx.restorations.history(photo=which, states=("done", "proposed"), limit=1)
        known = live or tx.restorations.history(photo=which, limit=1)  # a verb says what it cannot do with these
        found = known[0] if known else None
    return [] if found is None else tx.restorations.with_output(found.id)
