"""Which second listener tells where nobody speaks: what each hears of speech, what else it takes for speech, its cost.

    python benchmarks/listeners.py [--data DATA]

Over the datasets that come along of which it is known where there is speech; with DATA, a folder of recordings, also
over those with an RTTM file beside them, and sounds without speech (`NO_VOICES`). A frame of 10 ms of speech is lost
when nothing is heard within 0.5 s of it, as far as a word may be from speech before it is flagged. Times are processor
time on one thread, once each, without loading.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
from rich.console import Console
from rich.table import Table

from modellab.datasets.catalogue import Catalogue
from modellab.datasets.places import TextPlace
from modellab.datasets.reading import ReferenceReader
from modellab.datasets.reference import ReferenceSound
from modellab.datasets.sources import Sources
from modellab.formats.rttm import read_rttm
from modellab.media.audio import Samples, Waveform
from modellab.media.decode import decode
from modellab.media.folders import sound_endings
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.registry.threads import torch_threads
from modellab.settings import Lab, Settings
from modellab.speech.hallucinations import voicing
from modellab.speech.hallucinations.outside import REACH_S
from modellab.steps.vad import VadParameters
from modellab.surfaces.contracts import untold
from modellab.surfaces.results import Segment

RATE_HZ = 16_000
FRAMES_PER_S = 100
DATASETS = ("vad_smoke_v1", "hallucination_planted_v1", "hallucination_v1")
NO_VOICES = (
    *("sounds-esc50/1-100032-A-0.flac", "sounds-esc50/2-100648-A-43.flac", "sounds-esc50/3-103051-C-19.flac"),
    *("noisy-clean-deepfilternet/noise_freesound_573577.flac", "music-piano-madmom/stereo_sample.flac"),
    *("vad-aeneas/n.wav", "silence/almost_silent.wav"),
)
Frames = npt.NDArray[np.bool_]
Listener = Callable[[Samples], Frames]


@dataclass(frozen=True, slots=True)
class Case:
    """A recording at 16 kHz, and where there is speech in it."""

    samples: Samples
    speech: Sequence[Segment]

    @property
    def frames(self) -> Frames:
        """Which hundredths of a second are speech."""
        return _frames(self.speech, len(self.samples) * FRAMES_PER_S // RATE_HZ)


def shipped(lab: Lab) -> Iterator[Case]:
    """Cases of the datasets that come along."""
    sources, catalogue = Sources(lab), Catalogue(lab)
    reader = ReferenceReader(sources, _no_sound)
    for name in DATASETS:
        dataset = catalogue.get(name)
        for case in dataset.manifest.cases:
            assert not isinstance(case.source, TextPlace)
            samples = _sound(sources.find(case.source, dataset.folder))
            known = reader.read(dataset, case, len(samples) / RATE_HZ)
            yield Case(samples, known.speech or [])


def of_data(data: Path) -> Iterator[Case]:
    """Recordings with turns beside them, and sounds without a voice."""
    for path in sorted(data.glob("*/*")):
        turns = path.with_suffix(".rttm")
        if path.suffix.lower() in sound_endings() and turns.is_file():
            spoken = [turn for of_one in read_rttm(turns).values() for turn in of_one]
            yield Case(_sound(path), [Segment(turn.start_s, turn.end_s) for turn in spoken])
    for name in NO_VOICES:
        yield Case(_sound(data / name), [])


def by_pitch(samples: Samples) -> Frames:
    """`voicing.py`."""
    found = voicing.voiced(soxr.resample(samples, RATE_HZ, voicing.RATE_HZ))
    return _frames(found, len(samples) * FRAMES_PER_S // RATE_HZ)


def webrtc(mode: int) -> Listener:
    """WebRTC's detector, in frames of 30 ms."""
    from webrtcvad import Vad

    length = RATE_HZ * 3 // FRAMES_PER_S

    def hear(samples: Samples) -> Frames:
        detector = Vad(mode)
        whole = (np.clip(samples, -1, 1) * 32767).astype("<i2")
        starts = range(0, len(whole) - length + 1, length)
        return np.repeat([detector.is_speech(whole[at : at + length].tobytes(), RATE_HZ) for at in starts], 3)

    return hear


