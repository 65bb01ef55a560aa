"""Basic Pitch on ONNX Runtime, from the weights in its makers' package.

The package itself is not imported: on Linux it wants TensorFlow, and for its files librosa, resampy and pretty_midi. It
also cuts off the end of a recording (0.6 %: it takes a frame rate of 86 for one of 86.6), which is not done here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Samples, Waveform
from modellab.registry.checkpoints import read_weights
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress
from modellab.surfaces.sounds import Note, Notes
from models.basic_pitch.notes import Floats, find_notes

WEIGHTS = "nmp.onnx"
RATE_HZ = 22_050
_HOP_SAMPLES = 256
_WINDOW_SAMPLES = 2 * RATE_HZ - _HOP_SAMPLES
"""What the network hears at once."""
_EDGE_FRAMES = 15
"""At each end of a window, of which the network knows too little around."""
_KEPT_FRAMES = 172 - 2 * _EDGE_FRAMES
_STEP_SAMPLES = _WINDOW_SAMPLES - 2 * _EDGE_FRAMES * _HOP_SAMPLES
"""From one window to the next. The frames kept of one are a little longer together, so the last overlaps the next."""
_INPUT, _ENERGY, _ONSETS = "serving_default_input_2:0", "StatefulPartitionedCall:1", "StatefulPartitionedCall:2"
_BATCH = 8
_FAINTEST = 1 / 127


class BasicPitch:
    """A loaded Basic Pitch; offers the surface `music_transcription`."""

    def __init__(self, weights: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        data = read_weights(weights)
        try:
            self._session = onnxruntime.InferenceSession(data, sess_options=options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime has a type of its own for each way a file can be wrong
            raise WeightsCorrupt(f"{weights} is not a network that can be run", found=str(error)) from error

    def transcribe_notes(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Notes:
        """Notes of 22.05 kHz audio.

        Args:
            parameters: `onset_threshold`, `frame_threshold` (0 to 1), `min_note_ms`.
        """
        energy, onsets = self._heard(audio.samples, progress)
        times_s = frame_times_s(len(energy))
        inside = int(np.searchsorted(times_s, audio.duration_s))
        found = find_notes(
            energy[:inside],
            onsets[:inside],
            parameters["onset_threshold"],
            parameters["frame_threshold"],
            round(parameters["min_note_ms"] / 1000 * RATE_HZ / _HOP_SAMPLES),
        )
        notes = [
            Note(
                float(times_s[one.start]),
                min(float(times_s[one.end]), audio.duration_s),
                one.pitch,
                round(min(1.0, max(_FAINTEST, one.strength)), 4),
            )
            for one in found
        ]
        return Notes(notes, audio.duration_s)

    def _heard(self, samples: Samples, progress: Progress) -> tuple[Floats, Floats]:
        """Energy and onsets of every frame, each of shape `(frames, 88)`."""
        count = max(1, -(-len(samples) // _STEP_SAMPLES))
        before = _EDGE_FRAMES * _HOP_SAMPLES
        kept: tuple[list[Floats], list[Floats]] = ([], [])
        for first in range(0, count, _BATCH):
            numbers = range(first, min(first + _BATCH, count))
            windows = np.stack([_window(samples, number * _STEP_SAMPLES - before) for number in numbers])
            for parts, answer in zip(kept, self._session.run([_ENERGY, _ONSETS], {_INPUT: windows}), strict=True):
                inner = answer[:, _EDGE_FRAMES:-_EDGE_FRAMES]
                parts.append(inner.reshape(-1, inner.shape[-1]))
            progress(numbers[-1] / count if numbers[-1] + 1 < count else 1.0)
        return np.concatenate(kept[0]), np.concatenate(kept[1])


def frame_times_s(frames: int) -> "npt.NDArray[np.float64]":
    """When each frame begins: windows follow each other, and frames within each."""
    window, frame = np.divmod(np.arange(frames), _KEPT_FRAMES)
    found: npt.NDArray[np.float64] = (window * _STEP_SAMPLES + frame * _HOP_SAMPLES) / RATE_HZ
    return found


def _window(samples: Samples, start: int) -> Samples:
    """What the network hears from a sample on, shape `(samples, 1)`; silence before and after the recording."""
    piece = samples[max(0, start) : start + _WINDOW_SAMPLES]
    front = max(0, -start)
    return np.pad(piece, (front, _WINDOW_SAMPLES - front - len(piece))).astype(np.float32)[:, None]


def load(request: LoadRequest) -> BasicPitch:
    """Load the network."""
    if request.weights is None:
        raise ValueError("Basic Pitch has weights")
    return BasicPitch(request.weights / WEIGHTS, request.facts.threads)
