"""Copies of a ruined photo are one photo: no evidence about it, however they were saved."""

import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from gallery_db import Gallery
from gallery_db.records import FoundFace
from iconface_core.calibration import Calibration
from iconface_core.identity.identification import FaceFacts, IdentityKind, PeopleGallery, Probe
from iconface_core.identity.identify import identify
from iconface_core.types import BBox, DetectedFace, EmbedderId, FaceEmbedding
from plugin.library.photo_faces import PhotoFace
from plugin.restoring.same_picture import copies_among, copies_of, pictures_of
from tests.support.library import Cli

E = EmbedderId("test-128")
CALIBRATION = Calibration(E, 0.0, 1.0, bias=-9.0, slope=26.0)
POINTS = np.zeros((5, 2), np.float32)


def unit(seed: int):
    v = np.random.default_rng(seed).standard_normal(128).astype(np.float32)
    return v / np.linalg.norm(v)


def at_cosine(vector, cosine: float, seed: int = 9):
    other = unit(seed)
    other -= (other @ vector) * vector
    return (cosine * vector + np.sqrt(1 - cosine**2) * other / np.linalg.norm(other)).astype(np.float32)


def face(box: BBox, vector) -> FoundFace:
    return FoundFace(DetectedFace(box, POINTS, 0.9), (FaceEmbedding(E, vector, 10.0),), 0.5)


@pytest.mark.parametrize(
    ("name", "content", "size", "box", "cosine", "copy"),
    [
        ("the same bytes", "ruin", (100, 80), BBox(10, 10, 30, 30), 0.95, True),
        ("saved anew", "other", (100, 80), BBox(10, 10, 30, 31), 0.93, True),
        ("half as large", "other", (50, 40), BBox(5, 5, 15, 15), 0.92, True),
        ("cut, nearly the same vector", "other", (60, 60), BBox(0, 0, 20, 20), 0.99, True),
        ("another photo of them", "other", (100, 80), BBox(60, 30, 90, 60), 0.93, False),
        ("another photo, framed alike", "other", (100, 80), BBox(10, 10, 30, 30), 0.8, False),
    ],
)
def test_what_is_a_copy(tmp_path: Path, name, content, size, box, cosine, copy):
    probe = unit(1)
    s = PhotoFace(
        Path("/ruin.jpg"), "ruin", 1, DetectedFace(BBox(10, 10, 30, 30), POINTS, 0.9), FaceEmbedding(E, probe, 10.0),
        0.3, size=(100, 80),
    )  # fmt: skip
    with Gallery.open(tmp_path / "g.db") as gallery, gallery.begin() as tx:
        p = tx.photos.upsert("/lib/x.jpg", content, width=size[0], height=size[1]).id
        [f] = tx.faces.replace_for_photo(p, [face(box, at_cosine(probe, cosine))]).stored
        matrix = tx.faces.matrix(E)
        photos = np.full(len(matrix.face_ids), p)
        found = copies_of(tx, s, matrix.face_ids, photos, matrix.vectors, tx.photos.pictures())
    assert (found == {f.id}) is copy, name


@pytest.mark.parametrize(
    ("bits", "seconds", "copy"), [(0, 0, True), (20, 0, True), (64, 0, False), (0, 3, False)],
    ids=["the same look", "a damaged copy", "another photo", "another shot of a burst"],
)  # fmt: skip
def test_a_ruined_copy_is_known_by_its_look_however_unlike_the_face(tmp_path: Path, bits, seconds, copy):
    """Nothing but the hash tells: the vectors have little in common, and the cut photo has another size."""
    noon = datetime(2001, 2, 3, 12)
    look = np.random.default_rng(1).bytes(48)
    flipped = np.frombuffer(look, np.uint64).reshape(3, 2) ^ np.uint64((1 << bits // 2) - 1)
    probe = unit(1)
    s = PhotoFace(
        Path("/ruin.jpg"), "ruin", 1, DetectedFace(BBox(10, 10, 30, 30), POINTS, 0.9), FaceEmbedding(E, probe, 10.0),
        0.3, size=(100, 80), captured_at=noon, perceptual_hash=look,
    )  # fmt: skip
    with Gallery.open(tmp_path / "g.db") as gallery, gallery.begin() as tx:
        taken = noon.replace(second=seconds)
        p = tx.photos.upsert("/x.jpg", "x", width=60, height=60, captured_at=taken, perceptual_hash=flipped.tobytes())
        [f] = tx.faces.replace_for_photo(p.id, [face(BBox(0, 0, 20, 20), at_cosine(probe, 0.2))]).stored
        tx.decisions.assign([f.id], tx.decisions.create_person("Ada").person_id)
        rows = tx.faces.reference_candidates(tx.people.by_name("Ada")[0].id, E)
        assert (copies_among(tx, s, rows, pictures_of(tx, rows)) == {f.id}) is copy


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_copy_proves_nothing_unless_a_human_said_whose_it_is(confirmed: bool):
    probe = unit(1)
    vectors = np.stack([probe, probe, probe, unit(2)])
    gallery = PeopleGallery(
        vectors=vectors,
        person_ids=np.array([1, 1, 1, 2]),
        qualities=np.full(4, 0.9, np.float32),
        face_ids=np.arange(1, 5),
        photo_ids=np.arange(11, 15),
        confirmed=np.array([confirmed, False, False, True]),
    )
    assert identify(Probe(probe, 0.9), gallery, CALIBRATION).kind is IdentityKind.KNOWN
    found = identify(Probe(probe, 0.9), gallery, CALIBRATION, facts=FaceFacts(copies=frozenset({1, 2, 3})))
    assert (found.person_id == 1) is confirmed
    assert max(c.similarity for c in found.candidates) > 0.99 or not confirmed


def ruin(image: Image.Image) -> Image.Image:
    """Of a size and noise that leave little to recognise."""
    small = image.resize((image.width // 5, image.height // 5), Image.Resampling.BICUBIC)
    pixels = np.asarray(small.resize(image.size, Image.Resampling.BICUBIC), np.float32)
    noise = np.random.default_rng(1).normal(0, 6, pixels.shape)
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


@pytest.mark.shared_data
def test_damaged_copies_of_a_ruined_photo_change_nothing(shared_data: Path, tmp_path: Path, capsys):
    """Who it is, how like the person it was, and the references are the same with and without copies."""
    lib = tmp_path / "lib"
    lib.mkdir()
    for person in ("Jennifer_Aniston", "Vladimir_Putin"):
        for photo in sorted((shared_data / "lfw" / person).glob("*.jpg"))[:6]:
            shutil.copy2(photo, lib)
    photo = sorted((shared_data / "lfw" / "Jennifer_Aniston").glob("*.jpg"))[8]
    ruined = ruin(Image.open(photo).convert("RGB"))
    ruined.save(lib / "ruin.jpg", quality=20)
    cli = Cli(tmp_path / "home", capsys)
    cli("library", "add", lib)
    cli("scan")
    [before] = cli("references", lib / "ruin.jpg")["faces"]
    w, h = ruined.size
    ruined.resize((w // 2, h // 2)).save(lib / "small.jpg", quality=40)
    ruined.save(lib / "again.jpg", quality=8)
    ruined.crop((7, 4, w - 5, h - 8)).save(lib / "cut.png")
    ImageOps.expand(ruined, 12, (245, 244, 240)).save(lib / "framed.jpg", quality=60)
    cli("scan")
    [after] = cli("references", lib / "ruin.jpg")["faces"]
    assert after["how"] == before["how"]
    assert [r["photo"] for r in after["references"]] == [r["photo"] for r in before["references"]]
    assert after["candidates"] == before["candidates"]
