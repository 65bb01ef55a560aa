"""A tiny random Canary in transformers' own files: for tests of the loader, never for its words."""

from pathlib import Path

from models._transformers.tiny import letters, seeded, spread_out

_CODES = "bg cs da de el en es et fi fr hr hu it lt lv mt nl pl pt ro ru sk sl sv uk"
_LANGUAGES = tuple(_CODES.split())
_TEMPLATE = (
    "{% for message in messages %}{% for content in message['content'] %}{% if content['type'] == 'text' %}"
    "<|startofcontext|><|startoftranscript|><|emo:undefined|><|{{ content['source_language'] }}|>"
    "<|{{ content['target_language'] }}|>{% if content['punctuation'] %}<|pnc|>{% else %}<|nopnc|>{% endif %}"
    "<|noitn|><|notimestamp|><|nodiarize|>{% endif %}{% endfor %}{% endfor %}"
)
_PROMPT = ("startofcontext", "startoftranscript", "emo:undefined", "pnc", "nopnc", "noitn", "notimestamp", "nodiarize")


def write(folder: Path, variant: str) -> None:
    """Write a model of one layer, a tokenizer of letters, and a prompt like the real one's."""
    special = ["<unk>", "<s>", "</s>", "<pad>", *(f"<|{name}|>" for name in (*_PROMPT, *_LANGUAGES))]
    size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    marks = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3}
    with seeded() as transformers:
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_object=letters(special),
            unk_token="<unk>",
            bos_token="<s>",
            eos_token="</s>",
            pad_token="<pad>",
            extra_special_tokens=special[4:],
        )
        config = transformers.CanaryConfig(
            vocab_size=len(tokenizer),
            decoder_start_token_id=special.index("<|startofcontext|>"),
            encoder_config={**size, "subsampling_conv_channels": 8, "num_mel_bins": 80},
            decoder_config={
                **size,
                **marks,
                "vocab_size": len(tokenizer),
                "num_key_value_heads": 2,
                "head_dim": 16,
            },
            **marks,
        )
        spread_out(transformers.CanaryForConditionalGeneration(config)).save_pretrained(folder)
        transformers.CanaryProcessor(
            feature_extractor=transformers.ParakeetFeatureExtractor(feature_size=80),
            tokenizer=tokenizer,
            chat_template=_TEMPLATE,
        ).save_pretrained(folder)
