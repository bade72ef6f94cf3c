"""Prompt embeddings from a tiny random Qwen3 in the real folder layout."""

import pytest
import torch

from iconface_core.errors import BackendUnavailableError
from iconface_core.restorers.iconface.config import SamplingConfig
from iconface_core.restorers.iconface.prompt import encode_prompt

transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

WORDS = ["<pad>", "<unk>", "<|im_start|>", "<|im_end|>", "user", "assistant", "restore", "a", "face"]
TEMPLATE = (
    "{% for m in messages %}<|im_start|> {{ m.role }} {{ m.content }} <|im_end|> {% endfor %}"
    "{% if add_generation_prompt %}<|im_start|> assistant{% endif %}"
)


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    shape = {"hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1}
    config = transformers.Qwen3Config(
        **shape, num_hidden_layers=28, head_dim=4, vocab_size=len(WORDS), max_position_embeddings=64
    )
    transformers.Qwen3ForCausalLM(config).eval().save_pretrained(tmp_path / "text_encoder")
    model = tokenizers.models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<unk>")
    raw = tokenizers.Tokenizer(model)
    raw.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", unk_token="<unk>", padding_side="right", chat_template=TEMPLATE
    )
    fast.save_pretrained(tmp_path / "tokenizer")
    return tmp_path


def test_shape_layers_and_independence_from_the_other_prompt(folder):
    sampling = SamplingConfig(prompt="restore a face")
    embeds = encode_prompt(sampling, folder, dtype=torch.float32, max_length=16)
    assert embeds.prompt.shape == embeds.negative.shape == (16, 3 * 8)
    assert not torch.equal(embeds.prompt, embeds.negative)
    encoder = transformers.Qwen3ForCausalLM.from_pretrained(folder / "text_encoder").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "tokenizer")
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "restore a face"}], tokenize=False, add_generation_prompt=True
    )
    tokens = tokenizer(chat, return_tensors="pt", padding="max_length", max_length=16)
    with torch.no_grad():
        hidden = encoder(**tokens, output_hidden_states=True).hidden_states
    expected = torch.cat([hidden[layer][0] for layer in (9, 18, 27)], dim=-1)
    torch.testing.assert_close(embeds.prompt, expected, rtol=1e-4, atol=1e-5)


def test_a_missing_encoder_names_the_way_out(tmp_path):
    with pytest.raises(BackendUnavailableError, match="no text_encoder in"):
        encode_prompt(SamplingConfig(), tmp_path)
