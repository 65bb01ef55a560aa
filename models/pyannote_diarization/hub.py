"""Pipelines as the Hugging Face hub serves them: a `config.yaml` and the models it names.

pyannote makes every class that such a file names, so it never sees the file: the pipeline is built here from the keys
and values that are known, and what else a file asks for is refused.
"""

import re
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modellab.errors import TextRefused, WeightsCorrupt
from modellab.outside import read_yaml
from models.pyannote_diarization.checkpoints import CHECKPOINT, load_network, unused_plda

_DESCRIPTION = "config.yaml"
_IN_FOLDER = "$model/"
_REPOSITORY = re.compile(r"^[\w-][\w.-]*/[\w-][\w.-]*$")


class _Known(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Parts(_Known):
    """What a pipeline is made of."""

    segmentation: str
    embedding: str
    plda: str | None = None
    clustering: Literal["AgglomerativeClustering", "VBxClustering"] = "VBxClustering"
    segmentation_step: float = Field(0.1, gt=0, le=1)
    embedding_exclude_overlap: bool = False
    segmentation_batch_size: int = Field(1, description="not used: the lab chooses it")
    embedding_batch_size: int = Field(1, description="not used: the lab chooses it")


class _Pipeline(_Known):
    name: Literal[
        "pyannote.audio.pipelines.SpeakerDiarization",
        "pyannote.audio.pipelines.speaker_diarization.SpeakerDiarization",
    ]
    params: _Parts


class _Segmentation(_Known):
    min_duration_off: float | None = Field(None, ge=0)
    threshold: float | None = Field(None, gt=0, lt=1)


class _Clustering(_Known):
    method: Literal["average", "centroid", "complete", "median", "single", "ward", "weighted"] | None = None
    threshold: float | None = Field(None, ge=0, le=10)
    min_cluster_size: int | None = Field(None, ge=1)
    Fa: float | None = Field(None, gt=0)
    Fb: float | None = Field(None, gt=0)


class _Values(_Known):
    """Hyper-parameters."""

    segmentation: _Segmentation = _Segmentation()
    clustering: _Clustering = _Clustering()


class _Description(_Known):
    version: Any = Field(None, description="not used: the lab pins pyannote.audio")
    dependencies: Any = Field(None, description="not used, as above")
    pipeline: _Pipeline
    params: _Values = _Values()


def load_pipeline(folder: Path) -> Any:
    """The pipeline that a folder describes.

    A model may lie in a subfolder (`$model/segmentation`, as in community-1) or be the name of another repository (as
    in 3.1), whose checkpoint then lies in the subfolder of the part's name.

    Raises:
        WeightsCorrupt: the description asks for anything that is not known, or a checkpoint is not what it should be.
    """
    from pyannote.audio.pipelines import SpeakerDiarization

    description = _read(folder / _DESCRIPTION)
    parts = description.pipeline.params
    try:
        pipeline = SpeakerDiarization(
            segmentation=load_network(_checkpoint(folder, "segmentation", parts.segmentation)),
            segmentation_step=parts.segmentation_step,
            embedding=load_network(_checkpoint(folder, "embedding", parts.embedding)),
            embedding_exclude_overlap=parts.embedding_exclude_overlap,
            plda=_plda(folder, parts.plda),
            clustering=parts.clustering,
        )
        pipeline.instantiate(description.params.model_dump(exclude_none=True))
    except (TypeError, ValueError, KeyError) as error:
        raise WeightsCorrupt(f"{folder} does not hold a whole pyannote pipeline", found=str(error)) from error
    return pipeline


def _read(path: Path) -> _Description:
    try:
        return _Description.model_validate(read_yaml(path))
    except ValidationError as error:
        found = error.errors()[0]
        raise WeightsCorrupt(
            f"{path} does not describe a pyannote pipeline that is known here",
            found=f"{'.'.join(map(str, found['loc'])) or 'file'}: {found['msg']}",
            hint="Take the file as the hub serves it.",
        ) from error
    except (OSError, TextRefused) as error:
        raise WeightsCorrupt(f"{path} does not describe a pyannote pipeline", found=str(error)) from error


def _inside(folder: Path, name: str) -> Path:
    """A place that a description names below its own folder. The hub's cache keeps links there, so links are followed.

    Raises:
        WeightsCorrupt: the name leads out of it.
    """
    below = PurePosixPath(name.removeprefix(_IN_FOLDER))
    if below.is_absolute() or ".." in below.parts:
        raise WeightsCorrupt(f"{folder / _DESCRIPTION} names a place outside its folder", found=name)
    return folder / below


def _checkpoint(folder: Path, part: str, name: str) -> Path:
    if name.startswith(_IN_FOLDER):
        return _inside(folder, name) / CHECKPOINT
    if not _REPOSITORY.match(name.partition("@")[0]):
        raise WeightsCorrupt(
            f"{folder / _DESCRIPTION} names a model that is no repository of the hub", found=name, allowed="owner/name"
        )
    place = folder / part / CHECKPOINT
    if not place.is_file():
        raise WeightsCorrupt(
            f"{folder / _DESCRIPTION} names a model of another repository, and {place} is not there",
            found=name,
            hint=f"Put the {CHECKPOINT} of {name} there.",
        )
    return place


def _plda(folder: Path, name: str | None) -> Any:
    from pyannote.audio.core.plda import PLDA

    if name is None or not name.startswith(_IN_FOLDER):
        return unused_plda()
    place = _inside(folder, name)
    try:
        # Arrays only: numpy opens no pickle unless it is told to.
        return PLDA(place / "xvec_transform.npz", place / "plda.npz")
    except Exception as error:  # whatever arrays it holds are computed with
        raise WeightsCorrupt(f"{place} holds no PLDA", found=f"{type(error).__name__}: {error}") from error
