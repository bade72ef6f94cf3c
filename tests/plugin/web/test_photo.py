"""The photo page: what it shows, what can be said about faces there, and that nobody's word is lost."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from gallery_db.records import FaceFilter, FaceRecord
from iconface_core.reason_codes import SHARP_ALREADY
from iconface_core.reasons import LEGACY
from plugin.app import App
from plugin.job_handlers.embed import run as embed
from plugin.job_payloads import EMBED, RESTORE, EmbedPayload
from plugin.jobs.context import JobContext
from plugin.reasons import FACE_TAKEN_BACK
from plugin.web.views.likely import likely_people
from tests.support.library import Library

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started: the jobs are looked at in the queue."""
    monkeypatch.setattr("plugin.web.pages.photo.ensure_worker", lambda folders: None)


@pytest.fixture
def faces(app: App) -> list[FaceRecord]:
    """The faces of one photo, from left to right."""
    with app.gallery.begin(write=False) as tx:
        return tx.faces.of_photo(1)


@pytest.fixture
def other(app: App) -> FaceRecord:
    """A face of another photo."""
    with app.gallery.begin(write=False) as tx:
        return next(f for f in tx.faces.find() if f.photo_id != 1)


def stamp_of(site: TestClient, face: FaceRecord) -> str:
    """The stamp that the page's forms for a face carry."""
    text = site.get(f"/photos/{face.photo_id}").text
    card = text[text.index(f'id="face-{face.id}"') :]
    found = re.search(r'name="stamp" value="([^"]+)"', card)
    assert found is not None
    return found[1]


def say(site: TestClient, face: FaceRecord, verb: str, **values: object) -> Any:
    """Post one of the forms of a face, as the page does."""
    values = {"stamp": stamp_of(site, face), **values}
    return site.post(f"/photos/{face.photo_id}/faces/{face.id}/{verb}", data=values, headers=HTMX)


def now(app: App, face: FaceRecord) -> FaceRecord:
    with app.gallery.begin(write=False) as tx:
        return tx.faces.get(face.id)


def undo_latest(app: App) -> None:
    app.people.decide(lambda tx: tx.decisions.undo())


def test_shows_the_photo_its_faces_and_where_it_lies(site: TestClient, faces: list[FaceRecord]) -> None:
    answer = site.get(f"/photos/{faces[0].photo_id}")
    assert answer.status_code == 200
    for face in faces:
        assert f'id="face-{face.id}"' in answer.text
        assert f'x="{face.bbox.x1:.1f}"' in answer.text
    assert answer.text.count('class="box ') == len(faces)
    assert f"/pictures/photo/{faces[0].photo_id}?" in answer.text
    assert "style=" not in answer.text
    assert not re.search(r"\son[a-z]+=", answer.text)


def test_the_photos_beside_it_are_those_of_its_folder(site: TestClient, app: App, library: Library) -> None:
    with app.gallery.begin(write=False) as tx:
        photos = [
            p for p in tx.photos.find(states=("indexed",)) if p.path.count("/") == str(library.photos).count("/") + 1
        ]
        assert [tx.photos.neighbours(p.path) for p in photos] == [
            (photos[i - 1].id if i else None, photos[i + 1].id if i + 1 < len(photos) else None)
            for i in range(len(photos))
        ]
    answer = site.get(f"/photos/{photos[1].id}")
    assert f'href="/photos/{photos[0].id}"' in answer.text
    assert f'href="/photos/{photos[2].id}"' in answer.text


