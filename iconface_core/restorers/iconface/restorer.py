"""IconFaceRestorer: a checkpoint and a backbone behind the FaceRestorer protocol; everything loads on first use."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
from torch import Tensor

from iconface_core.calibration import Calibration
from iconface_core.errors import BackendUnavailableError, UnsupportedCheckpointError
from iconface_core.protocols import FaceEmbedder
from iconface_core.restorers.common.anchor import OwnFace, arcface_crop, pool_anchor
from iconface_core.restorers.common.denoise import denoise, guided, seeded_noise
from iconface_core.restorers.common.fidelity import anchor_to_input
from iconface_core.restorers.common.schedule import sigmas
from iconface_core.restorers.common.tokens import MAX_REFERENCES, pack, unpack
from iconface_core.types import AlignedFace, FaceEmbedding, RestoredFace, RestoreInput, RestoreOptions, RgbU8
from iconface_core.untyped import Autoencoder

from .backbone import find_backbone, load_transformer, load_vae
from .checkpoint import load_checkpoint, manifest_sha256
from .config import IconFaceConfig
from .latents import decode, encode, pixels_per_token, to_pixels, to_tensor
from .lora import merge_lora
from .network import IconFaceNetwork
from .placement import Placement, memory_advice, place

OnStep = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    config: IconFaceConfig
    network: IconFaceNetwork
    vae: Autoencoder
    prompt: Tensor  # (1, L, E)
    negative: Tensor


class IconFaceRestorer:
    """Reference-aware restoration with FLUX.2-klein.

    `checkpoint` and `backbone` are folders. `embedder` makes identity vectors where a RestoreInput brings none of the
    right kind (always for a face without references); it must be the encoder the checkpoint was trained with.
    `batch` faces are restored together. `stop_after` ends the loop early, at a smoother estimate.
    """

    id = "iconface-flux2-klein-4b"
    default_strength = 0.8
    """On 21 cases of the paper's gallery: 1.45 dB closer to the truth than 1, and likelier the same person
    (benchmarks/fidelity_line.py)."""

    def __init__(
        self,
        checkpoint: Path,
        backbone: Path,
        *,
        placement: Placement | None = None,
        embedder: FaceEmbedder | None = None,
        batch: int = 4,
        stop_after: int | None = None,
        max_references: int = 3,
    ) -> None:
        if not 0 <= max_references <= MAX_REFERENCES:
            raise ValueError(f"max_references must be between 0 and {MAX_REFERENCES}, not {max_references}")
        self.max_references = max_references
        self.weights_sha256 = manifest_sha256(checkpoint)
        self._checkpoint, self._backbone = checkpoint, backbone
        self._placement = placement or Placement()
        self._embedder = embedder
        self._batch, self._stop_after = batch, stop_after
        self._loaded: _Loaded | None = None

    def restore(self, face: RestoreInput, options: RestoreOptions, *, on_step: OnStep | None = None) -> RestoredFace:
        """See FaceRestorer. Raises DeviceMemoryError with advice, BackendUnavailableError, WeightsError."""
        return self.restore_many([face], options, on_step=on_step)[0]

    def restore_many(
        self, faces: Sequence[RestoreInput], options: RestoreOptions, *, on_step: OnStep | None = None
    ) -> list[RestoredFace]:
        """Restore several faces, in order; faces with equally many, equally large references share their batches.

        `on_step(done, total)` counts over all batches. A face's noise depends on the seed alone, so its result does
        not depend on its neighbours (up to rounding).
        """
        if not faces:
            return []
        loaded = self._load()
        groups: dict[object, list[int]] = defaultdict(list)
        images = [self._images(face, loaded) for face in faces]
        for i, parts in enumerate(images):
            groups[tuple(p.shape for p in parts)].append(i)
        batches = [m[at : at + self._batch] for m in groups.values() for at in range(0, len(m), self._batch)]
        out: dict[int, RgbU8] = {}
        for done, members in enumerate(batches):
            report = None if on_step is None else _offset(on_step, done, len(batches))
            with memory_advice(self._placement, faces=len(members)):
                restored = self._run([images[i] for i in members], [faces[i] for i in members], options, report)
            out |= zip(members, restored, strict=True)
        return [
            RestoredFace(anchor_to_input(out[i], face.degraded.pixels, options.strength), self.id, options)
            for i, face in enumerate(faces)
        ]

    def unload(self) -> None:
        """Free the models; the next call loads them again."""
        self._loaded = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    @torch.no_grad()
    def _run(
        self,
        images: Sequence[Sequence[Tensor]],
        faces: Sequence[RestoreInput],
        options: RestoreOptions,
        on_step: OnStep | None,
    ) -> list[RgbU8]:
        loaded = self._load()
        config, network = loaded.config, loaded.network
        device, dtype = self._placement.torch_device(), self._placement.torch_dtype()
        # Column by column: the n-th image of every face has one size.
        degraded, *references = (
            encode(loaded.vae, torch.cat(column)).to(dtype) for column in zip(*images, strict=True)
        )
        anchors = [self._anchor(face, config) for face in faces] if config.identity.enabled else []
        condition = network.prepare(degraded, references, torch.stack(anchors).to(device) if anchors else None)
        noise = pack(seeded_noise([options.seed] * len(faces), tuple(degraded.shape[1:]), device, dtype))
        predict = guided(
            network.predictor(loaded.prompt, condition),
            network.predictor(loaded.negative, condition),
            config.sampling.guidance,
        )
        levels = sigmas(options.steps or config.sampling.steps, noise.shape[1])
        last = None if self._stop_after is None else min(self._stop_after, len(levels) - 1)
        latents = denoise(predict, noise, levels, stop_after=last, on_step=on_step)
        return [to_pixels(image) for image in decode(loaded.vae, unpack(latents, condition.scene))]

    def _images(self, face: RestoreInput, loaded: _Loaded) -> list[Tensor]:
        """The degraded crop and its references as (1, 3, H, W) tensors."""
        unit = pixels_per_token(loaded.vae)
        rows, columns = face.degraded.pixels.shape[:2]
        if rows % unit or columns % unit:
            raise ValueError(f"the degraded crop is {columns} x {rows}: both sides must be multiples of {unit}")
        limit = loaded.config.sampling.image_size
        references = face.references[: self.max_references]
        return [to_tensor(p) for p in (face.degraded.pixels, *(_fit(r.pixels, limit, unit) for r in references))]

    def _anchor(self, face: RestoreInput, config: IconFaceConfig) -> Tensor:
        """The identity anchor: from the references, or from the degraded face when there are none."""
        references = face.references[: self.max_references]
        found: Sequence[FaceEmbedding] = face.identity[: len(references)]
        if len(found) < len(references) or not all(config.identity.accepts(e.embedder) for e in found):
            found = self._embed(references, config)[0]
        degraded: FaceEmbedding | None = None
        quality = 0.0
        if not found or config.identity.anchor == "adaptive":
            (degraded,), calibration = self._embed([face.degraded], config)
            quality = float(calibration.quality(degraded.norm))
        for one in (*found, *([degraded] if degraded else [])):
            if len(one.vector) != config.identity.dim:
                raise UnsupportedCheckpointError(
                    f"{self._checkpoint} expects identity vectors of {config.identity.dim} numbers, {one.embedder!r} "
                    f"gives {len(one.vector)}"
                )
        return pool_anchor(
            [torch.from_numpy(e.vector) for e in found],
            [e.norm for e in found],
            rule=config.identity.anchor,
            temperature=config.identity.temperature,
            own=None if degraded is None else OwnFace(torch.from_numpy(degraded.vector), quality),
        )

    def _embed(
        self, crops: Sequence[AlignedFace], config: IconFaceConfig
    ) -> tuple[Sequence[FaceEmbedding], Calibration]:
        """Vectors of FFHQ_512 crops by the encoder the checkpoint was trained with, and what its norms mean."""
        if self._embedder is None or not config.identity.accepts(self._embedder.id):
            raise BackendUnavailableError(
                f"this checkpoint needs identity vectors of {config.identity.encoder!r}: install that embedder's "
                f"weights (see 'iconface models')"
            )
        return self._embedder.embed([arcface_crop(crop) for crop in crops]), self._embedder.calibration

    def _load(self) -> _Loaded:
        if self._loaded is None:
            device, dtype = self._placement.torch_device(), self._placement.torch_dtype()
            checkpoint = load_checkpoint(self._checkpoint)
            if checkpoint.prompt is None:
                raise BackendUnavailableError(
                    f"{self._checkpoint} has no prompt embeddings: run 'iconface models encode-prompt' on it"
                )
            config = checkpoint.config
            files = find_backbone(self._backbone)
            transformer = load_transformer(files.transformer, config.backbone, dtype)
            merge_lora(transformer, checkpoint.lora, config.lora)
            place(transformer, self._placement)
            vae = load_vae(files.vae, dtype).to(device)
            network = IconFaceNetwork(transformer, checkpoint.adapter.to(device, dtype), config)
            prompt, negative = (
                x[None].to(device, dtype) for x in (checkpoint.prompt.prompt, checkpoint.prompt.negative)
            )
            self._loaded = _Loaded(config, network, vae, prompt, negative)
        return self._loaded


def _fit(pixels: RgbU8, limit: int, unit: int) -> RgbU8:
    """Shrink so that no side exceeds `limit`, and to multiples of `unit`; references keep their own sizes."""
    rows, columns = pixels.shape[:2]
    scale = min(1.0, limit / max(rows, columns))
    size = tuple(max(unit, round(side * scale / unit) * unit) for side in (columns, rows))
    if size == (columns, rows):
        return pixels
    out: RgbU8 = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(pixels.dtype)
    return out


def _offset(on_step: OnStep, batch: int, batches: int) -> OnStep:
    return lambda done, total: on_step(batch * total + done, batches * total)
