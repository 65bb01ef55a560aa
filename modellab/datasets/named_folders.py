"""Folders that the user names for datasets whose media can't come along: `MODELLAB_DATA_<NAME>`, or by command."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from dotenv import dotenv_values

from modellab.errors import TextRefused, UsageError
from modellab.files import write_atomic
from modellab.outside import read_json
from modellab.settings import PROJECT_ROOT

_PREFIX = "MODELLAB_DATA_"
_KEPT = "folders.json"
"""Of imported datasets: environment variable -> folder."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def variable_of(name: str) -> str:
    """The environment variable that names a folder: `MODELLAB_DATA_TED_LIUM` of `ted-lium`."""
    return _PREFIX + name.upper().replace("-", "_")


def named_folders(
    given: Iterable[str] = (), env_file: Path = PROJECT_ROOT / ".env", kept_in: Path | None = None
) -> dict[str, Path]:
    """Environment variable -> folder, for every folder that is named.

    Args:
        given: `NAME=PATH` each, as on the command line; these count before the environment, that before `.env`, and
            that before what `remember_folder` keeps.
        kept_in: the lab's folder of datasets.
        env_file: a relative path in it begins at the file, wherever the command is run.

    Raises:
        UsageError: one that is given is not `NAME=PATH`.
    """
    beside = {
        name: env_file.resolve().parent / Path(value).expanduser()
        for name, value in (dotenv_values(env_file) if env_file.is_file() else {}).items()
        if name.startswith(_PREFIX) and value
    }
    here = {name: Path(value).expanduser() for name, value in os.environ.items() if name.startswith(_PREFIX) and value}
    return {**_remembered(kept_in), **beside, **here, **dict(_named(each) for each in given)}


def remember_folder(kept_in: Path, name: str, folder: Path) -> None:
    """Keep where a folder is that a dataset was imported from, so that nobody need name it again.

    Args:
        kept_in: the lab's folder of datasets.
    """
    known = {variable: str(path) for variable, path in _remembered(kept_in).items()}
    write_atomic(kept_in / _KEPT, json.dumps(known | {variable_of(name): str(folder)}, ensure_ascii=False, indent=1))


def _remembered(kept_in: Path | None) -> dict[str, Path]:
    if kept_in is None or not (kept_in / _KEPT).is_file():
        return {}
    try:
        return {name: Path(path) for name, path in read_json(kept_in / _KEPT).items()}
    except (TextRefused, AttributeError, TypeError) as error:
        raise UsageError(
            f"{kept_in / _KEPT} can't be read", found=str(error), hint="Delete it, and name the folders again."
        ) from error


def _named(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not _NAME.fullmatch(name) or not path:
        raise UsageError(f"{text!r} names no folder", allowed="NAME=PATH, such as librispeech=/data/LibriSpeech")
    return variable_of(name), Path(path).expanduser()
