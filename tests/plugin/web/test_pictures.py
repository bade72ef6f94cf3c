"""Pictures by id: what they show, what is kept, and what is said when there is none."""

import hashlib
import io
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from starlette.testclient import TestClient

from gallery_db.records import FaceRecord, PhotoRecord
from iconface_core.images.read import read_photo
from iconface_core.types import BBox
from plugin.app import App
from plugin.people.forgetting import forget
from plugin.picture_cache import PictureCache, clear
from plugin.web.context import Web
from plugin.web.picture_files import Missing
from plugin.web.pictures import Pictures, Wanted, square_around, version_of
from tests.support.library import Library
from tests.support.narrow import of_type

Put = Callable[..., PhotoRecord]


@pytest.fixture
def root(tmp_path: Path, app: App) -> Path:
    """A folder of the library that a test may change."""
    folder = tmp_path / "mine"
    folder.mkdir()
    with app.gallery.begin() as tx:
        tx.roots.add(folder)
    return folder


@pytest.fixture
def put(root: Path, app: App) -> Put:
    """`put(bytes or image)`: a photo of the library as a scan leaves it."""

    def make(
        content: bytes | Image.Image, name: str = "photo.jpg", exif: Image.Exif | None = None, **options: Any
    ) -> PhotoRecord:
        path = root / name
        if isinstance(content, bytes):
            path.write_bytes(content)
            width, height = 640, 480
        else:
            content.save(path, exif=exif or Image.Exif(), **options)
            width, height = content.size
            turned = 1 if exif is None else exif.get(0x0112, 1)
            if turned >= 5:
                width, height = height, width
        return remembered(app, path, width, height)

    return make


def remembered(app: App, path: Path, width: int, height: int) -> PhotoRecord:
    stat = path.stat()
    with app.gallery.begin() as tx:
        root = tx.roots.containing(path)
        return tx.photos.upsert(
            str(path),
            hashlib.sha256(path.read_bytes()).hexdigest(),
            root_id=None if root is None else root.id,
            size=stat.st_size,
            mtime_ns=stat.st_mtime_ns,
            width=width,
            height=height,
        )


