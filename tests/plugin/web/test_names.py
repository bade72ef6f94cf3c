"""Names from other programs on the page: shown, taken over with one button, taken back."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from plugin.app import App
from tests.support.library import Library
from tests.support.pages import text_of
from tests.support.xmp_people import microsoft, packet

from .standing_by import standing_by

HTMX = {"HX-Request": "true"}


@pytest.fixture
def sidecar(app: App, library: Library) -> Path:
    """A sidecar that names the first face; the photos are shared, so the photo is known under another folder."""
    folder = library.home / "own-photos"
    folder.mkdir()
    with app.gallery.begin() as tx:
        face = tx.faces.find()[0]
        photo = tx.photos.get(face.photo_id)
        here = folder / Path(photo.path).name
        here.write_bytes(Path(photo.path).read_bytes())
        tx.photos.move(photo.id, str(here), root_id=None, size=photo.size, mtime_ns=1, inode=1)
        box = face.bbox
        w, h = photo.width, photo.height
    named = [("Zoë <b>", (box.x1 / w, box.y1 / h, box.width / w, box.height / h))]
    path = here.with_name(here.name + ".xmp")
    path.write_bytes(packet(microsoft(named)))
    return path


def test_names_are_shown_first_and_taken_over_as_they_were_shown(site: TestClient, app: App, sidecar: Path):
    assert "Look for names" in text_of(site.get("/library").text)
    assert "/library/names/found" in site.get("/library/names").text
    shown = site.get("/library/names/found").text
    assert "Zoë &lt;b&gt;" in shown
    assert "Take these names over" in text_of(shown)
    stamp = re.search(r'name="stamp" value="(\w+)"', shown)
    assert stamp is not None
    with app.gallery.begin(write=False) as tx:
        assert tx.people.by_name("Zoë <b>") == []

    data, changed = sidecar.read_bytes(), sidecar.read_bytes().replace(b"Zo", b"Eva")
    sidecar.write_bytes(changed)
    assert site.post("/library/names", data={"stamp": stamp[1]}, headers=HTMX).status_code == 409
    sidecar.write_bytes(data)
    with standing_by(app):
        done = site.post("/library/names", data={"stamp": stamp[1]}, headers=HTMX)
    assert done.headers["HX-Redirect"] == "/people"
    with app.gallery.begin(write=False) as tx:
        assert len(tx.people.by_name("Zoë <b>")) == 1
        [latest] = tx.decisions.history(limit=1)
    assert f'"undo": {latest.id}' in done.headers["HX-Trigger"]
    assert "Names from another program for one face: Zoë <b>" in text_of(site.get("/history").text)
    assert "here already" in text_of(site.get("/library/names/found").text)
    assert site.post(f"/undo/{latest.id}", headers=HTMX).status_code == 204
    assert "Take these names over" in text_of(site.get("/library/names/found").text)


def test_what_was_decided_here_is_left_to_decide(site: TestClient, app: App, sidecar: Path):
    with app.gallery.begin() as tx:
        tx.decisions.assign_new([tx.faces.find()[0].id], "Ben")
    shown = text_of(site.get("/library/names/found").text)
    assert "You said that this face is Ben" in shown
    assert "Take these names over" not in shown
