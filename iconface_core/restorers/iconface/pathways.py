"""The trainable parts of IConFace (method Eq. 3-7): identity deltas, degraded residual, memory, cross-attention.

Every path ends in exactly one zero-initialised factor, so an untrained adapter changes nothing and its gradient
still reaches every weight after one step (two zero factors in a row would stay zero for ever).
"""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from iconface_core.restorers.common.tokens import Grid, pack, unpack


class LowRank(nn.Module):
    """`up(down(x))` without biases; the up projection may start at zero."""

    def __init__(self, n_in: int, n_out: int, rank: int, *, zero: bool = False) -> None:
        super().__init__()
        self.down = nn.Linear(n_in, rank, bias=False)
        self.up = nn.Linear(rank, n_out, bias=False)
        if zero:
            nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.up(self.down(x))
        return out


class IdentityPathway(nn.Module):
    """Anchor -> modulation deltas, one for all double blocks and one for all single blocks (Eq. 4-5)."""

    def __init__(self, dim: int, hidden: int, *, width: int, rank: int) -> None:
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(dim, width), nn.SiLU(), nn.Linear(width, hidden))
        self.psi_double = LowRank(hidden, 6 * hidden, rank, zero=True)
        self.psi_single = LowRank(hidden, 3 * hidden, rank, zero=True)

    def forward(self, anchor: Tensor) -> tuple[Tensor, Tensor]:
        """(B, dim) unit vectors -> (B, 6D) and (B, 3D)."""
        h = self.phi(anchor)
        return self.psi_double(h), self.psi_single(h)


class DegradedResidual(nn.Module):
    """Degraded tokens, resized to the scene's grid -> what is added to the scene tokens (Eq. 6)."""

    def __init__(self, channels: int, n_out: int, *, rank: int, scale: float) -> None:
        super().__init__()
        self.project = LowRank(channels, n_out, rank, zero=True)
        self.scale = scale

    def forward(self, tokens: Tensor, grid: Grid, scene: Grid) -> Tensor:
        """(B, h*w, C) -> (B, H*W, n_out)."""
        if grid != scene:
            resized = functional.interpolate(unpack(tokens, grid).float(), scene, mode="bilinear", antialias=True)
            tokens = pack(resized.to(tokens.dtype))
        out: Tensor = self.scale * self.project(tokens)
        return out


class Pooler(nn.Module):
    """Learned queries read a token sequence of any length: one cross-attention layer of heads of 64."""

    def __init__(self, channels: int, tokens: int, width: int) -> None:
        super().__init__()
        self.heads = max(1, width // 64)
        self.queries = nn.Parameter(torch.randn(tokens, width) * width**-0.5)
        self.project = nn.Linear(channels, width)
        self.norm = nn.LayerNorm(width)
        self.to_q, self.to_k, self.to_v, self.to_out = (nn.Linear(width, width, bias=False) for _ in range(4))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, L, C) -> (B, tokens, width)."""
        x = self.norm(self.project(tokens))
        queries = self.to_q(self.queries).expand(len(x), -1, -1)
        out: Tensor = self.to_out(_attend(queries, self.to_k(x), self.to_v(x), self.heads))
        return out


class DegradedMemory(nn.Module):
    """Base route over the tokens, detail route over what a local average removes (Eq. 7). One route pools base only,
    with all the tokens."""

    def __init__(self, channels: int, *, tokens: int, width: int, routes: int, kernel: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.base = Pooler(channels, tokens // routes, width)
        self.detail = Pooler(channels, tokens // routes, width) if routes == 2 else None

    def forward(self, tokens: Tensor, grid: Grid) -> Tensor:
        """(B, h*w, C) -> (B, memory tokens, width)."""
        memory: Tensor = self.base(tokens)
        if self.detail is None:
            return memory
        return torch.cat([memory, self.detail(tokens - smooth(tokens, grid, self.kernel))], dim=1)


class MemoryAttention(nn.Module):
    """`gate * Attn(Q h, K M, V M)`: low-rank, no positions (the memory has no grid), gate starts at zero."""

    def __init__(self, hidden: int, width: int, *, rank: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(hidden, elementwise_affine=False, eps=1e-6)
        self.to_q = LowRank(hidden, hidden, rank)
        self.to_k = LowRank(width, hidden, rank)
        self.to_v = LowRank(width, hidden, rank)
        self.gate = nn.Parameter(torch.zeros(()))

    def forward(self, h: Tensor, memory: Tensor) -> Tensor:
        """h (B, L, D), memory (B, M, width) -> (B, L, D), to be added to h."""
        x = self.norm(h).to(memory.dtype)
        return (self.gate * _attend(self.to_q(x), self.to_k(memory), self.to_v(memory), self.heads)).to(h.dtype)


def smooth(tokens: Tensor, grid: Grid, kernel: int) -> Tensor:
    """Local average over the token grid; at the border the edge tokens repeat. Same shape as `tokens` (B, h*w, C)."""
    pad = kernel // 2
    image = functional.pad(unpack(tokens, grid), (pad, pad, pad, pad), mode="replicate")
    return pack(functional.avg_pool2d(image, kernel, stride=1))


def _attend(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Multi-head attention of (B, L, D) sequences."""
    q, k, v = (x.reshape(*x.shape[:2], heads, -1).transpose(1, 2) for x in (q, k, v))
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