def test_photos_that_cannot_be_shown_say_why(site: TestClient, app: App, faces: list[FaceRecord]) -> None:
    with app.gallery.begin() as tx:
        tx.photos.mark_missing([faces[0].photo_id])
    answer = site.get(f"/photos/{faces[0].photo_id}")
    assert "no longer in its folder" in answer.text
    assert f'id="face-{faces[0].id}"' in answer.text, "what was said about them is kept"
    with app.gallery.begin() as tx:
        broken = tx.photos.mark_failed("/nowhere/broken.jpg", LEGACY(text="truncated <or> so"))
        own = tx.photos.mark_restored("/nowhere/a_restored.jpg", "00" * 32)
        made = tx.restorations.add(
            photo=faces[0].photo,
            input_sha256="11" * 32,
            restorer="waifu2x",
            weights_sha256="0",
            options={},
            seed=1,
            verdict="pass",
            state="done",
            face_id=faces[0].id,
            output="/nowhere/a_restored.jpg",
            output_sha256="00" * 32,
        )
    answer = site.get(f"/photos/{broken.id}")
    assert "Truncated &lt;or&gt; so" in answer.text
    assert 'id="stage"' not in answer.text
    assert f'href="/restorations/{made.id}"' in site.get(f"/photos/{own.id}").text
    text = site.get(f"/photos/{faces[0].photo_id}").text
    assert "The copy is on a disk that is not connected" in text
    assert f"/pictures/after/{made.id}" not in text


def test_the_face_one_came_for_is_marked(site: TestClient, faces: list[FaceRecord]) -> None:
    text = site.get(f"/photos/{faces[0].photo_id}?face={faces[0].id}").text
    assert re.search(rf'class="face-card card \w+ chosen" id="face-{faces[0].id}"', text)
    assert " chosen" not in site.get(f"/photos/{faces[0].photo_id}").text


def test_unknown_photo(site: TestClient) -> None:
    assert site.get("/photos/999999").status_code == 404


def test_yes_and_no_are_decisions_and_can_be_undone(site: TestClient, app: App, faces: list[FaceRecord]) -> None:
    face = next(f for f in faces if f.person_id is not None)
    answer = say(site, face, "name", name="Ada")
    assert answer.status_code == 200
    assert "You said so" in answer.text
    assert 'id="boxes"' in answer.text
    assert now(app, face).person_name == "Ada"
    assert now(app, face).confirmed
    answer = say(site, face, "reject")
    assert "Not Ada" in answer.headers["HX-Trigger"]
    assert now(app, face).person_id is None
    undo_latest(app)
    assert now(app, face).person_name == "Ada"
    undo_latest(app)
    assert now(app, face).person_name is None
    assert not now(app, face).confirmed


def test_leaving_out_and_bringing_back(site: TestClient, app: App, faces: list[FaceRecord]) -> None:
    assert "Bring back" in say(site, faces[0], "ignore").text
    assert now(app, faces[0]).state == "ignored"
    assert say(site, faces[0], "bring_back").status_code == 200
    assert now(app, faces[0]).state == "ok"


def test_a_face_of_nobody_gets_somebody_new_as_one_act(site: TestClient, app: App, faces: list[FaceRecord]) -> None:
    app.people.decide(lambda tx: tx.decisions.unassign([faces[0].id]))
    say(site, faces[0], "name", name="Grace")
    assert now(app, faces[0]).person_name == "Grace"
    undo_latest(app)
    assert now(app, faces[0]).person_id is None
    assert app.people.named("Grace") == []


def test_a_known_name_means_that_person(site: TestClient, app: App, faces: list[FaceRecord], other: FaceRecord) -> None:
    say(site, faces[0], "name", name="Ada")
    [ada] = app.people.named("Ada")
    app.people.decide(lambda tx: tx.decisions.unassign([other.id]))
    say(site, other, "name", name=" ada ")
    assert now(app, other).person_id == ada


def test_asks_which_one_when_several_have_the_name(site: TestClient, app: App, faces: list[FaceRecord]) -> None:
    first, second = (app.people.decide(lambda tx: tx.decisions.create_person("Ada")).person_id for _ in range(2))
    answer = say(site, faces[0], "name", name="Ada")
    assert "2 people have this name" in answer.text
    assert now(app, faces[0]).person_name is None
    say(site, faces[0], "name", person=second)
    assert now(app, faces[0]).person_id == second != first


def test_what_changed_elsewhere_is_not_overwritten(site: TestClient, app: App, faces: list[FaceRecord]) -> None:
    stamp = stamp_of(site, faces[0])
    app.people.decide(lambda tx: tx.decisions.ignore_faces([faces[0].id]))
    answer = say(site, faces[0], "name", name="Ada", stamp=stamp)
    assert answer.status_code == 409
    assert now(app, faces[0]).state == "ignored"
    assert app.people.named("Ada") == []


