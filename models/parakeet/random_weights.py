"""Tiny random Parakeets in transformers' own files: for tests of the loader, never for their words."""

from pathlib import Path
from typing import Any

from models._transformers.tiny import letters, seeded, spread_out

_DURATIONS = [0, 1, 2, 3, 4]
_OFTEN = 1.5


def write(folder: Path, variant: str) -> None:
    """Write a model of one layer and a tokenizer of letters."""
    decoder = variant.partition("-")[0]
    special = ["<unk>", "<pad>"] if decoder == "ctc" else ["<unk>", "<pad>", "<blank>"]
    encoder = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "subsampling_conv_channels": 8,
        "num_mel_bins": 80,
    }
    with seeded() as transformers:
        tokenizer = transformers.ParakeetTokenizer(
            tokenizer_object=letters(special), unk_token="<unk>", pad_token="<pad>", extra_special_tokens=special
        )
        ids = tokenizer.convert_tokens_to_ids
        common = {"vocab_size": len(tokenizer), "pad_token_id": ids("<pad>"), "encoder_config": encoder}
        if decoder == "ctc":
            model = spread_out(transformers.ParakeetForCTC(transformers.ParakeetCTCConfig(**common)))
        else:
            blank = ids("<blank>")
            size = {"decoder_hidden_size": 16, "num_decoder_layers": 1, "blank_token_id": blank}
            if decoder == "tdt":
                config = transformers.ParakeetTDTConfig(**common, **size, durations=_DURATIONS)
                model = spread_out(transformers.ParakeetForTDT(config))
            else:
                model = spread_out(transformers.ParakeetForRNNT(transformers.ParakeetRNNTConfig(**common, **size)))
            _say_less(model, blank)
            model.generation_config = transformers.GenerationConfig(
                decoder_start_token_id=blank, bos_token_id=blank, pad_token_id=ids("<pad>"), eos_token_id=None
            )
        model.save_pretrained(folder)
        transformers.ParakeetProcessor(
            feature_extractor=transformers.ParakeetFeatureExtractor(feature_size=80),
            tokenizer=tokenizer,
            decoder_type=decoder,
        ).save_pretrained(folder)


def _say_less(model: Any, blank: int) -> None:
    """Let a transducer write nothing in about every second step, and go on by a frame or more: else it writes the most
    that it may."""
    import torch

    with torch.no_grad():
        model.joint.head.bias[blank] += _OFTEN
        model.joint.head.bias[model.config.vocab_size + 1 :] += _OFTEN  # of TDT, durations but 0
