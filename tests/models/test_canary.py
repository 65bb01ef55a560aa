"""Canary: speech written down and translated, with a tiny random model in transformers' files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import UsageError
from modellab.media.audio import Waveform
from modellab.surfaces.results import Segment
from models._transformers.loading import import_transformers

pytestmark = pytest.mark.random_weights
RandomModel = Callable[[str], tuple[Any, Path]]
RATE = 16_000
SPEECH = [Segment(0.5, 1.5)]


@pytest.fixture(scope="module")
def audio() -> Waveform:
    return Waveform(np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32), RATE)


def told(fraction: float) -> None:
    """Progress that nobody follows."""


def test_what_it_writes_is_what_transformers_writes(random_model: RandomModel, audio: Waveform) -> None:
    transformers = import_transformers()
    model, folder = random_model("canary")
    own = transformers.CanaryForConditionalGeneration.from_pretrained(folder).eval()
    processor = transformers.CanaryProcessor.from_pretrained(folder)
    heard = audio.samples[RATE // 2 : 3 * RATE // 2]

    def written(source: str, target: str) -> list[str]:
        inputs = processor.apply_transcription_request(audio=[heard], source_language=source, target_language=target)
        prompt = inputs["decoder_input_ids"].shape[1]
        tokens = own.generate(**inputs, max_new_tokens=28, do_sample=False)[:, prompt:]
        return str(processor.batch_decode(tokens, skip_special_tokens=True)[0]).split()

    german = model.transcribe(audio, SPEECH, {"speech_pad_ms": 0, "language": "de"}, told)
    english = model.translate(audio, SPEECH, "en", {"speech_pad_ms": 0, "language": "de"}, told)
    assert german.text.split() == written("de", "de") != []
    assert english.text.split() == written("de", "en") != []
    assert (german.language, english.language, english.source_language) == ("de", "en", "de")
    assert [(one.start_s, one.end_s) for one in english.utterances] == [(0.5, 1.5)]


def test_it_translates_from_and_into_english_only(random_model: RandomModel, audio: Waveform) -> None:
    model, _ = random_model("canary")
    with pytest.raises(UsageError, match="from English and into English only"):
        model.translate(audio, SPEECH, "fr", {"language": "de"}, told)
    with pytest.raises(UsageError, match="can't tell which language is spoken"):
        model.translate(audio, SPEECH, "fr", {}, told)
