"""Voices of models that speak like a recording: the recording, and what is said in it."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modellab.errors import WeightsCorrupt
from modellab.outside import Limits, read_text

VOICES = "voices"
_TEXT = Limits(bytes=4096)
_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A recording of a voice."""

    sound: Path
    text: str


def prompts(checkout: Path, theirs: Mapping[str, tuple[str, str]]) -> dict[str, Prompt]:
    """Voices by name: the makers' own first, then the pairs NAME.wav and NAME.txt of the checkout's folder `voices`.

    Args:
        theirs: name -> file in the checkout, and what is said in it.

    Raises:
        WeightsCorrupt: a recording without its text, or of a name that no parameter can have.
    """
    found = {name: Prompt(checkout / file, text) for name, (file, text) in theirs.items()}
    for sound in sorted((checkout / VOICES).glob("*.wav")):
        text = sound.with_suffix(".txt")
        if not text.is_file() or not _NAME.fullmatch(sound.stem):
            raise WeightsCorrupt(
                f"{sound} is no voice",
                found="its name has other characters" if text.is_file() else f"there is no {text.name}",
                allowed="NAME.wav, of letters, digits, dots and hyphens, and beside it NAME.txt: what is said in it",
            )
        found[sound.stem] = Prompt(sound, " ".join(read_text(text, _TEXT).split()))
    return found


def importable(*folders: Path) -> None:
    """Let this process, which is the model's own, import a checkout's modules."""
    sys.path[:0] = [str(folder) for folder in folders if str(folder) not in sys.path]
