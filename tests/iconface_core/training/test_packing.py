"""Packs: what goes in, what is left out and why, and that damage and interruption are noticed."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from iconface_core.errors import PackError
from iconface_core.fakes import FakeDetector, FakeEmbedder
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.training.data import packing
from iconface_core.training.data.layouts import SourcePhoto, read_folders
from iconface_core.training.data.packing import About, Packer, main_face, pack
from iconface_core.training.data.shards import MANIFEST, Skipped, open_pack, read_shard
from iconface_core.types import BBox, DetectedFace, RgbU8

ABOUT = About("photos", "mine", "folders")


class BlindToBlank(FakeDetector):
    """Sees a face in any picture that is not of one colour."""

    def detect(self, image: RgbU8) -> list[DetectedFace]:
        return super().detect(image) if image.std() > 1 else []


def packer(size: int = 64) -> Packer:
    return Packer(BlindToBlank(), FakeEmbedder(), size)


def picture(path: Path, seed: int, side: int = 160) -> Path:
    """A picture with something in it."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(small).resize((side, side), Image.Resampling.BILINEAR).save(path, compress_level=1)
    return path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures of each of eight people."""
    folder = tmp_path_factory.mktemp("library")
    for person in range(8):
        for number in range(3):
            picture(folder / f"p{person}" / f"{number}.png", 10 * person + number)
    return folder


@pytest.fixture
def photos(library: Path, tmp_path: Path) -> list[SourcePhoto]:
    """The library, to change as a test likes."""
    return read_folders(Path(shutil.copytree(library, tmp_path / "photos")))


def reasons(manifest: dict[str, Any]) -> dict[str, str]:
    return {s["name"]: s["reason"] for s in manifest["skipped"]}


def test_a_pack_holds_every_face(photos: Sequence[SourcePhoto], tmp_path: Path):
    seen: list[str] = []
    manifest = pack(photos, tmp_path / "out", packer(), ABOUT, on_photo=seen.append)
    assert seen == [p.name for p in photos]
    assert manifest == json.loads((tmp_path / "out" / MANIFEST).read_text())
    assert (
        manifest["counts"] | {"faces": 24, "people": 8, "people_with_two_or_more": 8, "skipped": 0}
        == manifest["counts"]
    )
    assert manifest["licence"] == "mine"
    assert str(tmp_path) not in json.dumps(manifest), "a pack does not tell where it was made"
    opened = open_pack(tmp_path / "out")
    assert opened.names == tuple(p.name for p in photos)
    assert [opened.people[i] for i in opened.identities] == [p.identity for p in photos]
    assert opened.images(opened.faces()).shape == (24, 64, 64, 3)
    assert np.allclose(np.linalg.norm(opened.vectors, axis=1), 1, atol=1e-5)
    assert set(opened.faces("train")) | set(opened.faces("validation")) == set(range(24))
    validation = {opened.people[i] for i in opened.identities[opened.faces("validation")]}
    assert validation == {p.identity for p in photos if p.split == "validation"}
    assert validation
    assert not validation & {opened.people[i] for i in opened.identities[opened.faces("train")]}


def test_crops_are_aligned_and_hardly_changed(photos: Sequence[SourcePhoto], tmp_path: Path):
    """The landmarks of every crop lie on the template, and preloading changes nothing."""
    pack(photos[:3], tmp_path / "out", packer(), ABOUT)
    lazy, loaded = open_pack(tmp_path / "out"), open_pack(tmp_path / "out", preload=True)
    assert np.array_equal(lazy.images(lazy.faces()), loaded.images(loaded.faces()))
    assert np.array_equal(lazy.image(1), loaded.image(1))
    template = (FFHQ_512.points + 0.5) / 8 - 0.5
    assert np.abs(lazy.landmarks - template).max() < 2.5
    pixels = np.asarray(Image.open(photos[0].path))
    (face,) = FakeDetector().detect(pixels)
    crop = packing.reduce_crop(align_face(pixels, face.landmarks, FFHQ_512).pixels, 64).astype(float)
    assert np.sqrt(((crop - lazy.image(0)) ** 2).mean()) < 2, "95 percent JPEG, full chroma"


def test_bad_photos_are_reported_and_left_out(photos: Sequence[SourcePhoto], tmp_path: Path):
    source = tmp_path / "photos"
    whole = (source / "p0" / "0.png").read_bytes()
    (source / "p1" / "0.png").write_bytes(whole[: len(whole) // 2])
    (source / "p1" / "1.png").write_bytes(b"")
    Image.new("RGB", (200, 200), (90, 90, 90)).save(source / "p2" / "0.png")
    (source / "p3" / "copy.png").write_bytes(whole)
    picture(source / "p4" / "0.png", 40, side=40)
    listed = read_folders(source)
    (source / "p5" / "0.png").unlink()
    manifest = pack(listed, tmp_path / "out", packer(128), ABOUT)
    found = reasons(manifest)
    assert found.keys() == {"p1/0.png", "p1/1.png", "p2/0.png", "p3/copy.png", "p4/0.png", "p5/0.png"}
    assert "truncated" in found["p1/0.png"]
    assert "empty" in found["p1/1.png"]
    assert found["p2/0.png"] == "no face found"
    assert found["p3/copy.png"] == "the same file as p0/0.png"
    assert "too small" in found["p4/0.png"]
    assert all(str(tmp_path) not in reason for reason in found.values())
    assert manifest["counts"]["faces"] == len(open_pack(tmp_path / "out")) == len(listed) - 6


def test_nothing_usable_is_an_error(tmp_path: Path):
    (tmp_path / "photos" / "a").mkdir(parents=True)
    Image.new("RGB", (200, 200)).save(tmp_path / "photos" / "a" / "1.png")
    with pytest.raises(PackError, match="no face found"):
        pack(read_folders(tmp_path / "photos"), tmp_path / "out", packer(), ABOUT)


def test_equal_photos_make_equal_packs(photos: Sequence[SourcePhoto], tmp_path: Path):
    one = pack(photos, tmp_path / "one", packer(), ABOUT, workers=1)
    two = pack(photos, tmp_path / "two", packer(), ABOUT, workers=4)
    assert one == two


def test_a_killed_packing_goes_on(photos: Sequence[SourcePhoto], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A child is killed after its second shard; what it finished is kept, and the result is as if nothing happened."""
    out = tmp_path / "out"
    code = """
import os, signal, sys
from pathlib import Path
from iconface_core.fakes import FakeDetector, FakeEmbedder
from iconface_core.training.data import packing
from iconface_core.training.data.layouts import read_folders
packing.BLOCK = 5
done = []
def count(name):
    done.append(name)
    if len(done) == 13:
        os.kill(os.getpid(), signal.SIGKILL)
packer = packing.Packer(FakeDetector(), FakeEmbedder(), 64)
about = packing.About("photos", "mine", "folders")
packing.pack(read_folders(Path(sys.argv[1])), Path(sys.argv[2]), packer, about, on_photo=count)
"""
    child = subprocess.run([sys.executable, "-c", code, str(tmp_path / "photos"), str(out)], check=False)
    assert child.returncode == -9
    with pytest.raises(PackError, match="finished by running the same"):
        open_pack(out)
    kept = {path.name: path.stat().st_mtime_ns for path in out.glob("shard-*.zip")}
    assert sorted(kept) == ["shard-00000.zip", "shard-00001.zip"]
    (out / "shard-00002.zip.part").write_bytes(b"half")
    monkeypatch.setattr(packing, "BLOCK", 5)
    resumed = pack(photos, out, packer(), ABOUT)
    assert {name: (out / name).stat().st_mtime_ns for name in kept} == kept
    assert not list(out.glob("*.part"))
    assert resumed == pack(photos, tmp_path / "whole", packer(), ABOUT)
    assert len(open_pack(out)) == 24


