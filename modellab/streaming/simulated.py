"""Any recogniser of whole recordings behind speech that has ended: no streaming, and named so.

Nothing is said before a segment ends; then all of it is, at once. What it is good for: models that can't stream, and
the floor that a model which streams must be better than.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from modellab.media.audio import Audio, Samples, Waveform
from modellab.media.resampling import resample
from modellab.surfaces.contracts import AsrModel, VadModel, untold
from modellab.surfaces.streams import Heard

_VAD: Mapping[str, Any] = {"threshold": 0.5, "min_speech_ms": 250, "min_silence_ms": 100, "speech_pad_ms": 30}


class Simulated:
    """Offers the surface `asr_stream`, simulated.

    Args:
        rate_hz: of the audio that `asr` takes.
        vad: says which of a segment is speech; None is said of silence.
        vad_rate_hz: of the audio that it takes.
    """

    finds_ends = False

    def __init__(self, asr: AsrModel, rate_hz: int, vad: VadModel, vad_rate_hz: int) -> None:
        self._asr, self._rate_hz, self._vad, self._vad_rate_hz = asr, rate_hz, vad, vad_rate_hz

    def open_stream(self, parameters: Mapping[str, Any]) -> "SimulatedStream":
        """A stream; the parameters are those of the recogniser, which refuses what it does not know with the first
        words."""
        return SimulatedStream(self, parameters)

    def transcribe(self, samples: Samples, parameters: Mapping[str, Any]) -> Heard:
        """All words of a segment."""
        audio = Audio(samples[None], self._rate_hz)
        heard = Waveform(resample(audio, self._vad_rate_hz).mono, self._vad_rate_hz)
        speech = self._vad.detect(heard, _VAD, untold).segments
        if not speech:
            return Heard()
        return Heard(self._asr.transcribe(Waveform(samples, self._rate_hz), speech, parameters, untold).words)

    @property
    def rate_hz(self) -> int:
        """Of the audio that it takes."""
        return self._rate_hz


class SimulatedStream:
    """Keeps the audio of a segment until it ends."""

    def __init__(self, model: Simulated, parameters: Mapping[str, Any]) -> None:
        self._model, self._parameters = model, parameters
        self._kept: list[Samples] = []
        self._before = 0
        """Samples of segments that ended."""

    def hear(self, samples: Samples) -> Sequence[Heard]:
        """Nothing yet."""
        self._kept.append(samples)
        return ()

    def end_segment(self) -> Heard:
        """All of its words."""
        if not self._kept:
            return Heard()
        samples, at_s = np.concatenate(self._kept), self._before / self._model.rate_hz
        self._kept = []
        self._before += len(samples)
        words = self._model.transcribe(samples, self._parameters).stable
        return Heard([replace(word, start_s=word.start_s + at_s, end_s=word.end_s + at_s) for word in words])

    def close(self) -> None:
        """Let go of the audio."""
        self._kept = []
