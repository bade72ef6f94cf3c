"""Encode the fixed prompt once. The 8 GB text encoder is needed here and never again; extra `iconface[prompt]`."""

from pathlib import Path

import torch

from iconface_core.errors import BackendUnavailableError
from iconface_core.untyped import lazy

from .checkpoint import PromptEmbeds
from .config import SamplingConfig


@torch.no_grad()
def encode_prompt(
    sampling: SamplingConfig,
    folder: Path,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.bfloat16,
    max_length: int = 512,
) -> PromptEmbeds:
    """Prompt and negative prompt through Qwen3 (`text_encoder/`, `tokenizer/` in `folder`) -> (L, E) each in `dtype`.

    diffusers' own pipeline does the encoding (chat template, layers 9, 18 and 27, padding to `max_length`), so the
    result is what the stock pipeline would compute. Raises BackendUnavailableError when transformers or the files are
    missing.
    """
    for part in ("text_encoder", "tokenizer"):
        if not (folder / part).is_dir():
            raise BackendUnavailableError(
                f"no {part} in {folder}: run 'iconface models pull flux2-klein-base-4b --text-encoder', or copy the "
                f"folder there from the model's page; or use a checkpoint that already holds its prompt embeddings"
            )
    try:
        encoder_class, tokenizer_class = lazy("transformers", "Qwen3ForCausalLM"), lazy("transformers", "AutoTokenizer")
    except ImportError as e:
        raise BackendUnavailableError("encoding a prompt needs transformers: pip install 'iconface[prompt]'") from e
    encoder = encoder_class.from_pretrained(folder / "text_encoder", dtype=dtype, local_files_only=True).to(device)
    tokenizer = tokenizer_class.from_pretrained(folder / "tokenizer", local_files_only=True)
    pipeline = lazy("diffusers", "Flux2KleinPipeline")(None, None, encoder.eval(), tokenizer, None, is_distilled=False)
    embeds, _ = pipeline.encode_prompt(
        [sampling.prompt, sampling.negative_prompt], device=torch.device(device), max_sequence_length=max_length
    )
    prompt, negative = embeds.to("cpu", dtype).unbind()
    return PromptEmbeds(prompt.clone(), negative.clone())