def quarters(width: int = 640, height: int = 480) -> Image.Image:
    """Red, green / blue, white, so that every turn shows."""
    a = np.full((height, width, 3), 255, np.uint8)
    a[: height // 2, : width // 2] = (250, 0, 0)
    a[: height // 2, width // 2 :] = (0, 250, 0)
    a[height // 2 :, : width // 2] = (0, 0, 250)
    return Image.fromarray(a)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def corners(image: Image.Image) -> list[str]:
    w, h = image.size
    at = [(w // 4, h // 4), (3 * w // 4, h // 4), (w // 4, 3 * h // 4), (3 * w // 4, 3 * h // 4)]
    out = []
    for xy in at:
        r, g, b = of_type(tuple, image.getpixel(xy))
        out.append("white" if min(r, g, b) > 200 else "red" if r > 180 else "green" if g > 180 else "blue")
    return out


def drawn(app: App, photo: PhotoRecord, box: BBox) -> FaceRecord:
    done = app.people.decide(lambda tx: tx.decisions.add_face(photo.id, box))
    assert done.face_id is not None
    with app.gallery.begin(write=False) as tx:
        return tx.faces.get(done.face_id)


def test_a_face_is_square_with_its_surroundings(site: TestClient, app: App, put: Put) -> None:
    face = drawn(app, put(quarters()), BBox(200, 100, 300, 220))
    answer = site.get(f"/pictures/face/{face.id}?size=96")
    assert answer.headers["content-type"] == "image/jpeg"
    assert opened(answer.content).size == (96, 96)
    wide = opened(site.get(f"/pictures/face/{face.id}?size=300").content)
    assert wide.size == (228, 228), "1.9 times the box, and never enlarged"
    assert corners(wide)[:2] == ["red", "red"], "the box's middle is left of the middle of the photo"


@pytest.mark.parametrize(
    ("box", "square"),
    [
        (BBox(0, 0, 100, 100), BBox(0, 0, 190, 190)),
        (BBox(560, 400, 640, 480), BBox(488, 328, 640, 480)),
        (BBox(10, 10, 600, 470), BBox(65, 0, 545, 480)),
        (BBox(300, 200, 310, 210), BBox(295.5, 195.5, 314.5, 214.5)),
    ],
)
def test_the_square_stays_inside_the_photo(box: BBox, square: BBox) -> None:
    assert square_around(box, 640, 480) == square


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_upright(site: TestClient, app: App, put: Put, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = put(quarters(), f"{orientation}.jpg", exif=exif, quality=95)
    picture = opened(site.get(f"/pictures/photo/{photo.id}?side=400").content)
    assert picture.size == ((400, 300) if orientation < 5 else (300, 400))
    turned = {1: "RGBW", 2: "GRWB", 3: "WBGR", 4: "BWRG", 5: "RBGW", 6: "BRWG", 7: "WGBR", 8: "GWRB"}[orientation]
    assert [c[0].upper() for c in corners(picture)] == list(turned)


def test_never_larger_than_the_photo_nor_than_asked(site: TestClient, put: Put) -> None:
    photo = put(quarters(2400, 1200))
    sizes = [opened(site.get(f"/pictures/photo/{photo.id}?side={s}").content).size for s in (1, 800, 801, 99999)]
    assert sizes == [(400, 200), (800, 400), (1600, 800), (2400, 1200)]


def test_colours_are_srgb_and_nothing_else_is_told(site: TestClient, put: Put) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    photo = put(quarters(), exif=exif, icc_profile=lab)
    data = site.get(f"/pictures/photo/{photo.id}?side=400").content
    assert not {"icc_profile", "exif"} & Image.open(io.BytesIO(data)).info.keys()
    deep = np.linspace(0, 65535, 640 * 480).astype(np.uint16).reshape(480, 640)
    grey = put(Image.fromarray(deep), "deep.png")
    picture = opened(site.get(f"/pictures/photo/{grey.id}?side=400").content)
    top, bottom = (of_type(tuple, picture.getpixel(xy)) for xy in ((200, 2), (200, 298)))
    assert top[0] < 5 < 250 < bottom[0]


def test_etag_and_for_ever_with_the_version(site: TestClient, app: App, put: Put) -> None:
    photo = put(quarters())
    face = drawn(app, photo, BBox(200, 100, 300, 220))
    v = version_of(photo.content_hash, face.bbox)
    first = site.get(f"/pictures/face/{face.id}?size=96")
    assert first.headers["cache-control"] == "private, no-cache"
    again = site.get(f"/pictures/face/{face.id}?size=96", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in site.get(f"/pictures/face/{face.id}?size=192&v={v}").headers["cache-control"]
    assert "immutable" not in site.get(f"/pictures/face/{face.id}?size=192&v=old").headers["cache-control"]


def test_a_changed_photo_never_shows_an_old_picture(site: TestClient, app: App, put: Put, root: Path) -> None:
    photo = put(quarters())
    face = drawn(app, photo, BBox(200, 100, 300, 220))
    face_before = site.get(f"/pictures/face/{face.id}")
    before = site.get(f"/pictures/photo/{photo.id}?v={version_of(photo.content_hash)}")
    Image.new("RGB", (640, 480), (0, 0, 250)).save(root / "photo.jpg")
    after = site.get(f"/pictures/photo/{photo.id}", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert corners(opened(after.content)) == ["blue"] * 4
    assert site.get(f"/pictures/face/{face.id}").content != face_before.content
    Image.new("RGB", (320, 200), (0, 0, 250)).save(root / "photo.jpg")
    lost = site.get(f"/pictures/face/{face.id}")
    assert (lost.status_code, lost.headers["x-picture-missing"]) == (200, "changed"), "the box means nothing there"


def bomb() -> bytes:
    """A PNG that claims 30000 x 30000 pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "empty.jpg", "unreadable"),
        (b"\xff\xd8\xff\xe0 no jpeg", "broken.jpg", "unreadable"),
        (b"<svg onload='x()'/>", "script.jpg", "unreadable"),
        (bomb(), "bomb.png", "too-large"),
    ],
)
def test_what_cannot_be_shown_is_a_placeholder(
    site: TestClient, put: Put, content: bytes, name: str, reason: str
) -> None:
    answer = site.get(f"/pictures/photo/{put(content, name).id}")
    assert answer.status_code == 200
    assert answer.headers["x-picture-missing"] == reason
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["cache-control"] == "no-store"
    assert name not in answer.text


def test_gone_and_offline(site: TestClient, app: App, put: Put, root: Path) -> None:
    photo = put(quarters())
    seen = site.get(f"/pictures/photo/{photo.id}?side=400").content
    with app.gallery.begin() as tx:
        tx.roots.set_online(photo.root_id or 0, False)
    assert site.get(f"/pictures/photo/{photo.id}?side=400").content == seen, "made before the disk went away"
    assert site.get(f"/pictures/photo/{photo.id}?side=800").headers["x-picture-missing"] == "offline"
    with app.gallery.begin() as tx:
        tx.roots.set_online(photo.root_id or 0, True)
    (root / "photo.jpg").unlink()
    assert site.get(f"/pictures/photo/{photo.id}?side=400").headers["x-picture-missing"] == "gone"
    shutil.rmtree(root)
    assert site.get(f"/pictures/photo/{photo.id}?side=800").headers["x-picture-missing"] == "offline"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_place_of_a_photo_holds_up_nothing(site: TestClient, put: Put, root: Path) -> None:
    photo = put(quarters())
    (root / "photo.jpg").unlink()
    os.mkfifo(root / "photo.jpg")
    assert site.get(f"/pictures/photo/{photo.id}").headers["x-picture-missing"] == "gone"


@pytest.mark.parametrize("path", ["face/999999", "photo/999999", "before/999999", "after/999999"])
def test_unknown_ids(site: TestClient, path: str) -> None:
    answer = site.get(f"/pictures/{path}")
    assert (answer.status_code, answer.headers["x-picture-missing"]) == (404, "unknown")


@pytest.mark.parametrize("path", ["face/..%2f..%2fetc%2fpasswd", "photo/x", "photo/-1", "etc/1", "face/1e9"])
def test_no_path_comes_in(site: TestClient, path: str) -> None:
    assert site.get(f"/pictures/{path}").status_code in (400, 404)


def test_strangers_see_nothing(stranger: TestClient) -> None:
    assert stranger.get("/pictures/face/1").status_code == 403


def test_forgotten_people_leave_the_cache(site: TestClient, app: App, library: Library) -> None:
    with app.gallery.begin(write=False) as tx:
        face = next(f for f in tx.faces.find() if f.person_id is not None)
    assert site.get(f"/pictures/face/{face.id}").status_code == 200
    folder = app.settings.folders.web_pictures
    assert list(folder.rglob("*.jpg"))
    forget(app.gallery, app.settings.folders, face.person_id or 0)
    assert not list(folder.rglob("*.jpg"))
    answer = site.get(f"/pictures/face/{face.id}")
    assert (answer.status_code, answer.headers["x-picture-missing"]) == (410, "forgotten")


def test_what_was_removed_from_the_library_leaves_the_cache(site: TestClient, app: App, put: Put) -> None:
    photo = put(quarters())
    assert site.get(f"/pictures/photo/{photo.id}").status_code == 200
    app.roots.remove(photo.root_id or 0)
    assert not list(app.settings.folders.web_pictures.rglob("*.jpg"))
    assert site.get(f"/pictures/photo/{photo.id}").status_code == 404


def test_the_cache_is_private_and_whole(site: TestClient, app: App, put: Put) -> None:
    photo = put(quarters())
    data = site.get(f"/pictures/photo/{photo.id}").content
    folder = app.settings.folders.web_pictures
    [kept] = folder.rglob("*.jpg")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert {p.stat().st_mode & 0o777 for p in (folder, kept.parent)} == {0o700}
    kept.write_bytes(data[: len(data) // 2])  # as after a power cut
    assert site.get(f"/pictures/photo/{photo.id}").content == data


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path / "web", limit=10_000)
    data = b"\xff\xd8" + bytes(2_000) + b"\xff\xd9"
    keys = [hashlib.sha256(bytes([i])).hexdigest() for i in range(6)]
    for age, key in enumerate(keys[:4]):
        cache.put(key, data, cache.epoch())
        os.utime(tmp_path / "web" / key[:2] / f"{key}.jpg", (1e9 + age, 1e9 + age))
    assert cache.get(keys[0]) == data  # so it is the one used last
    cache.put(keys[4], data, cache.epoch())
    assert [cache.get(k) is not None for k in keys[:5]] == [True, False, False, True, True]
    assert PictureCache(tmp_path / "web", limit=10_000).get(keys[3]) == data


def test_a_picture_made_while_the_cache_is_emptied_is_not_kept(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path / "web")
    data = b"\xff\xd8 picture \xff\xd9"
    cache.put("ab" * 16, data, cache.epoch())
    begun = cache.epoch()
    clear(tmp_path / "web")
    cache.put("cd" * 16, data, begun)
    assert cache.get("ab" * 16) is None
    assert cache.get("cd" * 16) is None
    cache.put("cd" * 16, data, cache.epoch())
    assert cache.get("cd" * 16) == data


def test_a_disk_that_cannot_be_written_still_shows_pictures(web: Web, app: App, put: Put, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    pictures = Pictures(app.gallery, tmp_path / "file" / "web", max_pixels=10**9)
    wanted = pictures.photo(put(quarters()).id, 400)
    assert isinstance(wanted, Wanted)
    assert isinstance(pictures.make(wanted).result(), bytes)
    pictures.close()


def test_one_photo_is_decoded_once_for_its_faces_and_few_at_a_time(
    app: App, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = threading.Lock()
    at_once, most, calls = 0, 0, 0

    def counted(*args: Any, **kwargs: Any) -> object:
        nonlocal at_once, most, calls
        with lock:
            at_once, calls = at_once + 1, calls + 1
            most = max(most, at_once)
        try:
            return read_photo(*args, **kwargs)
        finally:
            with lock:
                at_once -= 1

    monkeypatch.setattr("plugin.web.pictures.read_photo", counted)
    photos = [put(quarters(900 + i, 700), f"{i}.jpg") for i in range(6)]
    faces = [drawn(app, p, BBox(100 + 40 * i, 100, 200 + 40 * i, 200)) for p in photos for i in range(5)]
    pictures = Pictures(app.gallery, tmp_path / "cache", max_pixels=10**9, decoders=2)
    wanted = [w for f in faces for w in [pictures.face(f.id, 192)] * 2 if isinstance(w, Wanted)]
    made = [pictures.make(w) for w in wanted]
    assert not any(isinstance(m.result(), Missing) for m in made)
    pictures.close()
    assert most <= 2
    assert calls == len(photos)


def test_before_and_after_are_the_same_frame(site: TestClient, app: App, put: Put, root: Path, tmp_path: Path) -> None:
    photo = put(quarters(1200, 900))
    copy = tmp_path / "restored.png"
    quarters(1200, 900).save(copy)
    box = BBox(300, 300, 500, 520)
    with app.gallery.begin() as tx:
        made = tx.restorations.add(
            photo=photo.path,
            input_sha256=photo.content_hash,
            restorer="waifu2x",
            weights_sha256="0",
            options={},
            seed=1,
            verdict="pass",
            state="done",
            output=str(copy),
            output_sha256=hashlib.sha256(copy.read_bytes()).hexdigest(),
            bbox=box,
        )
    for query, size in (("", (1200, 900)), ("?side=800", (800, 600)), ("?face=1&side=384", (384, 384))):
        before, after = (opened(site.get(f"/pictures/{w}/{made.id}{query}").content) for w in ("before", "after"))
        assert before.size == after.size == size
        assert corners(before) == corners(after)
    (root / "photo.jpg").rename(root / "renamed.jpg")
    with app.gallery.begin() as tx:
        tx.photos.move(
            photo.id,
            str(root / "renamed.jpg"),
            root_id=photo.root_id,
            size=photo.size,
            mtime_ns=photo.mtime_ns,
            inode=0,
        )
    assert opened(site.get(f"/pictures/before/{made.id}?side=400").content).size == (400, 300), "found by its content"
    copy.unlink()
    assert site.get(f"/pictures/after/{made.id}").headers["x-picture-missing"] == "gone"


def test_what_was_restored_outside_the_library(site: TestClient, app: App, tmp_path: Path) -> None:
    path = tmp_path / "loose.jpg"
    quarters().save(path)
    with app.gallery.begin() as tx:
        made = tx.restorations.add(
            photo=str(path),
            input_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            restorer="waifu2x",
            weights_sha256="0",
            options={},
            seed=1,
            verdict="refused",
            state="refused",
            bbox=BBox(10, 10, 60, 60),
        )
    assert opened(site.get(f"/pictures/before/{made.id}?face=1").content).size == (95, 95)
    missing = site.get(f"/pictures/after/{made.id}")
    assert (missing.status_code, missing.headers["x-picture-missing"]) == (404, "nothing")
    quarters(100, 100).save(path)
    assert site.get(f"/pictures/before/{made.id}").headers["x-picture-missing"] == "changed"
