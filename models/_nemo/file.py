"""Files of NeMo's, opened with care: a tar of a description, which names the classes to be made, and of weights.

Needs no more than PyYAML, so that it can be asked before NeMo is imported.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from modellab.errors import TextRefused, WeightsCorrupt
from modellab.outside import Limits, parse_yaml

DESCRIPTION = "model_config.yaml"
WEIGHTS = "model_weights.ckpt"
_NAMING = ("_target_", "target", "cls")
"""Keys whose text NeMo takes for the name of a class that it is to make."""
_ALLOWED = ("nemo.", "torch.nn.", "torch.optim.", "torch.utils.data.")
_TOKENIZER = "bpe"
_LIMITS = Limits(bytes=4 << 20)
"""Of a description, which lists the tokenizer's every piece."""


def unpack(path: Path, folder: Path, *, speaks: bool) -> None:
    """Unpack a file of NeMo's into a folder, where its description has been looked at.

    Args:
        speaks: whether the model writes text, and so must bring its tokenizer.

    Raises:
        WeightsCorrupt: it is no such file, has anything but files and folders that lie inside the folder, or its
            description names what is to be made from elsewhere than NeMo and torch's networks.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive.getmembers():
                _check_member(path, member)
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise WeightsCorrupt(f"{path} is not a file of NeMo's", found=str(error) or type(error).__name__) from error
    for name in (DESCRIPTION, WEIGHTS):
        if not (folder / name).is_file():
            raise WeightsCorrupt(f"{path} is not a file of NeMo's: it has no {name}")
    check_description(str(path), (folder / DESCRIPTION).read_bytes(), speaks=speaks)


def check_description(name: str, description: bytes, *, speaks: bool) -> None:
    """Refuse a description that could have anything made but a network.

    Args:
        speaks: as in `unpack`.

    Raises:
        WeightsCorrupt: it can't be read, or names something else.
    """
    try:
        told = parse_yaml(description, f"{DESCRIPTION} of {name}", _LIMITS)
    except TextRefused as error:
        raise error.become(WeightsCorrupt) from error
    if not isinstance(told, dict):
        raise WeightsCorrupt(f"{DESCRIPTION} of {name} describes no model")
    for key, value in _texts(told):
        # NeMo resolves what it saves. What is put together when it is read was not looked at here.
        if "${" in value:
            raise WeightsCorrupt(f"{DESCRIPTION} of {name} has {key} put together when it is read", found=value)
        if key in _NAMING and not value.startswith(_ALLOWED):
            raise WeightsCorrupt(
                f"{DESCRIPTION} of {name} has something made that is no network",
                found=f"{key}: {value}",
                allowed=", ".join(f"{prefix}*" for prefix in _ALLOWED),
                hint="Do not use this file. Fetch it again from its makers.",
            )
    tokenizer = told.get("tokenizer")
    if tokenizer is None and not speaks:
        return
    kind = tokenizer.get("type") if isinstance(tokenizer, dict) else None
    if kind != _TOKENIZER:
        # Others are looked for by their name, on the hub.
        raise WeightsCorrupt(f"{name} does not bring its tokenizer", found=f"type: {kind}", allowed=_TOKENIZER)


def _check_member(path: Path, member: tarfile.TarInfo) -> None:
    place = PurePosixPath(member.name)
    if place.is_absolute() or ".." in place.parts:
        raise WeightsCorrupt(f"{path} has a file that lies outside of it", found=member.name)
    if not member.isdir() and (not member.isreg() or member.issparse()):
        raise WeightsCorrupt(f"{path} has what is neither a file nor a folder", found=member.name)


def _texts(told: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Each text of a description with the key that it belongs to; keys are texts too."""
    if isinstance(told, dict):
        for name, value in told.items():
            yield "a key", str(name)
            yield from _texts(value, str(name))
    elif isinstance(told, list):
        for value in told:
            yield from _texts(value, key)
    elif isinstance(told, str):
        yield key, told
