"""Moonshine: the loader and the adapter with tiny random models in transformers' files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import UsageError, WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.surfaces.results import Segment
from models._transformers.loading import import_transformers

pytestmark = pytest.mark.random_weights
RandomModel = Callable[[str], tuple[Any, Path]]
RATE = 16_000


@pytest.fixture(scope="module")
def audio() -> Waveform:
    return Waveform(np.random.default_rng(0).normal(0, 0.1, 5 * RATE).astype(np.float32), RATE)


@pytest.mark.parametrize(("variant", "family"), [("tiny", "Moonshine"), ("streaming-small", "MoonshineStreaming")])
def test_its_words_are_those_of_transformers(
    random_model: RandomModel, audio: Waveform, variant: str, family: str
) -> None:
    transformers = import_transformers()
    model, folder = random_model(f"moonshine:{variant}")
    speech = [Segment(0.2, 1.4), Segment(2.0, 2.3), Segment(3.5, 4.8)]
    found = model.transcribe(audio, speech, {"speech_pad_ms": 0}, lambda fraction: None)

    heard = np.concatenate([audio.samples[round(s.start_s * RATE) : round(s.end_s * RATE)] for s in speech])
    own = getattr(transformers, f"{family}ForConditionalGeneration").from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    inputs = processor([heard], sampling_rate=RATE, return_tensors="pt", padding=True)
    limit = int(len(heard) / RATE * 6.5) + 1
    told = own.generate(
        **inputs, max_new_tokens=limit, do_sample=False, output_logits=True, return_dict_in_generate=True
    )
    (expected,) = processor.batch_decode(told.sequences, skip_special_tokens=True)

    assert found.text.split() == expected.split() != []
    assert (found.language, found.duration_s) == ("en", 5.0)
    assert all(word.estimated for word in found.words)
    assert all(any(s.start_s <= w.start_s <= w.end_s <= s.end_s for s in speech) for w in found.words)
    logits = [step[0].log_softmax(-1).max().item() for step in told.logits]
    assert found.utterances[0].average_log_probability == pytest.approx(np.mean(logits), abs=1e-4)


def test_a_batch_of_pieces_is_heard_as_each_alone(random_model: RandomModel, audio: Waveform) -> None:
    model, _ = random_model("moonshine:tiny")
    long = Waveform(np.tile(audio.samples, 8), RATE)
    speech = [Segment(0.0, 20.0), Segment(21.0, 38.0)]
    one, both = (model.transcribe(long, speech, {"batch_size": size}, lambda fraction: None) for size in (1, 2))
    assert len(one.words) > 10
    assert [word.text for word in one.words[:10]] == [word.text for word in both.words[:10]]


def test_it_refuses_another_language_and_another_model_s_files(
    random_model: RandomModel, audio: Waveform, tmp_path: Path
) -> None:
    model, _ = random_model("moonshine:tiny")
    with pytest.raises(UsageError, match="there is no language of model moonshine:tiny: 'de'"):
        model.transcribe(audio, [Segment(0, 1)], {"language": "de"}, lambda fraction: None)
    with pytest.raises(WeightsCorrupt, match="does not hold what MoonshineForConditionalGeneration reads"):
        random_model("moonshine:tiny", variant_written="streaming-tiny")
