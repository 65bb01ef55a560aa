"""The tokens of a Whisper, from its `tokenizer.json`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modellab.errors import WeightsCorrupt
from models._whisper.tensors import Dimensions

START, END = "<|startoftranscript|>", "<|endoftext|>"
NO_TIMES, BEFORE = "<|notimestamps|>", "<|startofprev|>"
TASKS = ("transcribe", "translate")
_TEXT_TOKENS = {False: 50256, True: 50257}
"""Whether a Whisper is multilingual -> how many of its tokens are text (openai/whisper, whisper/assets)."""


def special_tokens(path: Path, size: Dimensions) -> dict[str, int]:
    """Special token -> its number; those that every Whisper of that kind has are among them.

    Raises:
        WeightsCorrupt: it is no tokenizer, or another model's.
    """
    tokens = {token.content: number for number, token in _tokenizer(path).get_added_tokens_decoder().items()}
    wanted = [START, END, BEFORE, NO_TIMES, *(f"<|{task}|>" for task in TASKS if size.is_multilingual)]
    if missing := [token for token in wanted if tokens.get(token, size.n_vocab) >= size.n_vocab]:
        raise WeightsCorrupt(f"{path} is not the tokenizer of this Whisper", found=f"no {missing[0]}")
    return tokens


def text_tokens(path: Path, size: Dimensions) -> Sequence[bytes]:
    """The bytes of each token of text, in order of their numbers, from 0.

    Raises:
        WeightsCorrupt: it is no tokenizer, or another model's.
    """
    wanted = _TEXT_TOKENS[size.is_multilingual]
    vocabulary: dict[str, int] = _tokenizer(path).get_vocab(with_added_tokens=False)
    by_number = {number: token for token, number in vocabulary.items() if number < wanted}
    if len(by_number) != wanted:
        raise WeightsCorrupt(f"{path} has {len(by_number)} tokens of text", allowed=str(wanted))
    of_character = _bytes_of_characters()
    try:
        return [bytes(of_character[character] for character in by_number[number]) for number in range(wanted)]
    except KeyError as error:
        raise WeightsCorrupt(f"{path} has a token that stands for no bytes", found=repr(error.args[0])) from error


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises nothing more specific
        raise WeightsCorrupt(f"{path} is not a tokenizer", found=str(error)) from error


def _bytes_of_characters() -> dict[str, int]:
    """Character -> the byte it stands for in the vocabularies of GPT-2 and its kin: printable ones for themselves, the
    others for 256 onwards in order (openai/gpt-2, src/encoder.py, `bytes_to_unicode`)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}
