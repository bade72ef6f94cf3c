"""What every detector must do."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from iconface_core.protocols import FaceDetector
from iconface_core.types import DetectedFace, RgbU8

from .expect import expect, expect_array, frozen

SIZES = ((1, 1), (7, 300), (64, 64))
"""Pictures without a face, height and width: a detector is asked about every file of a library."""


def check_detector(detector: FaceDetector, photo: RgbU8) -> None:
    """`photo` shows faces, at least one that `detect` finds. Looks at boxes, landmarks, scores and their order, at
    pictures of any size, views of a picture and determinism, and that nothing is changed. Raises ConformanceError at
    the first promise not kept."""
    expect(isinstance(detector.id, str) and bool(detector.id.strip()), "id must be text")
    given = frozen(photo)
    found = detector.detect(given)
    expect(bool(found), "no face was found in the photo that was given")
    half = cv2.resize(photo, (max(1, photo.shape[1] // 2), max(1, photo.shape[0] // 2)), interpolation=cv2.INTER_AREA)
    pictures = [given, frozen(np.asarray(half, np.uint8)), *(np.full((*size, 3), 127, np.uint8) for size in SIZES)]
    for picture in pictures:
        for detect in (detector.detect, detector.detect_small):
            _faces(detect, picture)
    same = detector.detect(given)
    expect(_boxes(same) == _boxes(found), "the same photo must give the same faces")
    mirrored = given[:, ::-1]
    view, copy = detector.detect(mirrored), detector.detect(mirrored.copy())
    expect(_boxes(view) == _boxes(copy), "a view of a picture must give what its copy gives")


def _boxes(faces: Sequence[DetectedFace]) -> list[object]:
    return [face.bbox for face in faces]


def _faces(detect: Callable[[RgbU8], list[DetectedFace]], picture: RgbU8) -> None:
    height, width = picture.shape[:2]
    faces = detect(picture)
    for face in faces:
        box = face.bbox
        inside = 0 <= box.x1 < box.x2 <= width and 0 <= box.y1 < box.y2 <= height
        expect(inside, f"a box must lie in its picture of {width} x {height}: {box}")
        expect_array(face.landmarks, (5, 2), np.float32, "DetectedFace.landmarks")
        middle, reach = face.landmarks.mean(0), (box.width, box.height)
        near = abs(middle[0] - (box.x1 + box.x2) / 2) < reach[0] and abs(middle[1] - (box.y1 + box.y2) / 2) < reach[1]
        expect(bool(near), f"the landmarks must be those of the face in its box {box}, not around {middle}")
        expect(0 <= face.det_score <= 1, f"det_score must be from 0 to 1, not {face.det_score}")
    scores = [face.det_score for face in faces]
    expect(scores == sorted(scores, reverse=True), f"the best score must come first: {scores}")
