"""A tiny Whisper in transformers' format."""

from pathlib import Path

from models._whisper.tiny import tiny_whisper, tokenizer
from models._whisper.to_transformers import write_transformers


def write(folder: Path, variant: str) -> None:
    """Write a variant's files, the same numbers each time."""
    write_transformers(tiny_whisper(bands=128 if "large-v3" in variant else 80), tokenizer(), folder)
