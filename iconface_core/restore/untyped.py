"""diffusers carries no usable types. These names say which of its classes is meant; `Any` stays at this border."""

from typing import Any, TypeAlias

Transformer: TypeAlias = Any  # diffusers.Flux2Transformer2DModel
Autoencoder: TypeAlias = Any  # diffusers.AutoencoderKLFlux2
KVCache: TypeAlias = Any  # diffusers...transformer_flux2.Flux2KVCache
