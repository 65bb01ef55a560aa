"""whisper.cpp's file from faster-whisper's files."""

from pathlib import Path

from models._whisper.tensors import read_whisper
from models._whisper.to_ggml import write_ggml


def rebuild(origin: Path, folder: Path, variant: str) -> None:
    """Write `ggml-<variant>.bin` into a folder.

    Raises:
        WeightsCorrupt: the origin is no whole Whisper.
    """
    write_ggml(read_whisper(origin), origin / "tokenizer.json", folder / f"ggml-{variant}.bin")
