"""Smart Turn v3 on ONNX Runtime, from the weights in the package pipecat-ai.

The package itself is not imported: it is a framework for voice agents with twenty further packages, of which one wants
another soxr than the lab has.
"""

from pathlib import Path

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.registry.loaded import LoadRequest
from modellab.registry.onnx_sessions import open_network
from models.smart_turn.features import RATE_HZ, WINDOW_SAMPLES, log_mel

WEIGHTS = "smart-turn.onnx"
_INPUT = "input_features"


class SmartTurn:
    """A loaded Smart Turn; offers the surface `end_of_turn`."""

    window_s = WINDOW_SAMPLES / RATE_HZ

    def __init__(self, weights: Path, threads: int) -> None:
        self._session = open_network(weights, threads)
        if [one.name for one in self._session.get_inputs()] != [_INPUT]:
            names = ", ".join(one.name for one in self._session.get_inputs())
            raise WeightsCorrupt(f"{weights} is not Smart Turn v3", found=f"inputs {names}", allowed=_INPUT)

    def end_of_turn(self, heard: Waveform) -> float:
        """From the last 8 s of 16 kHz audio; silence stands before what is shorter."""
        [answers] = self._session.run(None, {_INPUT: log_mel(heard.samples)[None]})
        return float(answers[0, 0])


def load(request: LoadRequest) -> SmartTurn:
    """Load the network."""
    if request.weights is None:
        raise ValueError("Smart Turn has weights")
    return SmartTurn(request.weights / WEIGHTS, request.facts.threads)
