"""Arrays of possible faces, as detectors pass them around before they become `DetectedFace`."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from iconface_core.types import F32, BBox, DetectedFace

NMS_IOU = 0.3  # OpenCV's default for YuNet


@dataclass(frozen=True, slots=True, eq=False)
class FaceCandidates:
    """`boxes` (N, 4) x1 y1 x2 y2, `landmarks` (N, 5, 2), `scores` (N,) 0..1, in pixels of the picture searched."""

    boxes: F32
    landmarks: F32
    scores: F32

    def __len__(self) -> int:
        return len(self.scores)

    @staticmethod
    def join(parts: "list[FaceCandidates]") -> "FaceCandidates":
        """All of them, in order; no parts give an empty set."""
        empty = FaceCandidates(np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32))
        parts = [empty, *parts]
        return FaceCandidates(
            np.concatenate([p.boxes for p in parts]),
            np.concatenate([p.landmarks for p in parts]),
            np.concatenate([p.scores for p in parts]),
        )

    def pick(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "FaceCandidates":
        """Those at `index`: integers or a mask."""
        return FaceCandidates(self.boxes[index], self.landmarks[index], self.scores[index])

    def moved(self, scale: F32, shift: F32) -> "FaceCandidates":
        """Every point p becomes p * scale + shift; both are (2,)."""
        boxes = self.boxes * np.tile(scale, 2) + np.tile(shift, 2)
        return FaceCandidates(
            boxes.astype(np.float32), (self.landmarks * scale + shift).astype(np.float32), self.scores
        )

    def sizes(self) -> F32:
        """The longer side of every box, (N,)."""
        size: F32 = np.maximum(self.boxes[:, 2] - self.boxes[:, 0], self.boxes[:, 3] - self.boxes[:, 1])
        return size

    def suppressed(self) -> "FaceCandidates":
        """Without those that overlap a better one; best first."""
        if not len(self):
            return self
        x1y1wh = np.hstack([self.boxes[:, :2], self.boxes[:, 2:] - self.boxes[:, :2]])
        keep = cv2.dnn.NMSBoxes(x1y1wh.tolist(), self.scores.tolist(), 0.0, NMS_IOU)
        return self.pick(np.asarray(keep, np.int64).ravel())

    def as_faces(self, width: int, height: int) -> list[DetectedFace]:
        """As `DetectedFace`, in this order, boxes clipped to the photo; those with no pixel inside are left out."""
        faces = []
        for box, points, score in zip(self.boxes, self.landmarks, self.scores, strict=True):
            x1, y1, x2, y2 = (float(v) for v in np.clip(box, 0, [width, height, width, height]))
            if x2 - x1 >= 1 and y2 - y1 >= 1:
                faces.append(DetectedFace(BBox(x1, y1, x2, y2), points, float(score)))
        return faces
