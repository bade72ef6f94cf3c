"""Photos to packs: find the face, align it, embed it, keep it small. What cannot be used is reported, never guessed.

Work is done in blocks of photos, one shard each. A block's key stands for its photos and settings, so a packing that
was killed goes on with the first block that is not there yet.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

from iconface_core.codec import JsonObject
from iconface_core.errors import ImageReadError, PackError
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.images.read import read_photo
from iconface_core.protocols import FaceDetector, FaceEmbedder
from iconface_core.types import DetectedFace, RgbU8

from .layouts import SourcePhoto
from .shards import (
    FORMAT,
    MANIFEST,
    PackedFace,
    PackRecord,
    Shard,
    Skipped,
    encode_crop,
    file_sha256,
    read_shard,
    shard_name,
    write_shard,
    write_whole,
)

BLOCK = 512
LEAST_DETAIL = 0.75
"""Photo pixels per crop pixel, along one side, below which a face is too small: a blurred target teaches blur."""
PHOTO_SIDE = 2048  # pixels of the long side that are enough for a 512 px face


@dataclass(frozen=True, slots=True)
class About:
    """What the manifest says of a pack. source: a name, not a path. licence: of the photos, in words."""

    source: str
    licence: str
    layout: str


class Packer:
    """Makes crops of `size` x `size` pixels, at most 512."""

    def __init__(self, detector: FaceDetector, embedder: FaceEmbedder, size: int) -> None:
        """Raises ValueError for a size outside 32..512."""
        if not 32 <= size <= FFHQ_512.size:
            raise ValueError(f"size must be within 32..{FFHQ_512.size}, got {size}")
        self.detector, self.embedder, self.size = detector, embedder, size

    def face_of(self, photo: SourcePhoto) -> PackedFace | Skipped:
        """The photo's main face, or why there is none."""
        try:
            digest = file_sha256(photo.path)
            pixels = read_photo(photo.path, reduce_to=PHOTO_SIDE).pixels
        except (ImageReadError, OSError) as e:
            return Skipped(photo.name, str(e).replace(str(photo.path), photo.name))
        found = self.detector.detect(pixels)
        if not found:
            return Skipped(photo.name, "no face found")
        face = main_face(found, pixels)
        crop = align_face(pixels, face.landmarks, FFHQ_512)
        side = FFHQ_512.size / float(np.hypot(crop.from_photo[0, 0], crop.from_photo[1, 0]))
        if side < LEAST_DETAIL * self.size:
            return Skipped(photo.name, f"face too small: {side:.0f} px of the photo for a crop of {self.size} px")
        (embedding,) = self.embedder.embed([align_face(pixels, face.landmarks, ARCFACE_112)])
        scale = self.size / FFHQ_512.size
        points = face.landmarks @ crop.from_photo[:, :2].T + crop.from_photo[:, 2]
        points = (points + 0.5) * scale - 0.5  # pixel centres, not corners
        record = PackRecord(
            photo.name,
            photo.identity,
            photo.split,
            digest,
            embedding.norm,
            tuple(round(float(v), 2) for v in points.ravel()),
            round(side, 1),
        )
        return PackedFace(record, encode_crop(reduce_crop(crop.pixels, self.size)), embedding.vector)


def reduce_crop(pixels: RgbU8, size: int) -> RgbU8:
    """An FFHQ_512 crop as (size, size, 3), by area averaging: how nano sees faces, in training and in use."""
    if pixels.shape[0] == size:
        return pixels
    reduced: RgbU8 = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)
    return reduced


def main_face(found: Sequence[DetectedFace], pixels: RgbU8) -> DetectedFace:
    """Whom a photo in a person's folder shows: the largest face, less the further it is from the middle."""
    h, w = pixels.shape[:2]

    def prominence(face: DetectedFace) -> float:
        box = face.bbox
        off = np.hypot((box.x1 + box.x2) / w - 1, (box.y1 + box.y2) / h - 1)
        return box.height * (1.5 - float(off))

    return max(found, key=prominence)


