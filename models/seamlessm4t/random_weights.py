"""Tiny random SeamlessM4Ts in transformers' own files: for tests of the loader, never for their words."""

import json
from pathlib import Path

from models._transformers.tiny import seeded, sentence_pieces, spread_out

_PIECES = "sentencepiece.bpe.model"
_LANGUAGES = ("eng", "fra", "deu")


def write(folder: Path, variant: str) -> None:
    """Write a model of one layer for three languages, and a tokenizer of letters."""
    tokens = [f"__{language}__" for language in _LANGUAGES]
    with seeded() as transformers:
        (folder / _PIECES).write_bytes(sentence_pieces())
        told = {"tokenizer_class": "SeamlessM4TTokenizer", "additional_special_tokens": tokens}
        (folder / "tokenizer_config.json").write_text(
            json.dumps({**told, "src_lang": "eng", "tgt_lang": "fra"}), "utf-8"
        )
        tokenizer = transformers.SeamlessM4TTokenizer.from_pretrained(folder, local_files_only=True)
        ids = tokenizer.convert_tokens_to_ids
        kind = "SeamlessM4Tv2" if variant.startswith("v2") else "SeamlessM4T"
        config = getattr(transformers, f"{kind}Config")(
            vocab_size=len(tokenizer),
            t2u_vocab_size=len(tokenizer),
            hidden_size=32,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            speech_encoder_layers=1,
            speech_encoder_attention_heads=2,
            speech_encoder_intermediate_size=32,
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=4,
            max_position_embeddings=512,
            pad_token_id=ids("<pad>"),
            bos_token_id=ids("<s>"),
            eos_token_id=ids("</s>"),
            decoder_start_token_id=ids("</s>"),
        )
        model = spread_out(getattr(transformers, f"{kind}ForSpeechToText")(config))
        model.generation_config = transformers.GenerationConfig(
            pad_token_id=ids("<pad>"),
            bos_token_id=ids("<s>"),
            eos_token_id=ids("</s>"),
            decoder_start_token_id=ids("</s>"),
        )
        model.generation_config.text_decoder_lang_to_code_id = dict(zip(_LANGUAGES, map(ids, tokens), strict=True))
        model.save_pretrained(folder)
        transformers.SeamlessM4TFeatureExtractor().save_pretrained(folder)
