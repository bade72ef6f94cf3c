"""Copies of a ruined photo are one photo: no evidence about it, however they were saved."""

from pathlib import Path

import numpy as np
import pytest

from gallery_db import Gallery
from gallery_db.records import FoundFace
from iconface_core.calibration import Calibration
from iconface_core.identity.identify import FaceFacts, IdentityKind, PeopleGallery, Probe, identify
from iconface_core.types import BBox, DetectedFace, EmbedderId, FaceEmbedding
from plugin.library.photo_faces import PhotoFace
from plugin.restoring.same_picture import copies_of

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
        found = copies_of(tx, s, matrix.face_ids, matrix.vectors)
    assert (found == {f.id}) is copy, name


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
