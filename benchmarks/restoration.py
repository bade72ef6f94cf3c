"""iconface-nano: quality on people never trained on, time, and the memory of a restoring process.

    python -m benchmarks.restoration PACK... [--weights [NAME=]FILE]... [--limit 200] [--gallery DIR]
                                     [--real-esrgan DIR]
    python -m benchmarks.restoration --speed-only [--weights FILE] [--threads 2]

The first is `iconface eval` with baselines, whose tables and contact sheets go to benchmarks/.cache/restoration (a
folder that git ignores), and then the speed. Speed is the network alone and with the identity vectors that the product
computes as well (of the degraded face; references' vectors come from the gallery). Memory is the largest resident size
of a fresh process that restores one face with three references, everything a command would load included.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.faces import CACHE
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate

OUT = CACHE / "restoration"

CHILD = """
import sys
from pathlib import Path
import numpy as np
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.types import AlignedFace, RestoreInput, RestoreOptions
rng = np.random.default_rng(0)
faces = [AlignedFace(rng.integers(0, 256, (512, 512, 3), np.uint8), np.eye(2, 3, dtype=np.float32)) for _ in range(4)]
restorer = NanoRestorer(Path(sys.argv[1]), embedder=SFaceEmbedder, threads=int(sys.argv[2]))
restorer.restore(RestoreInput(faces[0], tuple(faces[1:])), RestoreOptions())
"""


def speed(weights: Path, threads: int, rounds: int = 15) -> None:
    import torch

    from iconface_core.faces.sface import SFaceEmbedder
    from iconface_core.restorers.nano.inference import NanoFace, NanoModel

    model = NanoModel(weights, SFaceEmbedder(threads=threads), threads=threads)
    rng, size = np.random.default_rng(0), model.config.size
    pictures = [rng.integers(0, 256, (size, size, 3), np.uint8) for _ in range(4)]
    known = tuple(model.embed(pictures[1:]))
    print(f"\n{weights.name}, {threads} threads, one face at a time, ms: median (least) of {rounds}\n")
    print("| references | network | with identity | mirrored too |\n|---|---|---|---|")
    for count in (0, 1, 3):
        face = NanoFace(pictures[0], tuple(pictures[1 : 1 + count]), known[:count])
        anchor = torch.nn.functional.normalize(torch.ones(1, model.config.identity.dim), dim=1)
        tensors = [torch.zeros(1, 3, size, size), torch.zeros(1, count, 3, size, size)]

        def network(tensors: "list[torch.Tensor]" = tensors, anchor: "torch.Tensor" = anchor) -> None:
            before = torch.get_num_threads()
            torch.set_num_threads(threads)
            with torch.inference_mode():
                model._network(tensors[0].contiguous(memory_format=torch.channels_last), tensors[1], anchor)
            torch.set_num_threads(before)

        cells = []
        for run in (network, lambda f=face: model.restore([f]), lambda f=face: model.restore([f], mirrored=True)):
            run()
            times = []
            for _ in range(rounds):
                started = time.perf_counter()
                run()
                times.append((time.perf_counter() - started) * 1000)
            cells.append(f"{np.median(times):.0f} ({min(times):.0f})")
        print(f"| {count} | " + " | ".join(cells) + " |")


def memory(weights: Path, threads: int) -> None:
    subprocess.run([sys.executable, "-c", CHILD, str(weights), str(threads)], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # KiB on Linux, of the largest child
    print(f"\npeak memory of a process that restores one face with three references: {peak / 1024:.0f} MiB")


def quality(options: argparse.Namespace) -> None:
    from plugin.progress import Silent
    from plugin.settings import load_settings
    from plugin.training.evaluation import EvalRequest, run_eval, write_report

    class Progress(Silent):
        def total(self, n: int) -> None:
            print(f"{n} stages", file=sys.stderr)

        def step(self, note: str = "") -> None:
            print(f"{time.strftime('%H:%M:%S')} {note}", file=sys.stderr, flush=True)

    request = EvalRequest(
        packs=options.packs,
        weights=options.weights,
        limit=options.limit,
        steps=options.steps,
        gallery=options.gallery,
        real_esrgan=options.real_esrgan,
        cache=CACHE / "real-esrgan",
        threads=options.threads,
    )
    report = run_eval(request, load_settings(CACHE / "home", {}).folders, Progress())
    print("\n".join(report.lines))
    for path in write_report(report, OUT, sheet_rows=20):
        print(path.relative_to(CACHE.parent), file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path, nargs="*")
    parser.add_argument("--weights", action="append", default=[])
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--gallery", type=Path)
    parser.add_argument("--real-esrgan", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--speed-only", action="store_true")
    options = parser.parse_args()
    if not options.speed_only:
        quality(options)
    weights = Path(options.weights[0].rpartition("=")[2]) if options.weights else locate(NANO_FILE)
    memory(weights, options.threads)
    speed(weights, options.threads)


if __name__ == "__main__":
    main()
