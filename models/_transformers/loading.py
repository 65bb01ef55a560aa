"""Models and processors of transformers from a folder, and from nothing else.

transformers takes random numbers for weights that a checkpoint lacks, with a warning: here that is an error. Of a
checkpoint that brings a LoRA it says nothing of what lacks in the rest, so the rest is loaded first, alone.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from modellab.errors import ModelUnavailable, WeightsCorrupt
from modellab.outside import Limits, read_json
from modellab.registry.loaded import LoadRequest
from modellab.registry.torchaudio_cpu import make_importable

_ADAPTER_OF_ANOTHER = "adapter_config.json"
_OF_ADAPTER = "adapter_*"
_NAMED = 3
_INDEX = Limits(bytes=64 << 20)
"""Large models have a hundred thousand tensors and more."""
COMPUTE_TYPES = ("float32", "float16", "bfloat16")
"""What a config may name as compute type: torch's names."""


def load(
    request: LoadRequest,
    model_class: str,
    processor_class: str = "AutoProcessor",
    *,
    lora: bool = False,
    safetensors: bool = True,
) -> tuple[Any, Any]:
    """The processor and the model of a variant, the model ready for inference on its device.

    Args:
        model_class: name of the class in transformers, such as `MoonshineForConditionalGeneration`.
        processor_class: likewise; `AutoProcessor` goes by the folder's own files.
        lora: whether a part of the model is in a LoRA beside it.
        safetensors: false where the makers give `pytorch_model.bin` alone: a pickle, of which nothing but tensors is
            made, as in `modellab.registry.checkpoints`.

    Raises:
        ModelUnavailable: the folder needs what lies elsewhere.
        WeightsCorrupt: the files are not those of such a model, or not all of them.
    """
    folder = request.weights
    if folder is None:
        raise ValueError(f"model {request.ref} has weights")
    dtype = torch_dtype(request.facts.compute_type)
    transformers = import_transformers()
    kind = getattr(transformers, model_class)
    with quiet(), _without_adapter(folder) if lora else nullcontext(folder) as base:
        processor = from_folder(base, getattr(transformers, processor_class))
        model, found = from_folder(
            base, kind, use_safetensors=safetensors, weights_only=True, dtype=dtype, output_loading_info=True
        )
        missing = set(found["missing_keys"])
        if lora:
            missing |= set(model.load_adapter(str(folder)).missing_keys)
    if missing:
        raise _incomplete(folder, kind, missing)
    return processor, model.eval().to(request.facts.device)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from writing its warnings over the lab's own words; what matters of them is checked."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


@contextmanager
def _without_adapter(folder: Path) -> Iterator[Path]:
    """A folder that has all files of another but those of the adapter."""
    adapter = {path.name for path in folder.glob(_OF_ADAPTER)}
    with TemporaryDirectory(prefix="modellab-checkpoint-") as place:
        for path in folder.iterdir():
            if path.name not in adapter:
                (Path(place) / path.name).symlink_to(path.resolve())
        yield Path(place)


def _incomplete(folder: Path, kind: Any, missing: Collection[str]) -> WeightsCorrupt:
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return WeightsCorrupt(
        f"{folder} holds only a part of what {kind.__name__} reads",
        found=f"no weights named {', '.join(sorted(missing)[:_NAMED])}{more}",
        hint="Fetch the model again, or look whether the folder is of another model.",
    )


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
