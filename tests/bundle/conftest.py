"""Small hand-made meetings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modellab.bundle.meeting import Meeting, describe
from modellab.media.inputs import RegisteredInput
from modellab.surfaces.results import Diarization, SpeechSegments, Transcript, Turn, Utterance, Word

MakeMeeting = Callable[..., Meeting]


def utterance(text: str, start_s: float, speaker: str | None = None, *, word_s: float = 0.5) -> Utterance:
    """Words of `word_s` each, one after the other."""
    words = [
        Word(word, start_s + n * word_s, start_s + (n + 1) * word_s, 0.5, speaker=speaker)
        for n, word in enumerate(text.split(" "))
    ]
    return Utterance(start_s, words[-1].end_s, text, words, speaker)


@pytest.fixture
def say() -> Callable[..., Utterance]:
    return utterance


@pytest.fixture
def registered() -> Callable[..., RegisteredInput]:
    def make(name: str = "Weekly_sync.wav", duration_s: float = 20.0, path: Path = Path("none")) -> RegisteredInput:
        return RegisteredInput(
            key="0123456789abcdef",
            sha256="0123456789abcdef" * 4,
            name=name,
            path=path,
            duration_s=duration_s,
            sample_rate_hz=16_000,
            channels=1,
            format="wav/pcm_s16le",
            bytes=1,
            registered_at="2025-01-01T00:00:00Z",
        )

    return make


@pytest.fixture
def make_meeting(registered: Callable[..., RegisteredInput]) -> MakeMeeting:
    """A meeting from utterances, and turns as `(start, end, speaker)`."""

    def make(
        *utterances: Utterance,
        turns: list[tuple[float, float, str]] | None = None,
        speech: SpeechSegments | None = None,
        name: str = "Weekly_sync.wav",
        duration_s: float = 20.0,
        language: str | None = "en",
        **more: Any,
    ) -> Meeting:
        diarization = None if turns is None else Diarization([Turn(*turn) for turn in turns], duration_s)
        transcript = Transcript(list(utterances), duration_s, language if utterances else None)
        return describe(registered(name, duration_s), duration_s, transcript, speech, diarization, **more)

    return make


@pytest.fixture
def two_speakers(make_meeting: MakeMeeting) -> Meeting:
    """Ann and Bob, with a second of both."""
    return make_meeting(
        utterance("Hello there, Bob.", 1.0, "SPEAKER_00"),
        utterance("Hi & welcome <b>", 3.0, "SPEAKER_01"),
        turns=[(1.0, 3.5, "SPEAKER_00"), (2.5, 6.0, "SPEAKER_01"), (10.0, 11.0, "SPEAKER_00")],
    )
