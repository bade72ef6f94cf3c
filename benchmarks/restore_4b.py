"""Speed and memory of IConFace at true size with random weights, on whatever device there is.

    python -m benchmarks.restore_4b --out restore_4b.json                 # GPU: true size; CPU: scaled down
    python -m benchmarks.restore_4b --out restore_4b.json --minutes 9     # stop after 9 minutes; run again to go on

Finished rows are kept in --out and not measured again. Needs no weights and no network. Random weights change nothing
about time or memory: every multiplication is done. Rows: 0..3 references x joint/cached x eager/compiled x guidance
on/off, three references (the goals) first.
"""

import argparse
import json
import platform
import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path

import torch
from diffusers import AutoencoderKLFlux2
from diffusers.utils import logging

from iconface_core.restorers.common.denoise import denoise, guided, seeded_noise
from iconface_core.restorers.common.schedule import sigmas
from iconface_core.restorers.common.tokens import pack, unpack
from iconface_core.restorers.iconface.adapter import IconFaceAdapter
from iconface_core.restorers.iconface.backbone import empty_transformer
from iconface_core.restorers.iconface.config import BackboneConfig, IconFaceConfig, MemoryConfig, SamplingConfig
from iconface_core.restorers.iconface.latents import decode, encode
from iconface_core.restorers.iconface.network import IconFaceNetwork
from iconface_core.restorers.iconface.placement import Placement, place

GOALS = {"joint_s": 2.6, "cached_s": 0.8, "peak_gb": 12.0}  # H200, 512 x 512, 3 references, 12 steps, guidance 4
SCALED = IconFaceConfig(
    backbone=BackboneConfig(num_layers=2, num_single_layers=4, num_attention_heads=2, joint_attention_dim=512),
    memory=MemoryConfig(tokens=64, width=128),
    sampling=SamplingConfig(steps=4, image_size=128),
)


def materialise(module, device, dtype):
    """A meta module -> random weights of a sane size on the device, without a copy in main memory."""
    module = module.to(dtype).to_empty(device=device)
    with torch.no_grad():
        for p in module.parameters():
            p.normal_(0.0, 0.02) if p.ndim > 1 else p.fill_(1.0)
        for b in module.buffers():
            b.fill_(1) if b.is_floating_point() else b.zero_()
    return module.eval().requires_grad_(False)


def forward_flops(config, text, scene, condition, *, cached):
    """Multiply-adds x 2 of one transformer call: linear layers of the blocks and attention."""
    d, b = config.backbone.hidden_size, config.backbone
    image = scene if cached else scene + condition
    stream = 2 * (4 * d * d + 9 * d * d)  # per token in a double block: q, k, v, out and a gated MLP of 3 D
    linear = b.num_layers * stream * (text + image)
    linear += b.num_single_layers * 2 * (9 * d * d + 4 * d * d) * (text + image)
    keys = text + image + (condition if cached else 0)
    return linear + 4 * (b.num_layers + b.num_single_layers) * (text + image) * keys * d


