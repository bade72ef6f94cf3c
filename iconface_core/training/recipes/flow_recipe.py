"""Recipe for the 4B model: the paper's training, LoRA and pathways on a frozen FLUX.2-klein-base-4B."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from iconface_core.restorers.common.denoise import denoise, guided, seeded_noise
from iconface_core.restorers.common.schedule import sigmas
from iconface_core.restorers.common.tokens import pack, unpack
from iconface_core.restorers.iconface.checkpoint import PromptEmbeds, save_checkpoint
from iconface_core.restorers.iconface.config import IconFaceConfig
from iconface_core.restorers.iconface.latents import decode, encode
from iconface_core.restorers.iconface.lora import lora_state
from iconface_core.restorers.nano.anchor import batch_anchor
from iconface_core.training.data.draw import Draw
from iconface_core.training.data.faces import FacesConfig, TrainingFaces
from iconface_core.training.degradations.degrader import Degrader, DegradeRecipe
from iconface_core.untyped import Autoencoder

from .flow_losses import FlowLossConfig, at_noise_level, draw_sigma, flow_loss, identity_loss, one_step_estimate
from .flow_network import FlowNetwork
from .identity_encoder import IdentityEncoder
from .recipe import Forward


@dataclass(frozen=True, slots=True)
class FlowTraining:
    """The `[iconface]` table. `empty_prompt`: part of the batches trained with the empty prompt, the other branch of
    classifier-free guidance (ours; the paper does not say)."""

    model: IconFaceConfig = field(default_factory=IconFaceConfig)
    losses: FlowLossConfig = field(default_factory=FlowLossConfig)
    faces: FacesConfig = field(default_factory=FacesConfig)
    degrade: DegradeRecipe = field(default_factory=DegradeRecipe)
    empty_prompt: float = 0.0
    licence: str = "CC-BY-NC-SA-4.0"  # of the weights: what the training photos allow


@dataclass(frozen=True, slots=True, eq=False)
class FlowExample:
    """A batch after the frozen parts: latents (B, C, h, w) each, unit vectors (B, dim), and the noise to remove."""

    clean: Tensor
    degraded: Tensor
    references: tuple[Tensor, ...]
    anchor: Tensor | None
    truth: Tensor | None
    noise: Tensor
    sigma: Tensor
    text: Tensor


class FlowRecipe:
    """See Recipe. All parts are on the training device; `encoder` is None when the identity pathway is off."""

    def __init__(
        self,
        training: FlowTraining,
        module: FlowNetwork,
        vae: Autoencoder,
        prompt: PromptEmbeds,
        encoder: IdentityEncoder | None,
        faces: Mapping[str, TrainingFaces],
        *,
        batch: int,
        device: torch.device,
    ) -> None:
        """`faces` holds the splits "train" and "validation". Raises ValueError when the encoder is not the one that
        the configuration names."""
        identity = training.model.identity
        if identity.enabled and (encoder is None or not identity.accepts(encoder.id)):
            raise ValueError(
                f"the identity pathway needs {identity.encoder!r}, not {encoder.id if encoder else None!r}"
            )
        self.module = module
        self._training, self._vae, self._encoder, self._faces = training, vae, encoder, faces
        self._prompt = prompt
        self._texts = tuple(x[None].to(device) for x in (prompt.prompt, prompt.negative))
        self._batch, self._device = batch, device
        self._degrade = Degrader(training.degrade)

    def draw(self, draw: Draw, progress: float) -> FlowExample:
        """See Recipe: photos, degradation, autoencoder and identity encoder; none of them is trained."""
        del progress
        return self._example(draw, "train", self._batch, None)[0]

    def losses(self, forward: Forward, example: FlowExample) -> Mapping[str, Tensor]:
        """The paper's objective. "identity" is there only with references."""
        settings = self._training.losses
        noisy = at_noise_level(example.clean, example.noise, example.sigma)
        velocity = unpack(
            forward(pack(noisy), example.sigma, example.degraded, example.references, example.anchor, example.text),
            (noisy.shape[-2], noisy.shape[-1]),
        )
        flow = flow_loss(velocity, example.clean, example.noise)
        total = settings.flow * flow
        if not example.references or example.truth is None or example.anchor is None or self._encoder is None:
            return {"loss": total, "flow": flow}
        image = decode(self._vae, one_step_estimate(noisy, velocity, example.sigma))
        identity = identity_loss(self._encoder(image)[0], example.anchor, example.truth, example.sigma, settings)
        return {"loss": total + settings.identity * identity, "flow": flow, "identity": identity}

    def samples(self, draw: Draw, rows: int) -> Mapping[str, Tensor]:
        """See Recipe: full sampling with guidance, one reference."""
        example, images = self._example(draw, "validation", rows, 1)
        config, network = self._training.model, self.module.network
        condition = network.prepare(example.degraded, example.references, example.anchor)
        noise = pack(
            seeded_noise([config.sampling.seed] * rows, tuple(example.clean.shape[1:]), self._device, torch.float32)
        )
        predict = guided(
            network.predictor(self._texts[0], condition),
            network.predictor(self._texts[1], condition),
            config.sampling.guidance,
        )
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._vae.dtype == torch.bfloat16):
            latents = denoise(predict, noise, sigmas(config.sampling.steps, noise.shape[1]))
        return images | {"restored": decode(self._vae, unpack(latents, condition.scene))}

    def export(self, folder: Path, record: Mapping[str, Any]) -> Path:
        """See Recipe: a checkpoint folder that IconFaceRestorer loads, at `folder/iconface`."""
        target, staging, old = folder / "iconface", folder / ".iconface-next", folder / ".iconface-previous"
        for leftover in (staging, old):
            shutil.rmtree(leftover, ignore_errors=True)
        save_checkpoint(
            staging,
            self._training.model,
            adapter=self.module.adapter.state_dict(),
            lora=lora_state(self.module.transformer) if self._training.model.lora.rank else None,
            prompt=self._prompt,
            licence=self._training.licence,
            training=record,
        )
        if target.exists():
            target.rename(old)
        staging.rename(target)
        shutil.rmtree(old, ignore_errors=True)
        return target

    @torch.no_grad()
    def _example(
        self, draw: Draw, split: str, size: int, references: int | None
    ) -> tuple[FlowExample, dict[str, Tensor]]:
        device, training = self._device, self._training
        batch = self._faces[split].batch(draw, size, device, references)
        degraded = self._degrade(batch.clean, draw.generator("degrade", device))
        photos = batch.references.unbind(1)
        anchor, truth = self._identity(photos, degraded.images, batch.clean)
        clean = encode(self._vae, degraded.target).float()
        generator = draw.generator("noise", device)
        empty = draw.shared("prompt") < training.empty_prompt
        example = FlowExample(
            clean=clean,
            degraded=encode(self._vae, degraded.images).float(),
            references=tuple(encode(self._vae, photo).float() for photo in photos),
            anchor=anchor,
            truth=truth,
            noise=torch.randn(clean.shape, generator=generator, device=device),
            sigma=draw_sigma(size, training.losses.sigma, generator),
            text=self._texts[1] if empty else self._texts[0],
        )
        shown = {"degraded": degraded.images, "truth": degraded.target}
        return example, shown | {f"reference {i + 1}": photo for i, photo in enumerate(photos)}

    def _identity(
        self, references: tuple[Tensor, ...], degraded: Tensor, clean: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        """The anchor (Eq. 3; without references the degraded face's own) and, with references, the truth's vector."""
        settings = self._training.model.identity
        if not settings.enabled or self._encoder is None:
            return None, None
        own, own_norms = self._encoder(degraded)
        if not references:
            return own, None
        vectors, norms = zip(*(self._encoder(photo) for photo in references), strict=True)
        anchor = batch_anchor(
            torch.stack(vectors, 1).cpu(),
            torch.stack(norms, 1).cpu(),
            own.cpu(),
            torch.from_numpy(self._encoder.calibration.quality(own_norms.cpu().numpy())),
            rule=settings.anchor,
            temperature=settings.temperature,
        ).to(own)
        return anchor, self._encoder(clean)[0]
