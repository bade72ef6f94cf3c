"""A worker whose models are stand-ins: `python -m tests.support.stand_in_worker HOME LATENCY AHEAD`.

Photos of one brightness show one person. A look at a photo takes LATENCY seconds, and the clock of the worker's machine
is AHEAD seconds ahead of the others'.
"""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import plugin.app
from iconface_core.calibration import Calibration, EmbedderFacts
from iconface_core.fakes import FakeDetector, FakeEmbedder
from iconface_core.types import F32, AlignedFace, DetectedFace, FaceEmbedding, RgbU8
from plugin.app import App, build_app
from plugin.jobs import worker
from plugin.jobs.registry import HANDLERS, Handler
from plugin.jobs.worker import Worker
from plugin.models.backends import DetectorBackend, EmbedderBackend
from plugin.settings import load_settings


class SlowDetector(FakeDetector):
    """One face that fills the picture, found after `latency` seconds."""

    def __init__(self, latency: float) -> None:
        self._latency = latency

    def detect(self, image: RgbU8) -> list[DetectedFace]:
        time.sleep(self._latency)
        return super().detect(image)


class SureEmbedder(FakeEmbedder):
    """Every face is a clear one, and every brightness somebody: two people are not alike, two photos of one a little
    different."""

    dim = 64
    calibration = Calibration(FakeEmbedder.id, 0.0, 1.0, bias=-10.0, slope=30.0)

    def embed(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        return [FaceEmbedding(self.id, _vector(f.pixels), 4.0) for f in faces]


def _vector(pixels: RgbU8) -> F32:
    person = np.random.default_rng(int(pixels.mean() / 16)).standard_normal(64)
    vector = person + 0.3 * np.random.default_rng(int(pixels.sum())).standard_normal(64)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def photos(folder: Path, number: int, people: int = 8) -> list[Path]:
    """Small photos of so many people (at most 16): patterns of their own around the brightness that is a person's."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for n in range(number):
        pattern = np.random.default_rng(n).choice([-1.0, 1.0], (4, 4))
        pattern = np.kron(np.hstack([pattern, -pattern]), np.ones((32, 16)))  # it changes nothing in the mean
        grey = 16 * (n % people) + 8 + np.minimum(7, 16 * (n % people)) * 0.9 * pattern
        made.append(folder / f"{n:05}.png")
        Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB").save(made[-1], compress_level=1)
    return made


def machine(home: Path, name: str, url: str | None, mounts: Mapping[str, str] | None = None) -> Path:
    """The home of a machine that is called so, at the gallery of `url` (None: at a file of its own)."""
    (home / "config").mkdir(parents=True)
    lines = [f'machine = "{name}"', "workers = 1", "notifications = false"]
    lines += [] if url is None else [f'database = "{url}"']
    pairs = ", ".join(f'"{there}" = "{here}"' for there, here in (mounts or {}).items())
    (home / "config" / "config.toml").write_text("\n".join([*lines, f"mounts = {{ {pairs} }}\n"]))
    return home


def stand_in_app(home: Path, latency: float = 0.0) -> App:
    """The application of a home, over the stand-ins."""
    app = build_app(load_settings(home, {}))
    facts = EmbedderFacts(SureEmbedder.id, SureEmbedder.dim, SureEmbedder.calibration)
    embedder = EmbedderBackend(facts, SureEmbedder)
    app._made |= {
        "_detector": DetectorBackend(SlowDetector.id, lambda: SlowDetector(latency)),
        "_preferred": embedder,
        "_serving": embedder,
        "embedder": facts,
    }
    return app


def stand_in_worker(app: App, handlers: Mapping[str, Handler] = HANDLERS) -> Worker:
    """Its worker, which does jobs until it is stopped."""
    return Worker(app, handlers, lambda **_: None, idle_s=3600.0)


def start(home: Path, *, latency: float = 0.0, ahead: float = 0.0) -> subprocess.Popen[bytes]:
    """A worker process; it ends when its standard input is closed."""
    line = [sys.executable, "-m", "tests.support.stand_in_worker", str(home), str(latency), str(ahead)]
    root = Path(__file__).resolve().parents[2]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(line, cwd=root, **pipes)  # type: ignore[call-overload]


def main(home: Path, latency: float, ahead: float) -> int:
    """The worker of iconface, over the stand-ins and with a clock of its own."""
    clock = time.time
    vars(time)["time"] = lambda: clock() + ahead
    vars(plugin.app)["build_app"] = lambda *_, **__: stand_in_app(home, latency)
    return worker.main(["--home", str(home), "--idle", "3600"])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *map(float, sys.argv[2:])))
