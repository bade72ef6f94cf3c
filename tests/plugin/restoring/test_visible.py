"""Nothing is written that nobody can see, and what makes somebody less like themselves is tried with less."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iconface_core.damage.visible_change import LEAST_MEAN
from iconface_core.fakes import FakeRestorer
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.images.provenance import read_provenance
from iconface_core.images.read import read_photo
from iconface_core.types import RestoredFace, RestoreInput, RestoreOptions, RgbU8
from plugin.app import App, build_app
from plugin.demo.sample import group_photo
from plugin.job_handlers.restore import summary
from plugin.models.backends import RestorerBackend
from plugin.models.cache import ModelSlot
from plugin.reasons import LESS_STRENGTH, REFUSED, UNSEEN, UNSEEN_BEFORE
from plugin.restoring.result import RestoreRequest, exit_code
from plugin.settings import load_settings
from tests.support.library import Cli, Library
from tests.support.narrow import present


class Towards(FakeRestorer):
    """Restores every face to `full`, (512, 512, 3), at full strength, and a share of the way to `less` at lower."""

    def __init__(self, full: RgbU8, less: RgbU8 | None = None) -> None:
        self._full, self._less = full, less

    def restore(self, face: RestoreInput, options: RestoreOptions, **_: object) -> RestoredFace:
        if options.strength == 1 or self._less is None:
            return RestoredFace(self._full, self.id, options)
        way = self._less.astype(float) - face.degraded.pixels
        mixed = np.rint(face.degraded.pixels + options.strength * way).astype(np.uint8)
        return RestoredFace(mixed, self.id, options)


@pytest.fixture
def app(cli: Cli) -> Iterator[App]:
    built = build_app(load_settings(cli.home, {}))
    yield built
    built.close()


@pytest.fixture
def restorer(app: App, monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeRestorer], None]:
    def use(one: FakeRestorer) -> None:
        slot = ModelSlot(lambda: one)
        monkeypatch.setattr(app.restorers, "slot", lambda _: slot)
        monkeypatch.setattr(app.restorers, "backend", lambda _: RestorerBackend(one.id, lambda: one))

    return use


def crop_of(app: App, photo: Path) -> RgbU8:
    found, [subject, *_] = app.photo_faces.find(photo)
    return align_face(found.pixels, subject.face.landmarks, FFHQ_512).pixels


def test_a_copy_of_nothing_is_not_written(app: App, restorer, cli: Cli, library: Library, tmp_path: Path):
    restorer(FakeRestorer())
    request = RestoreRequest(output=tmp_path / "out")
    [result] = app.restoring.restore(library.ruined, request)
    assert (result.output, result.skipped_code) == (None, "unseen")
    assert result.skipped == UNSEEN(mean=0, share=0, least=LEAST_MEAN)
    assert not (tmp_path / "out").exists()
    row = result.row()
    assert row["change"] == {"mean": 0.0, "share": 0.0}
    assert row["skipped_code"] == "unseen"
    assert row["identity"]["before"] == row["identity"]["after"], "both were measured"
    assert exit_code([result]) == 0
    assert summary([result])[0] == "unseen"
    [kept] = cli("restored", "list", library.ruined)["restorations"]
    assert (kept["state"], kept["output"], kept["change"]) == ("unseen", None, {"mean": 0.0, "share": 0.0})
    [again] = app.restoring.restore(library.ruined, RestoreRequest(origin="cleanup"))
    assert again.skipped is not None
    assert again.skipped.code == UNSEEN_BEFORE
    assert again.change is None, "it was not even tried"
    [forced] = app.restoring.restore(library.ruined, RestoreRequest(output=tmp_path / "out", force=True))
    assert forced.output is not None


def test_what_is_less_like_the_person_is_tried_with_less(app: App, restorer, library: Library, tmp_path: Path):
    looks = ("sample-person1-1999.jpg", "sample-person4-2001.jpg")
    restorer(Towards(*(crop_of(app, library.photos / name) for name in looks)))
    [result] = app.restoring.restore(library.ruined, RestoreRequest(output=tmp_path))
    assert result.output is not None
    assert result.strength == 0.5
    assert result.change is not None
    assert result.change.seen
    assert present(result.similarity_before) - present(result.similarity_after) < 0.05
    assert LESS_STRENGTH(strength=0.5) in result.notes
    record = read_provenance(result.output)
    assert record is not None
    assert record.faces[0].strength == result.strength == result.row()["strength"]
    with app.gallery.begin(write=False) as tx:
        [kept] = tx.restorations.history(photo=str(library.ruined), limit=1)
    assert kept.options["strength"] == result.strength
    assert kept.changed_mean == pytest.approx(result.change.mean)


def test_a_stranger_at_any_strength_is_refused(app: App, restorer, library: Library, tmp_path: Path):
    restorer(Towards(crop_of(app, library.photos / "sample-person1-1999.jpg")))
    [result] = app.restoring.restore(library.ruined, RestoreRequest(output=tmp_path / "out"))
    assert result.refused
    assert result.strength == 1.0, "told of the first try"
    assert result.verdict is not None
    assert result.skipped == REFUSED(verdict=result.verdict.reason)
    assert not (tmp_path / "out").exists()


def test_the_other_faces_of_the_photo_keep_every_pixel(app: App, restorer, tmp_path: Path):
    photo = tmp_path / "group.png"  # without loss, so that pixels can be compared
    Image.open(group_photo()).save(photo)
    pixels = read_photo(photo).pixels
    _, everybody = app.photo_faces.find(photo)
    restorer(Towards(np.clip(crop_of(app, photo).astype(int) + 40, 0, 255).astype(np.uint8)))
    [result] = app.restoring.restore(photo, RestoreRequest(face=2, force=True, output=tmp_path / "out"))
    assert result.output is not None
    changed = (read_photo(result.output).pixels != pixels).any(2)
    for number, subject in enumerate(everybody, 1):
        b = subject.face.bbox
        box = changed[max(0, int(b.y1)) : int(b.y2), max(0, int(b.x1)) : int(b.x2)]
        assert box.any() == (number == 2)
