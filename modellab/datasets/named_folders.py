"""Folders that the user names for datasets whose media can't come along: `MODELLAB_DATA_<NAME>`, or by command."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from dotenv import dotenv_values

from modellab.errors import UsageError
from modellab.settings import PROJECT_ROOT

_PREFIX = "MODELLAB_DATA_"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def variable_of(name: str) -> str:
    """The environment variable that names a folder: `MODELLAB_DATA_TED_LIUM` of `ted-lium`."""
    return _PREFIX + name.upper().replace("-", "_")


def named_folders(given: Iterable[str] = (), env_file: Path = PROJECT_ROOT / ".env") -> dict[str, Path]:
    """Environment variable -> folder, for every folder that is named.

    Args:
        given: `NAME=PATH` each, as on the command line; these count before the environment, and that before `.env`.
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
    return {**beside, **here, **dict(_named(each) for each in given)}


def _named(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not _NAME.fullmatch(name) or not path:
        raise UsageError(f"{text!r} names no folder", allowed="NAME=PATH, such as librispeech=/data/LibriSpeech")
    return variable_of(name), Path(path).expanduser()
