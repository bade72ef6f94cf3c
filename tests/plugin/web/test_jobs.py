"""The page of jobs: what it says of each, and every button on it."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gallery_db.records import FaceRecord, JobRecord
from iconface_core.reasons import Reason
from plugin import job_kinds
from plugin.app import App
from plugin.cleanup import feeder as cleanup
from plugin.job_payloads import CHANGES, CLEANUP_ITEM, QueuedChoices
from plugin.jobs.crash_policy import quarantine
from plugin.reasons import IN_FILE, NO_FACE, PHOTO_MISSING, QUARANTINED, STATED, WORKER_KILLED
from plugin.service import client
from plugin.service.control import ask
from plugin.web.words.jobs import clock
from plugin.web.words.reasons import ADVICE, advice, on_page
from plugin.web.words.text import sentence
from tests.support.library import Library
from tests.support.narrow import present
from tests.support.pages import text_of, toast

from .standing_by import StandingBy, standing_by

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def own_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of the test's own, on a machine without systemd."""
    home = tmp_path / "user"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def service(app: App) -> Iterator[StandingBy]:
    with standing_by(app) as service:
        yield service


def some_face(app: App) -> FaceRecord:
    with app.gallery.begin(write=False) as tx:
        return next(f for f in tx.faces.find() if f.person_id is not None)


def restore(app: App, name: str, **more) -> int:
    with app.gallery.begin() as tx:
        return job_kinds.enqueue_restore(tx, Path("/photos") / name, **more)


def job(app: App, job_id: int) -> JobRecord:
    with app.gallery.begin(write=False) as tx:
        return tx.jobs.get(job_id)


def fail(app: App, job_id: int, error: Reason) -> None:
    with app.gallery.begin() as tx:
        claimed = tx.jobs.claim(time.time(), 30)
        assert claimed is not None
        assert claimed.id == job_id
        tx.jobs.fail(claimed, error, time.time(), retry=False)


def test_each_job_says_what_and_for_whom(site: TestClient, app: App, service: StandingBy):
    face = some_face(app)
    with app.gallery.begin() as tx:
        tx.decisions.name(present(face.person_id), "Anna")
        root = tx.roots.all()[0]
        job_kinds.enqueue_reconcile(tx, root.id)
        job_kinds.enqueue_changes(tx, root.id, [face.photo])
        job_kinds.enqueue_nightly(tx)
        job_kinds.enqueue_restore(tx, Path(face.photo), face_id=face.id)
        job_kinds.enqueue_restore(tx, Path("/far/away/beach.jpg"), options=QueuedChoices(person="Anna"), priority=3)
        job_kinds.enqueue_restore(tx, Path("/far/away/group.jpg"), origin="cleanup", priority=2)
    shown = text_of(site.get("/jobs").text)
    name = Path(face.photo).name
    said = [
        f"Restore Anna in {name}",
        f"Read “{name}” in “photos”",
        "Restore Anna in beach.jpg",
        "Restore group.jpg",
        "Look through “photos”",
        "Back up and look after the library",
    ]
    places = [shown.index(text) for text in said]
    assert places == sorted(places), "the most urgent comes first"
    assert "part of the clean-up" in shown
    assert f'href="/photos/{face.photo_id}"' in site.get("/jobs").text


def test_a_name_that_is_markup_is_shown_as_it_is(site: TestClient, app: App, service: StandingBy):
    restore(app, "<img src=x onerror=alert(1)>.jpg")
    page = site.get("/jobs").text
    assert "<img src=x" not in page
    assert "Restore <img src=x onerror=alert(1)>.jpg" in text_of(page)


