"""A life in drawn photos: every face is a square of one colour, and no model is needed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from gallery_db.records import PersonSummary, PhotoRecord, RestorationRecord
from iconface_core.images.formats import content_hash
from iconface_core.types import BBox
from plugin.albums.choosing import Album, choose_album
from plugin.app import App, build_app
from plugin.settings import load_settings
from tests.gallery_db.factories import found
from tests.support.library import Cli
from tests.support.narrow import present

GREEN, RED, BLUE = (0, 160, 0), (220, 0, 0), (0, 0, 220)
"""The person of the album in a photo, everybody else, and the person in a restored copy."""
SIZE = (900, 600)


class Life:
    """`ada` is whose album it is."""

    def __init__(self, folder: Path) -> None:
        self.photos, self.home = folder / "photos", folder / "home"
        self.photos.mkdir()
        self.app: App = build_app(load_settings(self.home, {}))
        with self.app.gallery.begin() as tx:
            self.root = tx.roots.add(self.photos).id
        self.ada = self.person("Ada")

    def person(self, name: str | None) -> int:
        with self.app.gallery.begin() as tx:
            return tx.decisions.create_person(name).person_id

    def photo(
        self,
        name: str,
        at: str | None,
        *others: int | None,
        quality: float = 0.5,
        look: bytes | None = None,
        same_as: str | None = None,
    ) -> list[int]:
        """Ada with others beside her (None: of nobody), taken at `at`. The ids of the faces, hers first. `look` is the
        perceptual hash; `same_as` another photo of the very bytes."""
        path = self.photos / name
        boxes = [BBox(60 + 180 * i, 200, 180 + 180 * i, 320) for i in range(1 + len(others))]
        _draw(path, [(GREEN, boxes[0]), *((RED, box) for box in boxes[1:])], same_as or name)
        stat = path.stat()
        with self.app.gallery.begin() as tx:
            photo = tx.photos.upsert(
                str(path),
                content_hash(path),
                root_id=self.root,
                size=stat.st_size,
                mtime_ns=stat.st_mtime_ns,
                width=SIZE[0],
                height=SIZE[1],
                captured_at=None if at is None else np.datetime64(at, "s").item(),
                format="jpeg",
                perceptual_hash=look,
            )
            faces = [found(seed=i, quality=quality, box=box) for i, box in enumerate(boxes)]
            ids = [f.id for f in tx.faces.replace_for_photo(photo.id, faces).stored]
            for face_id, person in zip(ids, (self.ada, *others), strict=True):
                if person is not None:
                    tx.decisions.assign([face_id], person)
        return ids

    def restored(self, face_id: int, copy: str, *, verdict: str = "pass", keep_id: bool = True) -> RestorationRecord:
        """A copy with that face in blue. `keep_id=False`: as after its photo was indexed again."""
        output = self.app.settings.folders.restored / copy
        output.parent.mkdir(parents=True, exist_ok=True)
        with self.app.gallery.begin() as tx:
            face = tx.faces.get(face_id)
            photo = tx.photos.get(face.photo_id)
            _draw(output, [(BLUE, face.bbox)], copy)
            return tx.restorations.add(
                photo=photo.path,
                input_sha256=photo.content_hash,
                restorer="r",
                weights_sha256="w",
                options={},
                seed=1,
                verdict=verdict,
                state="done",
                face_id=face_id if keep_id else None,
                person_id=self.ada,
                bbox=face.bbox,
                output=str(output),
                output_sha256=content_hash(output),
            )

    def record(self, name: str) -> PhotoRecord:
        with self.app.gallery.begin(write=False) as tx:
            return present(tx.photos.by_path(str(self.photos / name)))

    def chosen(self, per_year: int = 1) -> Album:
        with self.app.gallery.begin(write=False) as tx:
            person: PersonSummary = tx.people.summary(self.ada)
            return choose_album(tx, person, per_year=per_year)


def names(album: Album) -> list[str]:
    """Of the files, in their order."""
    return [Path(p.photo.path).name for p in album.photos]


def _draw(path: Path, faces: list[tuple[tuple[int, int, int], BBox]], unlike: str) -> None:
    picture = Image.new("RGB", SIZE, (200, 190, 180))
    pen = ImageDraw.Draw(picture)
    for colour, b in faces:
        pen.rectangle((b.x1, b.y1, b.x2, b.y2), fill=colour)
    picture.save(path, quality=95, comment=unlike.encode())


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path)
    yield made
    made.app.close()


@pytest.fixture
def cli(life: Life, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line over `life`."""
    return Cli(life.home, capsys)
