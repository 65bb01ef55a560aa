"""AssemblyAI behind the asr and diarization contracts: the sound is uploaded, a transcript ordered, and looked after
until it is done (`/v2/upload`, `/v2/transcript`)."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, Field

from modellab.errors import ServiceFailed, ServiceRefused, UsageError
from modellab.media.audio import Samples, Waveform
from modellab.redaction import redact
from modellab.registry.loaded import LoadRequest
from modellab.services.access import ServiceAccess
from modellab.services.http import Answer, Send
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard, transcribe_pieces
from modellab.speech.by_service import OneHearing, Timed, Upload, flac, language_code, one_by_one, terms, written
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Diarization, Segment, Transcript, Turn
from modellab.surfaces.speakers import diarization_of

if TYPE_CHECKING:
    import httpx2

M = TypeVar("M", bound=BaseModel)

_LONGEST_S = 3600.0
"""Of one job. It takes 10 hours; a shorter one is lost more cheaply."""
_MS_PER_S = 1000
_NOTHING_SAID = "no spoken audio"
"""What it says of sound in which it hears nobody, which is no failure here."""


class Options(Asked):
    """Parameters of a transcription."""

    hotwords: str | None = Field(None, description="words to expect, with commas or slashes between")


class _Uploaded(BaseModel):
    upload_url: str


class _Word(BaseModel):
    text: str
    start: int
    end: int
    confidence: float | None = Field(None, ge=0, le=1)


class _Spoken(BaseModel):
    start: int
    end: int
    speaker: str | None = None


class _Job(BaseModel):
    """As the `Transcript` of AssemblyAI's API has it; what is not used is left out. Times are milliseconds."""

    id: str = Field(pattern=r"^[\w-]+$")
    status: Literal["queued", "processing", "completed", "error"]
    error: str | None = None
    text: str | None = None
    words: list[_Word] | None = None
    utterances: list[_Spoken] | None = None
    audio_duration: float | None = Field(None, ge=0)
    language_code: str | None = None
    speech_model_used: str | None = None


class AssemblyAI:
    """One of AssemblyAI's models; offers the surfaces `asr` and `diarization`."""

    def __init__(self, access: ServiceAccess, *, takes_terms: bool, rate_hz: int) -> None:
        self._access, self._takes_terms, self._rate_hz = access, takes_terms, rate_hz

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech in 16 kHz audio, each with its time and confidence.

        Raises:
            UsageError: a parameter that is not allowed.
            ServiceFailed: as `ServiceAccess.ask`, or the job failed there.
        """
        asked = Options.parse(self._access.model_ref, parameters)
        expected = terms(asked.hotwords)
        if expected and not self._takes_terms:
            raise UsageError(f"model {self._access.model_ref} takes no hotwords")
        order = {**_languages(asked), **({"keyterms_prompt": expected} if expected else {})}

        def hear(sound: Samples, hearing: OneHearing) -> Heard:
            job = self._transcribed(sound, order, hearing)
            text = job.text or ""
            words = [Timed(w.text, w.start / _MS_PER_S, w.end / _MS_PER_S, w.confidence) for w in job.words or ()]
            return Heard(text, written(text, words), language=language_code(job.language_code))

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
        """Who speaks when, in one job over all of the recording.

        Args:
            parameters: `num_speakers` alone.

        Raises:
            UsageError: another parameter.
            ServiceFailed: as `ServiceAccess.ask`, or the job failed there.
        """
        if strange := sorted(set(parameters) - {"num_speakers"}):
            raise UsageError(f"assemblyai takes no parameter {', '.join(strange)}", allowed="num_speakers")
        order: dict[str, Any] = {"speaker_labels": True, "language_detection": True}
        if parameters:
            order["speakers_expected"] = parameters["num_speakers"]
        job = self._transcribed(audio.samples, order, OneHearing(progress))
        return diarization_of(
            (
                Turn(one.start / _MS_PER_S, one.end / _MS_PER_S, one.speaker)
                for one in job.utterances or ()
                if one.speaker is not None
            ),
            audio.duration_s,
        )

    def _transcribed(self, sound: Samples, order: Mapping[str, Any], hearing: OneHearing) -> _Job:
        """A finished job over a piece of sound."""
        content = flac(sound, self._rate_hz)
        key = self._access.header("")
        base = self._access.url
        uploaded = self._asked(
            _Uploaded,
            lambda client: client.stream(
                "POST",
                f"{base}/v2/upload",
                content=Upload(content, hearing),
                headers={"Content-Type": "application/octet-stream", **key},
            ),
            hearing,
        )[0]
        body = {"audio_url": uploaded.upload_url, "speech_models": [self._access.model], **order}
        job, answer = self._asked(
            _Job, lambda client: client.stream("POST", f"{base}/v2/transcript", json=body, headers=key), hearing
        )
        waits_until = time.monotonic() + self._access.patience.timeout_s + len(sound) / self._rate_hz
        while job.status in ("queued", "processing"):
            if time.monotonic() > waits_until:
                raise ServiceFailed(
                    f"the service of model {self._access.model_ref} is not done in time",
                    found=f"job {job.id} is {job.status}",
                    hint="Raise MODELLAB_SERVICE_TIMEOUT_S.",
                )
            hearing.pause(self._access.patience.poll_s)
            job, answer = self._asked(_Job, partial(_look, f"{base}/v2/transcript/{job.id}", key), hearing)
        if job.status == "error" and _NOTHING_SAID not in (job.error or ""):
            raise ServiceRefused(
                f"the service of model {self._access.model_ref} could not transcribe",
                found=redact(job.error or "no reason"),
            )
        self._access.note(
            answer,
            audio_s=len(sound) / self._rate_hz if job.audio_duration is None else job.audio_duration,
            answered=job.speech_model_used,
            request=job.id,
        )
        hearing.heard()
        return job

    def _asked(self, form: type[M], send: Send, hearing: OneHearing) -> tuple[M, Answer]:
        answer = self._access.ask(send, pause=hearing.pause)
        return self._access.read(answer, form), answer


def _look(address: str, key: Mapping[str, str], client: "httpx2.Client") -> AbstractContextManager["httpx2.Response"]:
    return client.stream("GET", address, headers=key)


def _languages(asked: Options) -> dict[str, Any]:
    if asked.language is not None:
        return {"language_code": asked.language}
    if asked.languages:
        return {
            "language_detection": True,
            "language_detection_options": {"expected_languages": list(asked.languages)},
        }
    return {"language_detection": True}


def load(request: LoadRequest) -> AssemblyAI:
    """A variant, ready to be asked."""
    assert request.service is not None and request.config.sample_rate_hz is not None
    takes_terms = bool(request.variant.parameters.get("takes_terms"))
    return AssemblyAI(request.service, takes_terms=takes_terms, rate_hz=request.config.sample_rate_hz)
