"""Networks from files of NeMo's, opened with care."""

import importlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modellab.errors import WeightsCorrupt
from modellab.registry.torchaudio_cpu import make_importable
from models._nemo.file import unpack

_MADE_ANEW = "preprocessor."
"""What begins so is made from the description: windows and filters, which older files lack."""
_NAMED = 3


def restored(path: Path, device: str, module: str, model_class: str, *, speaks: bool) -> Any:
    """The network of a file of NeMo's, ready for inference on a device.

    Args:
        module: of NeMo, in which the class is.
        model_class: the one that the file must be of, whatever it says itself.
        speaks: whether it writes text, and so must bring its tokenizer.

    Raises:
        WeightsCorrupt: the file is another, lacks weights, or would have something else made.
    """
    with tempfile.TemporaryDirectory(prefix="modellab-nemo-") as place:
        unpack(path, Path(place), speaks=speaks)
        make_importable()
        kind = getattr(importlib.import_module(module), model_class)
        from nemo.utils import logging

        logging.setLevel(logging.ERROR)
        model = kind.restore_from(
            str(path), map_location=device, save_restore_connector=_connector(place, path), strict=False
        )
    return model.eval()


def _connector(place: str, path: Path) -> Any:
    """NeMo's way to a file that is unpacked already, which reads tensors and nothing else, and misses those that are
    not there."""
    import torch
    from nemo.core.connectors.save_restore_connector import SaveRestoreConnector

    class TensorsOnly(SaveRestoreConnector):  # type: ignore[misc]
        @staticmethod
        def _load_state_dict_from_disk(model_weights: str, map_location: object = None) -> Any:
            try:
                return torch.load(model_weights, map_location="cpu", weights_only=True, mmap=True)
            except Exception as error:  # a file made to break its reader breaks it in many ways
                raise WeightsCorrupt(
                    f"the weights in {path} are no tensors that are safe to open", found=_first(error)
                ) from error

        def load_instance_with_state_dict(self, instance: Any, state_dict: Mapping[str, Any], strict: bool) -> None:
            wanted = (name for name in instance.state_dict() if not name.startswith(_MADE_ANEW))
            if missing := sorted(name for name in wanted if name not in state_dict):
                more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
                raise WeightsCorrupt(
                    f"{path} holds only a part of what its description tells of",
                    found=f"no weights named {', '.join(missing[:_NAMED])}{more}",
                )
            try:
                super().load_instance_with_state_dict(instance, state_dict, strict)
            except RuntimeError as error:
                raise WeightsCorrupt(f"the weights in {path} are of another network", found=_first(error)) from error

    connector = TensorsOnly()
    connector.model_extracted_dir = place
    return connector


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
