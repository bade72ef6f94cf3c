"""The file of the encoder of damaged faces: fp16 tensors of SFace's later convolutions, the model card in its header.

A second student, which has a head of its own, may lie beside the first, its tensors' names after "second."; then
"teachers.basis" is what its teachers' vectors were made shorter by.

Free of torch: it is read where faces are identified, and there onnxruntime does the work.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from iconface_core.codec import JsonObject
from iconface_core.errors import UnsupportedCheckpointError, WeightsError
from iconface_core.types import F32

FORMAT = "iconface-student"
Part = Literal["first", "second", "teachers"]


def write_student(path: Path, tensors: Mapping[str, F32], first: int, card: Mapping[str, Any]) -> None:
    """Write (or replace) `path`, whole or not at all. `tensors`: `BLOCK.weight` and `BLOCK.bias` of SFace's blocks from
    number `first` on, normalisation folded in, and those of a second student (`named`); `card` is JSON,
    by student.

    Raises UnsupportedCheckpointError when a weight is not finite or does not fit into fp16.
    """
    with np.errstate(over="ignore"):
        half = {name: np.ascontiguousarray(value, dtype=np.float16) for name, value in tensors.items()}
    broken = sorted(name for name, value in half.items() if not np.isfinite(value).all())
    if broken:
        raise UnsupportedCheckpointError(
            f"{path}: weight {broken[0]!r} is not a number in fp16; the training that made it diverged"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        save_file(half, part, metadata={"format": FORMAT, "first": str(first), "card": json.dumps(dict(card))})
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def named(part: Part, tensors: Mapping[str, F32]) -> dict[str, F32]:
    """By the names that the file has for the tensors of this part."""
    return {_prefix(part) + name: value for name, value in tensors.items()}


def read_student(path: Path, first: int | None = None, *, part: Part = "first") -> dict[str, F32]:
    """The tensors of one part in fp32; none where there is no second student. Raises WeightsError when the file is
    missing or damaged, UnsupportedCheckpointError when it is another format or, with `first`, begins at another block.
    """
    header = _header(path)
    if first is not None and header["first"] != first:
        raise UnsupportedCheckpointError(f"{path} begins at block {header['first']}, not {first}")
    with _open(path) as file:
        theirs = [name for name in file.keys() if _part_of(name) == part]  # noqa: SIM118 - no mapping
        return {name.removeprefix(_prefix(part)): file.get_tensor(name).astype(np.float32) for name in theirs}


def second_dim(path: Path) -> int:
    """Numbers in the second student's vectors, 0 without one. Raises as `read_student`."""
    _header(path)
    with _open(path) as file:
        out = _prefix("second") + "out.bias"
        return int(file.get_slice(out).get_shape()[0]) if out in file.keys() else 0  # noqa: SIM118 - no mapping


def read_student_card(path: Path) -> JsonObject:
    """The model cards, by student; one that is by none is the first's. Raises as `read_student`."""
    card = dict(_header(path)["card"])
    return card if card.keys() <= {"first", "second"} else {"first": card}


def _prefix(part: Part) -> str:
    return "" if part == "first" else f"{part}."


def _part_of(name: str) -> Part:
    others: tuple[Part, ...] = ("second", "teachers")
    return next((part for part in others if name.startswith(_prefix(part))), "first")


def _header(path: Path) -> JsonObject:
    with _open(path) as file:
        metadata = file.metadata() or {}
    if metadata.get("format") != FORMAT:
        raise UnsupportedCheckpointError(f"{path} is a safetensors file, but not an {FORMAT} checkpoint")
    try:
        return {"first": int(metadata["first"]), "card": json.loads(metadata["card"])}
    except (KeyError, ValueError) as e:
        raise UnsupportedCheckpointError(f"{path}: its header is damaged ({e}); install it again") from e


def _open(path: Path) -> Any:
    if not path.is_file():
        raise WeightsError(f"{path} is not there; reinstall iconface, or give another file")
    try:
        return safe_open(path, framework="numpy")
    except (SafetensorError, OSError) as e:
        raise WeightsError(f"{path}: not a safetensors file ({e}); reinstall iconface") from e
