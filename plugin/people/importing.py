"""Names of another program become decisions: read, shown, and made as one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import NamesImported
from iconface_core.errors import BackendUnavailableError, IconFaceError
from iconface_core.extensions.exchange import NamedFace, NameSource, UnreadFile

from ..dry_run import tried
from ..errors import AppError, UsageError
from ..extensions import in_words
from ..job_kinds import enqueue_embed
from ..languages import _
from .named_faces import ImportPlan, plan_import


@dataclass(frozen=True, slots=True)
class NamesFound:
    """What a source says of the photos of the library."""

    source: str
    named: tuple[NamedFace, ...]
    unread: tuple[UnreadFile, ...]


@dataclass(frozen=True, slots=True)
class ImportDone:
    """`decision` is None when there was nothing to decide."""

    plan: ImportPlan
    decision: NamesImported | None


def find_names(gallery: Gallery, source: NameSource) -> NamesFound:
    """Read a source, which may take minutes; no transaction is open meanwhile. Raises what the source raises;
    BackendUnavailableError when another package's code fails."""
    with gallery.begin(write=False) as tx:
        photos = [Path(p.path) for p in tx.photos.find(states=("indexed",))]
    named: dict[NamedFace, None] = {}
    unread: dict[UnreadFile, None] = {}
    try:
        for found in source.read(photos):
            if isinstance(found, UnreadFile):
                unread[found] = None
            else:
                named[found] = None
    except (OSError, AppError, IconFaceError):
        raise
    except Exception as e:  # its code: anything may happen
        raise BackendUnavailableError(f"{source.name} fails: {in_words(e)}") from e
    return NamesFound(source.title, tuple(named), tuple(unread))


def as_seen(seen: ImportPlan) -> Callable[[ImportPlan], None]:
    """What is decided is what was shown. Raises UsageError when it would be something else now."""

    def given(plan: ImportPlan) -> None:
        if plan != seen:
            raise UsageError(_("people or faces have changed meanwhile; nothing was imported: look again"))

    return given


def import_names(
    gallery: Gallery,
    found: NamesFound,
    *,
    given: Callable[[ImportPlan], None] = lambda _: None,
    dry_run: bool = False,
) -> ImportDone:
    """Decide what `found` comes to, as one decision that `undo` takes back; a job looks at faces that are drawn. What
    `given` raises leaves everything as it is."""

    def decide(tx: Tx) -> ImportDone:
        plan = plan_import(tx, found.named)
        given(plan)
        if plan.empty:
            return ImportDone(plan, None)
        done = tx.decisions.import_names(found.source, plan.people, plan.ignored)
        _look_at(tx, done.drawn)
        return ImportDone(plan, done)

    return tried(gallery, decide, dry_run=dry_run)


def _look_at(tx: Tx, faces: Iterable[int]) -> None:
    for face_id in faces:
        enqueue_embed(tx, face_id)
