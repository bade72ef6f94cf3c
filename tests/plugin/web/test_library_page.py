"""The library page: folders, their rules, what is wrong, and choosing a folder in the browser."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gallery_db.database.backups import list_backups
from iconface_core.reason_codes import FILE_EMPTY
from plugin.app import App
from plugin.errors import UsageError
from plugin.job_kinds import HAND
from plugin.web.views import folder_chooser, library_facts
from plugin.web.views.folder_chooser import StartFolder
from tests.support.library import Cli, Library, tree_hash
from tests.support.pages import text_of

from .standing_by import StandingBy, standing_by

HTMX = {"HX-Request": "true"}


@pytest.fixture
def service(app: App) -> Iterator[StandingBy]:
    with standing_by(app) as service:
        yield service


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with things in it that may be shown, and things that may not."""
    home = tmp_path / "user"
    for folder in ("Pictures/2019/beach", "Pictures/2020", "Pictures/.hidden", "Pictures/@eaDir", "Documents"):
        (home / folder).mkdir(parents=True)
    for file in ("Pictures/cover.jpg", "Pictures/2019/a.jpg", "Pictures/2019/beach/b.HEIC", "Pictures/secret.txt"):
        (home / file).touch()
    (tmp_path / "outside").mkdir()
    (home / "Pictures" / "way-out").symlink_to(tmp_path / "outside")
    (home / "Pictures" / "to-documents").symlink_to(home / "Documents")
    (home / "Pictures" / "loop").symlink_to(home / "Pictures" / "loop")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_PICTURES_DIR", raising=False)
    return home


def stamp_of(page: str) -> str:
    found = re.search(r'name="stamp" value="(\w+)"', page)
    assert found is not None
    return found[1]


def test_the_page_counts_and_says_how_the_folder_is(site: TestClient, library: Library):
    shown = text_of(site.get("/library").text)
    assert "31 photos · 31 faces" in shown
    assert str(library.photos) in shown
    assert "Looked through" in shown
    assert "6 without a name" in shown
    assert "nothing is restored by itself" in shown


def test_a_folder_that_is_not_there_says_why(site: TestClient, app: App, tmp_path: Path):
    gone = tmp_path / "usb"
    gone.mkdir()
    app.roots.add(gone)
    gone.rmdir()
    shown = text_of(site.get("/library").text)
    assert "not there" in shown
    assert "is the drive mounted?" in shown
    assert "is kept until it is back" in shown


def test_scan_now_is_a_job_that_lets_a_right_click_pass(site: TestClient, app: App, service: StandingBy):
    answer = site.post("/library/folders/1/scan", headers=HTMX)
    assert "will be looked through" in answer.text
    with app.gallery.begin(write=False) as tx:
        [job] = tx.jobs.find()
    assert (job.kind, job.origin, job.priority) == ("reconcile", "hand", HAND - 1)
    assert "wake" in service.asked
    service.work()
    with app.gallery.begin(write=False) as tx:
        assert tx.jobs.get(job.id).state == "done"
    assert site.post("/library/folders/77/scan").status_code == 404


def test_photos_deleted_on_purpose_are_accepted_by_the_job(site: TestClient, app: App, service: StandingBy, own_root):
    folder, root_id = own_root
    for photo in folder.glob("*.jpg"):
        photo.unlink()
    (folder / "kept.txt").touch()
    site.post(f"/library/folders/{root_id}/scan", headers=HTMX)
    service.work()
    assert "I deleted them on purpose" in site.get("/library").text
    with app.gallery.begin(write=False) as tx:
        assert tx.photos.counts()["missing"] == 0
    site.post(f"/library/folders/{root_id}/scan", data={"accept_missing": "true"}, headers=HTMX)
    service.work()
    with app.gallery.begin(write=False) as tx:
        assert tx.photos.counts()["missing"] == 12
    assert "12 photos missing (their names are kept)" in text_of(site.get("/library").text)