def test_cancel_and_think_again(site: TestClient, app: App, service: StandingBy):
    wanted = restore(app, "a.jpg")
    answer = site.post(f"/jobs/{wanted}/cancel", headers=HTMX)
    assert toast(answer)["text"] == "Cancelled."
    assert job(app, wanted).state == "cancelled"
    assert "Do it after all" in answer.text
    assert "moved on" in toast(site.post(f"/jobs/{wanted}/cancel", headers=HTMX))["text"]
    site.post(f"/jobs/{wanted}/retry", headers=HTMX)
    assert job(app, wanted).state == "waiting"
    assert "wake" in service.asked
    assert site.post("/jobs/999/cancel").status_code == 404


def test_put_first(site: TestClient, app: App, service: StandingBy):
    first, later = restore(app, "a.jpg"), restore(app, "b.jpg", priority=-10)
    site.post(f"/jobs/{later}/first", headers=HTMX)
    with app.gallery.begin() as tx:
        claimed = [tx.jobs.claim(time.time(), 30) for _ in range(2)]
    assert [c and c.id for c in claimed] == [later, first]


def test_what_failed_says_why_and_what_to_do(site: TestClient, app: App, service: StandingBy):
    gone = restore(app, "gone.jpg")
    fail(app, gone, IN_FILE(path="/photos/gone.jpg", why=PHOTO_MISSING()))
    shown = text_of(site.get("/jobs").text)
    assert "Restore gone.jpg" in shown
    assert "The photo is not there any more" in shown
    assert "Plug the drive in" in shown
    other = restore(app, "other.jpg")
    fail(app, other, WORKER_KILLED(signal="SIGSEGV"))
    assert toast(site.post("/jobs/retry-failed", headers=HTMX))["text"] == "2 will be tried again."
    assert {job(app, j).state for j in (gone, other)} == {"waiting"}


def test_the_list_of_failures_can_be_cleared(site: TestClient, app: App, service: StandingBy):
    fail(app, restore(app, "a.jpg"), STATED(text="no"))
    kept = restore(app, "b.jpg")
    assert "Did not work" not in site.post("/jobs/clear-failed", headers=HTMX).text
    assert job(app, kept).state == "waiting"


def test_pause_and_go_on(site: TestClient, app: App, service: StandingBy):
    restore(app, "a.jpg")
    assert "Everything is paused" in site.post("/jobs/pause", headers=HTMX).text
    with app.gallery.begin() as tx:
        assert tx.jobs.claim(time.time(), 30) is None
    site.post("/jobs/resume", headers=HTMX)
    site.post("/jobs/pause?kind=restore", headers=HTMX)
    with app.gallery.begin(write=False) as tx:
        assert tx.jobs.paused() == {"restore"}
    site.post("/jobs/resume?kind=restore", headers=HTMX)
    with app.gallery.begin(write=False) as tx:
        assert not tx.jobs.paused()
    assert site.post("/jobs/pause?kind=nonsense").status_code == 404


def test_a_photo_that_was_left_alone_gets_another_chance(site: TestClient, app: App, service: StandingBy):
    face = some_face(app)
    with app.gallery.begin() as tx:
        assert quarantine(tx, face.photo, WORKER_KILLED(signal="SIGSEGV"))
    shown = text_of(site.get("/jobs").text)
    assert "Left alone" in shown
    assert "The worker was killed, 3 times" in shown
    after = site.post(f"/jobs/photos/{face.photo_id}/again", headers=HTMX)
    assert "will be tried again" in after.text
    with app.gallery.begin(write=False) as tx:
        [waiting] = tx.jobs.find(kind=CHANGES)
    assert waiting.payload["paths"] == [face.photo]
    service.work()
    with app.gallery.begin(write=False) as tx:
        assert tx.photos.get(face.photo_id).state == "indexed"
        assert tx.faces.get(face.id).person_id == face.person_id
    assert "Left alone" not in site.get("/jobs").text
    assert site.post(f"/jobs/photos/{face.photo_id}/again").status_code == 400


def test_the_lists_are_sent_only_when_they_changed(site: TestClient, app: App, service: StandingBy):
    restore(app, "a.jpg")
    seen = re.search(r'data-digest="(\w+)"', site.get("/jobs").text)
    assert seen is not None
    assert site.get(f"/jobs/live?seen={seen[1]}").status_code == 204
    restore(app, "b.jpg")
    assert "b.jpg" in site.get(f"/jobs/live?seen={seen[1]}").text


