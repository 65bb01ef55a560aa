"""NSNet2's network, asked frame by frame: what its recurrent layers remember goes in and comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Samples
from modellab.registry.checkpoints import read_weights
from modellab.registry.onnx_sessions import open_network

BINS = 161
"""Frequencies of a frame: those of a transform of 320 samples."""
_INITIAL_STATE, _LAST_STATE = 5, 1
"""Places among ONNX's inputs and outputs of a GRU."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one recurrent layer remembers: its names in the graph, and how many numbers."""

    given: str
    told: str
    size: int


class Network:
    """The network over frames of one stream after the other; holds nothing of any of them.

    Raises:
        WeightsCorrupt: the file does not hold it.
    """

    def __init__(self, path: Path, threads: int) -> None:
        graph, self.layers = _with_states(path)
        self._session = open_network(path, threads, graph)
        self._input, self._output = self._session.get_inputs()[0].name, self._session.get_outputs()[0].name
        if self._session.get_inputs()[0].shape[-1] != BINS:
            raise WeightsCorrupt(f"{path} is not NSNet2 for 16 kHz", found=f"{self._session.get_inputs()[0].shape}")

    def start(self) -> list[Samples]:
        """What its layers remember when nothing was heard."""
        return [np.zeros((1, 1, layer.size), dtype=np.float32) for layer in self.layers]

    def gains(self, features: Samples, states: Sequence[Samples]) -> tuple[Samples, list[Samples]]:
        """How much of each frequency of one frame is speech, shape `(BINS,)`, 0 to 1, and what its layers remember now.

        Args:
            features: of the frame, shape `(BINS,)`.
            states: what it remembered before.
        """
        given: dict[str, Any] = {self._input: features[np.newaxis, np.newaxis]}
        given |= {layer.given: state for layer, state in zip(self.layers, states, strict=True)}
        gains, *told = self._session.run([self._output, *(layer.told for layer in self.layers)], given)
        return gains[0, 0], told


def _with_states(path: Path) -> tuple[bytes, list[Layer]]:
    """The graph with the states of its recurrent layers as further inputs and outputs.

    Raises:
        WeightsCorrupt: the file holds no ONNX network with such layers.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(read_weights(path))
    except Exception as error:  # whatever protobuf's parser has
        raise WeightsCorrupt(f"{path} is not an ONNX network", found=str(error)) from error
    layers: list[Layer] = []
    for node in model.graph.node:
        if node.op_type != "GRU" or len(node.input) <= _INITIAL_STATE or len(node.output) <= _LAST_STATE:
            continue
        [size] = [attribute.i for attribute in node.attribute if attribute.name == "hidden_size"]
        layer = Layer(f"state_{len(layers)}", node.output[_LAST_STATE], size)
        node.input[_INITIAL_STATE] = layer.given
        kind, shape = onnx.TensorProto.FLOAT, [1, 1, size]
        model.graph.input.append(onnx.helper.make_tensor_value_info(layer.given, kind, shape))
        model.graph.output.append(onnx.helper.make_tensor_value_info(layer.told, kind, shape))
        layers.append(layer)
    if not layers:
        raise WeightsCorrupt(f"{path} is not NSNet2", found="a network without recurrent layers")
    return model.SerializeToString(), layers
