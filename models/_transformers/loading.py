"""Models and processors of transformers from a folder, and from nothing else."""

from pathlib import Path
from typing import Any

from modellab.errors import ModelUnavailable, WeightsCorrupt
from modellab.outside import Limits, read_json
from modellab.registry.loaded import LoadRequest
from modellab.registry.torchaudio_cpu import make_importable

_ADAPTER_OF_ANOTHER = "adapter_config.json"
_INDEX = Limits(bytes=64 << 20)
"""Large models have a hundred thousand tensors and more."""
COMPUTE_TYPES = ("float32", "float16", "bfloat16")
"""What a config may name as compute type: torch's names."""


def load(request: LoadRequest, model_class: str, processor_class: str = "AutoProcessor") -> tuple[Any, Any]:
    """The processor and the model of a variant, the model ready for inference on its device.

    Args:
        model_class: name of the class in transformers, such as `MoonshineForConditionalGeneration`.
        processor_class: likewise; `AutoProcessor` goes by the folder's own files.

    Raises:
        ModelUnavailable: the folder needs what lies elsewhere.
        WeightsCorrupt: the files are not those of such a model.
    """
    folder = request.weights
    if folder is None:
        raise ValueError(f"model {request.ref} has weights")
    dtype = torch_dtype(request.facts.compute_type)
    transformers = import_transformers()
    processor = from_folder(folder, getattr(transformers, processor_class))
    model = from_folder(folder, getattr(transformers, model_class), use_safetensors=True, dtype=dtype)
    return processor, model.eval().to(request.facts.device)


def torch_dtype(compute_type: str) -> Any:
    """Torch's type of a compute type."""
    import torch

    if compute_type not in COMPUTE_TYPES:
        raise ValueError(f"{compute_type!r} is none of {', '.join(COMPUTE_TYPES)}")
    return getattr(torch, compute_type)


def import_transformers() -> Any:
    """The package, quiet, and importable on a CPU build of torch."""
    make_importable()
    import transformers
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return transformers


def from_folder(folder: Path, kind: Any, **options: Any) -> Any:
    """An object of a class of transformers. Only files of the folder are read, and none is run.

    Raises:
        ModelUnavailable: the folder needs what lies elsewhere.
        WeightsCorrupt: the files are not those of such an object.
    """
    refuse_what_lies_elsewhere(folder)
    try:
        return kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **options)
    except Exception as error:  # a folder that is not what it says fails in many ways
        raise WeightsCorrupt(
            f"{folder} does not hold what {kind.__name__} reads",
            found=(str(error).strip().splitlines() or [type(error).__name__])[0],
            hint="Fetch the model again, or look whether the folder is of another model.",
        ) from error


def refuse_what_lies_elsewhere(folder: Path) -> None:
    """What is read from outside the folder would be no part of the model's identity, and may be anybody's.

    Raises:
        ModelUnavailable: something is.
    """
    if (folder / _ADAPTER_OF_ANOTHER).exists():
        raise ModelUnavailable(
            f"the folder {folder} holds changes to a model, not a model",
            found=_ADAPTER_OF_ANOTHER,
            hint="Merge them into the model that they change, and give the folder of that.",
        )
    for index in sorted(folder.glob("*.safetensors.index.json")):
        shards = read_json(index, _INDEX)["weight_map"].values()
        if outside := sorted({str(name) for name in shards if Path(str(name)).name != name}):
            raise ModelUnavailable(
                f"{index} names files outside its folder",
                found=", ".join(outside),
                allowed="names of files in the folder",
                hint="Download the model again.",
            )
