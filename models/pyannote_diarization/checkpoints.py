"""pyannote.audio's checkpoints and pipelines, built here from what is known of them.

pyannote's own loaders open pickles, import the module that a checkpoint names and make any class that a description
names. Here a checkpoint is read once, without code; its network must be one of those listed, and gets only the
parameters that are listed.
"""

import importlib
import inspect
from pathlib import Path
from typing import Any

from modellab.errors import WeightsCorrupt
from modellab.registry import checkpoints

CHECKPOINT = "pytorch_model.bin"
_WHAT = "pyannote.audio checkpoint"
_NETWORKS = {
    ("pyannote.audio.models.segmentation", "PyanNet"),
    ("pyannote.audio.models.embedding", "WeSpeakerResNet34"),
    ("pyannote.audio.models.embedding", "WeSpeakerResNet152"),
    ("pyannote.audio.models.embedding", "WeSpeakerResNet221"),
    ("pyannote.audio.models.embedding", "WeSpeakerResNet293"),
    ("models.pyannote_diarization.campplus", "CamPlusPlusEmbedding"),
}
"""Package and class of the networks that a pipeline may be made of; a checkpoint may name a module of the package."""
_PARAMETERS = frozenset(
    (
        *("sample_rate", "num_channels", "sincnet", "lstm", "linear"),
        *("num_mel_bins", "frame_length", "frame_shift", "dither", "window_type", "use_energy"),
    )
)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A pyannote.audio checkpoint: tensors, plain values, and just the classes that such a file needs.

    Raises:
        WeightsCorrupt: it is missing, is no checkpoint, or holds anything but tensors and pyannote's descriptions.
    """
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from torch.torch_version import TorchVersion

    allowed = [Problem, Resolution, Specifications, TorchVersion]
    checkpoint = checkpoints.read_checkpoint(path, allowed, _WHAT)
    wanted = {"state_dict", "hyper_parameters", "pyannote.audio"}
    missing = wanted - set(checkpoint) if isinstance(checkpoint, dict) else wanted
    if missing or not all(isinstance(checkpoint[part], dict) for part in wanted):
        found = f"no {', '.join(sorted(missing))}" if missing else "parts that are no mappings"
        raise WeightsCorrupt(f"{path} is not a {_WHAT}", found=found)
    return checkpoint  # type: ignore[no-any-return]


def hyper_parameters(checkpoint: dict[str, Any], kind: type) -> dict[str, Any]:
    """Of a checkpoint's parameters those that its network takes and that are known."""
    known = _PARAMETERS & set(inspect.signature(kind).parameters)
    return {name: value for name, value in checkpoint["hyper_parameters"].items() if name in known}


def load_network(path: Path) -> Any:
    """The network of a checkpoint, in evaluation mode.

    Raises:
        WeightsCorrupt: the file can't be opened safely, or is not one of the networks known here.
    """
    checkpoint = read_checkpoint(path)
    kind = _network(path, checkpoint["pyannote.audio"])
    try:
        model = kind(**hyper_parameters(checkpoint, kind))
        model.on_load_checkpoint(checkpoint)
        # Some were trained with a loss that has weights of its own, which nothing needs here.
        states = {name: value for name, value in checkpoint["state_dict"].items() if not name.startswith("loss_func")}
        model.load_state_dict(states)
    except Exception as error:  # parameters and tensors of any kind may be in it
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsCorrupt(f"{path} does not hold a {kind.__name__}", found=first) from error
    return model.eval()


def _network(path: Path, described: dict[str, Any]) -> Any:
    architecture = described.get("architecture")
    architecture = architecture if isinstance(architecture, dict) else {}
    module, name = str(architecture.get("module")), str(architecture.get("class"))
    for package, known in sorted(_NETWORKS):
        if name == known and (module == package or module.startswith(f"{package}.")):
            return getattr(importlib.import_module(package), known)
    raise WeightsCorrupt(
        f"{path} asks for a network that is not one of pyannote.audio's",
        found=f"{module}.{name}",
        allowed=", ".join(sorted(known for _, known in _NETWORKS)),
    )


def unused_plda() -> Any:
    """A PLDA that can't compute anything: pyannote's pipeline wants one even where its clustering never uses it."""
    from pyannote.audio.core.plda import PLDA

    return PLDA.__new__(PLDA)
