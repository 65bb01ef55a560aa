"""`models/<id>/claims.yaml`: what a model's makers state about it, to be checked against our own measurements."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modellab.errors import ModelConfigError, TextRefused
from modellab.outside import read_yaml
from modellab.registry.config import Name

CLAIMS = "claims.yaml"


class Claim(BaseModel):
    """One published figure."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str = Field(min_length=1, description="name of the metric, such as wer, der, rtf")
    dataset: str = Field(min_length=1, description="what it was measured on")
    protocol: str = Field(min_length=1, description="how: normalisation, decoding, hardware, collar")
    value: float = Field(allow_inf_nan=False)
    unit: str = Field(min_length=1, description="ratio, %, s, x (times real time), MiB, ...")
    source: str = Field(pattern=r"^https?://\S+$", description="where the makers say so")
    variant: Name | None = Field(None, description="the variant it is about; None: all")
    note: str | None = Field(None, description="what a reader must know before comparing with it")


class _ClaimsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    claims: list[Claim]


def load_claims(folder: Path, read: Callable[[Path], Any] = read_yaml) -> list[Claim]:
    """The claims in a model's folder.

    Args:
        read: gives what a YAML file holds, and raises as `read_yaml`.

    Raises:
        ModelConfigError: `claims.yaml` is missing, not YAML or not valid; names every problem.
    """
    path = folder / CLAIMS
    try:
        return _ClaimsFile.model_validate(read(path)).claims
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise ModelConfigError(f"{path} is not valid: {problems}") from error
    except TextRefused as error:
        raise error.become(ModelConfigError) from error
    except OSError as error:
        raise ModelConfigError(f"{path} can't be read: {error}") from error
