"""Vectors and landmarks as the bytes of a column."""

import numpy as np

from iconface_core.types import F32


def pack_vector(vector: F32) -> bytes:
    """Little-endian float16. Of unit vectors in 128 or 512 dimensions the cosine moves by less than 1e-3 (tested)."""
    return vector.astype("<f2").tobytes()


def unpack_vectors(blob: bytes, dim: int) -> F32:
    """(N, dim) float32 from N packed vectors, scaled back to unit length: rounding to float16 changed it a little."""
    out = np.frombuffer(blob, dtype="<f2").reshape(-1, dim).astype(np.float32)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    np.divide(out, length, out=out, where=length > 0)
    return out


def pack_landmarks(landmarks: F32) -> bytes:
    if landmarks.shape != (5, 2):
        raise ValueError(f"landmarks must be (5, 2), not {landmarks.shape}")
    return landmarks.astype("<f4").tobytes()


def unpack_landmarks(blob: bytes | None) -> F32 | None:
    return None if blob is None else np.frombuffer(blob, dtype="<f4").reshape(5, 2).astype(np.float32)
