"""A pack of invented people with differing numbers of photos, and torch on one thread."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from iconface_core.training.data.layouts import split_of
from iconface_core.training.data.shards import (
    FORMAT,
    MANIFEST,
    PackedFace,
    PackRecord,
    encode_crop,
    file_sha256,
    write_shard,
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def picture(seed: int | tuple[int, int], size: int) -> np.ndarray:
    """A smooth random picture."""
    coarse = np.random.default_rng(abs(hash(seed)) if isinstance(seed, tuple) else seed).uniform(0, 255, (8, 8, 3))
    return np.clip(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


@pytest.fixture
def make_pack(tmp_path: Path) -> Callable[..., Path]:
    """A pack whose person number n has `photos[n % len(photos)]` photos; those of validation are chosen by name."""

    def make(*, people: int = 40, photos: Sequence[int] = (1, 2, 5), size: int = 64) -> Path:
        folder = tmp_path / "pack"
        folder.mkdir()
        faces = []
        for person in range(people):
            name = f"person {person}"
            for photo in range(photos[person % len(photos)]):
                record = PackRecord(
                    f"{name}/{photo}.jpg", name, split_of(name), "0" * 64, 12.0, (size / 2.0,) * 10, float(size)
                )
                vector = np.zeros(128, np.float32)
                vector[person % 128] = 1
                faces.append(PackedFace(record, encode_crop(picture((person, photo), size)), vector))
        path = folder / "shard-00000.zip"
        write_shard(path, "key", faces, [], 128)
        shards = [{"file": path.name, "sha256": file_sha256(path)}]
        manifest = {"format": FORMAT, "size": size, "embedder": "sface-2021dec", "template": "ffhq", "shards": shards}
        (folder / MANIFEST).write_text(json.dumps(manifest))
        return folder

    return make
