"""Tiny random Moonshines in transformers' own files: for tests of the loader, never for their words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models._transformers.tiny import letters, seeded, spread_out


def write(folder: Path, variant: str) -> None:
    """Write a model of one layer and a tokenizer of letters."""
    with seeded() as transformers:
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_object=letters(), unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<pad>"
        )
        extractor = transformers.Wav2Vec2FeatureExtractor(
            feature_size=1, sampling_rate=16_000, padding_value=0.0, do_normalize=False, return_attention_mask=True
        )
        marks = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3, "decoder_start_token_id": 1}
        if variant.startswith("streaming"):
            _write_streaming(transformers, folder, extractor, tokenizer, marks)
            return
        config = transformers.MoonshineConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            encoder_num_hidden_layers=1,
            decoder_num_hidden_layers=1,
            encoder_num_attention_heads=2,
            decoder_num_attention_heads=2,
            **marks,
        )
        spread_out(transformers.MoonshineForConditionalGeneration(config)).save_pretrained(folder)
        transformers.Wav2Vec2Processor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)


def _write_streaming(transformers: Any, folder: Path, extractor: Any, tokenizer: Any, marks: Mapping[str, int]) -> None:
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16}
    config = transformers.MoonshineStreamingConfig(
        vocab_size=len(tokenizer),
        encoder_config={**size, **heads, "sliding_windows": [[16, 4]]},
        **size,
        **heads,
        **marks,
    )
    spread_out(transformers.MoonshineStreamingForConditionalGeneration(config)).save_pretrained(folder)
    transformers.MoonshineStreamingProcessor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)