def pack(
    photos: Sequence[SourcePhoto],
    out: Path,
    packer: Packer,
    about: About,
    *,
    workers: int = 2,
    on_photo: Callable[[str], None] = lambda _: None,
) -> JsonObject:
    """Pack `photos` into the folder `out` and return the manifest. `on_photo` hears the name of every photo done.

    Finished shards of an earlier run with the same photos and settings are kept. Raises PackError when `out` holds a
    pack of something else, or when no photo shows a usable face; OSError when the disk is full.
    """
    facts = {
        "format": FORMAT,
        "source": about.source,
        "licence": about.licence,
        "layout": about.layout,
        "size": packer.size,
        "template": "ffhq_512 reduced",
        "encoding": "jpeg 95 4:4:4",
        "detector": packer.detector.id,
        "embedder": packer.embedder.id,
    }
    _claim(out, facts)
    seen: dict[str, str] = {}
    shards: list[Shard] = []
    blocks = [photos[i : i + BLOCK] for i in range(0, len(photos), BLOCK)]
    with ThreadPoolExecutor(workers, thread_name_prefix="pack") as pool:
        for number, block in enumerate(blocks):
            path = out / shard_name(number)
            key = _key(facts, block, seen)
            shard = _kept(path, key)
            if shard is None:
                faces, skipped = _work(block, packer, pool, seen, on_photo)
                write_shard(path, key, faces, skipped, packer.embedder.dim)
                shard = read_shard(path)
            else:
                for photo in block:
                    on_photo(photo.name)
            seen.update((face.sha256, face.name) for face in shard.faces)
            shards.append(shard)
    if not any(shard.faces for shard in shards):
        raise PackError(
            f"{about.source}: none of {len(photos)} photos shows a usable face; first reason: {_first(shards)}"
        )
    for path in out.glob("shard-*.zip*"):  # of a longer list of photos, or half written
        if path.name not in {shard_name(i) for i in range(len(blocks))}:
            path.unlink()
    manifest = facts | _summary(shards, out)
    write_whole(out / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    return manifest


def _work(
    block: Sequence[SourcePhoto],
    packer: Packer,
    pool: ThreadPoolExecutor,
    seen: dict[str, str],
    on_photo: Callable[[str], None],
) -> tuple[list[PackedFace], list[Skipped]]:
    """A block's faces, in order. A file that was there before, under any name, is left out: a reference that is the
    target itself would teach copying."""
    faces: list[PackedFace] = []
    skipped: list[Skipped] = []
    known = dict(seen)
    for photo, answer in zip(block, pool.map(packer.face_of, block), strict=True):
        on_photo(photo.name)
        if isinstance(answer, Skipped):
            skipped.append(answer)
        elif answer.record.sha256 in known:
            skipped.append(Skipped(answer.record.name, f"the same file as {known[answer.record.sha256]}"))
        else:
            known[answer.record.sha256] = answer.record.name
            faces.append(answer)
    return faces, skipped


def _claim(out: Path, facts: JsonObject) -> None:
    """Take the folder: nothing but an earlier run of the same packing may be in it."""
    out.mkdir(parents=True, exist_ok=True)
    mark = out / "packing.json"
    if not mark.exists():
        strange = next((p.name for p in out.iterdir()), None)
        if strange is not None:
            raise PackError(f"{out}: not empty ({strange}); choose a new folder")
        write_whole(mark, json.dumps(facts, indent=1, ensure_ascii=False).encode())
    earlier = json.loads(mark.read_text("utf-8"))
    different = [key for key in facts if earlier.get(key) != facts[key]]
    if different:
        key = different[0]
        raise PackError(
            f"{out}: holds a pack with another {key} ({earlier.get(key)!r}, now {facts[key]!r}); choose a new folder"
        )


def _kept(path: Path, key: str) -> Shard | None:
    if not path.exists():
        return None
    try:
        shard = read_shard(path)
    except PackError:
        return None
    return shard if shard.key == key else None


def _key(facts: JsonObject, block: Sequence[SourcePhoto], seen: dict[str, str]) -> str:
    files = [(p.name, p.identity, p.split, _version(p.path)) for p in block]
    return sha256(json.dumps([facts, files, sorted(seen)]).encode()).hexdigest()


def _version(path: Path) -> tuple[int, int]:
    """Size and time of a file; zeros when it has gone, which `face_of` reports."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _first(shards: Sequence[Shard]) -> str:
    return next((f"{s.name}: {s.reason}" for shard in shards for s in shard.skipped), "there were none")


def _summary(shards: Sequence[Shard], out: Path) -> JsonObject:
    faces = [face for shard in shards for face in shard.faces]
    skipped = [s for shard in shards for s in shard.skipped]
    per_person = Counter(face.identity for face in faces)
    people = {face.identity: face.split for face in faces}
    files = [out / shard_name(i) for i in range(len(shards))]
    return {
        "counts": {
            "photos": len(faces) + len(skipped),
            "faces": len(faces),
            "skipped": len(skipped),
            "people": len(people),
            "people_with_two_or_more": sum(n > 1 for n in per_person.values()),
            **{f"{split}_faces": sum(f.split == split for f in faces) for split in ("train", "validation")},
            **{f"{split}_people": sum(s == split for s in people.values()) for split in ("train", "validation")},
        },
        "split": "by person: first byte of sha1(name) below 0x26 is validation, or as published (ffhq-ref)",
        "shards": [
            {"file": path.name, "faces": len(s.faces), "bytes": path.stat().st_size, "sha256": file_sha256(path)}
            for path, s in zip(files, shards, strict=True)
        ],
        "skipped": [{"name": s.name, "reason": s.reason} for s in skipped],
    }
