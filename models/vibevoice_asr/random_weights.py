"""A tiny random VibeVoice-ASR."""

from pathlib import Path
from typing import Any

from models._audio_llm.tiny import TEXT, ends, randomize, save, tokenizer
from models._transformers.loading import import_transformers

_PAD, _END = "<|endoftext|>", "<|im_end|>"
_BEGINS, _ENDS, _AUDIO = "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>"
_SPECIAL = (_PAD, _END, _BEGINS, _ENDS, _AUDIO, "<|im_start|>")
_TEMPLATE = (
    "{%- for m in messages -%}<|im_start|>{{ m.role }}\n{% for c in m.content if c.type == 'audio' %}"
    "<|object_ref_start|><|box_start|><|object_ref_end|>\nThis is a <|AUDIO_DURATION|> seconds audio"
    "{% endfor %}{% for c in m.content if c.type == 'text' %}, with extra info: {{ c.text }}{% endfor %}<|im_end|>\n"
    "{%- endfor -%}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_LISTENING: dict[str, Any] = {
    "model_type": "vibevoice_acoustic_tokenizer_encoder",
    "hidden_size": 8,
    "num_filters": 2,
    "depths": [1] * 7,
    "ffn_expansion": 1,
}


def write(folder: Path, variant: str) -> None:
    """Write one in the files of the real one."""
    words = tokenizer(_SPECIAL, pad_token=_PAD, eos_token=_END)
    transformers = import_transformers()

    number = words.convert_tokens_to_ids
    text = {key: value for key, value in TEXT.items() if key != "head_dim"}
    marks = {"eos_token_id": number(_END), "pad_token_id": number(_PAD), "bos_token_id": None}
    config = transformers.VibeVoiceAsrConfig(
        acoustic_tokenizer_encoder_config=_LISTENING,
        semantic_tokenizer_encoder_config=_LISTENING,
        text_config={"model_type": "qwen2", "vocab_size": len(words), "tie_word_embeddings": False, **text, **marks},
        audio_token_id=number(_AUDIO),
        audio_bos_token_id=number(_BEGINS),
        audio_eos_token_id=number(_ENDS),
    )
    model = transformers.VibeVoiceAsrForConditionalGeneration(config)
    randomize(model, ends(words))
    extractor = transformers.VibeVoiceAcousticTokenizerFeatureExtractor()
    save(
        folder,
        model,
        transformers.VibeVoiceAsrProcessor(feature_extractor=extractor, tokenizer=words, chat_template=_TEMPLATE),
    )