def test_a_face_of_another_photo_is_refused(
    site: TestClient, app: App, faces: list[FaceRecord], other: FaceRecord
) -> None:
    data = {"stamp": stamp_of(site, other)}
    answer = site.post(f"/photos/{faces[0].photo_id}/faces/{other.id}/ignore", data=data, headers=HTMX)
    assert answer.status_code == 404
    assert now(app, other).state == "ok"


def box(x1: float, y1: float, x2: float, y2: float) -> dict[str, str]:
    return {"x1": str(x1), "y1": str(y1), "x2": str(x2), "y2": str(y2)}


def test_a_box_is_stored_at_once_and_looked_at_by_a_job(site: TestClient, app: App, faces: list[FaceRecord]) -> None:
    b = faces[0].bbox
    data = box(b.x2, b.y1, b.x1, b.y2) | {"name": "Ada"}  # drawn from right to left
    answer = site.post(f"/photos/{faces[0].photo_id}/faces", data=data, headers=HTMX)
    assert "drawn by hand" in answer.text
    [ada] = app.people.named("Ada")
    with app.gallery.begin(write=False) as tx:
        [drawn] = tx.faces.find(FaceFilter(person_id=ada))
        [job] = tx.jobs.find(kind=EMBED)
        assert job.payload == {"face_id": drawn.id}
        assert tx.faces.embedding(drawn.id, app.embedder.id) is None
    assert (drawn.source, drawn.confirmed) == ("manual", True)
    assert likely_people(app, drawn.id) is None
    assert "has not been looked at yet" in site.get(f"/photos/{drawn.photo_id}/faces/{drawn.id}/who").text
    embed(app, EmbedPayload(drawn.id), JobContext())
    with app.gallery.begin(write=False) as tx:
        assert tx.faces.embedding(drawn.id, app.embedder.id) is not None
    assert likely_people(app, drawn.id) is not None
    undo_latest(app)
    assert app.people.named("Ada") == []
    assert embed(app, EmbedPayload(drawn.id), JobContext())["text"]["code"] == FACE_TAKEN_BACK


@pytest.mark.parametrize("data", [box(5, 5, 6, 400), box(-50, -50, -10, -10), {**box(1, 1, 90, 90), "x2": "nan"}])
def test_boxes_that_are_none(site: TestClient, app: App, faces: list[FaceRecord], data: dict[str, str]) -> None:
    answer = site.post(f"/photos/{faces[0].photo_id}/faces", data=data, headers=HTMX)
    assert 400 <= answer.status_code < 500
    with app.gallery.begin(write=False) as tx:
        assert len(tx.faces.of_photo(faces[0].photo_id)) == len(faces)
        assert tx.jobs.find(kind=EMBED) == []


def test_who_could_it_be(site: TestClient, app: App, faces: list[FaceRecord]) -> None:
    face = next(f for f in faces if f.person_id is not None)
    app.people.decide(lambda tx: tx.decisions.name(face.person_id or 0, "Ada"))
    app.people.decide(lambda tx: tx.decisions.unassign([face.id]))
    people = likely_people(app, face.id)
    assert people is not None
    assert (people[0].name, people[0].words) == ("Ada", "very much alike")
    answer = site.get(f"/photos/{face.photo_id}/faces/{face.id}/who", headers=HTMX)
    assert "Ada" in answer.text
    assert f'name="person" value="{face.person_id}"' in answer.text
    app.people.decide(lambda tx: tx.decisions.reject([face.id], face.person_id))
    people = likely_people(app, face.id)
    assert people is not None
    assert "Ada" not in [p.name for p in people], "it was ruled out"


def test_the_steps_of_a_whole_photo_are_offered_and_left_to_the_service(site: TestClient, app: App) -> None:
    html = site.get("/photos/1").text
    assert re.findall(r'name="step" value="(\w+)"( checked| disabled|)', html) == [
        ("damage", " checked"), ("background", ""), ("fading", " checked"), ("colour", " disabled"),
        ("faces", " checked"),
    ]  # fmt: skip
    assert "<code>iconface models pull ddcolor</code>" in html
    assert site.post("/photos/1/whole", headers=HTMX).status_code == 400
    assert site.post("/photos/1/whole", data={"step": "varnish"}, headers=HTMX).status_code == 400
    answer = site.post("/photos/1/whole", data={"step": ["faces", "background"]}, headers=HTMX)
    assert "It waits its turn" in answer.text
    with app.gallery.begin(write=False) as tx:
        [job] = tx.jobs.find(kind=RESTORE)
    assert job.payload["options"] == {"photo_steps": ["background", "faces"]}


