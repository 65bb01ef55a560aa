"""A tiny random Qwen3-ForcedAligner."""

from pathlib import Path

from models._audio_llm.tiny import MEL_BINS, TEXT, WIDTH, save, tokenizer
from models._transformers.tiny import seeded, spread_out

_PAD, _END = "<|endoftext|>", "<|im_end|>"
_AUDIO = {"audio_token": "<|audio_pad|>", "audio_bos_token": "<|audio_start|>", "audio_eos_token": "<|audio_end|>"}
_MARK = "<timestamp>"
_STEPS = 125
"""Ten seconds of steps; the real one has 5,000 of them."""
_TEMPLATE = (
    "{% for m in messages %}{% for c in m.content %}{% if c.type == 'audio' %}<|audio_start|><|audio_pad|><|audio_end|>"
    "{% else %}{{ c.text }}<timestamp><timestamp>{% endif %}{% endfor %}{% endfor %}"
)


def write(folder: Path, variant: str) -> None:
    """Write one in the files of the real one."""
    words = tokenizer(
        (_PAD, _END, *_AUDIO.values(), _MARK), pad_token=_PAD, eos_token=_END, model_specific_special_tokens=_AUDIO
    )
    number = words.convert_tokens_to_ids
    with seeded() as transformers:
        config = transformers.Qwen3ASRConfig(
            audio_config={
                **{"model_type": "qwen3_asr_encoder", "num_mel_bins": MEL_BINS, "output_dim": WIDTH},
                **{"downsample_hidden_size": 8, "d_model": WIDTH, "encoder_ffn_dim": 64},
                **{"encoder_layers": 1, "encoder_attention_heads": 2},
            },
            text_config={"model_type": "qwen3", "vocab_size": len(words), "tie_word_embeddings": True, **TEXT},
            audio_token_id=number(_AUDIO["audio_token"]),
            timestamp_token_id=number(_MARK),
            pad_token_id=number(_PAD),
            eos_token_id=[number(_PAD), number(_END)],
            num_labels=_STEPS,
        )
        import torch

        network = spread_out(transformers.Qwen3ASRForTokenClassification(config))
        # Small beside what is heard, which otherwise decides nothing.
        torch.nn.init.normal_(network.get_input_embeddings().weight, std=0.1)
        extractor = transformers.Qwen3ASRFeatureExtractor()
        processor = transformers.Qwen3ASRProcessor(extractor, words, chat_template=_TEMPLATE)
    save(folder, network, processor)
