"""The pages of restorations, over a copy that the real restorer made of the sample's ruined print."""

import re
import shutil
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from gallery_db.records import WHOLE_PHOTO, RestorationRecord, RestorationState
from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.images.read import read_photo
from iconface_core.reason_codes import CONFIRMED, DATE_UNKNOWN, FACE_SIZE, LIKENESS, POSE, QUALITY, YEARS_APART
from plugin.app import App
from plugin.cli.main import run
from plugin.job_payloads import RESTORE, RestorePayload, payload_of
from plugin.reasons import IN_FILE, PHOTO_MISSING
from plugin.service import client
from plugin.web.views.restoration_progress import progress_of
from plugin.web.words.dates import month
from plugin.web.words.likeness import likeness_bar, likeness_words
from plugin.web.words.reasons import helps, helps_in_general
from plugin.web.words.restorations import gentler_than, verdict_words
from tests.support.library import Cli, Library
from tests.support.pages import text_of, toast


@dataclass(frozen=True)
class Restored:
    """The sample after one restoration: Anna's ruined print."""

    library: Library
    copy: Path


CLEAR = [QUALITY(quality=0.81).as_json()]


@pytest.fixture(scope="session")
def restored(scanned: Library, tmp_path_factory: pytest.TempPathFactory) -> Restored:
    """Read-only for tests: take `library` and `copy` instead."""
    home = tmp_path_factory.mktemp("restored") / "home"
    shutil.copytree(scanned.home, home)
    base = ["--home", str(home), "--quiet"]
    assert run([*base, "restore", str(scanned.ruined)]) == 0
    [copy] = (home / "restored").rglob("*.jpg")
    return Restored(Library(scanned.photos, scanned.ruined, home), copy)


@pytest.fixture
def library(restored: Restored, tmp_path: Path) -> Library:
    """A home of its own with the restored copy in it."""
    home = tmp_path / "home"
    shutil.copytree(restored.library.home, home)
    return Library(restored.library.photos, restored.library.ruined, home)


@pytest.fixture
def copy(restored: Restored, library: Library, app: App) -> Path:
    """The restored copy, where this test's gallery has it."""
    here = library.home / restored.copy.relative_to(restored.library.home)
    with app.gallery.begin() as tx:
        [made] = tx.restorations.history()
        tx.restorations.set_output(made.id, str(here))
        assert made.person_id is not None
        tx.decisions.name(made.person_id, "Anna")
    return here


@pytest.fixture
def made(app: App, copy: Path) -> RestorationRecord:
    """Its row."""
    return record_of(app, copy)


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """No service is started for a test: `jobs run` does the work. Whoever asked for one is noted."""
    asked: list[Path] = []
    monkeypatch.setattr(client, "ensure_worker", lambda folders: asked.append(folders.runtime))
    return asked


def record_of(app: App, copy: Path) -> RestorationRecord:
    with app.gallery.begin(write=False) as tx:
        found = tx.restorations.by_output(path=str(copy))
    assert found is not None
    return found


def proposal(app: App, made: RestorationRecord) -> RestorationRecord:
    """For another face of Anna, as automatic restoration leaves them."""
    with app.gallery.begin() as tx:
        [*_, face] = tx.faces.by_ids([r["face_id"] for r in made.references])
        return tx.restorations.add(
            photo=face.photo, input_sha256="in", restorer="iconface-nano", weights_sha256="", options={}, seed=42,
            verdict="", state="proposed", face_id=face.id, person_id=made.person_id, bbox=face.bbox, origin="auto",
            references=[{"face_id": made.face_id, "photo": made.photo, "score": 0.7, "reasons": CLEAR}],
        )  # fmt: skip


def stamp(html: str) -> str:
    [found] = set(re.findall(r'name="stamp" value="([^"]+)"', html))
    return unescape(found)


HTMX = {"HX-Request": "true"}


