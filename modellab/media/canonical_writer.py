"""Writing canonical audio: the files that `CanonicalAudio` reads, whichever step makes them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np

from modellab.documents import dump
from modellab.errors import StepFailed
from modellab.media.audio import AudioBlocks, Samples, TimeMap
from modellab.media.canonical import (
    AUDIO_FILE,
    ENVELOPE_FILE,
    INFO_FILE,
    AppliedOperator,
    IngestInfo,
    SourceFacts,
)
from modellab.media.envelope import EnvelopeMeter
from modellab.media.levels import LevelMeter, decibels
from modellab.media.sound_writer import sound_writer

FlacBits = Literal[16, 24]
_QUIET_PEAK = 0.01
"""Below this peak (-40 dBFS) 16 bits would leave a signal less than nine of them; it is written with 24."""
_BLOCK_SAMPLES = 1 << 18
_FLAC_CHANNELS = 8
_FLAC_RATE_HZ = 655_350


def write_canonical(
    folder: Path,
    audio: AudioBlocks,
    time_map: TimeMap,
    *,
    source: SourceFacts,
    mix: Sequence[float],
    operators: Sequence[AppliedOperator] = (),
    warnings: Sequence[str] = (),
    attenuation_db: float = 0.0,
    audio_file: str = AUDIO_FILE,
    bits: FlacBits | None = None,
) -> IngestInfo:
    """Write audio with its description and envelope, block by block; turned down where it goes beyond full scale.

    Float recordings, lossy decoders and models go beyond full scale; turned down they lose nothing, clipped they would.

    Args:
        folder: where the files go.
        audio: what models are to get.
        time_map: from its times to the original recording's.
        source: the media it comes from.
        mix: weight of each source channel in a mono mix.
        operators: what was applied to it, in order.
        warnings: what its readers should know.
        attenuation_db: by how much it was turned down before.
        audio_file: name of the FLAC.
        bits: of a FLAC sample; by default as many as its level needs.

    Raises:
        StepFailed: FLAC can't hold it.
    """
    check_flac(audio.channels, audio.sample_rate_hz)
    highest = audio.peak
    divisor = np.float32(highest) if highest > 1.0 else None
    levels = LevelMeter(audio.channels, audio.sample_rate_hz)
    envelope = EnvelopeMeter(audio.length, audio.sample_rate_hz, time_map)
    with _flac_writer(folder / audio_file, audio.channels, audio.sample_rate_hz, bits or flac_bits(highest)) as write:
        for stored in audio.blocks(_BLOCK_SAMPLES):
            block = stored if divisor is None else stored / divisor
            levels.add(block)
            envelope.add(block)
            write(block)
    info = IngestInfo(
        sample_rate_hz=audio.sample_rate_hz,
        channels=audio.channels,
        duration_s=audio.duration_s,
        original_duration_s=time_map.original_duration_s,
        source=source,
        mix=list(mix),
        pieces=list(time_map.pieces),
        levels=levels.levels(),
        attenuation_db=attenuation_db + (0.0 if divisor is None else decibels(highest) or 0.0),
        operators=list(operators),
        warnings=list(warnings),
        audio_file=audio_file,
    )
    envelope.envelope().save(folder / ENVELOPE_FILE)
    dump(info, folder / INFO_FILE)
    return info


def check_flac(channels: int, sample_rate_hz: int) -> None:
    """Refuse audio that FLAC can't hold.

    Raises:
        StepFailed: too many channels, or too high a rate.
    """
    if channels > _FLAC_CHANNELS or sample_rate_hz > _FLAC_RATE_HZ:
        raise StepFailed(
            "this audio can't be kept as it is",
            found=f"{channels} channels at {sample_rate_hz} Hz",
            allowed=f"{_FLAC_CHANNELS} channels and {_FLAC_RATE_HZ} Hz",
            hint="Set ingest.channels=mono, or a lower ingest.sample_rate_hz.",
        )


def flac_bits(peak: float) -> FlacBits:
    """The bits that audio of this peak needs."""
    return 24 if peak < _QUIET_PEAK else 16


def write_flac(audio: AudioBlocks, path: Path, bits: FlacBits | None = None) -> None:
    """Write audio within full scale as FLAC; by default with the bits that its level needs."""
    with _flac_writer(path, audio.channels, audio.sample_rate_hz, bits or flac_bits(audio.peak)) as write:
        for block in audio.blocks(_BLOCK_SAMPLES):
            write(block)


@contextmanager
def _flac_writer(path: Path, channels: int, sample_rate_hz: int, bits: FlacBits) -> Iterator[Callable[[Samples], None]]:
    """Writes a FLAC block by block: gives what adds samples within full scale, shape `(channels, samples)`.

    Samples are scaled here, so that 16-bit sound that was not changed comes out bit for bit the same.
    """
    scale, shift = 1 << (bits - 1), 32 - bits
    with sound_writer(path, channels, sample_rate_hz, f"PCM_{bits}", "FLAC") as file:

        def write(block: Samples) -> None:
            integers = np.rint(block * np.float32(scale))
            np.clip(integers, -scale, scale - 1, out=integers)
            file.write(np.ascontiguousarray(integers.T).astype(np.int32) << shift)

        yield write
