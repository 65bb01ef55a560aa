"""Writing canonical audio: the files that `CanonicalAudio` reads, whichever step makes them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from modellab.errors import StepFailed
from modellab.media.audio import Audio, TimeMap
from modellab.media.canonical import (
    AUDIO_FILE,
    ENVELOPE_FILE,
    INFO_FILE,
    AppliedOperator,
    IngestInfo,
    SourceFacts,
)
from modellab.media.envelope import measure_envelope
from modellab.media.levels import decibels, measure_levels, peak
from modellab.surfaces.results import dump

_QUIET_PEAK = 0.01
"""Below this peak (-40 dBFS) 16 bits would leave a signal less than nine of them; it is written with 24."""
_WRITE_SAMPLES = 1 << 18
_FLAC_CHANNELS = 8
_FLAC_RATE_HZ = 655_350


def write_canonical(
    folder: Path,
    audio: Audio,
    time_map: TimeMap,
    *,
    source: SourceFacts,
    mix: Sequence[float],
    operators: Sequence[AppliedOperator] = (),
    warnings: Sequence[str] = (),
    attenuation_db: float = 0.0,
    audio_file: str = AUDIO_FILE,
    bits: Literal[16, 24] | None = None,
) -> IngestInfo:
    """Write audio with its description and envelope, turned down, in place, where it goes beyond full scale.

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
    check_flac(audio)
    attenuation_db += _bring_within_full_scale(audio)
    info = IngestInfo(
        sample_rate_hz=audio.sample_rate_hz,
        channels=audio.channels,
        duration_s=audio.duration_s,
        original_duration_s=time_map.original_duration_s,
        source=source,
        mix=list(mix),
        pieces=list(time_map.pieces),
        levels=measure_levels(audio),
        attenuation_db=attenuation_db,
        operators=list(operators),
        warnings=list(warnings),
        audio_file=audio_file,
    )
    write_flac(audio, folder / audio_file, bits)
    measure_envelope(audio, time_map).save(folder / ENVELOPE_FILE)
    dump(info, folder / INFO_FILE)
    return info


def check_flac(audio: Audio) -> None:
    """Refuse audio that FLAC can't hold.

    Raises:
        StepFailed: too many channels, or too high a rate.
    """
    if audio.channels > _FLAC_CHANNELS or audio.sample_rate_hz > _FLAC_RATE_HZ:
        raise StepFailed(
            "this audio can't be kept as it is",
            found=f"{audio.channels} channels at {audio.sample_rate_hz} Hz",
            allowed=f"{_FLAC_CHANNELS} channels and {_FLAC_RATE_HZ} Hz",
            hint="Set ingest.channels=mono, or a lower ingest.sample_rate_hz.",
        )


def write_flac(audio: Audio, path: Path, bits: Literal[16, 24] | None = None) -> None:
    """Write audio within full scale as FLAC; by default with the bits that its level needs.

    Integer samples are scaled here, so that 16-bit sound that was not changed comes out bit for bit the same.
    """
    bits = bits or (24 if peak(audio) < _QUIET_PEAK else 16)
    scale, shift = 1 << (bits - 1), 32 - bits
    subtype = f"PCM_{bits}"
    with soundfile.SoundFile(path, "w", audio.sample_rate_hz, audio.channels, subtype, format="FLAC") as file:
        for start in range(0, audio.samples.shape[1], _WRITE_SAMPLES):
            block = np.rint(audio.samples[:, start : start + _WRITE_SAMPLES] * np.float32(scale))
            np.clip(block, -scale, scale - 1, out=block)
            file.write(np.ascontiguousarray(block.T).astype(np.int32) << shift)


def _bring_within_full_scale(audio: Audio) -> float:
    """Turn audio down, in place, so that its peak is at full scale; gives by how many dB, 0 if it was within.

    Float recordings, lossy decoders and models go beyond full scale; turned down they lose nothing, clipped they would.
    """
    highest = peak(audio)
    if highest <= 1.0:
        return 0.0
    np.divide(audio.samples, np.float32(highest), out=audio.samples)
    return decibels(highest) or 0.0
