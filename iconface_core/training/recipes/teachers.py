"""What a second student is taught: what other embedders say of the clear faces of a pack, in fewer numbers.

The teachers are ONNX files in ArcFace's layout: RGB crops of 112 px in [-1, 1] in, any vector out.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

from iconface_core.errors import TrainConfigError, WeightsError
from iconface_core.faces.onnx_graph import load_graph, open_session
from iconface_core.models.files import sha256_of
from iconface_core.training.data.shards import Pack, write_whole
from iconface_core.types import F32

from .face_encoder import to_arcface

_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """vectors: (N, dim), unit, of every face of the pack. basis: (numbers of all teachers, dim), orthonormal but for
    rounding, what makes them of the teachers' vectors side by side. teachers: sha256 of their files, in order."""

    vectors: F32
    basis: F32
    teachers: tuple[str, ...]


def lessons(
    pack: Pack,
    teachers: Sequence[Path],
    dim: int,
    kept: Path,
    *,
    basis: F32 | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Lessons:
    """Ask the teachers about every face, or read what they said before from the folder `kept`. `basis`: of the weights
    that training starts from; None: the directions of most variance over the faces that are trained on.

    Raises TrainConfigError when a teacher is missing or the basis is that of others, WeightsError when a file is no
    model in this layout.
    """
    missing = [str(path) for path in teachers if not path.is_file()]
    if missing:
        raise TrainConfigError(f"student.second.teachers: {missing[0]} is not there; give the path of an ONNX file")
    whole = np.concatenate([_unit(_said(pack, path, kept, say)) for path in teachers], 1) / len(teachers) ** 0.5
    if basis is None:
        known = whole[pack.faces("train")]
        found = np.linalg.eigh(known.T @ known)[1][:, ::-1][:, :dim]
        basis = found.astype(np.float16).astype(np.float32)  # as the weights keep it: a run goes on with those
    if basis.shape != (whole.shape[1], dim):
        raise TrainConfigError(
            f"the weights to start from were taught {basis.shape}, these teachers and student.second.dim are "
            f"{(whole.shape[1], dim)}; start from others, or from none"
        )
    return Lessons(_unit(whole @ basis), basis, tuple(sha256_of(path) for path in teachers))


def _said(pack: Pack, teacher: Path, kept: Path, say: Callable[[str], None]) -> F32:
    """(N, its numbers) of all faces; the mean of both ways round."""
    asked = json.dumps([[s["sha256"] for s in m["shards"]] for m in pack.manifests]) + sha256_of(teacher)
    file = kept / f"teacher-{hashlib.sha256(asked.encode()).hexdigest()[:16]}.npy"
    if file.is_file():
        before: F32 = np.load(file, allow_pickle=False)
        return before
    session = open_session(load_graph(teacher), threads=max(1, torch.get_num_threads()))
    [given] = session.get_inputs()
    if len(given.shape) != 4 or tuple(given.shape[1:]) != (3, 112, 112):
        raise WeightsError(f"{teacher}: takes {given.shape}, not faces in ArcFace's layout (N, 3, 112, 112)")
    at_once = next((n for n in (2 * _AT_ONCE, 1) if _takes(session, given.name, n)), None)
    if at_once is None:
        raise WeightsError(f"{teacher}: onnxruntime cannot compute it; its error stands above")
    out: list[F32] = []
    for start in range(0, len(pack), _AT_ONCE):
        crops = torch.from_numpy(pack.images(np.arange(start, min(start + _AT_ONCE, len(pack)))))
        faces = to_arcface(crops.permute(0, 3, 1, 2).float() / 127.5 - 1).numpy()
        both = np.concatenate([faces, faces[..., ::-1]])
        parts = [both[i : i + at_once] for i in range(0, len(both), at_once)]
        said = np.concatenate([session.run(None, {given.name: np.ascontiguousarray(part)})[0] for part in parts])
        out.append(_unit(said[: len(faces)]) + _unit(said[len(faces) :]))
        if start % (50 * _AT_ONCE) == 0:
            say(f"{teacher.name}: asked about {start} of {len(pack)} faces")
    found = np.concatenate(out).astype(np.float32)
    whole = io.BytesIO()
    np.save(whole, found)
    kept.mkdir(parents=True, exist_ok=True)
    write_whole(file, whole.getvalue())
    return found


def _takes(session: ort.InferenceSession, name: str, faces: int) -> bool:
    """Whether it computes so many faces in one call: some say so, and have a one in their graph all the same."""
    try:
        session.run(None, {name: np.zeros((faces, 3, 112, 112), np.float32)})
    except Exception:  # onnxruntime's exceptions share no base class
        return False
    return True


def _unit(vectors: F32) -> F32:
    unit: F32 = (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit
