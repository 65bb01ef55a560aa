"""Whisper, live: words come while they are spoken, and what is told stays."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from modellab.errors import UnknownName, UsageError
from modellab.media.audio import Samples
from modellab.media.decode import decode
from modellab.settings import PROJECT_ROOT
from modellab.streaming.events import AnyEvent, Final, Partial
from modellab.streaming.stream import LiveStream
from modellab.surfaces.contracts import AsrStreamModel
from models.local_agreement.adapter import LocalAgreementStream
from tests.streaming.promises import broken

RATE = 16_000
SPOKEN = PROJECT_ROOT / "datasets" / "media" / "asr" / "joe-meeting.flac"
"""I agree with the plan, but we should test the backup before we switch."""


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], Any]) -> AsrStreamModel:
    loaded: AsrStreamModel = load_model("local_agreement:tiny.en")
    assert isinstance(loaded, AsrStreamModel)
    return loaded


def streamed(model: AsrStreamModel, samples: Samples, piece_s: float = 0.1) -> list[AnyEvent]:
    events: list[AnyEvent] = []
    with LiveStream(model, RATE, events.append) as stream:
        stream.start_stream(RATE)
        size = round(piece_s * RATE)
        for start in range(0, len(samples), size):
            stream.push_audio(samples[start : start + size])
        stream.finalize()
    return events


def test_words_come_while_they_are_spoken(model: AsrStreamModel) -> None:
    samples = decode(SPOKEN, sample_rate_hz=RATE).mono
    events = streamed(model, samples)
    assert broken(events) == []
    partials = [event for event in events if isinstance(event, Partial)]
    [final] = [event for event in events if isinstance(event, Final)]
    assert {"agree", "plan", "test", "backup", "switch"} <= {word.strip(".,").lower() for word in final.text.split()}
    assert partials[0].audio_sent_s < 1.3 and "agree" in partials[-1].stable_text
    assert any(0 < partial.stable_words < len(final.words) for partial in partials)
    assert all(after.audio_sent_s - before.audio_sent_s >= 0.9 for before, after in pairwise(partials))


def test_in_silence_nothing_is_said_and_little_is_kept(model: AsrStreamModel) -> None:
    assert streamed(model, np.zeros(4 * RATE, dtype=np.float32), 0.5) == []
    stream = model.open_stream({})
    assert isinstance(stream, LocalAgreementStream)
    for _ in range(8):
        stream.hear(np.zeros(RATE, dtype=np.float32))
        assert len(stream._audio) <= 2 * RATE
    stream.close()


@pytest.mark.parametrize("asked", [{"step_ms": 10}, {"hypotheses": 1}, {"temperature": 0.5}])
def test_what_can_not_be_asked_is_refused(model: AsrStreamModel, asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"local_agreement:tiny\.en can't be asked for that: " + next(iter(asked))):
        model.open_stream(asked)


def test_a_language_that_it_does_not_know_is_refused(model: AsrStreamModel) -> None:
    with pytest.raises(UnknownName, match="'de'"):
        model.open_stream({"language": "de"})
