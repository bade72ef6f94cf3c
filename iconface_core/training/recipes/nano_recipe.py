"""Recipe for iconface-nano, both backbones: what a batch is made of, what it should give, what is exported."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.restorers.nano.anchor import batch_anchor
from iconface_core.restorers.nano.checkpoint import save_nano
from iconface_core.restorers.nano.config import NanoConfig
from iconface_core.restorers.nano.fine import FineNet, FineOutput
from iconface_core.restorers.nano.network import build_network
from iconface_core.restorers.nano.reference_attention import Window
from iconface_core.restorers.nano.transformer import SIGMA_FLOOR, TransformerNet, to_velocity
from iconface_core.training.data.draw import Draw
from iconface_core.training.data.faces import FacesConfig, TrainingFaces
from iconface_core.training.data.windows import WindowView, draw_window
from iconface_core.training.degradations.curriculum import CurriculumConfig, cover, draw_strengths
from iconface_core.training.degradations.degrader import Degraded, Degrader, DegradeRecipe
from iconface_core.training.degradations.recipe import STRONGEST

from .face_encoder import TorchSFace
from .flow_losses import at_noise_level, draw_sigma
from .losses import NanoLossWeights, TextureLossWeights, by_damage, by_strength, identity_losses, pixel_losses
from .recipe import Forward


@dataclass(frozen=True, slots=True)
class NanoTraining:
    """The `[nano]` table. The identity loss looks at every `identity_every`-th batch (of those without references every
    `identity_every_alone`-th), and there at the `identity_faces` most degraded faces: the encoder costs as much as the
    network, and on mild faces it has little to say. `one_step`: part of the samples at sigma = 1, for the transformer
    only. `window`: side in pixels of the part of the picture at which a fine network's pixel losses look, elsewhere in
    every batch; 0 takes all. `stage`: what of a fine network is trained (`FineNet.train_only`); "texture" and "hidden"
    have recipes of their own. `echo`: so many batches in a row are of the same degraded faces, seen through other
    windows (data echoing, Choi et al. 2019): making them costs as much as the network. `texture_share`: how much of the
    trained texture is exported; all of it is as sharp as the truth, and sharpens what is wrong in the base too."""

    model: NanoConfig = field(default_factory=NanoConfig)
    losses: NanoLossWeights = field(default_factory=NanoLossWeights)
    texture: TextureLossWeights = field(default_factory=TextureLossWeights)
    faces: FacesConfig = field(default_factory=FacesConfig)
    degrade: DegradeRecipe = field(default_factory=DegradeRecipe)
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    identity_every: int = 1
    identity_every_alone: int = 1
    identity_faces: int = 8
    one_step: float = 0.3
    window: int = 0
    stage: Literal["base", "fine", "texture", "hidden"] = "base"
    echo: int = 1
    texture_share: float = 1.0
    licence: str = "research only"  # of the weights: what the training photos allow

    def __post_init__(self) -> None:
        if min(self.identity_every, self.identity_every_alone, self.identity_faces, self.echo) < 1:
            raise ValueError(
                "identity_every..., identity_faces and echo are at least 1; losses.identity = 0 turns the identity off"
            )
        if self.window % 8 or not 0 <= self.window <= self.model.size:
            raise ValueError(f"window is a multiple of 8 up to the model's {self.model.size} px, 0 for all")
        if self.model.fine is None and (self.window or self.stage != "base"):
            raise ValueError("window and stage are for networks with [nano.model.fine]")
        if self.stage == "texture" and self.model.fine is not None and not self.model.fine.texture_blocks:
            raise ValueError("the network has no texture: nano.model.fine.texture_blocks is 0")


@dataclass(frozen=True, slots=True, eq=False)
class NanoExample:
    """A batch as the network gets it, and what it should answer. All images (B, 3, S, S) in [-1, 1]."""

    degraded: Tensor
    references: Tensor  # (B, R, 3, S, S)
    anchor: Tensor  # (B, dim), unit
    target: Tensor
    truth: Tensor  # (B, dim), unit: vector of the clean photo
    strength: Tensor  # (B,) 0..16
    judged: bool  # whether the identity loss looks at this batch
    window: Window | None = None  # at half the image size
    noise: Tensor | None = None
    sigma: Tensor | None = None


class NanoRecipe:
    """See Recipe."""

    module: nn.Module

    def __init__(
        self,
        training: NanoTraining,
        faces: Mapping[str, TrainingFaces],
        *,
        batch: int,
        device: torch.device,
        bfloat16: bool = False,
        channels_last: bool = False,
        gradient_checkpointing: bool = False,
        data: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """`faces` holds the splits "train" and "validation"; `data` says of each pack what the card repeats."""
        self.module = build_network(training.model)
        if isinstance(self.module, FineNet):
            self.module.train_only(training.stage)
        if gradient_checkpointing and isinstance(self.module, TransformerNet):
            self.module.enable_gradient_checkpointing()
        self._training, self._batch, self._device = training, batch, device
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._faces = faces
        self._degrade = Degrader(training.degrade)
        self._encoder = TorchSFace().to(device)
        self._bfloat16, self._data = bfloat16, list(data)
        self._echoed: tuple[Draw, NanoExample] | None = None  # the faces drawn last

    def draw(self, draw: Draw, progress: float) -> NanoExample:
        """See Recipe."""
        training = self._training
        source = replace(draw, index=draw.index // training.echo)
        if self._echoed is None or self._echoed[0] != source:
            self._echoed = source, self.example(source, "train", self._batch, progress, None)
        window = draw_window(training.window // 2, training.model.size // 2, draw.generator("window"))
        return replace(self._echoed[1], window=window)

    def losses(self, forward: Forward, example: NanoExample) -> Mapping[str, Tensor]:
        """See Recipe. "flow" is the transformer's: the same error as a velocity, so small noise levels count more."""
        if isinstance(self.module, FineNet):
            out = forward(example.degraded, example.references, example.anchor, window=example.window)
            return self._fine_terms(FineOutput(*out), example)
        if example.noise is None or example.sigma is None:
            return self._terms(forward(example.degraded, example.references, example.anchor), example)
        noisy = at_noise_level(example.target, example.noise, example.sigma)
        restored = forward(example.degraded, example.references, example.anchor, noisy=noisy, sigma=example.sigma)
        flow = to_velocity(restored, example.target, example.sigma).square().mean()
        terms = self._terms(restored, example)
        return {**terms, "flow": flow, "loss": terms["loss"] + flow}

    def _fine_terms(self, out: FineOutput, example: NanoExample) -> dict[str, Tensor]:
        """The base by its pixels, and the U-Net's small picture by its pixels and by who it is."""
        weights = self._training.losses
        shares = by_damage(example.degraded, example.target, weights.evenness)
        seen = WindowView(example.window)
        terms = pixel_losses(seen(out.base), seen(example.target, cut=True), shares)
        total = weights.pixel_sum(terms)
        if self._training.stage == "base":
            small = functional.avg_pool2d(example.target, 2)
            terms["small"] = weights.pixel_sum(pixel_losses(out.small, small, shares))
            who = self._identity_terms(out.small, small, example)
            total = total + weights.small * terms["small"] + self._weighted(who)
            terms |= who
        return {"loss": total, **terms}

    def _terms(self, restored: Tensor, example: NanoExample) -> dict[str, Tensor]:
        weights = self._training.losses
        terms = pixel_losses(restored, example.target, by_damage(example.degraded, example.target, weights.evenness))
        terms |= self._identity_terms(restored, example.target, example)
        return {"loss": self._weighted(terms), **terms}

    def _weighted(self, terms: Mapping[str, Tensor]) -> Tensor:
        weights = self._training.losses
        return sum((getattr(weights, name) * value for name, value in terms.items()), start=torch.zeros(()))

    def _identity_terms(self, restored: Tensor, target: Tensor, example: NanoExample) -> dict[str, Tensor]:
        weights = self._training.losses
        if example.judged and (weights.identity or weights.features):
            worst = torch.argsort(example.strength, descending=True, stable=True)[: self._training.identity_faces]
            with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._bfloat16):
                return identity_losses(
                    self._encoder,
                    restored[worst],
                    target[worst],
                    example.truth[worst],
                    by_strength(example.strength[worst], weights.floor),
                    features=weights.features > 0,
                )
        return {}

    def samples(self, draw: Draw, rows: int) -> Mapping[str, Tensor]:
        """See Recipe: with two references where the pack has people with three photos, and without any."""
        example, shown = self._example(draw, "validation", rows, 1.0, 2)
        none = example.references[:, :0]
        with_references = _picture(self.module(example.degraded, example.references, example.anchor))
        alone = _picture(self.module(example.degraded, none, example.anchor))
        more = {}
        if isinstance(self.module, TransformerNet):
            more["8 steps"] = self.module.sample(example.degraded, example.references, example.anchor, steps=8)
        return {"degraded": example.degraded, "no pictures": alone, "restored": with_references, **more, **shown}

    def export(self, folder: Path, record: Mapping[str, Any]) -> Path:
        """See Recipe: one safetensors file."""
        folder.mkdir(parents=True, exist_ok=True)
        training = self._training
        path = folder / f"{training.model.name}.safetensors"
        card = {
            "licence": training.licence,
            "data": self._data,
            "training": dict(record),
            "losses": asdict(training.losses),
        }
        save_nano(path, self.module, training.model, card)
        return path

    def example(self, draw: Draw, split: str, size: int, progress: float, references: int | None) -> NanoExample:
        """`size` faces of a split with so many references (None: as the draw says)."""
        return self._example(draw, split, size, progress, references)[0]

    @torch.no_grad()
    def degraded(self, draw: Draw, split: str, size: int) -> Degraded:
        """`size` degraded faces of a split alone, without references and anchors."""
        batch = self._faces[split].batch(draw, size, self._device, 0)
        return self._degraded(batch.clean, draw, None, draw.generator("curriculum"))

    def _degraded(self, clean: Tensor, draw: Draw, helped: float | None, generator: torch.Generator) -> Degraded:
        training = self._training
        strength = draw_strengths(training.curriculum, training.degrade, len(clean), generator, helped)
        return self._degrade(clean, draw.generator("degrade", self._device), strength)

    @torch.no_grad()
    def _example(
        self, draw: Draw, split: str, size: int, progress: float, references: int | None
    ) -> tuple[NanoExample, dict[str, Tensor]]:
        training, device = self._training, self._device
        batch = self._faces[split].batch(draw, size, device, references)
        helped = progress if batch.references.shape[1] else None
        generator = draw.generator("curriculum")
        degraded = self._degraded(batch.clean, draw, helped, generator)
        images, worst = degraded.images, degraded.strength
        if helped is not None:
            images, covered = cover(training.curriculum, images, generator, helped)
            worst = torch.where(covered.to(device), STRONGEST, worst)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self._bfloat16):
            raw = self._encoder(images).float()
        norms = torch.linalg.vector_norm(raw, dim=1)
        identity = training.model.identity
        anchor = batch_anchor(  # row by row and tiny, so on the CPU
            batch.reference_vectors.cpu(),
            batch.reference_norms.cpu(),
            functional.normalize(raw, dim=1).cpu(),
            torch.from_numpy(CALIBRATION.quality(norms.cpu().numpy())),
            rule=identity.anchor,
            temperature=identity.temperature,
        ).to(device)
        noise = sigma = None
        if isinstance(self.module, TransformerNet):
            generator = draw.generator("noise", device)
            noise = torch.randn(batch.clean.shape, generator=generator, device=device)
            sigma = draw_sigma(size, "logit_normal", generator).clamp(min=SIGMA_FLOOR)
            sigma[torch.rand(size, generator=generator, device=device) < training.one_step] = 1.0
        example = NanoExample(
            degraded=images.contiguous(memory_format=self._layout),
            references=batch.references,
            anchor=anchor,
            target=degraded.target,
            truth=batch.clean_vector,
            strength=worst,
            judged=draw.index % (training.identity_every_alone if helped is None else training.identity_every) == 0,
            noise=noise,
            sigma=sigma,
        )
        shown = {"truth": degraded.target}
        return example, shown | {f"reference {i + 1}": r for i, r in enumerate(batch.references.unbind(1))}


def _picture(out: Tensor | FineOutput) -> Tensor:
    return out.base if isinstance(out, FineOutput) else out
