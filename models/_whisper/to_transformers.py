"""A Whisper as a folder that transformers opens: weights, configs and processor.

The names are those of transformers' `models/whisper/modeling_whisper.py`; `proj_out` is the embeddings' second name and
is not stored.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modellab.registry.torchaudio_cpu import make_importable
from models._whisper.tensors import Dimensions, WhisperTensors
from models._whisper.tokens import BEFORE, END, NO_TIMES, START, TASKS, special_tokens

_RENAMED = (
    (".cross_attn_ln.", ".encoder_attn_layer_norm."),
    (".attn_ln.", ".self_attn_layer_norm."),
    (".mlp_ln.", ".final_layer_norm."),
    (".cross_attn.", ".encoder_attn."),
    (".attn.", ".self_attn."),
    (".query.", ".q_proj."),
    (".key.", ".k_proj."),
    (".value.", ".v_proj."),
    (".out.", ".out_proj."),
    (".mlp.0.", ".fc1."),
    (".mlp.2.", ".fc2."),
    (".blocks.", ".layers."),
    ("encoder.ln_post.", "encoder.layer_norm."),
    ("decoder.ln.", "decoder.layer_norm."),
    ("token_embedding.", "embed_tokens."),
    ("positional_embedding", "embed_positions.weight"),
)
"""OpenAI's part of a name -> transformers'; the first of two that fit is the longer one."""
_FIRST_TIMESTAMP_LIMIT = 50
"""The first timestamp is at most 1 s, 50 steps of 20 ms (openai/whisper, whisper/decoding.py)."""


def transformers_name(name: str) -> str:
    """What transformers calls a tensor that OpenAI calls so."""
    for ours, theirs in _RENAMED:
        name = name.replace(ours, theirs)
    return f"model.{name}"


def write_transformers(whisper: WhisperTensors, tokenizer: Path, folder: Path) -> None:
    """Write what `WhisperForConditionalGeneration` and `WhisperProcessor` open.

    Args:
        tokenizer: `tokenizer.json` of that Whisper.

    Raises:
        WeightsCorrupt: the tokenizer is not one of Whisper's.
    """
    from safetensors.numpy import save_file

    library = _transformers()
    size = whisper.dimensions
    tokens = special_tokens(tokenizer, size)
    tensors = {transformers_name(name): np.ascontiguousarray(values) for name, values in whisper.tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _config(size, tokens).save_pretrained(folder)
    generation = json.dumps(_generation(whisper, tokens), indent=2, sort_keys=True)
    (folder / "generation_config.json").write_text(generation + "\n")
    library.WhisperFeatureExtractor(feature_size=size.n_mels).save_pretrained(folder)
    library.WhisperTokenizerFast(tokenizer_file=str(tokenizer)).save_pretrained(folder)


def _transformers() -> Any:
    make_importable()
    import transformers

    return transformers


def _config(size: Dimensions, tokens: Mapping[str, int]) -> Any:
    end = tokens[END]
    return _transformers().WhisperConfig(
        architectures=["WhisperForConditionalGeneration"],
        vocab_size=size.n_vocab,
        num_mel_bins=size.n_mels,
        d_model=size.n_text_state,
        encoder_layers=size.n_audio_layer,
        encoder_attention_heads=size.n_audio_head,
        encoder_ffn_dim=4 * size.n_audio_state,
        decoder_layers=size.n_text_layer,
        decoder_attention_heads=size.n_text_head,
        decoder_ffn_dim=4 * size.n_text_state,
        max_source_positions=size.n_audio_ctx,
        max_target_positions=size.n_text_ctx,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        decoder_start_token_id=tokens[START],
    )


def _generation(whisper: WhisperTensors, tokens: Mapping[str, int]) -> dict[str, Any]:
    """What transformers' `generate` needs to know. Written as it is: its own class drops what it doesn't know."""
    end = tokens[END]
    found: dict[str, Any] = {
        "alignment_heads": whisper.alignment_heads,
        "begin_suppress_tokens": whisper.settings["suppress_ids_begin"],
        "bos_token_id": end,
        "decoder_start_token_id": tokens[START],
        "eos_token_id": end,
        "is_multilingual": whisper.dimensions.is_multilingual,
        "max_initial_timestamp_index": _FIRST_TIMESTAMP_LIMIT,
        "max_length": whisper.dimensions.n_text_ctx,
        "no_timestamps_token_id": tokens[NO_TIMES],
        "pad_token_id": end,
        "prev_sot_token_id": tokens[BEFORE],
        "return_timestamps": False,
        "suppress_tokens": whisper.settings["suppress_ids"],
    }
    if whisper.dimensions.is_multilingual:
        found["lang_to_id"] = dict(_languages(tokens))
        found["task_to_id"] = {task: tokens[f"<|{task}|>"] for task in TASKS}
    return found


def _languages(tokens: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """The tokens of languages: those between the start and the tasks, whose order is that of training."""
    first = tokens[START] + 1
    after = min(tokens[f"<|{task}|>"] for task in TASKS)
    of_languages = ((token, number) for token, number in tokens.items() if first <= number < after)
    yield from sorted(of_languages, key=lambda pair: pair[1])
