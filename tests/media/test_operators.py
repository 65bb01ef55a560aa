from collections.abc import Callable, Sequence

import numpy as np
import pytest
from pydantic import ValidationError

from modellab.errors import UnknownName
from modellab.media.audio import Audio, KeptPiece, Samples, TimeMap
from modellab.media.loudness import integrated_loudness_lufs
from modellab.media.operators import OPERATORS, Processed, get_operator

Tone = Callable[..., Samples]
RATE_HZ = 16_000


def apply(name: str, samples: Samples, **parameters: object) -> Processed:
    audio = Audio(np.atleast_2d(samples).copy(), RATE_HZ)
    operator = get_operator(name)
    return operator.apply(audio, TimeMap.identity(audio.duration_s), operator.parameters.model_validate(parameters))


def row(tone: Tone, *parts: tuple[str, float]) -> Samples:
    """Tones (`t`) and digital silence (`-`) of so many seconds."""
    return np.concatenate([tone(s) if kind == "t" else np.zeros(round(s * RATE_HZ), np.float32) for kind, s in parts])


def spans(pieces: Sequence[KeptPiece]) -> list[tuple[float, float]]:
    return [(round(piece.original_start_s, 6), round(piece.original_end_s, 6)) for piece in pieces]


def test_long_silences_are_shortened_and_short_ones_kept(tone: Tone) -> None:
    samples = row(tone, ("t", 1.0), ("-", 5.0), ("t", 2.0), ("-", 1.5), ("t", 1.0))
    done = apply("trim_silence", samples)
    assert spans(done.time_map.pieces) == [(0.0, 1.5), (5.5, 10.5)]
    assert done.facts == {"shortened_silences": 1, "removed_s": 4.0}
    assert done.time_map.original_duration_s == 10.5
    assert np.array_equal(done.audio.samples[0], np.concatenate([samples[:24_000], samples[88_000:]]))


def test_every_kept_sample_maps_to_where_it_came_from(tone: Tone) -> None:
    samples = row(tone, ("-", 3.0), ("t", 0.7), ("-", 2.503), ("t", 0.31), ("-", 4.0)) + 1e-9 * np.arange(168_208)
    done = apply("trim_silence", samples.astype(np.float32), max_silence_s=1.0, keep_s=0.4)
    assert done.facts["shortened_silences"] == 3
    for index in range(0, done.audio.samples.shape[1], 97):
        original = round(done.time_map.to_original((index + 0.5) / RATE_HZ) * RATE_HZ - 0.5)
        assert done.audio.samples[0, index] == samples.astype(np.float32)[original]


def test_pure_silence_is_shortened_to_what_is_to_be_left() -> None:
    done = apply("trim_silence", np.zeros(160_000, np.float32))
    assert spans(done.time_map.pieces) == [(0.0, 0.5), (9.5, 10.0)]
    assert done.audio.duration_s == 1.0


@pytest.mark.parametrize("samples", [1, 160, 6_000])
def test_short_audio_is_left_alone(tone: Tone, samples: int) -> None:
    done = apply("trim_silence", tone(1.0)[:samples])
    assert done.audio.samples.shape == (1, samples) and done.time_map.is_identity


def test_a_quiet_recording_is_not_taken_for_silence(tone: Tone) -> None:
    quiet = row(tone, ("t", 2.0), ("-", 4.0), ("t", 2.0)) * np.float32(1e-3)
    assert spans(apply("trim_silence", quiet).time_map.pieces) == [(0.0, 2.5), (5.5, 8.0)]


def test_a_channel_that_speaks_is_not_cut_by_one_that_does_not(tone: Tone) -> None:
    left = row(tone, ("t", 4.0), ("-", 4.0))
    right = row(tone, ("-", 4.0), ("t", 4.0))
    assert apply("trim_silence", np.stack([left, right])).time_map.is_identity


@pytest.mark.parametrize(("amplitude", "gain_db"), [(0.5, -13.3), (0.01, 20.7), (2e-4, 54.7)])
def test_loudness_is_brought_to_the_target(tone: Tone, amplitude: float, gain_db: float) -> None:
    done = apply("normalize_loudness", tone(3.0, amplitude=amplitude))
    assert done.facts["gain_db"] == pytest.approx(gain_db, abs=0.1)
    assert integrated_loudness_lufs(done.audio) == pytest.approx(-23.0, abs=0.05)
    assert done.time_map.is_identity


def test_the_gain_is_held_back_by_the_peak(tone: Tone) -> None:
    done = apply("normalize_loudness", tone(3.0, amplitude=0.1), target_lufs=0.0)
    assert np.abs(done.audio.samples).max() == pytest.approx(10 ** (-1 / 20), rel=1e-3)
    assert done.facts["gain_db"] == pytest.approx(19.0, abs=0.01)


def test_the_gain_is_limited(tone: Tone) -> None:
    assert apply("normalize_loudness", tone(3.0, amplitude=0.01), max_gain_db=6.0).facts["gain_db"] == 6.0


@pytest.mark.parametrize("samples", [np.zeros(32_000, np.float32), np.full(6_000, 0.25, np.float32)])
def test_without_loudness_nothing_changes(samples: Samples) -> None:
    done = apply("normalize_loudness", samples)
    assert np.array_equal(done.audio.samples[0], samples)
    assert done.facts["gain_db"] == 0.0 and "no loudness" in str(done.facts["unchanged"])


def test_parameters_are_validated() -> None:
    with pytest.raises(ValidationError, match="max_silence"):
        apply("trim_silence", np.zeros(10, np.float32), max_silence=3)
    with pytest.raises(ValidationError, match="keep_s must not be longer"):
        apply("trim_silence", np.zeros(10, np.float32), max_silence_s=0.5)
    with pytest.raises(ValidationError, match="target_lufs"):
        apply("normalize_loudness", np.zeros(10, np.float32), target_lufs=3)


def test_names() -> None:
    assert {name: operator.name for name, operator in OPERATORS.items()} == {name: name for name in OPERATORS}
    with pytest.raises(UnknownName, match="Did you mean trim_silence"):
        get_operator("trim_silense")
