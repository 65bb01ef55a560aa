"""The tts step: a voice says a text. What it makes is canonical audio, so that whoever reads audio hears it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field

from modellab.documents import save
from modellab.errors import InputRefused, StepFailed
from modellab.media.audio import Audio, Samples, TimeMap, Waveform
from modellab.media.canonical import SourceFacts
from modellab.media.canonical_writer import write_canonical
from modellab.media.decode import no_numbers
from modellab.media.levels import SILENT_PEAK, decibels, frame_powers
from modellab.media.room import check_room
from modellab.media.spool import Spool
from modellab.metrics.synthesis import FULL_SCALE
from modellab.names import one_of
from modellab.steps.definition import Kind, StepContext, StepDefinition, StepParameters
from modellab.steps.outside import TEXT
from modellab.steps.packages import MEDIA
from modellab.surfaces.contracts import TtsModel
from modellab.surfaces.results import SpokenPiece, SpokenText
from modellab.text.spoken_pieces import spoken_pieces

_SECONDS_A_CHARACTER = 0.1
"""Of slow speech: for the room that is asked for beforehand."""
_SPEAKING_SHARE = 0.95
"""Of the step's time, for its progress; the rest is writing."""
_FRAME_S = 0.02
_SHOWN_CHARACTERS = 60
_FORMAT = "speech/float32"
"""In place of a file's container and codec."""


class TtsParameters(StepParameters):
    """How the text is said."""

    voice: str | None = Field(
        None, pattern=r"^[\w.-]+$", description="which of the model's voices; left out: its first"
    )
    language: str | None = Field(
        None, pattern=r"^[a-z]{2,3}$", description="code such as en or de; left out: the model's first"
    )
    speed: float = Field(1.0, ge=0.5, le=2.0, description="1 is the voice's own pace, 1.25 takes a fifth less time")
    seed: int = Field(0, ge=0, le=999_999_999, description="what is random in a voice follows from it")
    pause_ms: int = Field(
        0, ge=0, le=10_000, description="silence added between pieces of long texts, beside the voice's own"
    )


def run(context: StepContext) -> Mapping[str, Any]:
    """Say the text piece by piece, and write what was said with the time of every piece.

    Raises:
        InputDamaged: the lab's copy of the text is not what was registered.
        InputRefused: the input is a recording, or what is said gets longer than a recording may be.
        StepFailed: the model says nothing of a piece, gives sound of another rate than it should, or there is too
            little room on the disk.
        UnknownName: the model lacks the voice or the language.
    """
    parameters = context.parameters
    assert isinstance(parameters, TtsParameters)
    text = context.text()
    loaded = context.load()
    rate_hz = loaded.sample_rate_hz
    check_room(context.output, samples=round(len(text) * _SECONDS_A_CHARACTER * rate_hz), in_memory=False)
    with context.model() as model, Spool(context.output, 1, rate_hz) as spool:
        speaker = _Speaker(model, parameters, rate_hz)
        pieces = spoken_pieces(text, speaker.language)
        said: list[SpokenPiece] = []
        for number, piece in enumerate(pieces):
            if said and parameters.pause_ms:
                spool.append(np.zeros((1, round(parameters.pause_ms / 1000 * rate_hz)), dtype=np.float32))
            start_s = spool.duration_s
            samples = speaker.say(piece)[np.newaxis]
            spool.append(samples)
            said.append(SpokenPiece(piece, start_s, spool.duration_s, *_levels(Audio(samples, rate_hz))))
            _check_length(spool.duration_s, context)
            context.progress(_SPEAKING_SHARE * (number + 1) / len(pieces))
        context.audio_s = spool.duration_s
        warnings = [no_numbers(speaker.odd_samples)] if speaker.odd_samples else []
        info = write_canonical(
            context.output,
            spool,
            TimeMap.identity(spool.duration_s),
            source=speaker.facts(spool.length),
            mix=[1.0],
            warnings=warnings,
        )
    spoken = SpokenText(
        said,
        info.duration_s,
        rate_hz,
        voice=speaker.voice,
        language=speaker.language,
        speed=parameters.speed,
        seed=parameters.seed,
    )
    save(spoken, context.output)
    context.progress(1.0)
    return {
        "duration_s": info.duration_s,
        "sample_rate_hz": rate_hz,
        "channels": 1,
        "pieces": len(said),
        "characters": len(spoken.text),
        "voice": speaker.voice,
        "language": speaker.language,
        "loudness_lufs": info.levels.loudness_lufs,
        "peak_dbfs": info.levels.peak_dbfs,
        "warnings": warnings,
    }


