"""A folder that transformers opens from faster-whisper's files."""

from pathlib import Path

from models._whisper.tensors import read_whisper
from models._whisper.to_transformers import write_transformers


def rebuild(origin: Path, folder: Path, variant: str) -> None:
    """Write weights, configs and processor into a folder.

    Raises:
        WeightsCorrupt: the origin is no whole Whisper.
    """
    write_transformers(read_whisper(origin), origin / "tokenizer.json", folder)
