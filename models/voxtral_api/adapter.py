"""Voxtral at Mistral's transcription service, behind the asr and diarization contracts: `POST
/v1/audio/transcriptions`."""

import re
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
from modellab.surfaces.results import Diarization, Segment, Transcript, Turn, Word
from modellab.surfaces.speakers import diarization_of

_LONGEST_S = 1800.0
"""Of one request with times; it takes three hours."""
_LONGEST_WITHOUT_TIMES_S = 30.0
"""Of one without: times are guessed within each piece."""


class Options(Asked):
    """Parameters of a transcription."""

    hotwords: str | None = Field(None, description="words to expect, with commas or slashes between")


class _Segment(BaseModel):
    text: str
    start: float | None
    end: float | None
    score: float | None = None
    speaker_id: str | None = None


class _Usage(BaseModel):
    prompt_audio_seconds: float | None = Field(None, ge=0)


class _Answered(BaseModel):
    """As `TranscriptionResponse` of Mistral's own client has it; what is not used is left out."""

    model: str
    text: str
    language: str | None = None
    segments: list[_Segment] | None = None
    usage: _Usage | None = None


class Voxtral:
    """One of Mistral's transcription models; offers the surfaces `asr` and `diarization`."""

    def __init__(self, access: ServiceAccess, rate_hz: int) -> None:
        self._access, self._rate_hz = access, rate_hz

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech in 16 kHz audio. The service gives times or takes a language, not both: where a language
        is named the times are guessed.

        Raises:
            UsageError: a parameter that is not allowed.
            ServiceFailed: as `ServiceAccess.ask`.
        """
        asked = Options.parse(self._access.model_ref, parameters)
        language = self._language(asked)
        fields: dict[str, str | list[str]] = {"model": self._access.model}
        fields |= {"language": language} if language else {"timestamp_granularities": ["word"]}
        if expected := terms(asked.hotwords):
            # Its documentation: no item may have commas or white space; phrases have underscores.
            fields["context_bias"] = [re.sub(r"\s+", "_", term) for term in expected]

        def hear(sound: Samples, hearing: OneHearing) -> Heard:
            answered = self._ask(sound, fields, hearing)
            return Heard(answered.text, _words(answered), language=language_code(answered.language))

        return transcribe_pieces(
            audio,
            speech,
            one_by_one(hear, self._rate_hz),
            longest_s=_LONGEST_WITHOUT_TIMES_S if language else _LONGEST_S,
            pad_s=asked.speech_pad_ms / 1000,
            batch_size=1,
            language=language,
            progress=progress,
        )

    def diarize(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Diarization:
        """Who speaks when, in one request over all of the recording.

        Raises:
            UsageError: a parameter is given: it decides by itself how many speak.
            ServiceFailed: as `ServiceAccess.ask`.
        """
        if parameters:
            raise UsageError(f"voxtral_api takes no parameter {', '.join(parameters)}", allowed="none")
        fields: dict[str, str | list[str]] = {
            "model": self._access.model,
            "diarize": "true",
            "timestamp_granularities": ["segment"],
        }
        answered = self._ask(audio.samples, fields, OneHearing(progress))
        return diarization_of(
            (
                Turn(one.start, one.end, one.speaker_id)
                for one in answered.segments or ()
                if one.speaker_id is not None and one.start is not None and one.end is not None
            ),
            audio.duration_s,
        )

    def _language(self, asked: Options) -> str | None:
        if asked.language is not None or not asked.languages:
            return asked.language
        if len(asked.languages) == 1:
            return asked.languages[0]
        raise UsageError(
            f"model {self._access.model_ref} can't be told several languages to choose from",
            found=", ".join(asked.languages),
            hint="Say the one that is spoken: asr.language=en.",
        )

    def _ask(self, sound: Samples, fields: Mapping[str, str | list[str]], hearing: OneHearing) -> _Answered:
        content = flac(sound, self._rate_hz)
        answer = self._access.ask(
            lambda client: client.stream(
                "POST",
                f"{self._access.url}/v1/audio/transcriptions",
                data=fields,
                files={"file": ("speech.flac", Upload(content, hearing), FLAC)},
                headers=self._access.header("Bearer"),
            ),
            pause=hearing.pause,
        )
        answered = self._access.read(answer, _Answered)
        counted = answered.usage.prompt_audio_seconds if answered.usage else None
        self._access.note(
            answer,
            audio_s=len(sound) / self._rate_hz if counted is None else counted,
            answered=answered.model,
            request=answer.headers.get("mistral-correlation-id") or answer.headers.get("x-request-id"),
        )
        hearing.heard()
        return answered


def _words(answered: _Answered) -> list[Word] | None:
    """Words with their times; where a segment has several, its time is shared out among them. None without any."""
    timed = [(one.text, one.start, one.end) for one in answered.segments or ()]
    parts = [(text, start, end) for text, start, end in timed if start is not None and end is not None]
    if not parts:
        return None
    if all(len(text.split()) <= 1 for text, _, _ in parts):
        return written(answered.text, [Timed(*part) for part in parts])
    return [word for part in parts for word in spread(*part)]


def load(request: LoadRequest) -> Voxtral:
    """A variant, ready to be asked."""
    assert request.service is not None and request.config.sample_rate_hz is not None
    return Voxtral(request.service, request.config.sample_rate_hz)
