"""A tiny random Fun-ASR-Nano."""

from pathlib import Path

from models._audio_llm.tiny import TEXT, WIDTH, ends, randomize, save, tokenizer
from models._transformers.loading import import_transformers

_PAD, _END, _AUDIO = "<|endoftext|>", "<|im_end|>", "<|object_ref_start|>"
_SPECIAL = (_PAD, _END, _AUDIO, "<|im_start|>", "<|object_ref_end|>")
_TEMPLATE = (
    "{%- for m in messages -%}<|im_start|>{{ m.role }}\n"
    "{% for c in m.content if c.type == 'keywords' %}热词列表：[{{ c.keywords | join(', ') }}]\n{% endfor %}"
    "语音转写{% for c in m.content if c.type == 'language' %}成{{ c.language }}{% endfor %}："
    "{% for c in m.content if c.type == 'audio' %}<|object_ref_start|>{% endfor %}<|im_end|>\n{%- endfor -%}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write(folder: Path, variant: str) -> None:
    """Write one in the files of the real one."""
    words = tokenizer(_SPECIAL, pad_token=_PAD, eos_token=_END)
    transformers = import_transformers()

    number = words.convert_tokens_to_ids
    small = {"hidden_size": WIDTH, "num_attention_heads": 2}
    marks = {"eos_token_id": number(_END), "pad_token_id": number(_PAD), "tie_word_embeddings": True}
    config = transformers.FunAsrNanoConfig(
        audio_config={
            "model_type": "fun_asr_nano_encoder",
            "intermediate_size": 64,
            "num_hidden_layers": 3,
            "num_timestamp_prediction_layers": 1,
            **small,
        },
        adaptor_config={
            "intermediate_size": WIDTH // 4,
            "num_hidden_layers": 1,
            "projector_hidden_size": 64,
            **small,
        },
        text_config={"model_type": "qwen3", "vocab_size": len(words), **TEXT, **marks},
        audio_token_id=number(_AUDIO),
    )
    model = transformers.FunAsrNanoForConditionalGeneration(config)
    randomize(model, ends(words))
    extractor = transformers.FunAsrNanoFeatureExtractor()
    save(
        folder,
        model,
        transformers.FunAsrNanoProcessor(feature_extractor=extractor, tokenizer=words, chat_template=_TEMPLATE),
    )
