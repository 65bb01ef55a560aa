"""What a dataset's check must know of a recording: its length, and its sound apart from how the file packs it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from modellab.media.decode import MediaReader


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """A recording that decodes."""

    duration_s: float
    """Of what decodes."""
    samples_sha256: str
    """Of its samples as float32, with their rate and the number of channels: the same for a WAV and its FLAC."""
    is_silent: bool
    """All samples are 0."""
    warnings: tuple[str, ...]
    """What is wrong with the file, though it decodes."""


def sound_facts(path: Path, longest_s: float) -> SoundFacts:
    """Decode a recording as a whole.

    Args:
        longest_s: what is longer is refused.

    Raises:
        InputRefused: it can't be decoded.
    """
    digest, is_silent = hashlib.sha256(), True
    with MediaReader(path, longest_s=longest_s) as reader:
        digest.update(f"{reader.info.sample_rate_hz} {reader.info.channels}".encode())
        for block in reader.blocks():
            digest.update(block.T.tobytes())
            is_silent = is_silent and not block.any()
        return SoundFacts(reader.duration_s, digest.hexdigest(), is_silent, tuple(reader.warnings()))


def stated_duration_s(path: Path) -> float | None:
    """The length that a file states, in seconds, without decoding it; None where it states none.

    Raises:
        InputRefused: it is no media.
    """
    with MediaReader(path) as reader:
        return reader.info.stated_duration_s
