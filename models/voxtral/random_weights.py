"""A tiny random Voxtral. Its tokenizer is the start of one that mistral-common brings, with a section on sound."""

import json
from pathlib import Path
from typing import Any

from modellab.installed import inside_package
from modellab.outside import Limits, read_json
from models._audio_llm.tiny import MEL_BINS, TEXT, WIDTH, randomize, save
from models._transformers.loading import import_transformers

_PIECES = 600
_CONTROL = 100
_NAMES = {
    **{0: "<unk>", 1: "<s>", 2: "</s>", 3: "[INST]", 4: "[/INST]", 5: "[AVAILABLE_TOOLS]", 6: "[/AVAILABLE_TOOLS]"},
    **{7: "[TOOL_RESULTS]", 8: "[/TOOL_RESULTS]", 9: "[TOOL_CALLS]", 10: "[IMG]", 11: "<pad>", 12: "[IMG_BREAK]"},
    **{13: "[IMG_END]", 14: "[PREFIX]", 15: "[MIDDLE]", 16: "[SUFFIX]", 17: "[SYSTEM_PROMPT]"},
    **{18: "[/SYSTEM_PROMPT]", 19: "[TOOL_CONTENT]", 24: "[AUDIO]", 25: "[BEGIN_AUDIO]", 32: "[ARGS]"},
    **{33: "[CALL_ID]", 34: "[TRANSCRIBE]"},
}
_SOUND = {
    "sampling_rate": 16000,
    "frame_rate": 12.5,
    "audio_encoding_config": {"num_mel_bins": MEL_BINS, "hop_length": 160, "window_size": 400},
    "chunk_length_s": 30.0,
}


def write(folder: Path, variant: str) -> None:
    """Write one in the files of the real one."""
    (folder / "tekken.json").write_text(json.dumps(_tekken()), encoding="utf-8")
    transformers = import_transformers()

    config = transformers.VoxtralConfig(
        audio_config={
            "model_type": "voxtral_encoder",
            "vocab_size": 8,
            "hidden_size": WIDTH,
            "intermediate_size": 4 * WIDTH,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_mel_bins": MEL_BINS,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": _PIECES + _CONTROL,
            **{"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 11},
            **TEXT,
        },
        audio_token_id=24,
    )
    model = transformers.VoxtralForConditionalGeneration(config)
    randomize(model, [2, *range(max(_NAMES) + 1, _CONTROL)])
    save(folder, model, transformers.WhisperFeatureExtractor(feature_size=MEL_BINS, processor_class="VoxtralProcessor"))


def _tekken() -> dict[str, Any]:
    source = inside_package("mistral_common", "data/tekken_240911.json")
    if source is None:
        raise FileNotFoundError("mistral_common/data/tekken_240911.json")
    whole = read_json(source, Limits(bytes=32 << 20, nodes=10_000_000))
    sizes = {"num_vocab_tokens": _PIECES, "default_vocab_size": _PIECES + _CONTROL}
    control = [
        {"rank": rank, "token_str": _NAMES.get(rank, f"<SPECIAL_{rank}>"), "is_control": True}
        for rank in range(_CONTROL)
    ]
    return {
        "config": {**whole["config"], **sizes, "default_num_special_tokens": _CONTROL, "version": "v7"},
        "vocab": whole["vocab"][:_PIECES],
        "special_tokens": control,
        "audio": _SOUND,
    }