def test_a_restoration_is_shown_with_all_of_it(site: TestClient, made: RestorationRecord):
    html = site.get(f"/restorations/{made.id}").text
    assert "Anna" in html
    assert "never changed" in html
    for reference in made.references:
        assert f"/pictures/face/{reference['face_id']}?" in html
    assert made.weights_sha256[:16] in html
    assert "research only" in html, "the model's licence"
    assert f"/pictures/after/{made.id}?face=1" in html
    assert "embedding" not in html
    assert "cosine" not in html
    assert 'style="' not in html
    whole = site.get(f"/restorations/{made.id}?whole=1").text
    assert f"/pictures/after/{made.id}?side=1600" in whole


@pytest.mark.parametrize("page", ["/restorations", "/restorations/{id}", "/restorations/{id}?whole=1"])
def test_pictures_before_and_after_are_asked_for_once(site: TestClient, made: RestorationRecord, page: str):
    html = site.get(page.format(id=made.id)).text
    addresses = [unescape(a) for a in re.findall(r'(?:src|data-large)="(/pictures/(?:before|after)/[^"]+)"', html)]
    assert {a.split("/")[2] for a in addresses} == {"before", "after"}
    assert all("immutable" in site.get(a).headers["Cache-Control"] for a in addresses)


def test_a_copy_that_was_changed_has_another_address(site: TestClient, made: RestorationRecord, copy: Path):
    def after() -> str:
        return re.findall(r'src="(/pictures/after/[^"]+)"', site.get("/restorations").text)[0]

    was = after()
    shutil.copy(made.photo, copy)
    assert after() != was


def test_a_card_says_when_the_photo_was_taken(site: TestClient, app: App, made: RestorationRecord):
    with app.gallery.begin(write=False) as tx:
        assert made.face_id is not None
        taken = tx.faces.get(made.face_id).captured_at
    shown = text_of(site.get("/restorations").text)
    today = made.created_at[:4]
    assert taken is None or taken[:4] != today
    assert (month(taken) in shown) if taken else (today not in shown)


