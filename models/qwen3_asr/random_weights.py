"""A tiny random Qwen3-ASR."""

from pathlib import Path

from models._audio_llm.tiny import MEL_BINS, TEXT, WIDTH, ends, randomize, save, tokenizer
from models._transformers.loading import import_transformers

_PAD, _END = "<|endoftext|>", "<|im_end|>"
_AUDIO = {"audio_token": "<|audio_pad|>", "audio_bos_token": "<|audio_start|>", "audio_eos_token": "<|audio_end|>"}
_SPECIAL = (_PAD, _END, "<|im_start|>", *_AUDIO.values(), "<asr_text>", "<timestamp>")
_TEMPLATE = (
    "{%- for m in messages -%}<|im_start|>{{ m.role }}\n{% for c in m.content %}{% if c.type == 'audio' %}"
    "<|audio_start|><|audio_pad|><|audio_end|>{% else %}{{ c.text }}{% endif %}{% endfor %}"
    "{% if not (loop.last and m.role == 'assistant') %}<|im_end|>\n{% endif %}{%- endfor -%}"
)


def write(folder: Path, variant: str) -> None:
    """Write one in the files of the real one."""
    words = tokenizer(_SPECIAL, pad_token=_PAD, eos_token=_END, model_specific_special_tokens=_AUDIO)
    transformers = import_transformers()

    number = words.convert_tokens_to_ids
    hearing = {"d_model": WIDTH, "encoder_ffn_dim": 64, "encoder_layers": 1, "encoder_attention_heads": 2}
    config = transformers.Qwen3ASRConfig(
        audio_config={
            "model_type": "qwen3_asr_encoder",
            "num_mel_bins": MEL_BINS,
            "output_dim": WIDTH,
            "downsample_hidden_size": 8,
            **hearing,
        },
        text_config={"model_type": "qwen3", "vocab_size": len(words), "tie_word_embeddings": True, **TEXT},
        audio_token_id=number("<|audio_pad|>"),
        timestamp_token_id=number("<timestamp>"),
        pad_token_id=number(_PAD),
        eos_token_id=[number(_PAD), number(_END)],
    )
    model = transformers.Qwen3ASRForConditionalGeneration(config)
    randomize(model, ends(words))
    extractor = transformers.Qwen3ASRFeatureExtractor()
    save(
        folder,
        model,
        transformers.Qwen3ASRProcessor(feature_extractor=extractor, tokenizer=words, chat_template=_TEMPLATE),
    )
