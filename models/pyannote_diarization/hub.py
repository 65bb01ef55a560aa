"""Pipelines as the Hugging Face hub serves them: a `config.yaml` and the models it names."""

from pathlib import Path
from typing import Any

from modellab.errors import TextRefused, WeightsCorrupt, WeightsMissing
from modellab.outside import read_yaml
from modellab.settings import Lab
from models.pyannote_diarization.checkpoints import CHECKPOINT, read_checkpoint, unused_plda

_DESCRIPTION = "config.yaml"
_MODELS = ("segmentation", "embedding")


def describe(folder: Path) -> dict[str, Any]:
    """A pipeline's description, with every model it names at a local path that was found safe to open.

    pyannote opens checkpoints with pickle, so each is read without running code first. A model may lie in a subfolder
    (`$model/segmentation`, as in community-1) or be the name of another repository (as in 3.1), which is then taken
    from a subfolder of that name, the Hugging Face cache, or the hub.

    Raises:
        WeightsCorrupt: the description or a checkpoint is not what it should be.
        WeightsMissing: another repository can't be had.
    """
    path = folder / _DESCRIPTION
    try:
        description = read_yaml(path)
        parameters = description["pipeline"]["params"]
        names = {part: str(parameters[part]) for part in _MODELS}
    except (OSError, TextRefused, KeyError, TypeError) as error:
        raise WeightsCorrupt(f"{path} does not describe a pyannote pipeline", found=repr(error)) from error
    for part, name in names.items():
        local = folder / (name.removeprefix("$model/") if name.startswith("$model/") else part) / CHECKPOINT
        checkpoint = local if local.is_file() or name.startswith("$model/") else _from_repository(name)
        read_checkpoint(checkpoint)
        parameters[part] = str(checkpoint)
    if str(parameters.get("plda", "")).startswith("$model/"):
        parameters["plda"] = str(folder / str(parameters["plda"]).removeprefix("$model/"))
    else:
        parameters["plda"] = unused_plda()
    return description  # type: ignore[no-any-return]


def _from_repository(repository: str) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    settings = Lab.from_environment().settings
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    try:
        return Path(hf_hub_download(repository, CHECKPOINT, token=token, local_files_only=settings.offline))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise WeightsMissing(
            f"the model {repository}, which this pipeline is made of, can't be had",
            found=str(error).strip().splitlines()[0],
            hint=f"Accept its terms at https://huggingface.co/{repository} and set HF_TOKEN to your token.",
        ) from error