@pytest.fixture
def own_root(app: App, tmp_path: Path) -> tuple[Path, int]:
    """A folder with twelve photos that the gallery believes to have read."""
    folder = tmp_path / "own"
    folder.mkdir()
    root_id = app.roots.add(folder)["root_id"]
    with app.gallery.begin() as tx:
        for n in range(12):
            path = folder / f"{n}.jpg"
            path.touch()
            stat = path.stat()
            size, mtime_ns, inode = stat.st_size, stat.st_mtime_ns, stat.st_ino
            tx.photos.upsert(str(path), f"hash {n}", root_id=root_id, size=size, mtime_ns=mtime_ns, inode=inode)
    return folder, root_id


def test_rules_are_kept_and_a_second_window_loses_nothing(site: TestClient, app: App):
    stamp = stamp_of(site.get("/library").text)
    rule = {"stamp": stamp, "mode": "propose", "min_degradation": "0.3", "min_references": "2"}
    answer = site.post("/library/folders/1/rules", data=rule, headers=HTMX)
    assert "restorations are proposed" in answer.text
    assert app.roots.rows()[0]["rules"] == {
        "mode": "propose",
        "min_degradation": 0.3,
        "min_similarity": -1.0,
        "min_references": 2,
    }
    late = site.post("/library/folders/1/rules", data={"stamp": stamp, "mode": "auto"}, headers=HTMX)
    assert late.status_code == 409
    assert app.roots.rows()[0]["rules"]["mode"] == "propose"
    nonsense = {"stamp": stamp_of(answer.text), "mode": "always"}
    assert site.post("/library/folders/1/rules", data=nonsense).status_code == 400


def test_a_number_set_elsewhere_is_not_changed_by_the_form(site: TestClient, app: App, cli):
    cli("library", "rules", app.roots.rows()[0]["path"], "--auto", "propose", "--min-similarity", "0.37")
    assert re.search(r'<option value="0.37" selected>as set: 0.37', site.get("/library").text)


def test_removing_says_what_stays_and_touches_no_file(site: TestClient, app: App, library: Library):
    before = tree_hash(library.photos)
    asked = text_of(site.get("/library/folders/1/remove").text)
    assert "31 photos and 31 faces" in asked
    assert "never changes or deletes a photo" in asked
    assert site.post("/library/folders/1/remove", data={"path": "/another"}).status_code == 400
    assert len(app.roots.rows()) == 1
    gone = site.post("/library/folders/1/remove", data={"path": str(library.photos), "keep_backup": "true"})
    assert (gone.status_code, gone.headers["Location"]) == (303, "/library")
    assert app.roots.rows() == []
    assert tree_hash(library.photos) == before
    assert any("before-removing" in p.name for p in list_backups(app.settings.folders.backups))
    assert "There is no folder yet" in site.get("/library").text


def test_unreadable_photos_have_reasons_and_a_second_chance(site: TestClient, app: App, service: StandingBy, own_root):
    folder, root_id = own_root
    with app.gallery.begin() as tx:
        tx.photos.mark_failed(str(folder / "3.jpg"), FILE_EMPTY(), root_id=root_id)
    shown = text_of(site.get("/library").text)
    assert "Photos that cannot be read 1" in shown
    assert "3.jpg" in shown
    assert "The file is empty" in shown
    assert site.post("/library/unreadable/again").status_code == 303
    assert "will be read again" in site.get("/library").text


def test_what_there_is_to_look_at_is_counted_as_doctor_does(
    site: TestClient, app: App, library: Library, own_root, cli: Cli
):
    folder, root_id = own_root
    with app.gallery.begin() as tx:
        for n in (3, 4):
            tx.photos.mark_failed(str(folder / f"{n}.jpg"), FILE_EMPTY(), root_id=root_id)
    folder.rename(folder.with_name("away"))
    shown = text_of(site.get("/library/problems").text)
    assert "A folder is not there" in shown
    assert "2 photos cannot be read" in shown
    assert "Yes, at first sight" not in shown
    bad = cli("doctor", code=5)["problems"]
    assert f"{bad} things to look at" in shown


