"""CAM++ behind the contract of sound embedders: voices as vectors of 192 numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.registry.checkpoints import read_checkpoint
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress, Vectors
from modellab.surfaces.results import Segment
from models.campplus.network import EMBEDDING_SIZE, MEL_BANDS, SAMPLE_RATE_HZ, network_module

WEIGHTS = "campplus.pt"
SHORTEST_S = 0.5
"""Less speech says hardly anything of a voice; the network itself takes a tenth of a second."""
_WINDOW_FRAMES = 1000
"""10 s: of more the network's answer is the mean of that of its parts, so that memory does not follow length."""
_FRAME_SAMPLES = 400
"""25 ms; a shorter stretch has no frame of features."""


class CamPlusPlus:
    """A loaded CAM++; offers the surface `embed_sound`."""

    def __init__(self, weights: Path, device: str) -> None:
        from modellab.registry import torchaudio_cpu

        torchaudio_cpu.make_importable()
        self._network = network_module().CAMPPlus(
            feat_dim=MEL_BANDS, embedding_size=EMBEDDING_SIZE, memory_efficient=False
        )
        state = read_checkpoint(weights)
        try:
            self._network.load_state_dict(state)
        except Exception as error:  # a checkpoint may hold anything
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise WeightsCorrupt(f"{weights} does not hold CAM++", found=first) from error
        self._device = device
        self._network.eval().to(device)

    @property
    def shortest_s(self) -> float:
        return SHORTEST_S

    def embed_sound(self, audio: Waveform, heard: Sequence[Sequence[Segment]], progress: Progress) -> Vectors:
        """One row of 192 for each, from 16 kHz audio: of the mean of the vectors of windows of about 10 s."""
        import torch

        vectors = np.empty((len(heard), EMBEDDING_SIZE), dtype=np.float32)
        with torch.inference_mode():
            for row, spans in enumerate(heard):
                windows = _windows(self._features(audio, spans))
                unit = [torch.nn.functional.normalize(self._vector(window), dim=0) for window in windows]
                vectors[row] = torch.nn.functional.normalize(torch.stack(unit).mean(dim=0), dim=0).cpu().numpy()
                progress((row + 1) / len(heard))
        return vectors

    def _features(self, audio: Waveform, spans: Sequence[Segment]) -> Any:
        """Log-mel features of some stretches one after the other, shape `(frames, 80)`."""
        import torch
        from torchaudio.compliance import kaldi

        parts = []
        for span in spans:
            samples = audio.samples[round(span.start_s * SAMPLE_RATE_HZ) : round(span.end_s * SAMPLE_RATE_HZ)]
            if len(samples) >= _FRAME_SAMPLES:
                wave = torch.from_numpy(np.ascontiguousarray(samples))[None]
                parts.append(kaldi.fbank(wave, num_mel_bins=MEL_BANDS, sample_frequency=SAMPLE_RATE_HZ, dither=0.0))
        if not parts:
            raise ValueError(f"no stretch is as long as a frame of {_FRAME_SAMPLES} samples")
        return torch.cat(parts)

    def _vector(self, features: Any) -> Any:
        centred = features - features.mean(dim=0)
        return self._network(centred[None].to(self._device))[0]


def _windows(features: Any) -> Sequence[Any]:
    """Frames in parts of one length, none much longer or shorter than 10 s where there are as many."""
    import torch

    parts: Sequence[Any] = torch.tensor_split(features, max(1, round(len(features) / _WINDOW_FRAMES)))
    return parts


def load(request: LoadRequest) -> CamPlusPlus:
    """Load the network."""
    if request.weights is None:
        raise ValueError("CAM++ has weights")
    return CamPlusPlus(request.weights / WEIGHTS, request.facts.device)
