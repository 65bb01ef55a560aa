"""A tiny random Nemotron 3 Diarization in transformers' own files: for tests of the loader, never for its turns."""

from pathlib import Path

from models._transformers.tiny import seeded, spread_out


def write(folder: Path, variant: str) -> None:
    """Write a network of two layers for three speakers, with chunks of a second, and its processor."""
    with seeded() as transformers:
        import torch

        speakers = 3
        config = transformers.Nemotron3DiarizationConfig(
            audio_config={
                **{"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2},
                **{"num_attention_heads": 2, "num_mel_bins": 32},
            },
            head_config={"hidden_size": 16, "num_speakers": speakers, "audio_hidden_size": 32},
            streaming_config={
                **{"fifo_length": 12, "speaker_cache_update_period": 8},
                **{"speaker_cache_length": 12, "num_speakers": speakers},
            },
            chunk_length=12,
            chunk_right_context=3,
            fifo_length=6,
            speaker_cache_update_period=8,
        )
        network = spread_out(transformers.Nemotron3DiarizationForAudioFrameClassification(config))
        torch.nn.init.normal_(network.silence_embeds)
        network.save_pretrained(folder)
        extractor = transformers.NemotronAsrStreamingFeatureExtractor(feature_size=32)
        transformers.Nemotron3DiarizationProcessor(extractor).save_pretrained(folder)
