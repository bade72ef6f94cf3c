"""What a right-click tells at once, when nothing comes of it yet: a trouble, or that restoring is paused.

A file manager waits for it: neither the gallery nor numpy is imported here.
"""

import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import AppError, BusyError
from ..installed_files.command import own_command
from ..job_pause import EVERYTHING
from ..languages import _, best, ngettext, of_environment, speaking
from ..settings import Settings
from .note import Button, Note
from .show import Popups


@contextmanager
def troubles_told(settings: Callable[[], Settings]) -> Generator[None]:
    """Around what a click in a file manager starts: an error is shown, and goes on."""
    try:
        yield
    except Exception as e:
        tell_trouble(e, settings)
        raise


def tell_trouble(error: Exception, settings: Callable[[], Settings], popups: Popups | None = None) -> None:
    """Photos were handed over in a file manager, where nobody sees a terminal, and nothing can come of it.

    `settings` reads what the user wants; when that fails it is the trouble itself.
    """
    if not isinstance(error, BusyError):  # another service is there to do the work
        _show(lambda: note_of_trouble(error), settings, popups or Popups())


@contextmanager
def opening_told(settings: Callable[[], Settings]) -> Generator[None]:
    """Around what opens the page from the desktop: where there is no terminal, an error is shown, and goes on."""
    try:
        yield
    except Exception as e:
        if not sys.stderr.isatty():
            error = e
            _show(lambda: Note(_("Iconface could not be opened"), _plainly(error)), settings, Popups())
        raise


def tell_pause(photos: int, kind: str, home: Path | None, settings: Settings, popups: Popups | None = None) -> None:
    """So many photos were handed over in a file manager while jobs of this kind are paused."""
    _show(lambda: note_of_pause(photos, kind, own_command(home)), lambda: settings, popups or Popups())


def note_of_trouble(error: Exception) -> Note:
    """When photos were handed over and nothing can come of it."""
    title, photo = _("The photos could not be restored"), error.photo if isinstance(error, AppError) else None
    if photo is not None:
        gone = _("This is a folder, no photo.") if Path(photo).is_dir() else _("The photo is not there any more.")
        return Note(title, f"{Path(photo).name}\n{gone}")
    return Note(title, _plainly(error))


def _plainly(error: Exception) -> str:
    from ..error_reasons import reason_of
    from .plain import plain

    return plain(reason_of(error))


def _show(note: Callable[[], Note], settings: Callable[[], Settings], popups: Popups) -> None:
    wanted, language = True, "auto"
    with suppress(AppError):
        chosen = settings()
        wanted, language = chosen.notifications, chosen.language
    if wanted:
        with speaking(best(language, of_environment(os.environ))):
            popups.show(note())
        popups.leave()


def note_of_pause(photos: int, kind: str, command: Sequence[str]) -> Note:
    """When photos were handed over and nothing comes of it until somebody says so."""
    waits = ngettext("The photo waits until you let it go on.", "{n} photos wait until you let it go on.", photos)
    words = () if kind == EVERYTHING else (kind,)
    resume = Button(_("Go on"), runs=(*command, "--quiet", "jobs", "resume", *words), done=_("Restoring goes on"))
    return Note(_("Restoring is paused"), waits, (resume,))
