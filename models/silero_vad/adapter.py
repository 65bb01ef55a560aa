"""Silero VAD on ONNX Runtime, from the weights in the silero-vad package.

The package itself is not imported: that would import torch (2 s or more) and set its thread count to 1 for the whole
process. Its "sequence" export takes many frames in one call, carrying the recurrent state inside, and gives the same
probabilities as the frame-by-frame model some ten times faster.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Samples, Waveform
from modellab.registry.checkpoints import read_weights
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, SpeechSegments
from models.silero_vad.segmentation import SegmentationOptions, speech_spans

WEIGHTS = "silero_vad_16k_sequence.onnx"
FRAME_SAMPLES = 512
"""One decision each: 32 ms at 16 kHz."""
CONTEXT_SAMPLES = 64
"""The end of the frame before, which the network sees again."""
_FRAMES_PER_CALL = 2048
"""65 s of audio: 5 MB a call, however long the recording."""
_STATE_SHAPE = (1, 1, 128)


class SileroVad:
    """A loaded Silero VAD; offers the surface `vad`."""

    def __init__(self, weights: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # The network is too small to gain from more threads; one also makes its speed the same on every machine.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # From bytes: a network in a file may name further files, anywhere, for its tensors.
        data = read_weights(weights)
        try:
            self._session = onnxruntime.InferenceSession(data, sess_options=options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime has a type of its own for each way a file can be wrong
            raise WeightsCorrupt(f"{weights} is not a network that can be run", found=str(error)) from error

    def detect(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> SpeechSegments:
        """Speech in 16 kHz audio.

        Args:
            parameters: the fields of `SegmentationOptions`.
        """
        probabilities = self.probabilities(audio.samples, progress)
        spans = speech_spans(
            probabilities.tolist(),
            FRAME_SAMPLES,
            len(audio.samples),
            audio.sample_rate_hz,
            SegmentationOptions(**parameters),
        )
        rate = audio.sample_rate_hz
        return SpeechSegments([Segment(start / rate, end / rate) for start, end in spans], audio.duration_s)

    def probabilities(self, samples: Samples, progress: Progress = lambda fraction: None) -> npt.NDArray[np.float32]:
        """Probability of speech for each frame of 32 ms, shape `(frames,)`; the last frame is filled with zeros."""
        hidden = np.zeros(_STATE_SHAPE, dtype=np.float32)
        cell = np.zeros(_STATE_SHAPE, dtype=np.float32)
        parts: list[npt.NDArray[np.float32]] = []
        for end, block in _blocks(samples):
            values, hidden, cell = self._session.run(
                ["speech_probs", "hn", "cn"], {"input": block, "h": hidden, "c": cell}
            )
            parts.append(np.ravel(values))
            progress(min(1.0, end / len(samples)))
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _blocks(samples: Samples) -> Iterator[tuple[int, Samples]]:
    """The network's input, a block of frames at a time, shape `(frames, 64 + 512)`, and where the block ends."""
    context = np.zeros(CONTEXT_SAMPLES, dtype=np.float32)
    block_samples = _FRAMES_PER_CALL * FRAME_SAMPLES
    for start in range(0, len(samples), block_samples):
        piece = samples[start : start + block_samples]
        frames = np.zeros((-(-len(piece) // FRAME_SAMPLES), FRAME_SAMPLES), dtype=np.float32)
        frames.reshape(-1)[: len(piece)] = piece
        contexts = np.vstack([context, frames[:-1, -CONTEXT_SAMPLES:]])
        context = frames[-1, -CONTEXT_SAMPLES:].copy()
        yield start + len(piece), np.concatenate([contexts, frames], axis=1)


def load(request: LoadRequest) -> SileroVad:
    """Load the network."""
    if request.weights is None:
        raise ValueError("Silero VAD has weights")
    return SileroVad(request.weights / WEIGHTS)
