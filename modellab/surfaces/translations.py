"""Speech of one language as text of another. All times are seconds in the ORIGINAL recording."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from modellab.media.audio import TimeMap


@dataclass(frozen=True, slots=True)
class TranslatedUtterance:
    """What was said in a stretch, in the other language. Words have no times: they come in another order."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Translation:
    """What was said, in another language, in order of time."""

    FILE: ClassVar[str] = "translation.json"

    utterances: list[TranslatedUtterance]
    duration_s: float
    language: str
    """ISO 639-1 code of the text."""
    source_language: str | None = None
    """ISO 639-1 code of the speech, given or detected; None where the model needs none and says none."""

    @property
    def text(self) -> str:
        return " ".join(utterance.text for utterance in self.utterances)

    def in_original_time(self, time_map: TimeMap) -> Self:
        """As `SpeechSegments.in_original_time`."""
        placed = []
        for utterance in self.utterances:
            start_s, end_s = time_map.span_to_original(utterance.start_s, utterance.end_s)
            placed.append(replace(utterance, start_s=start_s, end_s=end_s))
        return replace(self, utterances=placed, duration_s=time_map.original_duration_s)
