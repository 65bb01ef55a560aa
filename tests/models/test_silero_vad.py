"""Silero VAD against the package it comes from, and on what it must not call speech."""

import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from modellab.media.audio import Waveform
from modellab.surfaces.contracts import VadModel
from modellab.surfaces.results import SpeechSegments
from models.silero_vad.adapter import SileroVad
from models.silero_vad.segmentation import SegmentationOptions, speech_spans

PARAMETERS = {"threshold": 0.5, "min_speech_ms": 250, "min_silence_ms": 100, "speech_pad_ms": 30}
RATE = 16_000


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], SileroVad]) -> SileroVad:
    return load_model("silero_vad")


def detect(model: VadModel, samples: Any, **changes: Any) -> SpeechSegments:
    audio = Waveform(np.asarray(samples, dtype=np.float32), RATE)
    return model.detect(audio, PARAMETERS | changes, lambda fraction: None)


def test_probabilities_are_those_of_the_original_model(model: SileroVad, sample: Waveform) -> None:
    import torch
    from silero_vad import load_silero_vad

    threads = torch.get_num_threads()
    original = load_silero_vad()
    expected = original.audio_forward(torch.from_numpy(sample.samples), sr=RATE).numpy().ravel()
    torch.set_num_threads(threads)
    found = model.probabilities(sample.samples)
    assert found.shape == expected.shape == (938,)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_state_is_carried_from_block_to_block(model: SileroVad, sample: Waveform) -> None:
    from silero_vad import load_silero_vad

    long = np.tile(sample.samples, 5)[: 140 * RATE + 77]
    expected = load_silero_vad(sequence=True).audio_forward(long)
    np.testing.assert_allclose(model.probabilities(long), expected, atol=1e-5)


@given(
    probabilities=st.lists(st.sampled_from([0.0, 0.1, 0.34, 0.36, 0.5, 0.51, 0.9]), max_size=120),
    missing=st.integers(0, 511),
    threshold=st.sampled_from([0.1, 0.35, 0.5, 0.9]),
    min_speech_ms=st.integers(0, 400),
    min_silence_ms=st.integers(0, 400),
    speech_pad_ms=st.integers(0, 300),
)
def test_spans_are_those_of_the_packages_own_rule(
    probabilities: list[float],
    missing: int,
    threshold: float,
    min_speech_ms: int,
    min_silence_ms: int,
    speech_pad_ms: int,
) -> None:
    from silero_vad.utils_vad import get_speech_timestamps_from_probs

    total = max(0, len(probabilities) * 512 - missing)
    options = SegmentationOptions(threshold, min_speech_ms, min_silence_ms, speech_pad_ms)
    expected = get_speech_timestamps_from_probs(
        probabilities,
        threshold=threshold,
        min_speech_duration_ms=min_speech_ms,
        min_silence_duration_ms=min_silence_ms,
        speech_pad_ms=speech_pad_ms,
        audio_length_samples=total,
    )
    found = speech_spans(probabilities, 512, total, RATE, options)
    assert found == [(span["start"], span["end"]) for span in expected]
    assert all(first[1] <= second[0] for first, second in pairwise(found))


@pytest.mark.parametrize("samples", [0, 1, 160, 512, RATE])
def test_silence_of_any_length_has_no_speech(model: SileroVad, samples: int) -> None:
    found = detect(model, np.zeros(samples))
    assert found == SpeechSegments([], samples / RATE)


def test_noise_and_a_tone_are_no_speech(model: SileroVad) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 10 * RATE)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE)
    assert detect(model, noise).segments == []
    assert detect(model, tone).segments == []


def test_telephone_band_keeps_its_speech(model: SileroVad, sample: Waveform) -> None:
    narrow = soxr.resample(soxr.resample(sample.samples, RATE, 8000), 8000, RATE)
    wide, telephone = detect(model, sample.samples), detect(model, narrow)
    assert telephone.speech_s == pytest.approx(wide.speech_s, rel=0.05)
    assert telephone.segments[0].start_s == pytest.approx(wide.segments[0].start_s, abs=0.2)


def test_parameters_reach_the_segments(model: SileroVad, sample: Waveform) -> None:
    plain = detect(model, sample.samples)
    padded = detect(model, sample.samples, speech_pad_ms=100)
    assert padded.segments[0].start_s == pytest.approx(plain.segments[0].start_s - 0.07)
    assert detect(model, sample.samples, min_silence_ms=30_000).segments[0].end_s > 29
    assert detect(model, sample.samples, min_speech_ms=29_000).segments == []
    assert detect(model, sample.samples, threshold=0.9).speech_s < plain.speech_s


def test_progress_rises_to_one_and_memory_does_not_follow_length(model: SileroVad, sample: Waveform) -> None:
    long = Waveform(np.tile(sample.samples, 10), RATE)
    seen: list[float] = []
    tracemalloc.start()
    try:
        model.detect(long, PARAMETERS, seen.append)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen == sorted(seen)
    assert len(seen) == 5
    assert seen[-1] == 1.0
    assert peak < 25e6, "five minutes of audio are 19 MB; a copy of all of it would not fit"