def test_a_whole_photo_is_shown_as_one_and_made_again(site: TestClient, app: App, library: Library, cli: Cli):
    worn = library.home / "worn.png"
    with Image.open(library.ruined) as picture:
        veiled = picture.convert("RGB").point(lambda v: v // 2 + 80)
    veiled.save(worn)
    base = ["--home", str(library.home), "--quiet"]
    assert run([*base, "restore", "--photo", "--photo-steps", "fading", str(worn)]) == 0
    with app.gallery.begin(write=False) as tx:
        whole = next(r for r in tx.restorations.history() if r.restorer == WHOLE_PHOTO)
    html = site.get(f"/restorations/{whole.id}").text
    assert "The whole photo" in text_of(html)
    addresses = {unescape(a) for a in re.findall(r'src="(/pictures/(?:before|after)/[^"]+)"', html)}
    assert {a.split("/")[2] for a in addresses} == {"before", "after"}
    assert not any("face=1" in a for a in addresses)
    assert all(site.get(a).headers["Content-Type"].startswith("image/") for a in addresses)
    assert "The whole photo" in text_of(site.get("/restorations").text)
    assert "Done to the whole photo: faded colours freshened." in text_of(html)
    assert re.findall(r'name="step" value="(\w+)" checked', html) == ["fading"], "as it was made"
    assert "iconface models pull ddcolor" in html, "what colours would need"

    assert site.post(f"/restorations/{whole.id}/steps", headers=HTMX).status_code == 400, "nothing to do"
    asked = site.post(f"/restorations/{whole.id}/steps", data={"step": ["fading", "damage"]}, headers=HTMX)
    assert asked.status_code == 200
    [job] = cli("jobs", "run")["jobs"]
    with app.gallery.begin(write=False) as tx:
        latest = next(r for r in tx.restorations.history() if r.restorer == WHOLE_PHOTO)
        made = progress_of(tx, job["job_id"], whole.id, CALIBRATION).result
    assert made is not None
    assert made.id == latest.id


def test_keep_and_undo(site: TestClient, app: App, made: RestorationRecord, copy: Path):
    page = site.get(f"/restorations/{made.id}").text
    kept = site.post(f"/restorations/{made.id}/keep", data={"stamp": stamp(page)}, headers=HTMX)
    assert kept.status_code == 200
    assert record_of(app, copy).decided == "accepted"
    undo = toast(kept)["undo"]
    assert isinstance(undo, int)
    app.people.decide(lambda tx: tx.decisions.undo(undo))
    assert record_of(app, copy).decided is None
    assert copy.is_file()


def test_put_back_removes_the_copy_and_make_it_again_brings_the_same_one(
    site: TestClient, app: App, made: RestorationRecord, copy: Path, cli: Cli, woken: list[Path]
):
    before = read_photo(copy).pixels
    page = site.get(f"/restorations/{made.id}").text
    back = site.post(f"/restorations/{made.id}/put-back", data={"stamp": stamp(page)}, headers=HTMX)
    assert not copy.exists()
    assert "Make it again" in back.text
    again = site.post(f"/restorations/{made.id}/restore", data={"stamp": stamp(back.text)}, headers=HTMX)
    assert "waits its turn" in again.text
    assert woken == [app.settings.folders.runtime]
    [known] = re.findall(r'hx-get="(/restorations/\d+/progress/\d+\?seen=[^"]+)"', again.text)
    assert site.get(known, headers=HTMX).status_code == 204, "nothing new to say"
    [job] = cli("jobs", "run")["jobs"]
    assert job["state"] == "done", job
    assert site.get(known, headers=HTMX).status_code == 200
    assert np.array_equal(read_photo(copy).pixels, before), "the same seed, references and model"
    done = site.get(f"/restorations/{made.id}/progress/{job['job_id']}", headers=HTMX).text
    assert f"/restorations/{record_of(app, copy).id}" in done


def test_undo_has_a_copy_made_again_that_was_put_back(site: TestClient, app: App, made: RestorationRecord, copy: Path):
    page = site.get(f"/restorations/{made.id}").text
    back = site.post(f"/restorations/{made.id}/put-back", data={"stamp": stamp(page)}, headers=HTMX)
    assert site.post(f"/undo/{toast(back)['undo']}", headers=HTMX).status_code == 204
    with app.gallery.begin(write=False) as tx:
        [job] = tx.jobs.find(kind=RESTORE)
    asked = payload_of(job, RestorePayload)
    assert asked is not None
    assert asked.face_id == made.face_id
    assert list(asked.options.reference_faces) == [r["face_id"] for r in made.references]
    assert (asked.options.seed, asked.options.steps) == (made.seed, made.options["steps"])
    assert "waits its turn" in site.get(f"/restorations/{made.id}").text


def test_what_the_command_line_did_meanwhile_is_not_undone(
    site: TestClient, app: App, made: RestorationRecord, copy: Path, cli: Cli
):
    page = site.get(f"/restorations/{made.id}").text
    cli("restored", "reject", made.id)
    late = site.post(f"/restorations/{made.id}/keep", data={"stamp": stamp(page)}, headers=HTMX)
    assert late.status_code == 409
    assert "another window" in late.text + late.headers.get("HX-Trigger", "")
    with app.gallery.begin(write=False) as tx:
        assert tx.restorations.get(made.id).state == "rejected"


def test_a_copy_that_was_removed_by_hand_is_said_to_be_gone(site: TestClient, made: RestorationRecord, copy: Path):
    copy.unlink()
    html = site.get(f"/restorations/{made.id}").text
    assert "gone from the disk" in html
    assert "Make it again" in html
    assert "/keep" not in html
    assert "gone from the disk" in site.get("/restorations?tab=to_decide").text


def test_again_with_other_references_makes_a_new_version(
    site: TestClient, app: App, made: RestorationRecord, copy: Path, cli: Cli
):
    form = site.get(f"/restorations/{made.id}/again", headers=HTMX).text
    offered = [int(i) for i in re.findall(r'name="reference" value="(\d+)"', form)]
    used = [r["face_id"] for r in made.references]
    assert offered[: len(used)] == sorted(used, key=offered.index), "those that were used come first"
    other = next(i for i in offered if i not in used)
    wish = {"person": made.person_id, "choice": "these", "reference": [other], "quality": "best", "restorer": "nano"}
    asked = site.post(f"/restorations/{made.id}/again", data=wish, headers=HTMX)
    assert asked.status_code == 200
    [job] = cli("jobs", "run")["jobs"]
    [face] = job["progress"]["faces"]
    assert [r["face_id"] for r in face["references"]] == [other]
    assert face["references"][0]["reasons"][0] == "you chose it"
    with app.gallery.begin(write=False) as tx:
        latest = tx.restorations.history(limit=1)[0]
    assert latest.options["steps"] == 8
    if latest.output is not None:
        assert latest.version == 2
        page = site.get(f"/restorations/{latest.id}").text
        assert f"?against={made.id}" in page
        assert f"/pictures/after/{made.id}?face=1" in site.get(f"/restorations/{latest.id}?against={made.id}").text
    none = site.post(f"/restorations/{made.id}/again", data={"choice": "these"}, headers=HTMX)
    assert none.status_code == 400
    assert site.post(f"/restorations/{made.id}/again", data={"restorer": "../x"}, headers=HTMX).status_code == 400


def test_a_proposal_is_carried_out_by_the_service_or_never_made_again(
    site: TestClient, app: App, made: RestorationRecord
):
    wanted = proposal(app, made)
    shelf = site.get("/restorations?tab=proposed").text
    assert "Restore all 1" in shelf
    everything = site.post(
        "/restorations/decide", data={"act": f"restore:<={wanted.id}", "tab": "proposed"}, headers=HTMX
    )
    assert "reload" in everything.headers["HX-Trigger"]
    assert "It waits its turn" in site.get("/restorations?tab=proposed").text
    page = site.get(f"/restorations/{wanted.id}").text
    assert "A clear picture" in page
    site.post(f"/restorations/{wanted.id}/restore", data={"stamp": stamp(page)}, headers=HTMX)
    with app.gallery.begin(write=False) as tx:
        [job] = tx.jobs.find(kind=RESTORE)
    assert (job.payload["face_id"], job.origin) == (wanted.face_id, "hand")
    assert "waits its turn" in site.get("/restorations?tab=proposed").text
    refused = site.post("/restorations/decide", data={"act": f"dismiss:{wanted.id}.proposed.", "tab": "proposed"},
                        headers=HTMX)  # fmt: skip
    assert f'id="card-{wanted.id}" hx-swap-oob="delete"' in refused.text
    with app.gallery.begin(write=False) as tx:
        assert tx.restorations.get(wanted.id).state == "rejected"


def test_several_are_decided_as_one_and_what_changed_is_left_alone(
    site: TestClient, app: App, made: RestorationRecord, copy: Path
):
    with app.gallery.begin() as tx:
        tx.restorations.add(
            photo=made.photo, input_sha256=made.input_sha256, restorer="r", weights_sha256="w", options={}, seed=1,
            verdict="pass", state="done", output=made.output, output_sha256=made.output_sha256,
        )  # fmt: skip
        twin = tx.restorations.add(
            photo=made.photo, input_sha256=made.input_sha256, restorer="r", weights_sha256="w", options={}, seed=1,
            verdict="doubtful", state="done", output=str(copy.with_name("other.jpg")), output_sha256="x",
            similarity_before=0.5, similarity_after=0.4, person_id=made.person_id,
        )  # fmt: skip
    html = site.get("/restorations?tab=to_decide").text
    assert "Looks a little less like Anna" in html
    stamps = [unescape(s) for s in re.findall(r'name="pick" value="([^"]+)"', html)]
    assert len(stamps) == 2
    with app.gallery.begin() as tx:
        tx.decisions.reject_restorations([twin.id])
    kept = site.post("/restorations/decide", data={"act": "keep", "pick": stamps, "tab": "to_decide"}, headers=HTMX)
    assert toast(kept)["text"] == "Kept. 1 was changed in another window and left alone."
    gone = re.findall(r'id="(card-\d+)" hx-swap-oob="delete"', kept.text)
    assert sorted(gone) == sorted(re.findall(r'id="(card-\d+)"', html)), "only what the page shows can leave it"
    assert record_of(app, copy).decided == "accepted"
    late = site.post("/restorations/decide", data={"act": "keep", "pick": stamps, "tab": "to_decide"}, headers=HTMX)
    assert late.status_code == 409
    for bad in ({"act": "burn"}, {"act": "keep"}, {"act": "keep:nonsense"}, {"act": "keep:<=x"}):
        assert site.post("/restorations/decide", data=bad | {"tab": "to_decide"}, headers=HTMX).status_code == 400, bad


def test_shelves_are_read_page_by_page(site: TestClient, app: App, made: RestorationRecord):
    with app.gallery.begin() as tx:
        for n in range(60):
            tx.restorations.add(photo=f"/lib/{n}.jpg", input_sha256=str(n), restorer="r", weights_sha256="w",
                                options={}, seed=1, verdict="refused", state="refused")  # fmt: skip
    url, seen = "/restorations?tab=refused", 0
    while url:
        html = site.get(url).text
        seen += html.count("data-card>")
        more = re.search(r'hx-get="([^"]+before=\d+)"', html)
        url = "" if more is None else unescape(more[1])
    assert seen == 60
    assert "Refused: it would have become a stranger" in html
    assert "data-card" not in site.get(f"/restorations?tab=refused&person={made.person_id}").text


@pytest.mark.parametrize("tab", ["to_decide", "proposed", "kept", "put_back", "refused", "failed"])
def test_every_shelf_can_be_empty(site: TestClient, tab: str, app: App, copy: Path):
    with app.gallery.begin() as tx:
        tx.decisions.reject_restorations([tx.restorations.history()[0].id])
    html = site.get(f"/restorations?tab={tab}")
    assert html.status_code == 200
    assert ('class="empty"' in html.text) == (tab != "put_back")


def test_what_a_row_lost_does_not_keep_its_shelf_from_being_shown(
    site: TestClient, app: App, made: RestorationRecord, copy: Path
):
    """Photo, face, person and references are gone, the verdict is one of another release."""
    states: dict[RestorationState, str] = {"done": "to_decide", "proposed": "proposed", "refused": "refused"}
    states["undone"] = "put_back"
    references = [{"face_id": 999, "photo": "/gone/b.jpg", "score": 0.5, "reasons": []},
                  {"photo": "/gone/c.jpg", "score": 0.5, "reasons": CLEAR}]  # fmt: skip
    with app.gallery.begin() as tx:
        rows = [
            tx.restorations.add(photo=f"/gone/{state}{verdict}.jpg", input_sha256=state + verdict,
                                restorer="unheard-of", weights_sha256="", options={}, seed=1, verdict=verdict,
                                state=state, similarity_before=0.5, references=references,
                                output="/gone/copy.jpg" if state in ("done", "undone") else None)
            for state in states for verdict in ("", "{}")
        ]  # fmt: skip
    for tab in states.values():
        html = site.get(f"/restorations?tab={tab}")
        assert html.status_code == 200, tab
        # Two faces in one copy are one entry; the real copy is to be decided about as well.
        assert html.text.count("data-card>") == (1 if tab == "put_back" else 2), tab
    for row in rows:
        assert site.get(f"/restorations/{row.id}").status_code == 200, row
        assert site.get(f"/pictures/before/{row.id}?face=1&side=768").status_code < 500, row
    run(["--home", str(app.settings.folders.data.parent), "--quiet", "--yes", "forget", str(made.person_id)])
    copy.unlink()
    assert site.get("/restorations").status_code == 200
    assert site.get(f"/restorations/{made.id}").status_code in (200, 404)


def test_what_failed_says_why(site: TestClient, app: App):
    with app.gallery.begin() as tx:
        tx.jobs.enqueue(RESTORE, {"path": "/gone.jpg", "face_id": None, "options": {}})
        job = tx.jobs.claim(0.0 + 2e9, 60.0)
        assert job is not None
        tx.jobs.fail(job, IN_FILE(path="/gone.jpg", why=PHOTO_MISSING()), 2e9, retry=False)
    html = site.get("/restorations?tab=failed").text
    assert "The photo is not there any more" in html
    assert f"/jobs/{job.id}/retry" in html


def test_an_unknown_one(site: TestClient):
    assert site.get("/restorations/999").status_code == 404


def test_not_quite_her_puts_back_and_offers_a_gentler_try(site: TestClient, made: RestorationRecord, copy: Path):
    page = site.get(f"/restorations/{made.id}").text
    assert "Not quite Anna" in text_of(page)
    data = {"stamp": stamp(page), "again": "1"}
    back = site.post(f"/restorations/{made.id}/put-back", data=data, headers=HTMX)
    assert not copy.exists()
    assert isinstance(toast(back)["undo"], int)
    [form] = re.findall(r'hx-get="([^"]+/again\?gentler=1)" hx-trigger="load"', back.text)
    offered = site.get(form, headers=HTMX).text
    assert re.findall(r'name="strength" value="([^"]*)" checked', offered) == ["0.7"]
    assert [gentler_than(s) for s in (None, 1.0, 0.7, 0.4, 0.1)] == ["0.7", "0.7", "0.4", "0.4", "0.4"]


def test_what_nobody_can_see_is_called_so(made: RestorationRecord):
    for record in (replace(made, changed_mean=0.4), replace(made, state="unseen", output=None)):
        assert (verdict_words(record, "Anna", CALIBRATION).text, verdict_words(record, "Anna", CALIBRATION).tone) == (
            "No visible change",
            "",
        )


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_the_bar_and_its_words_agree(before: float, after: float):
    bar = likeness_bar(before, after, "Anna")
    assert 0 <= min(bar.before, bar.after) <= max(bar.before, bar.after) <= 100
    assert (bar.before <= bar.after) or before > after
    for at, evidence in ((bar.before, before), (bar.after, after)):
        word = likeness_words(evidence, "Anna")
        assert word in bar.words
        quarter = ("Hardly", "Somewhat", "Clearly", "Very").index(word.split()[0])
        assert 25 * quarter <= at <= 25 * (quarter + 1)


@pytest.mark.parametrize(
    ("verdict", "before", "after", "name", "text", "tone"),
    [
        ("pass", 0.5, 0.8, "Anna", "Very much like Anna", "good"),
        ("pass", 0.5, 0.8, None, "Very much like the person", "good"),
        ("pass", 0.2, 0.33, "Anna", "Somewhat like Anna", ""),
        ("pass", 0.01, 0.02, "Anna", "Hardly like Anna", ""),
        ("unchecked", None, None, None, "Unchecked", ""),
        ("pass", None, None, None, "Unchecked", ""),
        ("doubtful", 0.5, 0.4, "Anna", "Looks a little less like Anna", "warn"),
        ("doubtful", 0.3, 0.35, "Anna", "Not surely Anna", "warn"),
        ("doubtful", None, None, None, "Perhaps not the same face", "warn"),
        ("refused", 0.5, 0.1, "Anna", "Refused: it would have become a stranger", "bad"),
    ],
)
def test_verdicts_in_plain_words(
    made: RestorationRecord, verdict: str, before: float, after: float, name: str, text: str, tone: str
):
    output = None if verdict == "refused" else made.output
    record = replace(made, verdict=verdict, similarity_before=before, similarity_after=after, output=output)
    says = verdict_words(record, name, CALIBRATION)
    assert (says.text, says.tone) == (text, tone)
    forced = verdict_words(replace(record, output="/copy.jpg"), name, CALIBRATION)
    assert (forced.text == "Looks like a stranger") == (verdict == "refused")


def test_reasons_in_plain_words():
    reasons = (QUALITY(quality=0.81), LIKENESS(similarity=0.62, others=4), POSE(degrees=12), FACE_SIZE(px=90),
               YEARS_APART(years=3), CONFIRMED())  # fmt: skip
    assert helps(reasons) == [
        "you said who it is", "looking the same way", "a clear picture", "taken 3 years apart",
        "much like the other photos",
    ]  # fmt: skip
    assert helps((QUALITY(quality=0.4), POSE(degrees=40), DATE_UNKNOWN())) == []
    assert helps((POSE(degrees=0), YEARS_APART(years=0.001)))[0] == "from the same day"
    assert helps_in_general((POSE(degrees=0),)) == ["facing the camera"]
