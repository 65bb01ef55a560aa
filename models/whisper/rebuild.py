"""OpenAI's checkpoint from faster-whisper's files."""

from pathlib import Path

from models._whisper.tensors import read_whisper
from models._whisper.to_openai import write_openai


def rebuild(origin: Path, folder: Path, variant: str) -> None:
    """Write `<variant>.pt` into a folder.

    Raises:
        WeightsCorrupt: the origin is no whole Whisper.
    """
    write_openai(read_whisper(origin), folder / f"{variant}.pt")
