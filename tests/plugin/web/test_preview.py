"""Previews on the page: asked for, made by a job, shown, and gone again."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from gallery_db.records import WHOLE_PHOTO, JobRecord
from plugin.app import App, build_app
from plugin.job_handlers.preview import run as make
from plugin.job_payloads import PREVIEW, PreviewPayload, QueuedChoices, payload_of
from plugin.jobs.context import JobContext
from plugin.jobs.registry import HANDLERS
from plugin.jobs.worker import Worker
from plugin.people.forgetting import forget
from plugin.picture_cache import clear
from plugin.restoring.preview import PhotoPreview
from plugin.restoring.preview_jobs import KEPT_S, forget_previews
from plugin.settings import load_settings
from plugin.web.make import make_web
from plugin.web.site import make_site
from tests.plugin.web.conftest import HERE, PORT
from tests.support.library import Cli, Library
from tests.support.narrow import present
from tests.support.pages import text_of
from tests.support.previews import shown_at_once

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """No process is started: the jobs are run by the test."""
    told: list[Path] = []
    monkeypatch.setattr("plugin.web.pages.preview.ensure_worker", lambda folders: told.append(folders.runtime))
    monkeypatch.setattr("plugin.web.pages.photo.ensure_worker", lambda folders: None)
    return told


def photo_at(app: App, path: Path) -> int:
    with app.gallery.begin(write=False) as tx:
        return present(tx.photos.by_path(str(path))).id


def jobs(app: App) -> list[JobRecord]:
    with app.gallery.begin(write=False) as tx:
        return tx.jobs.find(kind=PREVIEW)


def pictures(html: str) -> list[str]:
    return [unescape(a) for a in re.findall(r'src="(/pictures/preview/[^"]+)"', html)]


def files(app: App) -> list[Path]:
    return sorted(app.settings.folders.web_pictures.rglob("*.jpg"))


def worked(app: App) -> list[str]:
    """The jobs are done, by the service's worker in this process; returns how each ended."""
    outcomes: list[str] = []
    Worker(app, HANDLERS, lambda **told: outcomes.extend(filter(None, [told.get("outcome")])), idle_s=0).run()
    return outcomes


def test_a_preview_is_asked_for_made_and_leaves_nothing(
    site: TestClient, app: App, library: Library, woken: list[Path]
):
    photo = photo_at(app, library.ruined)
    form = site.get(f"/photos/{photo}").text
    assert f'formaction="/photos/{photo}/preview"' in form
    asked = site.post(f"/photos/{photo}/preview", data={"step": ["damage", "fading", "faces"]})
    assert asked.status_code == 303, "as without JavaScript"
    address = asked.headers["location"]
    assert woken == [app.settings.folders.runtime]
    waiting = site.get(address).text
    assert "It waits its turn" in waiting
    assert f'hx-get="{address}?seen=waiting-0"' in waiting
    assert re.findall(r'name="step" value="(\w+)" checked', waiting) == ["damage", "fading", "faces"]
    assert site.get(f"{address}?seen=waiting-0", headers=HTMX).status_code == 204

    assert worked(app) == ["done"]
    html = site.get(address).text
    said = text_of(html)
    assert "1 face is restored in the copy only" in said
    assert "hx-get" not in html.partition('id="preview"')[2].partition("<form")[0], "it asks no more"
    for picture in pictures(html):
        answer = site.get(picture)
        assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("image/jpeg", "no-store")
    assert len(files(app)) >= 2
    with app.gallery.begin(write=False) as tx:
        assert tx.restorations.history() == []
        assert tx.decisions.history(limit=5) == []
        person = tx.people.find()[0].id
    assert not list(library.home.rglob("restored/**/*.jpg"))

    forget(app.gallery, app.settings.folders, person)
    assert files(app) == []
    assert "not kept any more" in text_of(site.get(address).text)
    assert site.get(f"/pictures/preview/{jobs(app)[0].id}/before").status_code == 404
    made = site.post(f"/photos/{photo}/whole", data={"step": ["damage"]})
    assert made.headers["location"] == f"/photos/{photo}", "without JavaScript, too, its photo shows how far it is"


