"""A pack of invented faces, and torch on one thread."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

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
    shard_name,
    write_shard,
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def make_pack(tmp_path: Path) -> Callable[..., Path]:
    """`people` persons with four smooth coloured pictures each; about 15 % of them are validation."""

    def make(*, size: int = 32, people: int = 12, dim: int = 128) -> Path:
        folder = tmp_path / f"pack-{size}"
        folder.mkdir()
        random = np.random.default_rng(0)
        faces = []
        for person in range(people):
            name = f"person {person}"
            base = random.uniform(0, 255, (4, 4, 3))
            for photo in range(4):
                small = np.clip(base + random.normal(0, 20, base.shape), 0, 255)
                pixels = np.kron(small, np.ones((size // 4, size // 4, 1))).astype(np.uint8)
                vector = random.normal(size=dim)
                vector /= np.linalg.norm(vector)
                record = PackRecord(
                    f"{name}/{photo}.jpg", name, split_of(name), "0" * 64, 12.0, (size / 2.0,) * 10, float(size)
                )
                faces.append(PackedFace(record, encode_crop(pixels), vector.astype(np.float32)))
        write_shard(folder / shard_name(0), "key", faces, [], dim)
        shards = [{"file": shard_name(0), "sha256": file_sha256(folder / shard_name(0))}]
        manifest = {"format": FORMAT, "size": size, "embedder": "sface-2021dec", "template": "ffhq", "shards": shards}
        (folder / MANIFEST).write_text(json.dumps(manifest))
        return folder

    return make
