"""Keys and values of degraded and reference tokens, computed once per image (`condition_attention = "cached"`).

The condition tokens form one group that attends only to itself, at a fixed timestep and without the prompt. Nothing
in it changes over steps or between guidance branches, so one call before the loop is enough. diffusers' own KV-cache
path does the masked attention: keys are ordered text, condition, scene with and without a cache, hence equal bits.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from iconface_core.untyped import KVCache, Transformer, lazy


def enable_kv_attention(transformer: Transformer) -> Callable[[], None]:
    """Let the transformer's attention read and write a KV cache; calls without one are unaffected.

    Returns a function that restores the processors of before.
    """
    module = "diffusers.models.transformers.transformer_flux2"
    double, single = lazy(module, "Flux2KVAttnProcessor"), lazy(module, "Flux2KVParallelSelfAttnProcessor")
    before = dict(transformer.attn_processors)
    reading = {name: double() if name.startswith("transformer_blocks.") else single() for name in before}
    transformer.set_attn_processor(reading)
    return lambda: transformer.set_attn_processor(before)


def compute_cache(transformer: Transformer, tokens: Tensor, ids: Tensor, timestep: float) -> KVCache:
    """One pass over the condition tokens (B, N, C) with ids (N, 4) -> diffusers' Flux2KVCache.

    An empty prompt and an empty scene make the stock forward exactly "condition attends to itself". Needs
    `enable_kv_attention`. Gradients flow into the cache when they are enabled, so training uses the same code.
    """
    batch = len(tokens)
    output = transformer(
        hidden_states=tokens,
        encoder_hidden_states=tokens.new_zeros(batch, 0, transformer.config.joint_attention_dim),
        timestep=torch.full((batch,), timestep, dtype=torch.float32, device=tokens.device),
        img_ids=ids,
        txt_ids=ids[:0],
        kv_cache_mode="extract",
        num_ref_tokens=tokens.shape[1],
        ref_fixed_timestep=timestep,
    )
    return output.kv_cache