def test_changed_photos_are_packed_again(photos: Sequence[SourcePhoto], tmp_path: Path):
    out = tmp_path / "out"
    before = pack(photos, out, packer(), ABOUT)
    picture(photos[0].path, 999)
    after = pack(photos, out, packer(), ABOUT)
    assert before["shards"][0]["sha256"] != after["shards"][0]["sha256"]
    assert pack(photos, out, packer(), ABOUT) == after


def test_a_folder_with_something_else_is_refused(photos: Sequence[SourcePhoto], tmp_path: Path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "letter.txt").write_text("dear")
    with pytest.raises(PackError, match=r"letter\.txt"):
        pack(photos, tmp_path / "used", packer(), ABOUT)
    pack(photos, tmp_path / "out", packer(), ABOUT)
    with pytest.raises(PackError, match="another size"):
        pack(photos, tmp_path / "out", packer(32), ABOUT)
    with pytest.raises(PackError, match="another licence"):
        pack(photos, tmp_path / "out", packer(), About("photos", "yours", "folders"))


def test_damage_is_noticed_when_a_pack_is_opened(photos: Sequence[SourcePhoto], tmp_path: Path):
    out = tmp_path / "out"
    pack(photos, out, packer(), ABOUT)
    shard = out / "shard-00000.zip"
    data = bytearray(shard.read_bytes())
    data[len(data) // 3] ^= 1
    shard.write_bytes(data)
    with pytest.raises(PackError, match=r"shard-00000\.zip: damaged"):
        open_pack(out)
    shard.unlink()
    with pytest.raises(PackError, match="missing"):
        open_pack(out)
    (out / MANIFEST).write_text("{}")
    with pytest.raises(PackError, match="not the manifest"):
        open_pack(out)
    (out / MANIFEST).write_text(json.dumps({"format": 99}))
    with pytest.raises(PackError, match="format 99"):
        open_pack(out)


def test_packs_join_and_share_people_of_one_name(photos: Sequence[SourcePhoto], tmp_path: Path):
    pack(photos[:12], tmp_path / "a", packer(), ABOUT)
    pack(photos[9:], tmp_path / "b", packer(), ABOUT)
    both = open_pack(tmp_path / "a", tmp_path / "b")
    assert len(both) == 27
    assert both.people == tuple(f"p{i}" for i in range(8))
    assert np.array_equal(both.image(9), both.image(12)), "the same photo, once from each pack"
    pack(photos, tmp_path / "c", packer(32), ABOUT)
    with pytest.raises(PackError, match="differ in size"):
        open_pack(tmp_path / "a", tmp_path / "c")


def test_shards_are_zip_files_of_pictures(photos: Sequence[SourcePhoto], tmp_path: Path):
    pack(photos, tmp_path / "out", packer(), ABOUT)
    with zipfile.ZipFile(tmp_path / "out" / "shard-00000.zip") as archive:
        assert archive.testzip() is None
        with archive.open("00007.jpg") as file, Image.open(file) as crop:
            assert crop.size == (64, 64)
    assert read_shard(tmp_path / "out" / "shard-00000.zip").faces[7].name == photos[7].name
    with pytest.raises(PackError, match="not a shard"):
        read_shard(tmp_path / "out" / MANIFEST)


def test_the_main_face_is_large_and_central():
    def face(x: float, y: float, side: float) -> DetectedFace:
        return DetectedFace(BBox(x, y, x + side, y + side), np.zeros((5, 2), np.float32), 0.9)

    photo = np.zeros((250, 250, 3), np.uint8)
    subject, bystander, child = face(75, 75, 100), face(0, 0, 110), face(100, 100, 40)
    assert main_face([bystander, child, subject], photo) is subject
    assert main_face([bystander], photo) is bystander


@pytest.mark.parametrize("size", [16, 1024])
def test_sizes_out_of_range_are_refused(size: int):
    with pytest.raises(ValueError, match=r"32\.\.512"):
        packer(size)


def test_a_photo_that_vanished_is_a_reason(tmp_path: Path):
    gone = SourcePhoto(tmp_path / "p" / "1.png", "p/1.png", "p", "train")
    answer = packer().face_of(gone)
    assert isinstance(answer, Skipped)
    assert "p/1.png" in answer.name
