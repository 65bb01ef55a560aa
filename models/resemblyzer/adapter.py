"""Resemblyzer behind the contract of sound embedders: voices as vectors of 256 numbers.

The network of "Generalized end-to-end loss for speaker verification" (Wan et al., 2018) as resemble-ai/Resemblyzer
has it (`voice_encoder.py`, `audio.py`, `hparams.py`): three LSTM layers over 40 mel bands, asked in windows of 1.6 s.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Samples, Waveform
from modellab.registry.checkpoints import read_checkpoint
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress, Vectors
from modellab.surfaces.results import Segment

WEIGHTS = "pretrained.pt"
SAMPLE_RATE_HZ = 16_000
WIDTH = 256
SHORTEST_S = 0.5
"""Less speech says hardly anything of a voice, as for CAM++; the network itself would take any."""
_MEL_BANDS = 40
_FRAME_SAMPLES, _HOP_SAMPLES = 400, 160
_WINDOW_FRAMES = 160
"""1.6 s."""
_STEP_FRAMES = 77
"""1.3 windows begin in a second."""
_LEAST_COVERED = 0.75
"""A last window that holds less sound than this is left out, unless it is the only one."""
_LEAST_RMS = 10 ** (-30 / 20)
"""-30 dBFS: quieter speech is raised to it, louder is left as it is."""


class Resemblyzer:
    """The network, loaded; offers the surface `embed_sound`."""

    def __init__(self, weights: Path, device: str) -> None:
        from torch import nn

        layers = nn.ModuleDict(
            {"lstm": nn.LSTM(_MEL_BANDS, WIDTH, 3, batch_first=True), "linear": nn.Linear(WIDTH, WIDTH)}
        )
        checkpoint = read_checkpoint(weights)
        try:
            state = checkpoint["model_state"]
            # Two numbers beside them were used in training alone.
            layers.load_state_dict({name: state[name] for name in layers.state_dict()})
        except Exception as error:  # a checkpoint may hold anything
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise WeightsCorrupt(f"{weights} does not hold Resemblyzer's network", found=first) from error
        self._layers = layers.eval().to(device)
        self._device = device

    @property
    def shortest_s(self) -> float:
        return SHORTEST_S

    def embed_sound(self, audio: Waveform, heard: Sequence[Sequence[Segment]], progress: Progress) -> Vectors:
        """One row of 256 for each, from 16 kHz audio: the direction of the mean over windows of 1.6 s.

        Stretches are joined end to end. The package would look for speech in them first; whoever asks has done that.
        """
        vectors = np.empty((len(heard), WIDTH), dtype=np.float32)
        for row, spans in enumerate(heard):
            cuts = [(round(span.start_s * SAMPLE_RATE_HZ), round(span.end_s * SAMPLE_RATE_HZ)) for span in spans]
            mean = self._windows(_raised(np.concatenate([audio.samples[first:after] for first, after in cuts])))
            vectors[row] = mean / np.linalg.norm(mean)
            progress((row + 1) / len(heard))
        return vectors

    def _windows(self, samples: Samples) -> Samples:
        """Mean of the unit vectors of all windows, shape `(WIDTH,)`."""
        import torch

        starts = window_starts(len(samples))
        wanted = (starts[-1] + _WINDOW_FRAMES) * _HOP_SAMPLES
        mel = _mel(np.pad(samples, (0, max(0, wanted - len(samples)))))
        total = np.zeros(WIDTH, dtype=np.float64)
        with torch.inference_mode():
            for start in starts:
                window = torch.from_numpy(mel[np.newaxis, start : start + _WINDOW_FRAMES]).to(self._device)
                _, (hidden, _) = self._layers["lstm"](window)
                raw = torch.relu(self._layers["linear"](hidden[-1]))[0]
                total += torch.nn.functional.normalize(raw, dim=0).cpu().numpy()
        return (total / len(starts)).astype(np.float32)


def window_starts(samples: int) -> Sequence[int]:
    """First frames of the windows over so many samples, at least one."""
    frames = -(-(samples + 1) // _HOP_SAMPLES)
    starts = range(0, max(1, frames - _WINDOW_FRAMES + _STEP_FRAMES + 1), _STEP_FRAMES)
    covered = (samples - starts[-1] * _HOP_SAMPLES) / (_WINDOW_FRAMES * _HOP_SAMPLES)
    return starts[:-1] if covered < _LEAST_COVERED and len(starts) > 1 else starts


def _raised(samples: Samples) -> Samples:
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return samples * np.float32(_LEAST_RMS / rms) if 0.0 < rms < _LEAST_RMS else samples


def _mel(samples: Samples) -> Any:
    """Power in mel bands, shape `(frames, 40)`; not its logarithm."""
    import librosa

    bands = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE_HZ, n_fft=_FRAME_SAMPLES, hop_length=_HOP_SAMPLES, n_mels=_MEL_BANDS
    )
    return np.ascontiguousarray(bands.T, dtype=np.float32)


def load(request: LoadRequest) -> Resemblyzer:
    """Load the network."""
    if request.weights is None:
        raise ValueError("Resemblyzer has weights")
    return Resemblyzer(request.weights / WEIGHTS, request.facts.device)
