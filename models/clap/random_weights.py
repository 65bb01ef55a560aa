"""Tiny random CLAPs in transformers' own files: for tests of the loader, never for what they hear."""

from pathlib import Path

from models._transformers.tiny import letters, seeded, spread_out

_MEL_BANDS = 16
_WINDOW_S = 2
_WIDTH = 512


def write(folder: Path, variant: str) -> None:
    """Write a model of two small layers on each side, and a tokenizer of letters."""
    with seeded() as transformers:
        import torch

        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_object=letters(), unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<pad>"
        )
        fused = variant == "htsat-fused"
        extractor = transformers.ClapFeatureExtractor(
            feature_size=_MEL_BANDS,
            max_length_s=_WINDOW_S,
            truncation="fusion" if fused else "rand_trunc",
            padding="repeatpad",
        )
        audio = transformers.ClapAudioConfig(
            hidden_size=32,
            patch_embeds_hidden_size=16,
            depths=[1, 1],
            num_attention_heads=[2, 2],
            num_hidden_layers=2,
            spec_size=64,
            num_mel_bins=_MEL_BANDS,
            window_size=4,
            patch_size=4,
            patch_stride=[4, 4],
            projection_dim=_WIDTH,
            num_classes=4,
            enable_fusion=fused,
            aff_block_r=2,
        )
        text = transformers.ClapTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=256,
            projection_dim=_WIDTH,
            pad_token_id=3,
            bos_token_id=1,
            eos_token_id=2,
        )
        config = transformers.ClapConfig(
            text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=_WIDTH
        )
        model = spread_out(transformers.ClapModel(config))
        config.architectures = ["ClapModel"]
        config.save_pretrained(folder)
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        transformers.ClapProcessor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)
