"""Until when somebody spoke, as a stream goes on: by loudness, or as a model of the surface `vad` hears it."""

from typing import Any, Protocol

import numpy as np

from modellab.media.audio import Samples, Waveform
from modellab.media.resampling import StreamResampler
from modellab.surfaces.contracts import VadModel, untold


class Detector(Protocol):
    """Hears one stream."""

    @property
    def heard_s(self) -> float:
        """Seconds of the stream that it was given."""

    @property
    def spoken_until_s(self) -> float | None:
        """Where the last speech ends, in seconds from the start of the stream; None: there was none yet."""

    def push(self, samples: Samples) -> None:
        """Hear more, shape `(samples,)`."""


_QUIET_DBFS = -50.0
"""Nothing below is speech."""
_ABOVE_DB = 12.0
"""Speech is so much louder than what else is heard."""
_FLOOR_DBFS = (-80.0, -35.0)
_RISE_DB_PER_S = 2.0
"""The noise may grow: speech itself, with its pauses, is too short to be taken for it."""
_LEAST_FRAMES = 3
"""60 ms: a click is shorter."""


class EnergyDetector:
    """Speech is what is louder than the quietest of the last seconds. Cheap, and fooled by any noise that comes and
    goes.

    Args:
        sample_rate_hz: of what it is given, in frames of 20 ms.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._samples = self._loud = 0
        self._floor_dbfs = _QUIET_DBFS
        self.spoken_until_s: float | None = None

    @property
    def heard_s(self) -> float:
        return self._samples / self._rate_hz

    def push(self, samples: Samples) -> None:
        if not len(samples):
            return
        self._samples += len(samples)
        mean_square = float(np.mean(np.square(samples, dtype=np.float64)))
        level = 10.0 * np.log10(mean_square) if mean_square > 0.0 else _FLOOR_DBFS[0]
        risen = self._floor_dbfs + _RISE_DB_PER_S * len(samples) / self._rate_hz
        self._floor_dbfs = float(np.clip(min(level, risen), *_FLOOR_DBFS))
        self._loud = self._loud + 1 if level > max(_QUIET_DBFS, self._floor_dbfs + _ABOVE_DB) else 0
        if self._loud >= _LEAST_FRAMES:
            self.spoken_until_s = self.heard_s


_WINDOW_S = 3.0
"""What the model hears again each time: recurrent ones know within a second what they hear."""
_EVERY_S = 0.16
_PARAMETERS: dict[str, Any] = {"threshold": 0.5, "min_speech_ms": 100, "min_silence_ms": 100, "speech_pad_ms": 0}


class VadDetector:
    """Asks a voice activity model about the last 3 s, six times a second.

    Args:
        model_rate_hz: of the audio that the model takes.
        sample_rate_hz: of what this is given.
    """

    def __init__(self, model: VadModel, model_rate_hz: int, sample_rate_hz: int) -> None:
        self._model, self._model_rate_hz, self._rate_hz = model, model_rate_hz, sample_rate_hz
        self._resampler = StreamResampler(1, sample_rate_hz, model_rate_hz)
        self._window: Samples = np.zeros(0, dtype=np.float32)
        self._samples = self._heard = self._asked = 0
        """Given, at the stream's rate; and of what the resampler gave, at the model's: all, and when it was asked."""
        self.spoken_until_s: float | None = None

    @property
    def heard_s(self) -> float:
        return self._samples / self._rate_hz

    def push(self, samples: Samples) -> None:
        self._samples += len(samples)
        more = self._resampler.push(samples[None])[0]
        self._heard += len(more)
        self._window = np.concatenate([self._window, more])[-round(_WINDOW_S * self._model_rate_hz) :]
        if self._heard - self._asked < _EVERY_S * self._model_rate_hz:
            return
        self._asked = self._heard
        found = self._model.detect(Waveform(self._window, self._model_rate_hz), _PARAMETERS, untold)
        if found.segments:
            until_s = (self._heard - len(self._window)) / self._model_rate_hz + found.segments[-1].end_s
            self.spoken_until_s = max(self.spoken_until_s or 0.0, until_s)
