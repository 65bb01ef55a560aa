"""Scorers of sound: how what enhancement and separation gave is read, and what references' sound is held against it."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from modellab.datasets.reference import ReferenceSound
from modellab.errors import InputRefused
from modellab.media.audio import Waveform
from modellab.media.canonical import CanonicalAudio, IngestInfo
from modellab.media.decode import decode
from modellab.metrics.libraries import release
from modellab.metrics.piecewise import NotComputable
from modellab.metrics.score import Score
from modellab.metrics.sounds import FileSound, HeldSound, Opener, Sound
from modellab.metrics.suites import enhance, separate
from modellab.steps.definition import OutsideRead
from modellab.steps.scoring import Judged

PESQ = OutsideRead("pesq", "which version of pesq is installed", lambda outside: release("pesq"))
"""The other figures can be had without it, so it is no package of the scorer; once it is installed, its are made."""


def enhancement(judged: Judged) -> Mapping[str, list[Score]]:
    """What enhancement gave, beside the recording and its clean speech."""
    before, after = CanonicalAudio.open(judged.reads["before"]), CanonicalAudio.open(judged.reads["after"])
    source_rate_hz = before.info.source.sample_rate_hz
    opened = _opener(judged, after.info, enhance.rate_of(source_rate_hz), np.array(after.info.mix))
    return {"after": enhance.scores(judged.reference, before, after, source_rate_hz=source_rate_hz, opened=opened)}


def separation(judged: Judged) -> Mapping[str, list[Score]]:
    """Every stem that was found, beside the recording and the stems it was mixed from; channels as their mean."""
    artifact, whole = judged.reads["stems"], judged.reads["mixture"]
    info = CanonicalAudio.open(artifact).info
    stems: dict[str, Sound] = {
        stem: FileSound.open(artifact.file(f"{stem}.flac")) for stem in artifact.summary["rms_dbfs"]
    }
    mixture = FileSound.open(whole.file(CanonicalAudio.open(whole).info.audio_file))
    rate_hz = info.sample_rate_hz
    opened = _opener(judged, info, rate_hz, np.full(info.channels, 1 / info.channels))
    return {"stems": separate.scores(judged.reference, mixture, stems, rate_hz=rate_hz, opened=opened)}


def _opener(judged: Judged, info: IngestInfo, rate_hz: int, mix: npt.NDArray[np.float64]) -> Opener:
    """Opens a reference's sound in the place where the processed audio has it.

    Args:
        mix: weight of each channel in mono, for sound of as many; other sound is mixed evenly.
    """

    def opened(sound: ReferenceSound) -> Sound:
        try:
            audio = decode(judged.sound(sound), sample_rate_hz=rate_hz)
        except InputRefused as error:
            raise NotComputable(f"the reference's sound {sound.name} can't be read: {error}") from error
        mono = mix.astype(np.float32) @ audio.samples if audio.channels == len(mix) else audio.mono
        return HeldSound(Waveform(mono, rate_hz)).cut_like(info.time_map)

    return opened