def sequence(config):
    """Scene and text tokens; 1024 and 512 at full size, and the same ratio when scaled down."""
    scene = (config.sampling.image_size // 16) ** 2
    return scene, scene // 2


def image_flops(config, references, guidance):
    scene, text = sequence(config)
    condition = scene * (1 + references)
    cached = config.condition_attention == "cached"
    per_call = forward_flops(config, text, scene, condition, cached=cached)
    once = forward_flops(config, 0, condition, 0, cached=True) if cached else 0
    return config.sampling.steps * (2 if guidance != 1 else 1) * per_call + once


def synchronise(device):
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


class Bench:
    def __init__(self, device, weights, dtype):
        self.device, self.dtype = device, dtype
        self.config = IconFaceConfig() if device.type != "cpu" else SCALED
        torch.manual_seed(0)
        self.placement = Placement(str(device), weights=weights)
        self.transformer = place(materialise(empty_transformer(self.config.backbone), device, dtype), self.placement)
        with torch.device("meta"):
            adapter = IconFaceAdapter(self.config)
            small = {} if device.type != "cpu" else {"block_out_channels": (32,) * 4, "layers_per_block": 1}
            vae = AutoencoderKLFlux2(
                down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, **small
            )
        self.adapter, self.vae = (materialise(m, device, dtype) for m in (adapter, vae))
        shape = (1, sequence(self.config)[1], self.config.backbone.joint_attention_dim)
        self.text = [torch.randn(shape, device=device, dtype=dtype) for _ in range(2)]

    @torch.no_grad()
    def image(self, config, network, references, guidance):
        """Everything a user waits for once the models are loaded: encode, condition, loop, decode."""
        size = config.sampling.image_size
        pixels = torch.rand(1 + references, 3, size, size, device=self.device, dtype=self.dtype) * 2 - 1
        latents = encode(self.vae, pixels).to(self.dtype)
        anchor = torch.nn.functional.normalize(torch.randn(1, config.identity.dim, device=self.device), dim=-1)
        condition = network.prepare(latents[:1], [x[None] for x in latents[1:]], anchor)
        noise = pack(seeded_noise([42], tuple(latents.shape[1:]), self.device, self.dtype))
        conditional, unconditional = (network.predictor(t, condition) for t in self.text)
        predict = guided(conditional, unconditional, guidance)
        steps = []

        def tick(done, total):
            synchronise(self.device)
            steps.append(time.perf_counter())

        start = time.perf_counter()
        out = denoise(predict, noise, sigmas(config.sampling.steps, noise.shape[1]), on_step=tick)
        decode(self.vae, unpack(out, condition.scene))
        return (steps[-1] - start) / len(steps)

    @contextmanager
    def network(self, mode, compiled):
        """The network of one mode, compiled once for all measurements inside the block."""
        network = IconFaceNetwork(self.transformer, self.adapter, replace(self.config, condition_attention=mode))
        if compiled:
            torch._dynamo.reset()
            self.transformer.compile(dynamic=False)
        try:
            yield network
        finally:
            network.detach()
            self.transformer._compiled_call_impl = None

    def measure(self, network, references, guidance, repeats):
        config = network.config
        began = time.perf_counter()
        self.image(config, network, references, guidance)  # warm-up, with compilation
        synchronise(self.device)
        warm_up = time.perf_counter() - began
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        total, step = [], []
        for _ in range(repeats):
            began = time.perf_counter()
            step.append(self.image(config, network, references, guidance))
            synchronise(self.device)
            total.append(time.perf_counter() - began)
        seconds = sorted(total)[len(total) // 2]
        flops = image_flops(config, references, guidance)
        return {
            "ms_per_image": 1e3 * seconds,
            "ms_per_step": 1e3 * sorted(step)[len(step) // 2],
            "tflop_per_image": flops / 1e12,
            "tflops": flops / 1e12 / seconds,
            "peak_gb": torch.cuda.max_memory_allocated() / 1e9 if self.device.type == "cuda" else None,
            "warm_up_s": warm_up,
        }


def rows(device):
    """Three references first, eager then compiled, so that a short run answers the goals."""
    compiled = (False, True) if device.type == "cuda" else (False,)
    return sorted(product((3, 0, 1, 2), compiled, ("joint", "cached")), key=lambda r: (r[0] != 3, r[1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("restore_4b.json"))
    parser.add_argument("--device", default=None)
    parser.add_argument("--weights", choices=("full", "int8"), default="full")
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    logging.set_verbosity_error()  # it warns about casting modules that this model does not have
    deadline = time.monotonic() + 60 * args.minutes
    device = torch.device(args.device) if args.device else Placement().torch_device()
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or device.type
    print(f"{name}, torch {torch.__version__}, {dtype}, weights {args.weights}")
    if device.type == "cpu":
        print("No GPU: a scaled-down model, for the mechanics and the ratios only. These are not 4B numbers.")
    results = json.loads(args.out.read_text()) if args.out.exists() else {}
    bench = None
    print("refs mode   run      guidance  ms/image  ms/step  TFLOP  TFLOP/s  peak GB")
    for references, compiled, mode in rows(device):
        run = "compiled" if compiled else "eager"
        keys = {g: f"{name}|{args.weights}|{references}|{mode}|{run}|{g}" for g in (4.0, 1.0)}
        missing = [g for g, key in keys.items() if key not in results]
        if missing and time.monotonic() > deadline:
            print("Time is up; run the same command again for the remaining rows.")
            return
        if missing:
            bench = bench or Bench(device, args.weights, dtype)
            with bench.network(mode, compiled) as network:
                for guidance in missing:
                    results[keys[guidance]] = bench.measure(network, references, guidance, args.repeats)
                    args.out.write_text(json.dumps(results, indent=1))
        for guidance, key in keys.items():
            r = results[key]
            peak = f"{r['peak_gb']:8.2f}" if r["peak_gb"] is not None else "       -"
            print(
                f"{references:4d} {mode:6s} {run:8s} {guidance:8.0f} {r['ms_per_image']:9.0f} {r['ms_per_step']:8.1f} "
                f"{r['tflop_per_image']:6.3g} {r['tflops']:8.3g} {peak}",
                flush=True,
            )
    print("Goals on an H200 (3 references, guidance 4):", GOALS)


if __name__ == "__main__":
    main()
