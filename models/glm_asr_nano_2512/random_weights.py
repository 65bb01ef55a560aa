"""A tiny random GLM-ASR."""

from pathlib import Path

from models._audio_llm.tiny import MEL_BINS, TEXT, WIDTH, ends, randomize, save, tokenizer
from models._transformers.loading import import_transformers

_AUDIO, _END = "<|pad|>", "<|endoftext|>"
_SPECIAL = (_AUDIO, _END, "<|user|>", "<|assistant|>", "<|begin_of_audio|>", "<|end_of_audio|>")
_TEMPLATE = (
    "{%- for m in messages -%}<|user|>\n{% for c in m.content %}{% if c.type == 'audio' %}"
    "<|begin_of_audio|><|pad|><|end_of_audio|><|user|>\n{% else %}{{ c.text }}{% endif %}{% endfor %}{%- endfor -%}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def write(folder: Path, variant: str) -> None:
    """Write one in the files of the real one."""
    words = tokenizer(_SPECIAL, pad_token=_END, eos_token=_END)
    transformers = import_transformers()

    end = words.eos_token_id
    text = {**TEXT, "vocab_size": len(words), "eos_token_id": [end], "pad_token_id": end, "bos_token_id": None}
    hearing = {"hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "num_hidden_layers": 1, "num_mel_bins": MEL_BINS}
    config = transformers.GlmAsrConfig(
        audio_config={"model_type": "glmasr_encoder", "num_attention_heads": 2, **hearing},
        text_config={"model_type": "llama", **text},
        audio_token_id=words.convert_tokens_to_ids(_AUDIO),
    )
    model = transformers.GlmAsrForConditionalGeneration(config)
    randomize(model, ends(words))
    extractor = transformers.WhisperFeatureExtractor(feature_size=MEL_BINS)
    save(
        folder,
        model,
        transformers.GlmAsrProcessor(feature_extractor=extractor, tokenizer=words, chat_template=_TEMPLATE),
    )
