"""Photos that are handed over: what is taken and under which name, restored by the real worker, given back."""

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from iconface_core.images.formats import content_hash, name_matches
from plugin.app import App
from plugin.errors import UsageError
from plugin.restoring import uploads
from plugin.restoring.uploads import keep, receiving, safe_name
from tests.support.library import Library, tree_hash
from tests.support.pages import text_of
from tests.support.waiting import until

from .standing_by import StandingBy, standing_by

HTMX = {"HX-Request": "true"}


@pytest.fixture
def service(app: App) -> Iterator[StandingBy]:
    with standing_by(app) as service:
        yield service


def send(site: TestClient, data: bytes, name: str):
    return site.post("/uploads", params={"name": name}, content=data, headers=HTMX)


def a_picture(kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, kind)
    return out.getvalue()


@given(st.text(max_size=300), st.sampled_from(["", "jpeg", "png", "heif", "raw"]))
def test_no_name_leads_out_of_its_folder_or_deceives(name: str, kind: str):
    safe = safe_name(name, kind)
    assert Path(safe).name == safe not in ("", ".", "..")
    assert not safe.startswith(".")
    assert safe.isprintable()
    assert not set(safe) & set('/\\<>:"|?*')
    assert len(safe.encode()) < 140
    assert not kind or name_matches(Path(safe), kind)
    assert safe_name(safe, kind) == safe, "a second time changes nothing"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("beach.png", "beach.png"),
        ("../../etc/passwd", "passwd.png"),
        (r"C:\photos\beach.PNG", "beach.PNG"),
        ("beach.jpg", "beach.png"),
        (".bashrc", "bashrc.png"),
        ("", "photo.png"),
        ("con.png", "photo_con.png"),
        ("a\u202egnp.exe\n.png", "a_gnp.exe_.png"),
    ],
)
def test_a_photo_is_kept_privately_under_nearly_its_name(
    site: TestClient, app: App, service: StandingBy, name: str, kept: str
):
    folder = app.settings.folders.uploads
    answer = send(site, a_picture(), name)
    assert answer.status_code == 200
    [path] = [p for p in folder.rglob("*") if p.is_file()]
    assert (path.name, path.parent.parent) == (kept, folder)
    assert answer.json() == {"page": f"/uploads/{content_hash(path)[:16]}"}
    assert path.read_bytes() == a_picture()
    if os.name == "posix":
        assert [stat.S_IMODE(p.stat().st_mode) for p in (folder, path.parent, path)] == [0o700, 0o700, 0o600]
    assert send(site, a_picture(), "again.png").json() == answer.json()
    assert len(list(folder.rglob("*.*"))) == 1, "what comes twice is there once"


@pytest.mark.parametrize(
    "data", [b"", b"#!/bin/sh\nrm -rf ~", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff", b"PK\x03\x04"]
)
def test_what_is_no_photo_is_refused_and_nothing_of_it_stays(
    site: TestClient, app: App, service: StandingBy, data: bytes
):
    answer = send(site, data, "photo.jpg")
    assert (answer.status_code, "no photo" in answer.text) == (400, True)
    assert list(app.settings.folders.uploads.iterdir()) == []
    assert service.asked == []


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)
    with pytest.raises(UsageError, match="too large"), receiving(tmp_path) as upload:
        for _ in range(3):
            upload.write(b"x" * 400)
    assert list(tmp_path.iterdir()) == []
    with receiving(tmp_path) as upload:
        upload.write(a_picture())
        keep(upload, "a.png", max_pixels=10**6)
    monkeypatch.setattr(uploads, "MAX_TOTAL", 10)
    with pytest.raises(UsageError, match="no room"), receiving(tmp_path):
        pass


@pytest.mark.parametrize("key", ["..", "0" * 16, "ABCDEF0123456789", "%2e%2e", "0123456789abcdef%2f.."])
def test_a_key_is_no_path(site: TestClient, key: str):
    for path in (f"/uploads/{key}", f"/uploads/{key}/made", f"/pictures/upload/{key}"):
        assert site.get(path).status_code in (303, 404), path


def test_a_link_among_the_photos_is_not_followed(site: TestClient, app: App, library: Library):
    place = app.settings.folders.uploads / ("0" * 16)
    place.mkdir(parents=True)
    (place / "a.jpg").symlink_to(library.ruined)
    assert site.get(f"/uploads/{place.name}").status_code == 404
    assert site.get(f"/pictures/upload/{place.name}").status_code == 404


def test_from_the_upload_to_the_copy_in_ones_hand(
    site: TestClient, app: App, service: StandingBy, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    before = tree_hash(library.photos)
    page = send(site, library.ruined.read_bytes(), "old print.jpg").json()["page"]
    assert "waits its turn" in text_of(site.get(page).text)
    assert site.get(f"/pictures{page.replace('uploads', 'upload')}").headers["content-type"] == "image/jpeg"
    service.work()
    with app.gallery.begin(write=False) as tx:
        [made] = tx.restorations.history()
    done = site.get(page).text
    assert f"/pictures/before/{made.id}" in done
    assert f"/pictures/after/{made.id}" in done
    assert "Made clear" in text_of(site.get("/uploads").text)

    copy = site.get(f"/restorations/{made.id}/copy")
    assert copy.content == Path(str(made.output)).read_bytes()
    assert copy.headers["content-disposition"].startswith("attachment")
    assert copy.headers["content-type"] == "application/octet-stream"
    both = site.get(f"/restorations/{made.id}/before-after")
    assert "attachment" in both.headers["content-disposition"]
    with Image.open(io.BytesIO(both.content)) as sheet:
        assert sheet.width > sheet.height, "beside each other"
        assert not sheet.getexif()

    shown = tmp_path / "shown"
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" > "{shown}"\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{opener.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    assert site.post(f"/restorations/{made.id}/show", headers=HTMX).status_code == 204
    until(shown.exists)

    assert site.post(f"{page}/remove", headers=HTMX).headers["HX-Redirect"] == "/uploads"
    assert list(app.settings.folders.uploads.iterdir()) == []
    assert Path(str(made.output)).exists()
    Path(str(made.output)).unlink()
    for path in ("copy", "before-after"):
        assert site.get(f"/restorations/{made.id}/{path}").status_code == 400
    assert tree_hash(library.photos) == before, "nothing in the library was touched"


def test_all_faces_of_a_photo_are_restored_and_shown_on_its_page(
    site: TestClient, app: App, service: StandingBy, library: Library
):
    with app.gallery.begin(write=False) as tx:
        photo = tx.photos.by_path(str(library.ruined))
    assert photo is not None
    assert "Restore" in text_of(site.get(f"/photos/{photo.id}").text)
    waits = site.post(f"/photos/{photo.id}/restore", headers=HTMX).text
    assert "waits its turn" in text_of(waits)
    assert site.get(f"/photos/{photo.id}/made?seen=waiting-", headers=HTMX).status_code == 204
    service.work()
    with app.gallery.begin(write=False) as tx:
        [made] = tx.restorations.history()
    for path in (f"/photos/{photo.id}", f"/photos/{photo.id}/made"):
        assert f"/pictures/after/{made.id}" in site.get(path).text
