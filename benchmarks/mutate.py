"""Damaged photos by the thousand: each is read, or refused with a reason that names it; nothing else may happen.

    python -m benchmarks.mutate [--minutes 10] [--total 10000] [--state FILE]

Every picture of ../shared/data/formats, those of `broken/` too, is changed at random: bits, bytes, lengths, pieces cut,
doubled or exchanged with another file. A child process with limits of processor time and memory looks at it as a scan
does, restores nothing into a copy of it, and reads that copy back. A run goes on where the last one stopped; files that
failed are kept beside the state.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import struct
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2

from benchmarks.faces import CACHE, SHARED
from iconface_core.errors import ImageReadError, ImageWriteError
from iconface_core.images.provenance import FaceProvenance, Provenance, is_restored_output, read_provenance
from iconface_core.images.read import check_photo, content_hash, read_photo
from iconface_core.images.write import write_restored

CPU_S = 20
MEMORY = 1_000_000_000  # of resident memory, models not loaded
ADDRESSES = 3_000_000_000
MOST_BYTES = 400_000  # larger seeds say nothing new and take long
HELD = ("restored and read back", "refused with a reason")
RECORD = Provenance(
    "x", "0" * 64, "mutate", datetime(2026, 1, 1, tzinfo=UTC), (FaceProvenance((0, 0, 1, 1), "r", "0", 1, 1),)
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--total", type=int, default=10_000)
    parser.add_argument("--state", type=Path, default=CACHE / "mutate.json")
    args = parser.parse_args()
    cv2.setNumThreads(0)
    import pillow_heif  # noqa: F401 - loaded once, before the children are forked
    import rawpy  # noqa: F401

    seeds = [p for p in sorted((SHARED / "formats").rglob("*")) if p.is_file() and p.stat().st_size <= MOST_BYTES]
    state: dict[str, Any] = {"next": 0, "counts": {}, "failed": []}
    if args.state.is_file():
        state = json.loads(args.state.read_text())
    counts: Counter[str] = Counter(state["counts"])
    end = time.monotonic() + 60 * args.minutes
    args.state.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        while state["next"] < args.total and time.monotonic() < end:
            i = state["next"]
            source = mutated(i, seeds, Path(folder))
            outcome = tried(source, Path(folder) / "out")
            counts[outcome] += 1
            if outcome not in HELD:
                kept = args.state.with_suffix("") / source.name
                kept.parent.mkdir(exist_ok=True)
                shutil.copy(source, kept)
                state["failed"].append([i, outcome, str(kept)])
                print(i, source.name, outcome, flush=True)
            source.unlink()
            state["next"], state["counts"] = i + 1, dict(counts)
            if i % 50 == 49:
                save(args.state, state)
    save(args.state, state)
    print(f"tried {state['next']} of {args.total}, held {sum(counts[h] for h in HELD)}, failed {len(state['failed'])}")
    for outcome, n in counts.most_common():
        print(f"{n:6d}  {outcome}")


def save(path: Path, state: dict[str, object]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(state))
    part.replace(path)


def mutated(number: int, seeds: list[Path], folder: Path) -> Path:
    """The damaged photo with this number: the same at every run."""
    rng = random.Random(number)
    seed = rng.choice(seeds)
    data = bytearray(seed.read_bytes())
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        at = min(rng.randrange(len(data) + 1), rng.choice([64, 1024, len(data)]))
        size = rng.choice([1, 4, 64, 4096])
        match rng.randrange(8):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                data[at : at + size] = rng.randbytes(size)
            case 2:
                data[at : at + 4] = struct.pack(
                    rng.choice("<>") + "I", rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 65536])
                )
            case 3:
                del data[at : at + size]
            case 4:
                data[at:at] = data[at : at + size] * rng.choice([1, 2, 50])
            case 5:
                del data[max(at, 16) :]
            case 6:
                other = rng.choice(seeds).read_bytes()
                start = rng.randrange(len(other) + 1)
                data[at : at + size] = other[start : start + size]
            case 7:
                data[at : at + 2] = struct.pack(rng.choice("<>") + "H", rng.choice([0, 1, 255, 0x7FFF, 0xFFFF]))
        if not data:
            data = bytearray(b"\0")
    path = folder / f"m{number}_{seed.stem[:40]}{seed.suffix}"
    path.write_bytes(data)
    return path


def tried(source: Path, out: Path) -> str:
    """What came of one photo, looked at by a child of its own."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the libraries' own remarks
        try:
            outcome = looked(source, out)
        except BaseException as e:
            outcome = f"exception {type(e).__name__}: {e}"[:200]
        os.write(writing, outcome.encode(errors="replace")[:400])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status, usage = os.wait4(pid, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return "more than 20 s" if number in {signal.SIGXCPU, signal.SIGKILL} else f"crash: signal {number}"
    if usage.ru_maxrss * 1024 > MEMORY:
        return f"{usage.ru_maxrss // 1024} MB of memory"
    return said or "ended without a word"


def looked(source: Path, out: Path) -> str:
    before = content_hash(source)
    try:
        check_photo(source)
        is_restored_output(source)
        read_photo(source, reduce_to=1600, least_pixels=1_440_000)
        photo = read_photo(source)
        pixels = photo.pixels.copy()
        pixels[: len(pixels) // 2 + 1] //= 2
        copy = write_restored(source, pixels, RECORD, out).path
    except (ImageReadError, ImageWriteError) as e:
        return HELD[1] if str(source) in str(e) else f"reason without the name: {e}"
    if content_hash(source) != before:
        return "the original was changed"
    again = read_photo(copy)
    if (again.width, again.height) != (photo.width, photo.height):
        return "the copy has another size"
    return HELD[0] if read_provenance(copy) == RECORD else "the copy has lost its record"


if __name__ == "__main__":
    main()
