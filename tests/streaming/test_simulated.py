"""A recogniser of whole recordings behind ends of segments: nothing before the end, then what it says of the whole."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from modellab.conformance.asked import Given
from modellab.conformance.examination import SURFACES
from modellab.media.audio import Waveform
from modellab.streaming.events import AnyEvent, Endpoint, Final, Partial
from modellab.streaming.simulated import Simulated
from modellab.streaming.stream import LiveStream
from modellab.surfaces.contracts import AsrStreamModel, untold
from modellab.surfaces.results import Segment, SpeechSegments, Transcript, Utterance, Word
from tests.streaming.promises import broken

RATE = 16_000


class Loud:
    """Speech is what is not zero; every stretch of it is a word, its length."""

    def detect(self, audio: Waveform, parameters: Mapping[str, Any], progress: Any) -> SpeechSegments:
        at = np.flatnonzero(audio.samples) / audio.sample_rate_hz
        edges = [0, *(np.flatnonzero(np.diff(at) > 0.1) + 1), len(at)]
        spans = [Segment(at[a], at[b - 1]) for a, b in pairwise(edges) if b > a]
        return SpeechSegments(spans, audio.duration_s)

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Any
    ) -> Transcript:
        assert speech and parameters == {"language": "en"}
        words = [Word(f"{span.duration_s:.1f}", span.start_s, span.end_s) for span in speech]
        return Transcript([Utterance(w.start_s, w.end_s, w.text, [w]) for w in words], audio.duration_s)


def sound(*seconds: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Silence, speech, silence and so on."""
    return np.concatenate([np.full(round(s * RATE), n % 2 / 2, dtype=np.float32) for n, s in enumerate(seconds)])


def test_each_segment_is_transcribed_when_it_ends_and_silence_never() -> None:
    model = Simulated(Loud(), RATE, Loud(), RATE)
    assert isinstance(model, AsrStreamModel)
    events: list[AnyEvent] = []
    stream = LiveStream(model, RATE, events.append, parameters={"language": "en"})
    stream.start_stream(RATE)
    stream.push_audio(sound(0.5, 0.3, 0.4, 0.2, 0.1))
    assert events == []
    stream.flush()
    stream.push_audio(sound(3.0))
    stream.flush()
    stream.push_audio(sound(1.0, 0.6))
    stream.finalize()
    assert broken(events) == [] and not any(isinstance(event, Partial) for event in events)
    finals = [event for event in events if isinstance(event, Final)]
    assert [final.text for final in finals] == ["0.3 0.2", "0.6"]
    spans = [(round(word.start_s, 2), round(word.end_s, 2)) for final in finals for word in final.words]
    assert spans == [(0.5, 0.8), (1.2, 1.4), (5.5, 6.1)]
    assert [round(event.at_s, 2) for event in events if isinstance(event, Endpoint)] == [1.4, 6.1]


def test_a_model_that_says_nothing_before_the_end_is_told_to_be_none_that_streams() -> None:
    surface = SURFACES["asr_stream"]
    given = Given("speech", Waveform(sound(0.5, 0.5), RATE), 1.0, {"language": "en"})
    model = Simulated(Loud(), RATE, Loud(), RATE)
    problems = list(surface.problems(model, given, surface.call(model, given, untold)))
    assert problems == ["it said nothing before the end: that is no streaming"]
