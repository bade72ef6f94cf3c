"""The network of a configuration."""

from __future__ import annotations

from torch import nn

from .config import NanoConfig


def build_network(config: NanoConfig) -> nn.Module:
    """A network with fresh weights. The transformer needs diffusers, so it is imported only when asked for."""
    if config.fine is not None:
        from .fine import FineNet

        return FineNet(config)
    if config.backbone == "conv":
        from .conv import ConvNet

        return ConvNet(config)
    from .transformer import TransformerNet

    return TransformerNet(config)
