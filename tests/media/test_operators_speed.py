"""Operators that choose or stretch: channel_select and speed, and what every operator says of itself."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from modellab.errors import StepFailed
from modellab.media.audio import Audio, KeptPiece, Samples, TimeMap
from modellab.media.envelope import measure_envelope
from modellab.media.operators import OPERATORS, Operator, Processed, get_operator

Tone = Callable[..., Samples]
RATE_HZ = 16_000


def apply(name: str, samples: Samples, **parameters: object) -> Processed:
    audio = Audio(np.atleast_2d(samples).copy(), RATE_HZ)
    operator = get_operator(name)
    return operator.apply(audio, TimeMap.identity(audio.duration_s), operator.parameters.model_validate(parameters))


def test_one_channel_is_kept() -> None:
    samples = np.arange(12, dtype=np.float32).reshape(3, 4)
    done = apply("channel_select", samples, channel=2)
    assert done.audio.samples.tolist() == [[4, 5, 6, 7]]
    assert done.facts == {"of_channels": 3}
    assert done.time_map.is_identity


def test_a_channel_that_is_not_there_says_how_to_keep_them() -> None:
    with pytest.raises(StepFailed, match=r"no channel 2; found 1 channel; allowed: 1 to 1. Set ingest.channels=keep"):
        apply("channel_select", np.zeros(4, np.float32), channel=2)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 1.37, 2.0])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_speed_gives_the_length_asked_for_and_the_map_ends_where_the_recording_does(
    tone: Tone, factor: float, channels: int
) -> None:
    samples = np.stack([tone(2.5, hz=200 * (1 + index)) for index in range(channels)])
    done = apply("speed", samples, factor=factor)
    assert done.audio.samples.shape == (channels, round(40_000 / factor))
    assert done.time_map.duration_s == pytest.approx(done.audio.duration_s)
    assert done.time_map.original_duration_s == 2.5
    assert done.time_map.to_original(done.audio.duration_s, end=True) == pytest.approx(2.5)


def test_speed_keeps_the_pitch(tone: Tone) -> None:
    done = apply("speed", tone(4.0, hz=250), factor=1.6)
    spectrum = np.abs(np.fft.rfft(done.audio.samples[0, 4_000:-4_000] * np.hanning(32_000)))
    assert spectrum.argmax() * RATE_HZ / 32_000 == pytest.approx(250, abs=1)


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.25, 2.0])
def test_sounds_map_back_to_where_they_were(factor: float) -> None:
    at_s = [0.5 + second for second in range(10)]
    samples = np.random.default_rng(0).normal(0, 1e-3, 10 * RATE_HZ).astype(np.float32)
    burst = (0.5 * np.sin(2 * np.pi * 300 * np.arange(800) / RATE_HZ)).astype(np.float32)
    for time_s in at_s:
        start = int(time_s * RATE_HZ)
        samples[start : start + 800] = burst
    done = apply("speed", samples, factor=factor)
    energy = done.audio.samples[0].astype(np.float64) ** 2
    for time_s in at_s:
        middle = int(done.time_map.to_processed(time_s + 0.025) * RATE_HZ)
        around = np.arange(max(0, middle - 2_000), min(len(energy), middle + 2_000))
        heard = float(energy[around] @ around / energy[around].sum())
        assert done.time_map.to_original(heard / RATE_HZ) == pytest.approx(time_s + 0.025, abs=0.02)


@pytest.mark.parametrize("samples", [1, 2, 100])
def test_a_few_samples_survive(samples: int) -> None:
    assert apply("speed", np.full(samples, 0.1, np.float32), factor=2).audio.samples.shape == (1, max(1, samples // 2))


def test_what_was_cut_and_stretched_maps_back(tone: Tone) -> None:
    silence = np.zeros(80_000, np.float32)
    cut = apply("trim_silence", np.concatenate([tone(1.0), silence, tone(1.0)]))
    operator = get_operator("speed")
    done = operator.apply(cut.audio, cut.time_map, operator.parameters.model_validate({"factor": 2.0}))
    assert done.time_map.pieces == (KeptPiece(0.0, 0.0, 0.75, 2.0), KeptPiece(5.5, 0.75, 0.75, 2.0))
    assert done.time_map.to_original(1.25) == 6.5
    assert done.time_map.to_processed(6.5) == 1.25
    envelope = measure_envelope(done.audio, done.time_map)
    bins = envelope.overview.shape[1]
    loud = np.flatnonzero(envelope.overview[1] > 0.3) / bins * 7.0
    assert loud.min() < 0.1 and loud.max() > 6.9
    assert not ((loud > 1.1) & (loud < 5.9)).any()


@given(
    cuts=st.lists(st.floats(0.1, 3.0), min_size=1, max_size=5),
    lengths=st.lists(st.floats(0.5, 20.0), min_size=1, max_size=3),
    at=st.floats(0, 1),
)
def test_times_survive_cutting_and_stretching_in_any_order(cuts: list[float], lengths: list[float], at: float) -> None:
    time_map = TimeMap.identity(30.0)
    for cut, length in zip(cuts, lengths * 5, strict=False):
        end = time_map.duration_s
        time_map = time_map.keep([(0.0, end * 0.3), (min(end * 0.3 + cut, end * 0.9), end)]).stretched(length)
    time_s = at * time_map.duration_s
    original_s = time_map.to_original(time_s)
    assert 0.0 <= original_s <= 30.0 + 1e-9
    assert time_map.to_processed(original_s) == pytest.approx(time_s, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("speed", {}),
        ("speed", {"factor": 2.5}),
        ("channel_select", {"channel": 0}),
        ("high_pass", {"cutoff_hz": 5_000}),
        ("limit_peaks", {"ceiling_dbfs": 1}),
        ("limit_peaks", {"ceiling": 1}),
    ],
)
def test_parameters_out_of_range_are_refused(name: str, parameters: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        get_operator(name).parameters.model_validate(parameters)


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_every_operator_describes_itself_and_its_parameters(operator: Operator) -> None:
    schema = operator.parameters.model_json_schema()
    assert operator.description.endswith(".")
    assert schema["additionalProperties"] is False
    assert schema["properties"] and all(parameter["description"] for parameter in schema["properties"].values())


def test_a_schema_states_what_is_required_and_its_range() -> None:
    schema = get_operator("speed").parameters.model_json_schema()
    assert schema["required"] == ["factor"]
    assert (schema["properties"]["factor"]["minimum"], schema["properties"]["factor"]["maximum"]) == (0.5, 2.0)
