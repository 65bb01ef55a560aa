"""ONNX networks, opened on a CPU in one way."""

from pathlib import Path
from typing import Any

from modellab.errors import WeightsCorrupt
from modellab.registry.checkpoints import read_weights


def open_network(path: Path, threads: int = 1, graph: bytes | None = None) -> Any:
    """A session of ONNX Runtime over the network in a file.

    Args:
        path: the file; where `graph` is given, what it was made from.
        threads: of the network; between its branches there is one.
        graph: the network itself, as ONNX writes it.

    Raises:
        WeightsCorrupt: the file holds no network that can be run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: some exports bring a page of warnings about themselves
    data = graph or read_weights(path)
    try:
        # From bytes: a network in a file may name further files, anywhere, for its tensors.
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # a file can be wrong in many ways, each with a type of its own
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsCorrupt(f"{path} is not a network that can be run", found=first) from error
