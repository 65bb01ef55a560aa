"""Small hand-made meetings."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from modellab.bundle.meeting import Meeting, RecordingDay, describe
from modellab.inputs.registered import RegisteredInput
from modellab.surfaces.results import Diarization, SpeechSegments, Transcript, Turn, Utterance, Word
from modellab.text.results import (
    ActionItem,
    ActionItems,
    Chapter,
    Chapters,
    Evidence,
    Line,
    SpeakerSummary,
    Summary,
)

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


def evidence(transcript: Transcript, first_word: int, end_word: int) -> Evidence:
    """Some of a transcript's words as evidence."""
    words = transcript.words[first_word:end_word]
    said = " ".join(word.text for word in words)
    return Evidence(words[0].start_s, words[-1].end_s, words[0].speaker, first_word, end_word, said)


@pytest.fixture
def planned(registered: Callable[..., RegisteredInput]) -> MakeMeeting:
    """A minute in which Ann asks Bob for the numbers, with chapters, summary and action items.

    The transcript's third word is one of which nothing can be shown, so that later ones count one less in the pack.
    """

    def make(**more: Any) -> Meeting:
        utterances = [
            utterance("Good morning \u202e all. Bob, send the numbers by Friday.", 1.0, "SPEAKER_00"),
            utterance("Sure, I will send them. What else?", 10.0, "SPEAKER_01"),
            utterance("Lunch is at noon.", 20.0, "SPEAKER_01"),
            utterance("Good, <b>lunch</b> it is.", 30.0, "SPEAKER_00"),
        ]
        said = Transcript(utterances, 60.0, "en")
        turns = [Turn(u.start_s, u.end_s, str(u.speaker)) for u in utterances]
        chapters = [
            Chapter("Numbers, Friday", 1.0, 12.5, 0, 15, evidence(said, 4, 10)),
            Chapter("Lunch", 12.5, 32.5, 15, 25, evidence(said, 17, 21)),
        ]
        lines = [Line("Bob will send the numbers.", [evidence(said, 4, 10), evidence(said, 10, 15)])]
        paragraphs = [
            SpeakerSummary("SPEAKER_00", [Line("Bob, send the numbers by Friday.", [evidence(said, 4, 10)])], 15, 7.5),
            SpeakerSummary("SPEAKER_01", [], 11, 5.5),
        ]
        items = [
            ActionItem(
                "Send the numbers",
                "Bob",
                "SPEAKER_01",
                "by Friday",
                date(2026, 11, 27),
                [evidence(said, 4, 10), evidence(said, 10, 15)],
            ),
            ActionItem("Have <b>lunch</b>", None, None, None, None, [evidence(said, 21, 25)]),
        ]
        return describe(
            registered("Weekly_sync.wav", 60.0),
            60.0,
            said,
            None,
            Diarization(turns, 60.0),
            **{
                "chapters": Chapters(chapters, "extractive"),
                "summary": Summary(lines, paragraphs, "extractive"),
                "action_items": ActionItems(items, "rules", date(2026, 11, 21), "registered"),
                "recorded": RecordingDay(date(2026, 11, 21), "registered"),
                **more,
            },
        )

    return make
