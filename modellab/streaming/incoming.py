"""Audio as it is sent, in pieces of any size: one channel at a model's rate, resampled once."""

import numpy as np

from modellab.errors import UsageError
from modellab.media.audio import Samples
from modellab.media.resampling import StreamResampler

PcmBytes = bytes | bytearray | memoryview
RATES_HZ = (4_000, 192_000)
MOST_CHANNELS = 16
_SAMPLE_BYTES = 2
_FULL_SCALE = 32768.0


class IncomingAudio:
    """Takes what one sender sends.

    Args:
        sample_rate_hz: of what is sent.
        channels: of what is sent; the model hears their mean.
        model_rate_hz: of what comes out.

    Raises:
        UsageError: a rate or a number of channels that no sender has.
    """

    def __init__(self, sample_rate_hz: int, channels: int, model_rate_hz: int) -> None:
        if not RATES_HZ[0] <= sample_rate_hz <= RATES_HZ[1]:
            raise UsageError(
                "a stream has no such sample rate",
                found=f"{sample_rate_hz} Hz",
                allowed=f"{RATES_HZ[0]} to {RATES_HZ[1]} Hz",
            )
        if not 1 <= channels <= MOST_CHANNELS:
            raise UsageError(
                "a stream has no such number of channels", found=str(channels), allowed=f"1 to {MOST_CHANNELS}"
            )
        self._rate_hz, self._channels = sample_rate_hz, channels
        self._resampler = StreamResampler(1, sample_rate_hz, model_rate_hz)
        self._half = b""
        """Bytes of a sample, or of a moment of several channels, whose rest has not come yet."""
        self._as_bytes: bool | None = None
        self._taken = 0

    @property
    def sent_s(self) -> float:
        """Seconds of audio taken so far."""
        return self._taken / self._rate_hz

    def push(self, data: PcmBytes | Samples) -> Samples:
        """What can be said of the model's audio now, shape `(samples,)`, float32.

        Args:
            data: PCM s16le, channels interleaved, cut anywhere, in the middle of a sample too; or float32 in [-1, 1],
                shape `(samples,)` or `(channels, samples)`.

        Raises:
            UsageError: it is neither, or another kind than before; nothing of it is taken.
        """
        is_bytes = isinstance(data, PcmBytes)
        if self._as_bytes not in (None, is_bytes):
            raise UsageError("a stream began with one kind of audio and goes on with another", found=_kind(data))
        heard = self._of_bytes(bytes(data)) if isinstance(data, PcmBytes) else self._of_samples(data)
        self._as_bytes = is_bytes
        self._taken += heard.shape[-1]
        mono: Samples = heard.mean(axis=0, dtype=np.float32, keepdims=True)
        given: Samples = self._resampler.push(mono)[0]
        return given

    def finish(self) -> Samples:
        """The rest. Called once, last; half a sample that never became a whole one is left out."""
        rest: Samples = self._resampler.finish()[0]
        return rest

    def _of_bytes(self, data: bytes) -> Samples:
        data = self._half + data
        whole = len(data) - len(data) % (_SAMPLE_BYTES * self._channels)
        self._half = data[whole:]
        numbers = np.frombuffer(data[:whole], dtype="<i2").reshape(-1, self._channels).T
        return (numbers / np.float32(_FULL_SCALE)).astype(np.float32)

    def _of_samples(self, data: Samples) -> Samples:
        samples = data[None] if isinstance(data, np.ndarray) and data.ndim == 1 else data
        if (
            not isinstance(samples, np.ndarray)
            or samples.dtype != np.float32
            or samples.ndim != 2
            or samples.shape[0] != self._channels
        ):
            raise UsageError(
                "audio that can't be streamed was pushed",
                found=_kind(data),
                allowed=f"bytes of PCM s16le, or float32 of shape (samples,) or ({self._channels}, samples)",
            )
        if not np.isfinite(samples).all():
            raise UsageError("audio with samples that are no numbers was pushed", allowed="finite numbers")
        return samples


def _kind(data: object) -> str:
    return f"{data.dtype} of shape {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
