"""A tiny random Cohere Transcribe in transformers' own files: for tests of the loader, never for its words."""

from pathlib import Path

from models._transformers.tiny import letters, seeded, spread_out

_LANGUAGES = ("ar", "de", "el", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "vi", "zh")
_PROMPT = ("startofcontext", "startoftranscript", "emo:undefined", "pnc", "nopnc", "noitn", "notimestamp", "nodiarize")


def write(folder: Path, variant: str) -> None:
    """Write a model of one layer and a tokenizer of letters."""
    special = ["<unk>", "<s>", "</s>", "<pad>", *(f"<|{name}|>" for name in (*_PROMPT, *_LANGUAGES))]
    with seeded() as transformers:
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_object=letters(special),
            unk_token="<unk>",
            bos_token="<s>",
            eos_token="</s>",
            pad_token="<pad>",
            extra_special_tokens=special[4:],
        )
        config = transformers.CohereAsrConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=3,
            decoder_start_token_id=1,
            encoder_config={
                "hidden_size": 32,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "intermediate_size": 64,
                "subsampling_conv_channels": 8,
                "num_mel_bins": 80,
            },
        )
        spread_out(transformers.CohereAsrForConditionalGeneration(config)).save_pretrained(folder)
        transformers.CohereAsrProcessor(
            feature_extractor=transformers.CohereAsrFeatureExtractor(feature_size=80), tokenizer=tokenizer
        ).save_pretrained(folder)