def test_problems_come_with_a_way_out_and_without_a_model_runtime(site: TestClient, app: App, library: Library):
    assert "Yes, at first sight" in site.get("/library/problems").text
    assert "read from end to end" in site.get("/library/problems?thorough=true").text
    with app.gallery.begin() as tx:
        tx.faces.drop_embedder(app.embedder.id)
    shown = text_of(site.get("/library/problems").text)
    assert "Some faces cannot be compared yet" in shown
    assert "iconface scan --re-embed" in shown
    script = (
        "import sys; from pathlib import Path; from plugin.app import build_app; "
        "from plugin.settings import load_settings; "
        "from plugin.web.views import library_facts; from plugin.web import site\n"
        f"app = build_app(load_settings(Path({str(library.home)!r}), {{}}))\n"
        "print(len(library_facts.problems(app, thorough=True)), 'torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]


def test_models_show_their_licence_and_its_text(site: TestClient):
    page = site.get("/library").text
    assert 'href="/library/licences/yunet-2023mar"' in page
    assert "Not for commercial use" in page
    assert "Permission is hereby granted" in site.get("/library/licences/yunet-2023mar").text
    for unknown in ("nothing", "..%2f..%2fREADME.md", "adaface-ir50"):
        assert site.get(f"/library/licences/{unknown}").status_code == 404


def test_a_backup_now(site: TestClient, app: App):
    before = len(list_backups(app.settings.folders.backups))
    assert site.post("/library/backup").status_code == 303
    assert len(list_backups(app.settings.folders.backups)) == before + 1
    assert "made by hand" in site.get("/library").text


def test_disk_used_adds_up(app: App):
    used = library_facts.disk_used(app.settings.folders)
    assert {what: size for what, size, _ in used}["Library database"] >= app.gallery.path.stat().st_size


def test_the_chooser_shows_folders_and_nothing_else(site: TestClient, user: Path):
    page = site.get("/library/add").text
    shown = text_of(page)
    assert "2 pictures" in shown, "in 2019 and below it"
    assert "1 picture directly in “Pictures”" in shown
    for name in ("2019", "2020", "to-documents"):
        assert f'class="sub-name">{name}<' in page
    for name in (".hidden", "@eaDir", "way-out", "loop", "secret", "cover.jpg", "outside"):
        assert name not in page


@pytest.mark.parametrize(
    "path",
    ["..", "Pictures/../..", "Pictures/.hidden", "Pictures/way-out", "Pictures/secret.txt", "Pictures/none", "\0"],
)
def test_the_chooser_leads_nowhere_else(site: TestClient, user: Path, path: str):
    for at in (path, f"{user}/{path}"):
        answer = site.get("/library/add", params={"at": at})
        assert answer.status_code == 400
        assert "cannot be shown" in answer.text, "what is there and what is not look the same"


def test_a_link_to_a_place_that_may_be_shown_is_followed(user: Path):
    places = [StartFolder("Home", user.resolve())]
    assert folder_chooser.look(str(user / "Pictures" / "to-documents"), places).path == (user / "Documents").resolve()


def test_home_and_pictures_are_where_one_begins(user: Path):
    assert [p.path for p in folder_chooser.places()][:2] == [(user / "Pictures").resolve(), user.resolve()]


@pytest.mark.parametrize("path", ["", "Pictures", "/", "/etc", "/proc/self", "/usr/share"])
def test_a_typed_path_must_make_sense(path: str):
    with pytest.raises(UsageError):
        folder_chooser.typed(path)


def test_adding_a_folder(site: TestClient, app: App, service: StandingBy, user: Path, library: Library):
    added = site.post("/library/folders", data={"path": str(user / "Pictures")}, headers=HTMX)
    assert added.headers["HX-Redirect"] == "/library"
    assert "is looked through now" in json.loads(added.headers["HX-Trigger"])["toast-later"]["text"]
    with app.gallery.begin(write=False) as tx:
        [job] = tx.jobs.find(kind="reconcile")
    assert (job.payload["root_id"], "wake" in service.asked) == (2, True)
    assert "in the library already" in site.get("/library/add").text
    inside = site.post("/library/folders", data={"path": str(user / "Pictures" / "2019")})
    assert inside.status_code == 400
    ours = site.post("/library/folders", data={"path": str(library.home)})
    assert ours.status_code == 400
    assert "own data" in ours.text
    assert site.post("/library/folders", data={"path": str(user / "nowhere")}).status_code == 400
    assert len(app.roots.rows()) == 2


def test_counting_stops_in_time(user: Path):
    assert folder_chooser.count_pictures(user, end=float("inf")) == (3, False)
    assert folder_chooser.count_pictures(user, end=0.0) == (0, True)
    assert folder_chooser.count_pictures(user / "Pictures" / "2019" / "beach", end=0.0) == (1, False)


@pytest.mark.skipif(os.name == "nt", reason="root reads everything; no modes there")
def test_a_folder_that_cannot_be_opened_says_so(user: Path):
    if os.geteuid() == 0:
        pytest.skip("root may open everything")
    (user / "Documents").chmod(0)
    with pytest.raises(UsageError, match="cannot be opened"):
        folder_chooser.look(str(user / "Documents"), folder_chooser.places())


def test_a_folder_that_moved_is_asked_for_where_it_is_missed_and_taken_back(
    site: TestClient, app: App, service: StandingBy, own_root, tmp_path: Path
):
    folder, root_id = own_root
    new = tmp_path / "drive 2" / "Ärger & Söhne"
    new.parent.mkdir()
    folder.rename(new)
    (tmp_path / "empty").mkdir()
    url = f"/library/folders/{root_id}/move"
    assert f'href="{url}"' in site.get("/library").text

    def known() -> list[str]:
        with app.gallery.begin(write=False) as tx:
            return sorted(tx.photos.known(root_id))

    before = known()
    assert "is the drive plugged in" in text_of(site.get(url, params={"to": str(tmp_path / "none")}).text).casefold()
    assert "holds none of the 12 photos" in text_of(site.get(url, params={"to": str(tmp_path / "empty")}).text)
    asked = site.get(url, params={"to": str(new)}).text
    assert str(new) in unescape(asked)
    assert "12 photos will be looked for there" in text_of(asked)
    assert known() == before, "asking moves nothing"

    done = site.get(site.post(url, data={"before": str(folder), "to": str(new)}).headers["location"])
    assert known() == [str(new / Path(p).name) for p in before]
    assert "Undo" in done.text
    service.work()
    with app.gallery.begin(write=False) as tx:
        assert tx.photos.counts()["missing"] == 0
        assert tx.roots.get(root_id).online

    back = {"now": str(new), "before": str(folder)}
    site.post(f"{url}-back", data=back)
    assert known() == before
    assert f'href="{url}"' in site.get("/library").text, "it is missed there again"
    assert site.post(f"{url}-back", data=back).status_code == 400, "not twice"


def test_a_move_onto_another_folder_of_the_library_says_so_and_offers_no_way_back(
    site: TestClient, app: App, service: StandingBy, own_root, tmp_path: Path
):
    folder, root_id = own_root
    new = tmp_path / "new"
    folder.rename(new)
    app.roots.add(new)
    url = f"/library/folders/{root_id}/move"
    assert "Both become one" in site.get(url, params={"to": str(new)}).text
    done = site.get(site.post(url, data={"before": str(folder), "to": str(new)}).headers["location"])
    assert "is here now" in done.text
    assert "Undo" not in done.text
    assert [r["path"] for r in app.roots.rows() if r["root_id"] != 1] == [str(new)]
