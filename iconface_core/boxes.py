"""Overlap of boxes. Apart from `geometry`, so that storage and the service need no picture library for it."""

from .types import BBox


def iou(a: BBox, b: BBox) -> float:
    """Intersection over union, 0..1."""
    w = min(a.x2, b.x2) - max(a.x1, b.x1)
    h = min(a.y2, b.y2) - max(a.y1, b.y1)
    inter = max(0.0, w) * max(0.0, h)
    area = a.width * a.height + b.width * b.height - inter
    return inter / area if area > 0 else 0.0
