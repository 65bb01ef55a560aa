"""Deepgram behind the asr and diarization contracts: `POST /v1/listen` with the sound as its body."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from modellab.errors import UsageError
from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.services.access import ServiceAccess
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard, transcribe_pieces
from modellab.speech.by_service import FLAC, OneHearing, Timed, Upload, flac, language_code, one_by_one, terms, written
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Diarization, Segment, Transcript, Turn
from modellab.surfaces.speakers import diarization_of

_LONGEST_S = 1800.0
"""Of one request. It takes files of 2 GB; a shorter one is lost more cheaply."""


class Options(Asked):
    """Parameters of a transcription."""

    multilingual: bool = Field(False, description="several languages in one recording")
    hotwords: str | None = Field(None, description="words to expect, with commas or slashes between")


class _Word(BaseModel):
    word: str
    start: float
    end: float
    confidence: float | None = Field(None, ge=0, le=1)
    punctuated_word: str | None = None


class _Alternative(BaseModel):
    transcript: str
    words: list[_Word] = []


class _Channel(BaseModel):
    alternatives: list[_Alternative] = Field(min_length=1)
    detected_language: str | None = None


class _Spoken(BaseModel):
    start: float
    end: float
    speaker: int | None = None


class _Results(BaseModel):
    channels: list[_Channel] = Field(min_length=1)
    utterances: list[_Spoken] | None = None


class _ModelInfo(BaseModel):
    name: str
    version: str


class _Metadata(BaseModel):
    request_id: str | None = None
    duration: float = Field(ge=0)
    model_info: dict[str, _ModelInfo] = {}


class _Answered(BaseModel):
    """As `ListenV1Response` of Deepgram's own client has it; what is not used is left out."""

    metadata: _Metadata
    results: _Results


class Deepgram:
    """One of Deepgram's models; offers the surfaces `asr` and `diarization`."""

    def __init__(self, access: ServiceAccess, term_parameter: str | None, rate_hz: int) -> None:
        self._access, self._terms, self._rate_hz = access, term_parameter, rate_hz

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech in 16 kHz audio, each with its time and confidence.

        Raises:
            UsageError: a parameter that is not allowed.
            ServiceFailed: as `ServiceAccess.ask`.
        """
        asked = Options.parse(self._access.model_ref, parameters)
        query = {"model": self._access.model, "punctuate": "true", **self._languages(asked), **self._expected(asked)}

        def hear(sound: Samples, hearing: OneHearing) -> Heard:
            alternative, language = self._heard(self._ask(sound, query, hearing))
            words = [Timed(w.punctuated_word or w.word, w.start, w.end, w.confidence) for w in alternative.words]
            return Heard(alternative.transcript, written(alternative.transcript, words), language=language)

        return transcribe_pieces(
            audio,
            speech,
            one_by_one(hear, self._rate_hz),
            longest_s=_LONGEST_S,
            pad_s=asked.speech_pad_ms / 1000,
            batch_size=1,
            language=asked.language,
            progress=progress,
        )

    def diarize(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Diarization:
        """Who speaks when, in one request over all of the recording.

        Raises:
            UsageError: a parameter is given: it decides by itself how many speak.
            ServiceFailed: as `ServiceAccess.ask`.
        """
        if parameters:
            raise UsageError(f"deepgram takes no parameter {', '.join(parameters)}", allowed="none")
        query = {
            "model": self._access.model,
            "diarize_model": "latest",
            "utterances": "true",
            "punctuate": "true",
            "detect_language": "true",
        }
        answered = self._ask(audio.samples, query, OneHearing(progress))
        return diarization_of(
            (
                Turn(one.start, one.end, str(one.speaker))
                for one in answered.results.utterances or ()
                if one.speaker is not None
            ),
            audio.duration_s,
        )

    def _languages(self, asked: Options) -> dict[str, str | list[str]]:
        if asked.language is not None:
            return {"language": asked.language}
        if asked.multilingual:
            return {"language": "multi"}
        return {"detect_language": list(asked.languages) if asked.languages else "true"}

    def _expected(self, asked: Options) -> dict[str, list[str]]:
        expected = terms(asked.hotwords)
        if expected and self._terms is None:
            raise UsageError(f"model {self._access.model_ref} takes no hotwords", hint="Take deepgram:nova-3.")
        return {str(self._terms): expected} if expected else {}

    def _ask(self, sound: Samples, query: Mapping[str, str | list[str]], hearing: OneHearing) -> _Answered:
        content = flac(sound, self._rate_hz)
        answer = self._access.ask(
            lambda client: client.stream(
                "POST",
                f"{self._access.url}/v1/listen",
                params=query,
                content=Upload(content, hearing),
                headers={"Content-Type": FLAC, **self._access.header("Token")},
            ),
            pause=hearing.pause,
        )
        answered = self._access.read(answer, _Answered)
        info = answered.metadata.model_info.values()
        self._access.note(
            answer,
            audio_s=answered.metadata.duration,
            answered=", ".join(sorted(f"{one.name} {one.version}" for one in info)) or None,
            request=answered.metadata.request_id,
        )
        hearing.heard()
        return answered

    @staticmethod
    def _heard(answered: _Answered) -> tuple[_Alternative, str | None]:
        channel = answered.results.channels[0]
        return channel.alternatives[0], language_code(channel.detected_language)


def load(request: LoadRequest) -> Deepgram:
    """A variant, ready to be asked."""
    assert request.service is not None and request.config.sample_rate_hz is not None
    term_parameter = request.variant.parameters.get("term_parameter")
    return Deepgram(request.service, str(term_parameter) if term_parameter else None, request.config.sample_rate_hz)
