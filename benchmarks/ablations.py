"""What each part of iconface-nano is worth: the same small training with and without it, then the same evaluation.

    python -m benchmarks.ablations PACK... --out DIR [--samples 4000] [--arms concat full ...] [--limit 40]

The U-Net of 128 px from fresh weights, one seed, the same faces in the same order; PACKs of 128 px. Every arm is one
`iconface train run`, which goes on where it stopped; then all are compared by `iconface eval`, and on old prints, which
that does not know: dB over the print, without and with three references. Small and equal budgets say which part helps
at the start of training, not what the trained network would lose.

| arm | is |
|---|---|
| concat, structure, identity, full | the paper's Table 3 (`NanoConfig.variant`); "identity" has a single memory route |
| paper | as full, with the paper's identity anchor instead of the adaptive one |
| prints | as full, with a quarter of the faces damaged as old prints |
"""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import tomli_w

from benchmarks.visible import fidelity, network
from iconface_core.evaluation.cases import cases_of_pack, old_prints
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.restorers.nano.config import NanoConfig, Variant
from iconface_core.restorers.nano.inference import NanoModel
from iconface_core.training.data.shards import open_pack

ARMS = ("concat", "structure", "identity", "full", "paper", "prints")
CONFIG = Path(__file__).parents[1] / "configs" / "nano-128.toml"


def configuration(arm: str, samples: int) -> Mapping[str, Any]:
    """The shipped configuration of the U-Net, changed in one place. Raises ValueError for an unknown arm."""
    config = tomllib.loads(CONFIG.read_text("utf-8"))
    config["name"] = f"ablation-{arm}"
    config["schedule"] |= {"by": "samples", "total": samples, "warmup": 0.05}
    config["runtime"]["precision"] = "float32"
    nano = config["nano"]
    variant: Variant = next((v for v in get_args(Variant) if v == arm), "full")
    if arm not in ARMS:
        raise ValueError(f"unknown arm {arm!r}; known: {', '.join(ARMS)}")
    made = NanoConfig(name=f"ablation-{arm}").variant(variant)
    nano["model"] |= {"name": made.name, "memory_routes": made.memory_routes}
    nano["model"]["identity"] |= {
        "enabled": made.identity.enabled,
        "anchor": "paper" if arm == "paper" else "adaptive",
    }
    if arm == "prints":
        nano["degrade"]["prints"] = 0.25
    return config


def iconface(*argv: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "plugin", *map(str, argv)], check=True)


def train(arm: str, packs: Sequence[Path], out: Path, samples: int) -> Path:
    """The weights of an arm."""
    folder = out / arm
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.toml"
    config.write_text(tomli_w.dumps(configuration(arm, samples)), "utf-8")
    data = [word for pack in packs for word in ("--data", pack)]
    iconface("train", "run", config, *data, "--out", folder / "run", "--resume")
    return folder / "run" / "weights" / f"ablation-{arm}.safetensors"


def on_prints(weights: Sequence[tuple[str, Path]], packs: Sequence[Path], limit: int) -> None:
    cases = cases_of_pack(open_pack(*packs), limit=limit, per_person=1)
    prints, truths = old_prints([c.truth for c in cases], [c.seed for c in cases])
    start = fidelity(prints, truths)[0]
    print("\n| arm | old print, 0 references | 3 references |\n|---|---|---|")
    for arm, file in weights:
        model = NanoModel(file, SFaceEmbedder())
        made = [network(model, prints, [c.references[:count] for c in cases]) for count in (0, 3)]
        print(f"| {arm} | " + " | ".join(f"{fidelity(m, truths)[0] - start:+.2f}" for m in made) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=4000)
    parser.add_argument("--arms", nargs="+", default=ARMS, choices=ARMS)
    parser.add_argument("--limit", type=int, default=40)
    options = parser.parse_args()
    weights = [(arm, train(arm, options.packs, options.out, options.samples)) for arm in options.arms]
    named = [word for arm, file in weights for word in ("--weights", f"{arm}={file}")]
    iconface("eval", *options.packs, *named, "--limit", str(options.limit), "--out", options.out / "evaluation")
    on_prints(weights, options.packs, options.limit)


if __name__ == "__main__":
    main()
