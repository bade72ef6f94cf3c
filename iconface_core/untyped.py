"""diffusers carries no usable types. These names say which of its classes is meant; `Any` stays at this border."""

from importlib import import_module
from typing import Any, TypeAlias

Transformer: TypeAlias = Any  # diffusers.Flux2Transformer2DModel
Autoencoder: TypeAlias = Any  # diffusers.AutoencoderKLFlux2
KVCache: TypeAlias = Any  # diffusers...transformer_flux2.Flux2KVCache


def lazy(module: str, name: str) -> Any:
    """An attribute of an untyped package, imported on use: importing this package loads neither diffusers nor peft."""
    return getattr(import_module(module), name)
