"""CAM++ speaker embeddings behind pyannote.audio's model interface.

The network is that of `models/campplus`, trained on 200k speakers of Chinese and English (3D-Speaker).
"""

from pathlib import Path
from typing import Any

import torch
from pyannote.audio import Model
from pyannote.audio.core.task import Problem, Resolution, Specifications
from torchaudio.compliance import kaldi

from modellab.registry.checkpoints import read_checkpoint
from models.campplus.network import EMBEDDING_SIZE, MEL_BANDS, SAMPLE_RATE_HZ, network_module
from models.pyannote_diarization.workers import Workers

_MIN_FRAMES = 10
"""Fewest feature frames (10 ms each) an embedding is computed from; below it the result is NaN, "no embedding"."""
_MIN_SAMPLES = 25 * 16 + (_MIN_FRAMES - 1) * 10 * 16
"""Samples behind `_MIN_FRAMES` frames: one 25 ms window and a 10 ms hop for each further frame, at 16 samples a ms."""


class CamPlusPlusEmbedding(Model):  # type: ignore[misc]  # pyannote.audio has no type hints
    """CAM++ as a pyannote.audio embedding model: 16 kHz mono in, 192 numbers out."""

    def __init__(
        self,
        sample_rate: int = SAMPLE_RATE_HZ,
        num_channels: int = 1,
        task: Any = None,
        weights: Path | None = None,
        workers: Workers | None = None,
    ) -> None:
        super().__init__(sample_rate=sample_rate, num_channels=num_channels, task=task)
        self.workers = workers or Workers(1)
        self.network = network_module().CAMPPlus(
            feat_dim=MEL_BANDS, embedding_size=EMBEDDING_SIZE, memory_efficient=False
        )
        if weights is not None:
            self.network.load_state_dict(read_checkpoint(weights))
        self.specifications = Specifications(problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=3.0)

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        return EMBEDDING_SIZE

    def forward(self, waveforms: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
        """Embed each waveform, or only those frames of it whose weight is above one half.

        Args:
            waveforms: float32, shape `(batch, 1, samples)`.
            weights: shape `(batch, frames)`, 0 or 1 at any frame rate: which stretches belong to the speaker.

        Returns:
            Shape `(batch, 192)`; rows of NaN where fewer than 0.1 s are left.

        Raises:
            ValueError: a waveform without weights is shorter than one embedding needs.
        """
        if weights is None and waveforms.shape[-1] < _MIN_SAMPLES:
            raise ValueError(f"{waveforms.shape[-1]} samples are fewer than the {_MIN_SAMPLES} an embedding needs")
        embeddings = torch.full((len(waveforms), EMBEDDING_SIZE), float("nan"), device=waveforms.device)
        # The pipeline asks for every speaker of a window in turn, with the same samples.
        windows: list[list[int]] = []
        for index, waveform in enumerate(waveforms):
            if windows and torch.equal(waveform, waveforms[windows[-1][0]]):
                windows[-1].append(index)
            else:
                windows.append([index])

        def embed(window: list[int]) -> None:
            features = kaldi.fbank(
                waveforms[window[0]], num_mel_bins=MEL_BANDS, sample_frequency=SAMPLE_RATE_HZ, dither=0.0
            )
            for index in window:
                chosen = features if weights is None else features[_chosen_frames(weights[index], len(features))]
                if len(chosen) >= _MIN_FRAMES:
                    embeddings[index] = self.network((chosen - chosen.mean(dim=0))[None])[0]

        self.workers.map(embed, windows)
        return embeddings


def _chosen_frames(weights: torch.Tensor, frames: int) -> torch.Tensor:
    """Weights at one frame rate as a mask at another, nearest neighbour; shape `(frames,)`."""
    resampled = torch.nn.functional.interpolate(weights[None, None].float(), size=frames, mode="nearest")
    return resampled[0, 0] > 0.5
