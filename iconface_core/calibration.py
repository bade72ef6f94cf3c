"""What one embedder's numbers mean: norm -> quality, similarity -> evidence. Never one global threshold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .codec import CodecError, decode_json, encode_json
from .errors import WeightsError
from .types import F32, EmbedderId

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted per embedder (see `benchmarks/calibrate.py`).

    `norm_low`/`norm_high` are the raw norms that map to quality 0 and 1. The log-likelihood ratio of a pair is linear
    in similarity, with coefficients that depend on the lower quality of the two faces, `q`, and on how far both are
    poor, `p = max(0, 1 - 2 * higher quality)`, because poor faces are alike in being poor (natural log, prior-free):
    `llr = bias + quality_bias * q + poor_bias * p + (slope + quality_slope * q + poor_slope * p) * similarity`.
    `max_llr` caps the evidence of one pair, because a near-duplicate proves no more than a good match.
    """

    embedder: EmbedderId
    norm_low: float
    norm_high: float
    bias: float
    slope: float
    quality_bias: float = 0.0
    quality_slope: float = 0.0
    poor_bias: float = 0.0
    poor_slope: float = 0.0
    max_llr: float = 20.0

    def quality(self, norm: ArrayLike) -> F32:
        """Map raw embedding norms to 0 (hopeless) .. 1 (clean), clipped. Same shape as `norm`."""
        n = np.asarray(norm, np.float32)
        quality: F32 = np.clip((n - self.norm_low) / (self.norm_high - self.norm_low), 0.0, 1.0).astype(np.float32)
        return quality

    def llr(self, similarity: ArrayLike, quality_a: ArrayLike = 1.0, quality_b: ArrayLike = 1.0) -> F32:
        """Natural log of P(similarity | same person) / P(similarity | two people). Broadcasts like numpy."""
        out = self.uncapped(similarity, quality_a, quality_b)
        capped: F32 = np.clip(out, -self.max_llr, self.max_llr).astype(np.float32)
        return capped

    def uncapped(self, similarity: ArrayLike, quality_a: ArrayLike = 1.0, quality_b: ArrayLike = 1.0) -> F64:
        """`llr` without its cap: for ranking, where the best of the good pairs matters."""
        bias, slope = self._line(np.minimum(quality_a, quality_b), np.maximum(quality_a, quality_b))
        out: F64 = bias + slope * np.asarray(similarity, np.float64)
        return out

    def similarity_at(self, llr: float, quality: float = 1.0) -> float:
        """The similarity at which the evidence reaches `llr` for two faces of this quality: the inverse of `llr()`."""
        bias, slope = self._line(np.float64(quality), np.float64(quality))
        return float((llr - bias) / slope)

    def _line(self, lower: Any, higher: Any) -> tuple[Any, Any]:
        poor = np.maximum(0.0, 1.0 - 2.0 * higher)
        return (
            self.bias + self.quality_bias * lower + self.poor_bias * poor,
            self.slope + self.quality_slope * lower + self.poor_slope * poor,
        )

    def write(self, path: Path) -> None:
        """Store as JSON, readable by `read_or`."""
        path.write_text(encode_json(self, indent=2) + "\n", encoding="utf-8")

    @staticmethod
    def read_or(path: Path, default: "Calibration") -> "Calibration":
        """The calibration at `path`; `default` when there is none, or when it was made for another embedder.

        Raises WeightsError when the file is not a calibration.
        """
        if not path.is_file():
            return default
        try:
            found = decode_json(Calibration, path.read_bytes(), path.name)
        except (OSError, CodecError) as e:
            raise WeightsError(
                f"{path}: not a calibration ({e}). Delete it, or run benchmarks/calibrate.py again."
            ) from e
        return found if found.embedder == default.embedder else default


@dataclass(frozen=True, slots=True)
class EmbedderFacts:
    """What grouping and search need of an embedder without loading its model."""

    id: EmbedderId
    dim: int
    calibration: Calibration
