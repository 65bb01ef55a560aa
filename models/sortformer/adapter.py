"""NVIDIA's Sortformer by NeMo: who speaks when, of up to four people, all at once if they do.

The streaming ones remember who has spoken, and are given a recording as their makers' offline mode has it: in chunks
of 27 s with 3 s of what follows. The first one hears a recording whole.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.errors import StepFailed, UsageError
from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Diarization, Turn
from modellab.surfaces.speakers import bridged, diarization_of
from modellab.units import clock
from models._nemo.restoring import restored

LONGEST_WHOLE_S = 600.0
"""What one that hears a recording whole may be given: what it needs grows with the square of the length, and is some
8 GB at this one."""
_SHORTEST_S = 0.5
"""Shorter audio is followed by silence: its features are normalised over several frames."""
_CHUNKS = {
    **{"chunk_len": 340, "chunk_right_context": 40, "fifo_len": 40},
    **{"spkcache_update_period": 300, "spkcache_len": 188},
}
"""In frames of 80 ms: the makers' "very high latency", which is their best for whole recordings."""
_PAUSES = "min_duration_off_s"
_PROBABILITY = 0.5


class Sortformer:
    """A loaded network; offers the surface `diarization`."""

    def __init__(self, request: LoadRequest, folder: Path) -> None:
        self._name, self._device = str(request.ref), request.facts.device
        [name] = request.variant.files
        self._model: Any = restored(
            folder / name,
            self._device,
            "nemo.collections.asr.models.sortformer_diar_models",
            "SortformerEncLabelModel",
            speaks=False,
        )
        self._modules: Any = self._model.sortformer_modules
        self._frame_s = float(self._model.cfg.preprocessor.window_stride * self._model.encoder.subsampling_factor)
        if self._model.streaming_mode:
            for part, frames in _CHUNKS.items():
                setattr(self._modules, part, frames)

    def diarize(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Diarization:
        """Turns in 16 kHz audio, in frames of 80 ms: a speaker's frames that are more likely theirs than not.

        Args:
            parameters: `min_duration_off_s`, or nothing. Who is who the network says, so there is no more to set.

        Raises:
            UsageError: another parameter is given.
            StepFailed: the recording is too long for one that hears it whole.
        """
        if unknown := sorted(set(parameters) - {_PAUSES}):
            raise UsageError(f"{self._name} takes no parameter {', '.join(unknown)}", allowed=_PAUSES)
        if not self._model.streaming_mode and audio.duration_s > LONGEST_WHOLE_S:
            raise StepFailed(
                f"{self._name} hears a recording whole, which would take too much memory of one so long",
                found=clock(audio.duration_s),
                allowed=f"{clock(LONGEST_WHOLE_S)} at most",
                hint="Take sortformer:streaming-4spk-v2.1, or cut the recording.",
            )
        if not len(audio.samples):
            return Diarization([], audio.duration_s)
        likely = self._probabilities(audio.samples, audio.sample_rate_hz, progress)
        turns = turns_of(likely > _PROBABILITY, self._frame_s)
        return diarization_of(bridged(turns, parameters.get(_PAUSES, 0.0)), audio.duration_s)

    def _probabilities(self, samples: Samples, rate_hz: int, progress: Progress) -> npt.NDArray[np.float32]:
        """That each speaker speaks: shape `(frames, speakers)`."""
        import torch

        fill = max(0, round(_SHORTEST_S * rate_hz) - len(samples))
        signal = torch.from_numpy(np.pad(samples, (0, fill)))[None]
        with torch.inference_mode():
            features, count = self._model.process_signal(signal, torch.tensor([signal.shape[1]]))
            features = features[:, :, : int(count.max())]
            if self._model.streaming_mode:
                found = self._in_chunks(features, count, progress)
            else:
                found = self._model.forward_infer(*self._model.frontend_encoder(features, count))
                progress(1.0)
        likely: npt.NDArray[np.float32] = found[0].float().cpu().numpy()
        return likely

    def _in_chunks(self, features: Any, count: Any, progress: Progress) -> Any:
        """As the package's `forward_streaming`, told of each chunk."""
        import torch

        state = self._modules.init_streaming_state(
            batch_size=1, async_streaming=self._model.async_streaming, device=self._model.device
        )
        found = torch.zeros((1, 0, self._modules.n_spk), device=self._model.device)
        chunks = self._modules.streaming_feat_loader(features, count, torch.zeros_like(count))
        heard = 0
        for _, chunk, length, left, right in chunks:
            state, found = self._model.forward_streaming_step(
                processed_signal=chunk,
                processed_signal_length=length,
                streaming_state=state,
                total_preds=found,
                left_offset=left,
                right_offset=right,
            )
            heard += chunk.shape[1] - left - right
            progress(heard / features.shape[2])
        return found


def turns_of(active: npt.NDArray[np.bool_], frame_s: float) -> list[Turn]:
    """Turns, in order of start, of which frame belongs to which speaker.

    Args:
        active: shape `(frames, speakers)`.
        frame_s: seconds from a frame to the next.
    """
    turns: list[Turn] = []
    for speaker, frames in enumerate(active.T):
        edges = np.flatnonzero(np.diff(frames.astype(np.int8), prepend=0, append=0))
        turns += [
            Turn(float(start * frame_s), float(end * frame_s), str(speaker))
            for start, end in zip(edges[::2], edges[1::2], strict=True)
        ]
    return sorted(turns, key=lambda turn: turn.start_s)


def load(request: LoadRequest) -> Sortformer:
    """Load a Sortformer."""
    if request.weights is None:
        raise ValueError("Sortformer has weights")
    return Sortformer(request, request.weights)
