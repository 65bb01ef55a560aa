"""OpenAI's transcription protocol behind the asr contract: OpenAI itself, and servers that speak it, such as vLLM and
speaches (`POST /audio/transcriptions`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from modellab.errors import UsageError
from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.services.access import ServiceAccess
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard, transcribe_pieces
from modellab.speech.by_service import (
    FLAC,
    OneHearing,
    Timed,
    Upload,
    flac,
    language_code,
    one_by_one,
    spread,
    terms,
    written,
)
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript, Word

_LONGEST_S = 600.0
"""Of one request to a model that says when words were said: 19 MiB before compression, of the 25 MiB that it takes."""
_LONGEST_WITHOUT_TIMES_S = 30.0
"""To one that does not: times are guessed within each piece."""


class Options(Asked):
    """Parameters of a transcription."""

    initial_prompt: str | None = Field(None, description="text the model is to believe came before")
    hotwords: str | None = Field(None, description="words to expect, with commas or slashes between")


class _Word(BaseModel):
    word: str
    start: float
    end: float


class _Segment(BaseModel):
    text: str
    start: float
    end: float


class _Language(BaseModel):
    code: str


class _Usage(BaseModel):
    seconds: float | None = Field(None, ge=0)


class _Answered(BaseModel):
    """As `TranscriptionVerbose` and `Transcription` of OpenAI's own client have it; what is not used is left out."""

    text: str
    language: str | None = None
    languages: list[_Language] | None = None
    duration: float | None = Field(None, ge=0)
    words: list[_Word] | None = None
    segments: list[_Segment] | None = None
    usage: _Usage | None = None
    model: str | None = None
    """OpenAI does not say it; some servers do."""


class OpenAITranscription:
    """One model of a server that speaks the protocol; offers the surface `asr`.

    Args:
        gives_times: whether it can be asked for the times of words (`verbose_json`).
        many: whether it takes lists of languages and of words to expect (gpt-transcribe).
    """

    def __init__(self, access: ServiceAccess, *, gives_times: bool, many: bool, rate_hz: int) -> None:
        self._access, self._gives_times, self._many, self._rate_hz = access, gives_times, many, rate_hz

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech in 16 kHz audio; their times are guessed where the model gives none.

        Raises:
            UsageError: a parameter that is not allowed.
            ServiceFailed: as `ServiceAccess.ask`.
        """
        asked = Options.parse(self._access.model_ref, parameters)
        fields = self._fields(asked)

        def hear(sound: Samples, hearing: OneHearing) -> Heard:
            answered = self._ask(sound, fields, hearing)
            said = answered.languages[0].code if answered.languages else answered.language
            return Heard(answered.text, _words(answered), language=language_code(said))

        return transcribe_pieces(
            audio,
            speech,
            one_by_one(hear, self._rate_hz),
            longest_s=_LONGEST_S if self._gives_times else _LONGEST_WITHOUT_TIMES_S,
            pad_s=asked.speech_pad_ms / 1000,
            batch_size=1,
            language=asked.language,
            progress=progress,
        )

    def _fields(self, asked: Options) -> dict[str, str | list[str]]:
        fields: dict[str, str | list[str]] = {"model": self._access.model, "response_format": "json"}
        if self._gives_times:
            fields |= {"response_format": "verbose_json", "timestamp_granularities[]": ["word", "segment"]}
        if asked.language is not None:
            fields["language"] = asked.language
        elif asked.languages and len(asked.languages) == 1:
            fields["language"] = asked.languages[0]
        elif asked.languages:
            fields["languages[]"] = self._only(list(asked.languages), "several languages to choose from")
        if asked.initial_prompt is not None:
            fields["prompt"] = asked.initial_prompt
        if expected := terms(asked.hotwords):
            fields["keywords[]"] = self._only(expected, "hotwords")
        return fields

    def _only(self, values: list[str], what: str) -> list[str]:
        if not self._many:
            raise UsageError(
                f"model {self._access.model_ref} takes no {what}",
                hint="Say the language (asr.language=en), and words to expect in asr.initial_prompt.",
            )
        return values

    def _ask(self, sound: Samples, fields: Mapping[str, str | list[str]], hearing: OneHearing) -> _Answered:
        content = flac(sound, self._rate_hz)
        answer = self._access.ask(
            lambda client: client.stream(
                "POST",
                f"{self._access.url}/audio/transcriptions",
                data=fields,
                files={"file": ("speech.flac", Upload(content, hearing), FLAC)},
                headers=self._access.header("Bearer"),
            ),
            pause=hearing.pause,
        )
        answered = self._access.read(answer, _Answered)
        counted = answered.usage.seconds if answered.usage else None
        self._access.note(
            answer,
            audio_s=next(s for s in (counted, answered.duration, len(sound) / self._rate_hz) if s is not None),
            answered=answered.model,
            request=answer.headers.get("x-request-id"),
        )
        hearing.heard()
        return answered


def _words(answered: _Answered) -> list[Word] | None:
    """Words with their times, as exactly as they were given; None where no time was."""
    if answered.words:
        return written(answered.text, [Timed(one.word, one.start, one.end) for one in answered.words])
    if answered.segments:
        return [word for one in answered.segments for word in spread(one.text, one.start, one.end)]
    return None


def load(request: LoadRequest) -> OpenAITranscription:
    """A variant, ready to be asked."""
    assert request.service is not None and request.config.sample_rate_hz is not None
    parameters = request.variant.parameters
    return OpenAITranscription(
        request.service,
        gives_times=bool(parameters.get("gives_times")),
        many=bool(parameters.get("takes_lists")),
        rate_hz=request.config.sample_rate_hz,
    )