def test_the_original_of_a_copy_is_previewed_as_it_was_asked_for(
    site: TestClient, app: App, library: Library, cli: Cli
):
    worn = library.home / "worn.png"
    with Image.open(library.ruined) as picture:
        picture.convert("RGB").point(lambda v: v // 2 + 80).save(worn)
    cli("restore", "--photo", "--photo-steps", "fading", "--tint", "remove", worn)
    with app.gallery.begin(write=False) as tx:
        whole = next(r for r in tx.restorations.history() if r.restorer == WHOLE_PHOTO)
    address = f"/restorations/{whole.id}/preview"
    assert f'formaction="{address}"' in site.get(f"/restorations/{whole.id}").text
    asked = site.post(address, data={"step": "fading"}, headers=HTMX)
    assert asked.status_code == 204
    [job] = jobs(app)
    assert present(payload_of(job, PreviewPayload)).options == QueuedChoices(photo_steps=("fading",), keep_tint=False)
    assert worked(app) == ["done"]
    html = site.get(asked.headers["HX-Redirect"]).text
    assert "Faded tones were corrected" in text_of(html)
    before, after = pictures(html)
    assert site.get(before).content != site.get(after).content
    assert f'action="/restorations/{whole.id}/steps"' in html


def test_one_preview_of_a_photo_at_a_time_and_none_for_long(site: TestClient, app: App):
    def ask(*steps: str) -> int:
        answer = site.post("/photos/1/preview", data={"step": steps})
        return int(answer.headers["location"].rpartition("/")[2])

    first = ask("damage")
    assert ask("damage") == first, "a second click asks for nothing more"
    second = ask("damage", "fading")
    assert [(j.id, j.state) for j in jobs(app)] == [(first, "cancelled"), (second, "waiting")]
    assert "another preview of this photo took its place" in text_of(site.get(f"/photos/1/preview/{first}").text)
    assert shown_at_once(app) == second
    assert "What the steps come to" in text_of(site.get(f"/photos/1/preview/{second}").text)
    with app.gallery.begin() as tx:
        assert forget_previews(tx) == 0
    clock = "plugin.restoring.preview_jobs.KEPT_S"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, -KEPT_S)
        third = ask("fading")
    assert [j.id for j in jobs(app)] == [third]
    assert site.get(f"/photos/1/preview/{second}").status_code == 404


def test_a_preview_can_be_stopped_and_only_at_its_own_photo(site: TestClient, app: App, library: Library):
    photo = photo_at(app, library.ruined)
    other = photo + 1 if photo == 1 else 1
    address = site.post(f"/photos/{photo}/preview", data={"step": ["damage"]}).headers["location"]
    job = int(address.rpartition("/")[2])
    assert f'action="{address}/stop"' in site.get(address).text
    for wrong in (f"/photos/{other}/preview/{job}", "/photos/9999/preview/1", f"/restorations/1/preview/{job}"):
        assert site.get(wrong).status_code == 404
        assert site.post(f"{wrong}/stop").status_code == 404
    assert [j.state for j in jobs(app)] == ["waiting"]
    stopped = site.post(f"{address}/stop")
    assert (stopped.status_code, stopped.headers["location"]) == (303, address)
    assert [j.state for j in jobs(app)] == ["cancelled"]
    html = site.get(address).text
    assert "It was cancelled" in text_of(html)
    assert "/stop" not in html

    address = site.post(f"/photos/{photo}/preview", data={"step": ["damage"]}).headers["location"]
    assert worked(app) == ["done"]
    site.post(f"{address}/stop")
    assert [j.state for j in jobs(app)] == ["cancelled", "done"], "what is done stays to be seen"


def test_what_makes_no_sense_is_refused_in_words(site: TestClient, app: App):
    for step, words in (([], "at least one"), (["faces"], "around the faces"), (["varnish"], "")):
        answer = site.post("/photos/1/preview", data={"step": step}, headers=HTMX)
        assert answer.status_code == 400
        assert words in answer.text
    assert site.post("/photos/9999/preview", data={"step": "damage"}).status_code == 404
    assert jobs(app) == []
    site.post("/photos/1/restore", headers=HTMX)
    with app.gallery.begin(write=False) as tx:
        [other] = tx.jobs.find()
    assert site.get(f"/photos/1/preview/{other.id}").status_code == 404, "no preview"
    assert site.get(f"/pictures/preview/{other.id}/after").status_code == 404


def test_what_fails_says_why(own: Callable[..., tuple[Path, Cli]]):
    folder, cli = own("*.jpg")
    kept = sorted(folder.glob("*.jpg"))[:2]
    for photo in set(folder.glob("*.jpg")) - set(kept):
        photo.unlink()
    cli("scan")
    app = build_app(load_settings(cli.home, {}))
    gone, there = (photo_at(app, p) for p in kept)
    with (
        make_web(app, PORT) as web,
        TestClient(make_site(web), base_url=HERE, follow_redirects=False, headers={"Origin": HERE}) as site,
    ):
        site.get(f"/enter?ticket={web.sessions.ticket()}")
        told = [
            site.post(f"/photos/{gone}/preview", data={"step": "damage"}).headers["location"],
            site.post(f"/photos/{there}/preview", data={"step": "colour"}).headers["location"],
        ]
        kept[0].unlink()
        assert worked(app) == ["failed", "failed"], "and none is tried again unasked"
        said = [text_of(site.get(address).text) for address in told]
        assert "It did not work" in said[0]
        assert "put the photo back" in said[0]
        assert "ddcolor" in said[1]
        refused = site.post(f"/photos/{gone}/preview", data={"step": "damage"}, headers=HTMX)
        assert (refused.status_code, "connect its disk" in refused.text) == (400, True)
    app.close()


def test_a_preview_made_while_somebody_is_forgotten_is_not_kept(app: App, monkeypatch: pytest.MonkeyPatch):
    folder = app.settings.folders.web_pictures
    grey = np.full((40, 60, 3), 90, np.uint8)
    folder.mkdir(parents=True, exist_ok=True)

    class Meanwhile:
        def preview(self, *_args: object) -> PhotoPreview:
            clear(folder)
            return PhotoPreview(grey, grey, grey, True, ())

    monkeypatch.setitem(app._made, "photo_previews", Meanwhile())
    make(app, PreviewPayload("/photos/a.jpg", QueuedChoices(photo_steps=("damage",))), JobContext())
    assert files(app) == []
