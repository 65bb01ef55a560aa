"""Reading pyannote.audio checkpoints without running code hidden in them."""

import pickle
from pathlib import Path
from typing import Any

from modellab.errors import WeightsCorrupt

CHECKPOINT = "pytorch_model.bin"


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A pyannote.audio checkpoint, unpickled with `weights_only` and just the classes such a file needs.

    Raises:
        WeightsCorrupt: it is missing, is no checkpoint, or holds anything but tensors and pyannote's descriptions.
    """
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from torch.torch_version import TorchVersion

    try:
        with torch.serialization.safe_globals([Problem, Resolution, Specifications, TorchVersion]):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        missing = {"state_dict", "hyper_parameters", "pyannote.audio"} - set(checkpoint)
    except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError, OSError) as error:
        raise WeightsCorrupt(
            f"{path} is not a pyannote.audio checkpoint that is safe to open", found=str(error).splitlines()[0]
        ) from error
    if missing:
        raise WeightsCorrupt(f"{path} is not a pyannote.audio checkpoint", found=f"no {', '.join(sorted(missing))}")
    return checkpoint  # type: ignore[no-any-return]


def unused_plda() -> Any:
    """A PLDA that can't compute anything: pyannote's pipeline wants one even where its clustering never uses it."""
    from pyannote.audio.core.plda import PLDA

    return PLDA.__new__(PLDA)
