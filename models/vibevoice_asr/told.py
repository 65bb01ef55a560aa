"""What VibeVoice-ASR writes of a recording: who said what, from when to when, as JSON; read as far as it goes."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NO_WORDS = re.compile(r"\[[^\[\]]*\]")
"""What it writes of sounds that are none: `[Silence]`, `[Music]`."""


@dataclass(frozen=True, slots=True)
class Told:
    """A stretch of one speaker's words."""

    start_s: float
    end_s: float
    text: str
    speaker: str | None
    """The number that the model gave; None where it gave none."""


def told(parsed: Sequence[Mapping[str, Any]] | str, duration_s: float) -> list[Told]:
    """The stretches with words in them, in order of time, inside the audio.

    Args:
        parsed: what its processor made of the text: dicts, or the text itself where that is no such JSON. Text has no
            speaker, and may have been said at any time.
        duration_s: length of the audio.
    """
    if isinstance(parsed, str):
        text = parsed.strip()
        return [Told(0.0, duration_s, text, None)] if text else []
    return sorted(_inside(parsed, duration_s), key=lambda each: (each.start_s, each.end_s))


def _inside(parsed: Sequence[Mapping[str, Any]], duration_s: float) -> Iterator[Told]:
    for each in parsed:
        text = _NO_WORDS.sub(" ", str(each.get("Content", ""))).strip()
        start_s, end_s = _time(each.get("Start"), 0.0), _time(each.get("End"), duration_s)
        start_s, end_s = max(0.0, min(start_s, duration_s)), max(0.0, min(end_s, duration_s))
        if text and end_s > start_s:
            speaker = each.get("Speaker")
            yield Told(start_s, end_s, text, None if speaker is None else str(speaker))


def _time(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else otherwise
