"""Nemotron 3 Diarization on transformers: who speaks when, of up to eight people, all at once if they do.

The network is made for streams and remembers who has spoken; a recording goes in whole, as its makers' offline mode has
it: in chunks of 27 s with 3 s of what follows.
"""

from collections.abc import Mapping
from typing import Any

from modellab.errors import UsageError
from modellab.media.audio import Waveform
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Diarization, Turn
from modellab.surfaces.speakers import bridged, diarization_of
from models._transformers.loading import load as load_transformers

_PAUSES = "min_duration_off_s"
_PROBABILITY = 0.5


class NemotronDiarization:
    """A loaded network; offers the surface `diarization`."""

    def __init__(self, request: LoadRequest) -> None:
        self._name = str(request.ref)
        self._processor, self._network = load_transformers(
            request, "Nemotron3DiarizationForAudioFrameClassification", "Nemotron3DiarizationProcessor"
        )

    def diarize(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Diarization:
        """Turns in 16 kHz audio, in frames of 10 ms: a speaker's frames that are more likely theirs than not.

        Args:
            parameters: `min_duration_off_s`, or nothing. Who is who the network says, so there is no more to set.

        Raises:
            UsageError: another parameter is given.
        """
        import torch

        if unknown := sorted(set(parameters) - {_PAUSES}):
            raise UsageError(f"{self._name} takes no parameter {', '.join(unknown)}", allowed=_PAUSES)
        if not len(audio.samples):
            return Diarization([], audio.duration_s)
        inputs = self._processor(audio.samples, sampling_rate=audio.sample_rate_hz, return_tensors="pt")
        with torch.inference_mode():
            logits = self._network(**inputs.to(self._network.device, dtype=self._network.dtype)).logits
        [found] = self._processor.extract_speaker_dict(logits.float(), inputs.attention_mask, _PROBABILITY)
        turns = [Turn(one["Start"], one["End"], str(one["Speaker"])) for one in found]
        return diarization_of(bridged(turns, parameters.get(_PAUSES, 0.0)), audio.duration_s)


def load(request: LoadRequest) -> NemotronDiarization:
    """Load the network."""
    return NemotronDiarization(request)
