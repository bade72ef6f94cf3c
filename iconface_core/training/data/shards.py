"""A pack: aligned faces of many people in a few files, with what training needs to know of each.

    manifest.json        counts, source, licence, sha256 of every shard, what was skipped and why
    shard-00000.zip      NNNNN.jpg (aligned crops), faces.json, vectors.npy

JPEG at quality 95 without chroma subsampling: 7.5 KB for 128 px, 45.5 dB, five times faster to decode than WebP, which
has 4.7 KB and 43.2 dB at the same setting (60 faces of LFW). Shards are ordinary zip files: any tool shows the faces.
"""

import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from iconface_core.codec import decode
from iconface_core.errors import PackError
from iconface_core.types import F32, I64, RgbU8

from .layouts import Split

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class PackRecord:
    """One face. name: the photo below its source. sha256: of the photo's file. norm: of its embedding before scaling.
    landmarks: ten numbers, x and y of five points, in pixels of the crop. source_side: pixels of the photo, along one
    side, that the crop was made from; below the pack's size the crop was enlarged."""

    name: str
    identity: str
    split: Split
    sha256: str
    norm: float
    landmarks: tuple[float, ...]
    source_side: float


@dataclass(frozen=True, slots=True)
class Skipped:
    """A photo that is not in the pack, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class PackedFace:
    """A face on its way into a shard."""

    record: PackRecord
    jpeg: bytes
    vector: F32


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """What a shard holds, without the pictures. `key` stands for everything it was made from."""

    key: str
    faces: tuple[PackRecord, ...]
    skipped: tuple[Skipped, ...]
    vectors: F32


def shard_name(number: int) -> str:
    """The file name of a shard."""
    return f"shard-{number:05d}.zip"


def write_shard(path: Path, key: str, faces: Sequence[PackedFace], skipped: Sequence[Skipped], dim: int) -> None:
    """Write a shard whole or not at all; an older one of the name is replaced. Raises OSError."""
    vectors = io.BytesIO()
    np.save(vectors, np.array([f.vector for f in faces], np.float32).reshape(len(faces), dim))
    index = {"key": key, "faces": [asdict(f.record) for f in faces], "skipped": [asdict(s) for s in skipped]}
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for number, face in enumerate(faces):
            archive.writestr(zipfile.ZipInfo(_member(number)), face.jpeg)
        archive.writestr(zipfile.ZipInfo("faces.json"), json.dumps(index))
        archive.writestr(zipfile.ZipInfo("vectors.npy"), vectors.getvalue())
    write_whole(path, whole.getvalue())


def read_shard(path: Path) -> Shard:
    """Read all but the pictures. Raises PackError when it is missing or not a shard."""
    try:
        with zipfile.ZipFile(path) as archive:
            index = json.loads(archive.read("faces.json"))
            vectors = np.load(io.BytesIO(archive.read("vectors.npy")), allow_pickle=False)
        faces = tuple(decode(PackRecord, face, "face") for face in index["faces"])
        skipped = tuple(decode(Skipped, photo, "skipped") for photo in index["skipped"])
        return Shard(index["key"], faces, skipped, vectors)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as e:
        raise PackError(f"{path}: not a shard of a pack, or damaged ({e}); pack again") from e


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file by one that is complete, also when the machine stops in between. Raises OSError."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def file_sha256(path: Path) -> str:
    """Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def encode_crop(pixels: RgbU8) -> bytes:
    """A crop (S, S, 3) as it lies in a shard."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=95, subsampling=0, optimize=True)
    return out.getvalue()


class Pack:
    """Faces of one or several packs, numbered 0..N-1; equal names of people are one person.

    vectors: (N, dim), unit. norms: (N,). landmarks: (N, 5, 2) in pixels of the crop. identities: (N,), a person's
    number, the place of the name in `people`. names: of the photos. Raises PackError as `open_pack`.
    """

    def __init__(self, folders: Sequence[Path], *, preload: bool = False) -> None:
        self.manifests: tuple[Mapping[str, Any], ...] = tuple(_manifest(folder) for folder in folders)
        self._files = [
            folder / s["file"] for folder, m in zip(folders, self.manifests, strict=True) for s in m["shards"]
        ]
        for key in ("size", "embedder", "template"):
            if len({m[key] for m in self.manifests}) != 1:
                raise PackError(
                    f"these packs differ in {key} and cannot be used together: {[m[key] for m in self.manifests]}"
                )
        self.size: int = self.manifests[0]["size"]
        shards = [read_shard(path) for path in self._files]
        faces = [face for shard in shards for face in shard.faces]
        self._where = [(i, number) for i, shard in enumerate(shards) for number in range(len(shard.faces))]
        self._archives: dict[int, zipfile.ZipFile] = {}
        self.names = tuple(face.name for face in faces)
        self.people: tuple[str, ...] = tuple(sorted({face.identity for face in faces}))
        numbers = {name: number for number, name in enumerate(self.people)}
        self.identities: I64 = np.array([numbers[face.identity] for face in faces], np.int64)
        self.vectors: F32 = np.concatenate([shard.vectors for shard in shards])
        self.norms: F32 = np.array([face.norm for face in faces], np.float32)
        self.landmarks: F32 = np.array([face.landmarks for face in faces], np.float32).reshape(-1, 5, 2)
        self._validation = np.array([face.split == "validation" for face in faces], bool)
        self._loaded: RgbU8 | None = None
        if preload:
            self._loaded = self.images(np.arange(len(faces)))

    def __len__(self) -> int:
        return len(self.names)

    def faces(self, split: Split | None = None) -> I64:
        """Numbers of the faces of a split, of all without one."""
        wanted = np.ones(len(self), bool) if split is None else self._validation == (split == "validation")
        return np.flatnonzero(wanted).astype(np.int64)

    def image(self, index: int) -> RgbU8:
        """One crop (S, S, 3). Raises PackError when the shard is damaged."""
        if self._loaded is not None:
            kept: RgbU8 = self._loaded[index]
            return kept
        shard, number = self._where[index]
        try:
            if shard not in self._archives:
                self._archives[shard] = zipfile.ZipFile(self._files[shard])
            data = self._archives[shard].read(_member(number))
            with Image.open(io.BytesIO(data)) as picture:
                return np.asarray(picture.convert("RGB"))
        except (OSError, KeyError, zipfile.BadZipFile) as e:
            raise PackError(f"{self._files[shard]}: face {number} cannot be read ({e}); pack again") from e

    def images(self, indices: I64) -> RgbU8:
        """Crops (len(indices), S, S, 3), in order."""
        if self._loaded is not None:
            kept: RgbU8 = self._loaded[indices]
            return kept
        out = np.empty((len(indices), self.size, self.size, 3), np.uint8)
        for row, index in enumerate(indices):
            out[row] = self.image(int(index))
        return out


def open_pack(*folders: Path, preload: bool = False) -> Pack:
    """Open one pack or several as one; `preload` decodes all faces into memory (48 KB each at 128 px).

    Raises PackError when a pack is unfinished, damaged, or made in a way that does not go with the others.
    """
    return Pack(folders, preload=preload)


def _manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest, after every shard was compared with its hash."""
    path = folder / MANIFEST
    try:
        manifest: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
        if manifest["format"] != FORMAT:
            raise PackError(f"{path}: format {manifest['format']}, this version reads {FORMAT}; pack again")
        for shard in manifest["shards"]:
            if file_sha256(folder / shard["file"]) != shard["sha256"]:
                raise PackError(f"{folder / shard['file']}: damaged, its hash is not the manifest's; pack again")
    except FileNotFoundError as e:
        raise PackError(f"{e.filename}: missing; a pack is finished by running the same `train pack` again") from e
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise PackError(f"{path}: not the manifest of a pack ({type(e).__name__}: {e})") from e
    return manifest


def _member(number: int) -> str:
    return f"{number:05d}.jpg"