def test_progress_and_an_interrupted_job(site: TestClient, app: App, service: StandingBy):
    restore(app, "a.jpg")
    with app.gallery.begin() as tx:
        claimed = tx.jobs.claim(time.time(), 30)
        assert claimed is not None
        tx.jobs.heartbeat(claimed, time.time(), 30, {"done": 3, "total": 7, "text": "face 3"})
    assert "3 of 7" in text_of(site.get("/jobs").text)
    with app.gallery.begin() as tx:
        tx.jobs.heartbeat(claimed, time.time() - 60, 30)
    assert "It was interrupted" in site.get("/jobs").text


def test_the_cleanup_under_way(site: TestClient, app: App, service: StandingBy):
    face = some_face(app)
    with app.gallery.begin() as tx:
        cleanup.start(tx, [(face.photo_id, [face.id])])
    assert "0 photos of 1 done" in text_of(site.get("/jobs").text)
    assert "Go on with it" in site.post("/jobs/cleanup/pause", headers=HTMX).text
    with app.gallery.begin(write=False) as tx:
        assert tx.jobs.paused() == {CLEANUP_ITEM}
    site.post("/jobs/cleanup/resume", headers=HTMX)
    with app.gallery.begin(write=False) as tx:
        assert not tx.jobs.paused()


def test_starting_at_login_is_one_file_that_goes_again(site: TestClient, own_desktop: Path, service: StandingBy):
    file = own_desktop / ".config" / "autostart" / "iconface.desktop"
    assert str(file) in site.get("/jobs").text
    assert "every login" in toast(site.post("/service/install", headers=HTMX))["text"]
    assert "service run" in file.read_text()
    assert "It starts by itself when you log in" in site.get("/jobs").text
    site.post("/service/uninstall", headers=HTMX)
    assert not file.exists()


def test_without_script_a_button_shows_the_page(site: TestClient, app: App, service: StandingBy):
    answer = site.post(f"/jobs/{restore(app, 'a.jpg')}/cancel")
    assert answer.status_code == 200
    assert "<!doctype html>" in answer.text


def test_the_service_is_started_and_stopped(site: TestClient, library: Library, app: App):
    runtime = app.settings.folders.runtime
    assert "does not run" in site.get("/jobs").text
    try:
        site.post("/service/start", headers=HTMX)
        assert client.wait_until_up(app.settings.folders, patience_s=60)
        page = text_of(site.get("/jobs").text)
        assert "does the jobs" in page
        assert "does not run" not in page
        assert toast(site.post("/service/start", headers=HTMX))["text"] == "It runs already."
    finally:
        site.post("/service/stop", headers=HTMX)
    assert ask(runtime, "ping") is None
    assert client.own_home(app.settings.folders) == library.home


def test_words():
    assert sentence("disk full") == "Disk full"
    assert sentence("a.jpg: nothing there") == "a.jpg: nothing there"
    no_face = IN_FILE(path="/p/no such file, permission denied.jpg", why=NO_FACE())
    assert (on_page(no_face), advice(no_face)) == ("No face was found", ADVICE[NO_FACE])
    assert advice(WORKER_KILLED(signal="SIGKILL")) != advice(WORKER_KILLED(signal="SIGSEGV"))
    killed = QUARANTINED(cause=WORKER_KILLED(signal="SIGSEGV"), times=3)
    assert advice(killed) == ADVICE[WORKER_KILLED]
    assert "unharmed" in advice(Reason("of_tomorrow"))
    noon = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))
    assert clock(noon, noon) == "at 12:00"
    assert clock(noon + 86_400, noon) == "tomorrow at 12:00"
    assert clock(noon - 86_400 * 365, noon) == "on 23 November 2025 at 12:00"
