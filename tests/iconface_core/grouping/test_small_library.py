"""Six strangers of one group photo, five looks each, dated 1999 to 2003: a first scan must not join any two of them.

A tiny library has no background to learn from, and years apart are no evidence for anybody. Real detector and embedder.
"""

from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image

from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.faces.yunet import YuNetDetector
from iconface_core.geometry import ARCFACE_112, align_face
from iconface_core.grouping import FaceTable, GroupingFacts, regroup
from iconface_core.images.read import read_photo
from plugin.demo.sample import group_photo, make_library


def test_no_two_of_six_strangers_are_joined(tmp_path: Path):
    detector, embedder = YuNetDetector(), SFaceEmbedder()
    source = group_photo()
    found = sorted(detector.detect(read_photo(source).pixels), key=lambda f: f.bbox.x1)
    make_library(tmp_path, Image.open(source).convert("RGB"), found)
    owners, days, vectors, norms = [], [], [], []
    for path in sorted(tmp_path.glob("*person*.jpg")):
        photo = read_photo(path)
        face = max(detector.detect(photo.pixels), key=lambda f: f.bbox.width)
        [e] = embedder.embed([align_face(photo.pixels, face.landmarks, ARCFACE_112)])
        owners.append(int(path.stem.split("-")[1].removeprefix("person")))
        days.append(date(int(path.stem[-4:]), 7, 1).toordinal())
        vectors.append(e.vector)
        norms.append(e.norm)
    n = len(owners)
    ids, none = np.arange(1, n + 1), np.full(n, -1)
    for captured in (np.array(days), none):
        faces = FaceTable(
            ids, ids, np.stack(vectors), embedder.calibration.quality(norms), captured, none, np.zeros(n, bool), none
        )
        labels = regroup(faces, GroupingFacts(), embedder.calibration).labels
        people = {frozenset(np.array(owners)[labels == k].tolist()) for k in set(labels.tolist()) - {-1}}
        assert people == {frozenset({i}) for i in range(1, 7)}