def test_restoring_is_left_to_the_service_and_followed(site: TestClient, app: App, faces: list[FaceRecord]) -> None:
    face = faces[0]
    answer = site.post(f"/photos/{face.photo_id}/faces/{face.id}/restore", headers=HTMX)
    assert "Waiting for its turn" in answer.text
    with app.gallery.begin() as tx:
        [job] = tx.jobs.find(kind=RESTORE)
        assert job.payload == {"path": face.photo, "face_id": face.id, "options": {}}
        assert f"/faces/{face.id}/restore/{job.id}" in answer.text
        running = tx.jobs.claim(0.0 + job.created_at, 60)
        assert running is not None
        tx.jobs.heartbeat(running, job.created_at, 60, {"done": 1, "total": 4, "text": face.photo})
    address = f"/photos/{face.photo_id}/faces/{face.id}/restore/{job.id}"
    answer = site.get(address)
    assert 'value="1" max="4"' in answer.text
    assert "delay:2s" in answer.text
    assert "It will be restored" in site.get(f"/photos/{face.photo_id}").text
    with app.gallery.begin() as tx:
        tx.jobs.finish(running, job.created_at, {"outcome": "sharp", "text": SHARP_ALREADY(degradation=0.1).as_json()})
    answer = site.get(address)
    assert "clear already" in answer.text
    assert "delay:2s" not in answer.text
    site.post(f"/photos/{face.photo_id}/faces/{face.id}/restore", data={"anyway": "1"}, headers=HTMX)
    with app.gallery.begin(write=False) as tx:
        [job] = tx.jobs.find(kind=RESTORE, states=("waiting",))
    assert job.payload["options"] == {"force": True}


def test_names_are_found_and_escaped(site: TestClient, app: App, faces: list[FaceRecord]) -> None:
    say(site, faces[0], "name", name='Ada <b> "x"')
    assert "&lt;b&gt;" in site.get("/photos/names?name=ada").text
    assert site.get("/photos/names?name=zzz").text.strip() == ""
    page = site.get(f"/photos/{faces[0].photo_id}").text
    assert "<b>" not in page


def test_no_model_runtime_is_loaded(library: Library) -> None:
    """In a process of its own: other tests load them here."""
    import subprocess
    import sys

    code = (
        "import sys\nfrom pathlib import Path\nfrom starlette.testclient import TestClient\n"
        "from plugin.app import build_app\nfrom plugin.settings import load_settings\n"
        "from plugin.web.make import make_web\nfrom plugin.web.site import make_site\n"
        f"app = build_app(load_settings(Path({str(library.home)!r}), {{}}))\n"
        "with make_web(app, 4711) as web, TestClient(make_site(web), base_url='http://127.0.0.1:4711') as c:\n"
        "    c.get(f'/enter?ticket={web.sessions.ticket()}')\n"
        "    assert c.get('/photos/1').status_code == 200\n"
        "    assert c.get('/pictures/photo/1').status_code == 200\n"
        "    assert c.get('/photos/1/faces/1/who').status_code == 200\n"
        "print([m for m in ('torch', 'onnxruntime') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_who_is_where_is_one_file_with_everything_in_it(site: TestClient, faces: list[FaceRecord]):
    photo_id = faces[0].photo_id
    answer = site.get(f"/photos/{photo_id}/who-is-where", headers={"Accept-Language": "de"})
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Von links" in answer.text
    assert re.findall(r'href="(data:image/jpeg)', answer.text)
    assert answer.text.count("<circle") == len(faces)
    linked = f'href="/photos/{photo_id}/who-is-where"' in site.get(f"/photos/{photo_id}").text
    assert linked == (len(faces) > 1), "one face is no group"