class _Speaker:
    """A model with what it is asked for, and what was met while it spoke."""

    def __init__(self, model: TtsModel, parameters: TtsParameters, rate_hz: int) -> None:
        voices, languages = list(model.voices), list(model.languages)
        self.voice = one_of("voice", parameters.voice, voices) if parameters.voice else voices[0]
        self.language = one_of("language", parameters.language, languages) if parameters.language else languages[0]
        self._model, self._parameters, self._rate_hz = model, parameters, rate_hz
        self.odd_samples = 0
        """NaN or infinite."""
        self._full_scale_samples = 0

    def say(self, piece: str) -> Samples:
        """A piece's samples, all of them numbers.

        Raises:
            StepFailed: there are none, or they are of another rate than the model's.
        """
        parameters = self._parameters
        sound: Waveform = self._model.speak(piece, self.voice, self.language, parameters.speed, parameters.seed)
        if sound.sample_rate_hz != self._rate_hz:
            raise StepFailed(
                "the model gave sound of another rate than its config names",
                found=f"{sound.sample_rate_hz} Hz",
                allowed=f"{self._rate_hz} Hz",
            )
        if not len(sound.samples):
            raise StepFailed(
                "the model says nothing of a piece of the text",
                found=piece if len(piece) <= _SHOWN_CHARACTERS else f"{piece[:_SHOWN_CHARACTERS]}…",
                allowed=f"text of the language {self.language}",
                hint="Is the text in another language or script? See: modellab models list --surface tts",
            )
        odd = ~np.isfinite(sound.samples)
        self.odd_samples += int(odd.sum())
        samples = np.where(odd, np.float32(0.0), sound.samples)
        self._full_scale_samples += int((np.abs(samples) >= FULL_SCALE).sum())
        return samples

    def facts(self, samples: int) -> SourceFacts:
        """What is known of the sound as the model made it, in place of a recording's facts."""
        return SourceFacts(
            format=_FORMAT,
            audio_stream=0,
            audio_streams=1,
            has_video=False,
            sample_rate_hz=self._rate_hz,
            channels=1,
            layout=["FC"],
            duration_s=samples / self._rate_hz,
            full_scale_fraction=self._full_scale_samples / samples,
            non_finite_samples=self.odd_samples,
        )


def _levels(sound: Audio) -> tuple[float | None, float | None]:
    """Of its loudest 20 ms in dBFS, and of its last 20 ms over that in dB; None for digital silence."""
    frame = max(1, min(round(_FRAME_S * sound.sample_rate_hz), sound.length))
    loudest = math.sqrt(frame_powers(sound, frame).max())
    end = math.sqrt(float(np.square(sound.samples[0, -frame:], dtype=np.float64).mean()))
    if not loudest:
        return None, None
    return _rounded(decibels(loudest)), _rounded(decibels(max(end, SILENT_PEAK) / loudest))


def _rounded(level: float | None) -> float | None:
    return None if level is None else round(level, 2)


def _check_length(duration_s: float, context: StepContext) -> None:
    if context.longest_s is not None and duration_s > context.longest_s:
        raise InputRefused(
            f"{context.input.name} is longer than a recording may be when it is spoken",
            found=f"more than {context.longest_s / 3600:g} h of sound",
            allowed=f"{context.longest_s / 3600:g} h",
            hint="Set MODELLAB_LONGEST_RECORDING_H higher, or take the text apart.",
        )


STEP = StepDefinition(
    name="tts",
    description="A voice says a text; the steps after it hear what it said.",
    code_version="1",
    reads=(),
    gives=(Kind.RECORDING, Kind.AUDIO, Kind.SPOKEN),
    parameters=TtsParameters,
    run=run,
    packages=(*MEDIA, "pysbd"),
    takes="text",
    measured_by=("vad", "asr"),
    outside=(TEXT,),
    surface="tts",
)
