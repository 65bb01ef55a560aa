"""WhisperX in its own environment: tiny.en on real speech, and its alignment with a tiny random network."""

import re
import shutil
from collections.abc import Callable
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import EnvironmentMissing
from modellab.media.audio import Waveform
from modellab.registry.environments import Environment
from modellab.registry.models import Models
from modellab.registry.random_weights import RandomRegistry
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.surfaces.results import Segment, Transcript

MODEL = "whisperx"
OwnEnvironment = Callable[[str], tuple[Lab, Environment]]
REGISTRY = ModelRegistry()
SPEECH = [Segment(6.7, 14.0), Segment(14.3, 22.0), Segment(22.2, 29.9)]
"""Of the sample, roughly."""


def nothing(fraction: float) -> None:
    """Progress that nobody follows."""


def words_of(transcript: Transcript) -> list[str]:
    return re.findall(r"[a-z']+", transcript.text.lower())


@pytest.mark.environments
def test_tiny_whisper_hears_what_faster_whisper_hears(
    own_environment: OwnEnvironment, load_model: Callable[[str], Any], sample: Waveform
) -> None:
    lab, environment = own_environment(MODEL)
    settings = Settings(_env_file=None, home=lab.home, offline=True, device="cpu")
    told: list[float] = []
    with Models(Lab(settings), REGISTRY) as models:
        ref = REGISTRY.resolve(MODEL)[1]
        assert models.identity(ref).runtime_version.startswith("whisperx 3.8.6, faster-whisper 1.2.1, ")
        heard = models.acquire(ref).model.transcribe(sample, SPEECH, {}, told.append)
    assert not environment.has("triton")
    expected = load_model("faster_whisper:tiny.en").transcribe(sample, SPEECH, {}, nothing)
    assert SequenceMatcher(None, words_of(heard), words_of(expected)).ratio() > 0.8
    assert told == sorted(told) and told[-1] == 1.0
    assert heard.language == "en" and all(word.estimated for word in heard.words)
    assert all(6.7 <= word.start_s <= word.end_s <= 29.9 for word in heard.words)
    assert all(before.end_s <= after.start_s + 1e-6 for before, after in pairwise(heard.words))


def write_aligner(folder: Path) -> None:
    """A wav2vec2 of two layers at random, with the letters that the real one has."""
    import json

    import torch

    from modellab.registry.torchaudio_cpu import make_importable

    make_importable()
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    pieces = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        vocab_size=len(pieces), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        conv_dim=[8] * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    named = {"tokenizer_class": "Wav2Vec2CTCTokenizer", "pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps({**named, "unk_token": "<unk>"}))
    extractor = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1, "sampling_rate": 16_000}
    processor = {"processor_class": "Wav2Vec2Processor", "do_normalize": True, "padding_value": 0.0}
    (folder / "preprocessor_config.json").write_text(json.dumps({**extractor, **processor}))


@pytest.mark.environments
@pytest.mark.random_weights
def test_aligned_words_have_the_times_that_the_package_gives(
    own_environment: OwnEnvironment, sample: Waveform, tmp_path: Path
) -> None:
    lab, _ = own_environment(MODEL)
    with Models(lab, REGISTRY) as models:
        real = models.request(REGISTRY.resolve(f"{MODEL}:tiny.en")[1]).weights
    assert real is not None
    folder = tmp_path / MODEL / "tiny.en-aligned"
    shutil.copytree(real, folder)
    write_aligner(folder / "alignment")
    settings = Settings(_env_file=None, home=lab.home, weights=tmp_path, offline=True, device="cpu")
    with Models(Lab(settings), RandomRegistry(places=REGISTRY.places)) as models:
        model = models.acquire(REGISTRY.resolve(f"{MODEL}:tiny.en-aligned")[1]).model
        heard = model.transcribe(sample, SPEECH, {}, nothing)
    assert len(heard.words) > 50 and not any(word.estimated for word in heard.words)
    assert all(word.probability is not None and 0.0 <= word.probability <= 1.0 for word in heard.words)
    assert all(6.0 <= word.start_s <= word.end_s <= 30.1 for word in heard.words)
    assert all(before.end_s <= after.start_s for before, after in pairwise(heard.words))
    assert len(heard.utterances) > 1


def test_without_its_environment_the_error_says_what_to_do(lab: Lab) -> None:
    with Models(lab, REGISTRY) as ready, pytest.raises(EnvironmentMissing) as caught:
        ready.identity(ready.registry.resolve(MODEL)[1])
    assert "Install it with: modellab models install whisperx (about 2,100 MiB)" in str(caught.value)