def silero(models: Models, registry: ModelRegistry) -> Listener:
    """The vad step's model as it is set."""
    model = models.acquire(registry.resolve("silero_vad")[1]).model

    def hear(samples: Samples) -> Frames:
        found = model.detect(Waveform(samples, RATE_HZ), VadParameters().model_dump(), untold)
        return _frames(found.segments, len(samples) * FRAMES_PER_S // RATE_HZ)

    return hear


def segmentation(models: Models, registry: ModelRegistry) -> Listener:
    """pyannote's segmentation-3.0 over windows of 10 s that do not overlap."""
    models.acquire(registry.resolve("pyannote_diarization")[1])  # imports pyannote as it must be imported
    import torch

    from models.pyannote_diarization.segmentation import Segmentation
    from models.pyannote_diarization.workers import Workers

    weights = models.request(registry.resolve("pyannote_diarization")[1]).weights
    assert weights is not None
    network = Segmentation.from_checkpoint(weights / "segmentation.bin", Workers(1))
    window = 10 * RATE_HZ

    def hear(samples: Samples) -> Frames:
        padded = np.pad(samples, (0, -len(samples) % window))
        parts = []
        with torch.inference_mode(), torch_threads(1):
            for at in range(0, len(padded), window):
                piece = torch.from_numpy(padded[at : at + window].copy())[None, None]
                spoken = np.exp(network(piece).numpy()[0, :, 0]) < 0.5
                parts.append(spoken[np.arange(10 * FRAMES_PER_S) * len(spoken) // (10 * FRAMES_PER_S)])
        return np.concatenate(parts)

    return hear


def measure(listener: Listener, cases: Sequence[Case]) -> tuple[float, float, float]:
    """Share of speech that is lost, share of what is no speech that is heard, and processor time per second."""
    lost = speech = heard = quiet = 0
    spent_s = 0.0
    for case in cases:
        began = time.process_time()
        found = listener(case.samples)
        spent_s += time.process_time() - began
        known = case.frames[: len(found)]
        found = found[: len(known)]
        lost += int((known & ~_grown(found)).sum())
        speech += int(known.sum())
        far = ~_grown(known)
        heard += int((found & far).sum())
        quiet += int(far.sum())
    return lost / max(speech, 1), heard / max(quiet, 1), spent_s / sum(len(case.samples) / RATE_HZ for case in cases)


def _grown(frames: Frames) -> Frames:
    reach = round(REACH_S * FRAMES_PER_S)
    return np.convolve(frames, np.ones(2 * reach + 1), "same")[: len(frames)] > 0 if len(frames) else frames


def _frames(segments: Sequence[Segment], length: int) -> Frames:
    frames = np.zeros(length, dtype=bool)
    for segment in segments:
        frames[round(segment.start_s * FRAMES_PER_S) : round(segment.end_s * FRAMES_PER_S)] = True
    return frames


def _sound(path: Path) -> Samples:
    return decode(path, sample_rate_hz=RATE_HZ).mono


def _no_sound(path: Path) -> ReferenceSound:
    raise ValueError(f"no case here has a reference sound: {path}")


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder of real recordings")
    options = parser.parse_args(arguments)
    registry = ModelRegistry()
    with tempfile.TemporaryDirectory() as home:
        lab = Lab(Settings(_env_file=None, home=Path(home), offline=True))
        with Models(lab, registry) as models:
            listeners = {
                "voicing": by_pitch,
                **{f"WebRTC, mode {mode}": webrtc(mode) for mode in (1, 3)},
                "silero_vad": silero(models, registry),
                "segmentation-3.0": segmentation(models, registry),
            }
            sets = {"shipped": list(shipped(lab))}
            if options.data:
                sets["real"] = list(of_data(options.data))
            for title, cases in sets.items():
                minutes = sum(len(case.samples) for case in cases) / RATE_HZ / 60
                table = Table("listener", "speech lost", "taken for speech", "processor time", title_justify="left")
                table.title = f"{title}: {len(cases)} recordings, {minutes:.0f} minutes"
                for name, listener in listeners.items():
                    lost, heard, cost = measure(listener, cases)
                    table.add_row(name, f"{lost:.1%}", f"{heard:.1%}", f"{cost:.2%}")
                Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
