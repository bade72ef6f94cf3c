"""A gallery, opened: folders of photos, the people in them, and restored copies of their photos."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ..paths import absolute
from ..progress import Counted
from . import convert
from .errors import RequestError, translated
from .records import Decision, Face, Folder, Identity, Person, Restoration, ScanProgress, ScanResult

StrPath = str | os.PathLike[str]

OnScan = Callable[[ScanProgress], None]
OnStep = Callable[[int, int], None]


class Gallery:
    """Everything iconface knows of a photo library, in one folder `home`; that of the command by default.

    Close it, or use it in a `with` block, from one thread at a time. Other processes may have the same gallery open:
    the command, its service, the review page. Original photos are only ever read. Models are loaded when they are
    first needed and stay loaded.

    Every method raises `iconface.Error` or one of its kinds; `OSError` comes as it is.
    """

    def __init__(self, home: StrPath | None = None) -> None:
        """Open the gallery in `home`, or make a new one there, for this user only. None: what the environment variable
        ICONFACE_HOME names, else the same place as the command's.

        Raises RequestError for a mistake in its settings, BusyError while another process migrates it, Error for a
        database that cannot be opened.
        """
        with translated():
            from ..app import build_app
            from ..settings import load_settings

            self._app = build_app(load_settings(None if home is None else Path(home), os.environ))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the database. Models are freed with the gallery itself."""
        self._app.close()

    @translated()
    def add_folder(self, folder: StrPath) -> Folder:
        """Add a folder of photos to the library; the next scan looks at it. Adding it again changes nothing.

        Raises NotFoundError when it is not there, RequestError when the gallery itself lies in it.
        """
        return convert.folder(self._app.roots.add(Path(folder)))

    @translated()
    def folders(self) -> list[Folder]:
        """The folders of the library, in the order they were added."""
        return [convert.folder(row) for row in self._app.roots.rows()]

    @translated()
    def scan(
        self, folder: StrPath | None = None, *, on_progress: OnScan | None = None, retry_failed: bool = False
    ) -> ScanResult:
        """Find new and changed photos and their faces, and group the faces into people.

        `folder`: only this one of the library. `on_progress` is called in this thread after each photo; what it raises
        ends the scan, and the next one goes on from there. `retry_failed` reads photos again that could not be read.

        Raises BusyError while another process scans, NotFoundError for a folder that is not in the library.
        """
        only = None if folder is None else Path(self._app.roots.find(Path(folder))[0].path)
        progress = _Progress(on_progress or _ignore)
        return convert.scan_result(self._app.scans.run(progress, only=only, retry_failed=retry_failed))

    @translated()
    def people(self, *, everybody: bool = False) -> list[Person]:
        """The people of the library: named ones first, then by number of faces. `everybody` includes hidden and ignored
        people."""
        return [convert.person(found) for found in self._app.people.listed(everybody=everybody)]

    @translated()
    def person(self, who: int | str) -> Person:
        """One person, by id or by name. Raises NotFoundError, also when several people have the name."""
        people = self._app.people
        return convert.person(people.summary(who if isinstance(who, int) else people.find(who)))

    @translated()
    def name_person(self, person_id: int, name: str | None) -> Decision:
        """Give a person a name, or take it away (None). Several people may have the same one.

        Raises NotFoundError for an unknown person, RequestError for a name that cannot be one.
        """
        return convert.decision(self._app.people.deciding().name(person_id, name or None))

    @translated()
    def faces(self, *, photo: StrPath | None = None, person_id: int | None = None) -> list[Face]:
        """Faces of the library in order of id: those in a photo, those of a person, or all. `identify` finds the faces
        of photos elsewhere."""
        path = None if photo is None else absolute(Path(photo))
        return [convert.face(found) for found in self._app.people.faces_of(photo=path, person_id=person_id)]

    @translated()
    def identify(
        self, photo: StrPath, *, face: int | None = None, person_id: int | None = None, limit: int = 3
    ) -> list[Identity]:
        """Whose faces are in a photo, and which photos of these people would be used to restore them: one answer per
        face, from the left. The photo need not be in the library.

        `face`: only this one, counted from the left, from 1. `person_id`: you know who it is. `limit`: at most so many
        references, 0..8.

        Raises NotFoundError for an unknown photo, face or person and for a photo without a face, Error for a file that
        is not a picture, UnavailableError without the models.
        """
        if not 0 <= limit <= 8:
            raise RequestError(f"limit is from 0 to 8, not {limit}")
        from ..restoring.identification import identify_photo

        path = absolute(Path(photo))
        app = self._app
        answers = identify_photo(app.photo_faces, app.identifier, path, face=face, person_id=person_id, limit=limit)
        return [convert.identity(answer) for answer in answers]

    @translated()
    def restore(
        self,
        photo: StrPath,
        *,
        face: int | None = None,
        person_id: int | None = None,
        references: Sequence[StrPath] | None = None,
        restorer: str = "auto",
        strength: float | None = None,
        seed: int = 42,
        output: StrPath | None = None,
        dry_run: bool = False,
        force: bool = False,
        on_step: OnStep | None = None,
    ) -> list[Restoration]:
        """Restore the faces of a photo that need it, each checked against the person's other photos, into a copy.

        `face` and `person_id` as in `identify`. `references`: photos of the person to use instead of the gallery's
        choice; an empty sequence: none. `restorer`: an id as of `iconface models list`. `strength`: 0 keeps the photo,
        1 is the full result, None the restorer's own. The same `seed` gives the same pixels. `output`: a folder for the
        copy, made when missing; None: what the settings say. `dry_run`: say who and which references, write nothing.
        `force`: also faces that look fine, and results that the identity check refuses. `on_step(done, total)` is
        called after each step of the restorer.

        What is wrong with one face is in its result; the rest is raised: NotFoundError as in `identify`, RequestError
        for a photo that is a restored copy itself, Error for a file that cannot be read or a copy that cannot be
        written, UnavailableError without the restorer.
        """
        if strength is not None and not 0 <= strength <= 1:
            raise RequestError(f"strength is from 0 to 1, not {strength}")
        folder = None if output is None else absolute(Path(output))
        if folder is not None and folder.exists() and not folder.is_dir():
            raise RequestError(f"output {folder} is a file; it must be a folder")
        from ..job_handlers.restore import nameable
        from ..restoring.result import RestoreRequest

        request = RestoreRequest(
            face=face,
            person_id=person_id,
            references=tuple(absolute(Path(r)) for r in references or ()),
            use_references=references is None or len(references) > 0,
            restorer=restorer,
            strength=strength,
            seed=seed,
            output=folder,
            dry_run=dry_run,
            force=force,
        )
        results = self._app.restoring.restore(
            *nameable(absolute(Path(photo)), request, self._app.settings), on_step=on_step
        )
        return [convert.restoration(result) for result in results]

    @translated()
    def decisions(self, *, limit: int = 20) -> list[Decision]:
        """What was decided, latest first: names, confirmed faces, restorations, and undoing them."""
        return [convert.decision(record) for record in self._app.people.history(limit=limit)]

    @translated()
    def undo(self, decision_id: int | None = None) -> Decision:
        """Take back a decision of your own; None: the latest. Undoing an undo decides it again. A restored copy is
        removed with its decision, unless it was changed since.

        Raises NotFoundError when there is none, ConflictError when a later decision must be taken back first, and
        RequestError for one that somebody else took.
        """
        from ..restoring.decisions import undo

        record, removed = undo(self._app.moved_copies, self._app.people, decision_id)
        return convert.decision(record, tuple(removed))


class _Progress(Counted):
    """A `Progress` (../progress.py) that counts for a callback."""

    def __init__(self, tell: OnScan) -> None:
        super().__init__()
        self._tell = tell

    def step(self, note: str = "") -> None:
        self._done += 1
        self._tell(ScanProgress(self._done, self._total, note))


def _ignore(progress: ScanProgress) -> None:
    pass
