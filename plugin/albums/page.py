"""An album as one page, written whole or not at all. Everything is in the file; it needs no network and no scripts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from gallery_db.records import PersonSummary
from iconface_core.reasons import Reason

from ..dates import age_then, day, taken, years
from ..errors import NotFoundError, UsageError
from ..languages import speaking
from ..offline_page import check_outside_library, html_name, target_of, templates, written_whole
from ..progress import Progress
from ..reason_words import in_words
from .choosing import Album, choose_album
from .pictures import AlbumPicture, cover_picture, make_pictures

if TYPE_CHECKING:
    from ..app import App

MOST_COMPANY = 12
"""Names on the first page."""


@dataclass(frozen=True, slots=True)
class WrittenAlbum:
    """What was written. `photos` and `restored` are how many are shown; `left_out` as of `Album`, with the copies that
    could not be read."""

    path: Path
    person: PersonSummary
    photos: int
    restored: int
    left_out: dict[str, Reason]


def write_album(
    app: "App", person_id: int, out: Path, *, per_year: int, force: bool, progress: Progress, language: str = "en"
) -> WrittenAlbum:
    """Write the album of a person to `out`: a file that ends in .html, or a folder, where it is called after the
    person. `per_year`: as of `choose_album`. `language`: of the page. `force`: replace a file that is there.

    Raises UnknownIdError, NotFoundError when no photo can be shown, OSError, and UsageError for somebody hidden or
    ignored and for a place that cannot be written to. Then nothing is left behind.
    """
    app.moved_copies.catch_up()
    with app.gallery.begin(write=False) as tx:
        person = tx.people.summary(person_id)
        if person.hidden or person.ignored:
            how = "hidden" if person.hidden else "ignored"
            undo = f"iconface people {'hide' if person.hidden else 'ignore'} {person.id} --off"
            raise UsageError(
                f"{person.name or f'person {person.id}'} is {how}, and shown nowhere; if you want to: {undo}"
            )
        target = target_of(out, file_name(person, out), force=force)
        check_outside_library(tx, target)
        album = choose_album(tx, person, per_year=per_year)
    progress.total(len(album.photos))
    shown = _Shown(make_pictures(album.photos, app.reader, album.left_out), progress)
    with written_whole(target, force=force) as file:
        cover = None if album.cover is None else cover_picture(album.cover, app.reader)
        with speaking(language):
            file.writelines(_page(album, cover, shown))
        if not shown.photos:
            raise NotFoundError(_nothing(album))
    return WrittenAlbum(target, person, shown.photos, shown.restored, album.left_out)


def file_name(person: PersonSummary, folder: Path) -> str:
    """The person's name as a file's, safe on every system, with .html; it fits into `folder`."""
    return html_name(person.name or "", f"person {person.id}", folder)


class _Shown:
    """The pictures as they are made, counted: the page draws one while the next is not yet read."""

    def __init__(self, pictures: Iterator[AlbumPicture], progress: Progress) -> None:
        self._pictures, self._progress = pictures, progress
        self.photos = self.restored = 0

    def __iter__(self) -> Iterator[AlbumPicture]:
        for picture in self._pictures:
            self.photos += 1
            self.restored += picture.after is not None
            self._progress.step(picture.shown.photo.path)
            yield picture


def _page(album: Album, cover: str | None, shown: _Shown) -> Iterator[str]:
    env = templates(__package__)
    env.filters["taken"] = lambda photo: taken(photo.captured_at, photo.dated)
    env.filters["age"] = lambda photo: age_then(album.person.birth_date, photo.captured_at, photo.dated)
    return env.get_template("album.html.j2").generate(
        called=album.called,
        span=years(*album.span),
        born=day(album.person.birth_date),
        company=album.company[:MOST_COMPANY],
        any_restored=any(p.restored is not None for p in album.photos),
        cover=cover,
        years=groupby(shown, lambda p: p.shown.year),
    )


def _nothing(album: Album) -> str:
    """Why there is nothing to show."""
    if not album.left_out:
        return f"the gallery knows no photo of {album.called}"
    path, why = next(iter(album.left_out.items()))
    return f"no photo of {album.called} can be read, of {len(album.left_out)}; the first: {path}: {in_words(why)}"
