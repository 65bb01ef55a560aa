"""A tiny random LFM2.5-Audio in its own files: for tests of the loader, never for what it says.

The network that makes sound of codes has an embedding of a size that its code fixes, so there are 20 MB of files.
"""

import json
from pathlib import Path
from string import ascii_lowercase, digits, printable
from typing import Any

_HIDDEN = 16
_FEATURES = 128
_TOKENS = {0: "<|pad|>", 1: "<|startoftext|>", 6: "<|im_start|>", 7: "<|im_end|>", 128: "<|audio_start|>"}
_TEXT_END = (130, "<|text_end|>")
_BACKBONE: dict[str, Any] = {
    "vocab_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "layer_types": ["conv", "full_attention"],
    "block_auto_adjust_ff_dim": False,
    "intermediate_size": 32,
}
_ENCODER: dict[str, Any] = {
    "feat_in": _FEATURES,
    "feat_out": -1,
    "n_layers": 1,
    "d_model": _HIDDEN,
    "subsampling": "dw_striding",
    "subsampling_factor": 8,
    "subsampling_conv_channels": 8,
    "causal_downsampling": False,
    "reduction": None,
    "reduction_position": None,
    "reduction_factor": 1,
    "ff_expansion_factor": 2,
    "self_attention_model": "rel_pos",
    "n_heads": 2,
    "att_context_size": [[-1, -1]],
    "xscaling": False,
    "untie_biases": True,
    "pos_emb_max_len": 5000,
    "conv_kernel_size": 9,
    "conv_norm_type": "batch_norm",
    "conv_context_size": None,
    "dropout": 0.0,
    "dropout_pre_encoder": 0.0,
    "dropout_emb": 0.0,
    "dropout_att": 0.0,
}
_PREPROCESSOR: dict[str, Any] = {
    "sample_rate": 16000,
    "normalize": "per_feature",
    "window_size": 0.025,
    "window_stride": 0.01,
    "window": "hann",
    "features": _FEATURES,
    "n_fft": 512,
    "log": True,
    "frame_splicing": 1,
    "dither": 1e-05,
    "pad_to": 0,
    "pad_value": 0.0,
}


def write(folder: Path, variant: str) -> None:
    """Write a model of two layers, its tokenizer of characters and the network that makes sound of codes."""
    import torch
    from liquid_audio import LFM2AudioDetokenizer, LFM2AudioModel
    from liquid_audio.model.conformer.encoder import ConformerEncoderConfig
    from liquid_audio.model.lfm2_audio import DepthformerConfig, LFM2AudioConfig
    from liquid_audio.processor import PreprocessorConfig
    from safetensors.torch import save_file
    from transformers import Lfm2Config

    told: dict[str, Any] = {
        "architectures": ["Lfm2AudioForConditionalGeneration"],
        "codebooks": 8,
        "tie_audio_embeddings": False,
        "semantic_codebook_factor": 100,
        "codebook_weight": "log",
        "interleaved_n_text": 6,
        "interleaved_n_audio": 12,
    }
    backbone = {**_BACKBONE, "hidden_size": _HIDDEN}
    depth: dict[str, Any] = {"layers": 1, "dim": 64, "tie": True}  # 32 heads of two, the fewest that turn
    torch.manual_seed(0)
    model = LFM2AudioModel(
        LFM2AudioConfig(
            **told,
            lfm=Lfm2Config(**backbone),
            encoder=ConformerEncoderConfig(**_ENCODER),
            depthformer=DepthformerConfig(**depth),
            preprocessor=PreprocessorConfig(**_PREPROCESSOR),
        )
    )
    _write(folder / "model.safetensors", model, save_file)
    parts = {"preprocessor": _PREPROCESSOR, "encoder": _ENCODER, "lfm": backbone, "depthformer": depth}
    (folder / "config.json").write_text(json.dumps({**told, **parts}))
    _write_tokenizer(folder)
    codec = {**_BACKBONE, "vocab_size": 8, "hidden_size": 512, "layer_types": ["conv", "sliding_attention"]}
    (folder / "audio_detokenizer").mkdir()
    (folder / "audio_detokenizer" / "config.json").write_text(json.dumps({**codec, "sliding_window": 30}))
    codec["layer_types"] = ["conv", "full_attention"]
    _write(folder / "audio_detokenizer" / "model.safetensors", LFM2AudioDetokenizer(Lfm2Config(**codec)), save_file)


def _write(path: Path, network: Any, save_file: Any) -> None:
    state = network.state_dict()
    half = {name: (one.bfloat16() if one.is_floating_point() else one).contiguous() for name, one in state.items()}
    save_file(half, path)


def _write_tokenizer(folder: Path) -> None:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    named = dict([*_TOKENS.items(), _TEXT_END])
    pieces = iter([*printable, *(f"{first}{second}" for first in ascii_lowercase for second in digits)])
    vocabulary = {named.get(number) or next(pieces): number for number in range(_BACKBONE["vocab_size"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<|pad|>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in named.values()])
    tokenizer.save(str(folder / "tokenizer.json"))
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<|pad|>", "eos_token": "<|im_end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
