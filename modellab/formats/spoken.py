"""STM and SegLST: who said what, when. The same entries in two forms.

STM as in sctk's documentation (`file channel speaker start end [<label>] text`, a line each), SegLST as in the CHiME-7
and CHiME-8 challenges and MeetEval (a JSON list of objects).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modellab.errors import LabError, TextRefused
from modellab.formats.lines import CHANNEL, REFERENCE, Written, field, read_lines, span, split
from modellab.outside import read_json

_TEXT = 5
"""Fields before an STM line's text."""


@dataclass(frozen=True, slots=True)
class SpokenText:
    """What one speaker said in one stretch."""

    recording: str
    speaker: str
    start_s: float
    end_s: float
    text: str


def to_stm(spoken: Iterable[SpokenText]) -> str:
    """A line for each, in the order given, to the millisecond. White space inside a text becomes one space."""
    return "".join(
        f"{field(s.recording)} {CHANNEL} {field(s.speaker)} {s.start_s:.3f} {s.end_s:.3f} {' '.join(s.text.split())}\n"
        for s in spoken
    )


def read_stm(path: Path | Written) -> list[SpokenText]:
    """Every line with its text, in order of time. Comments (`;;`) and the optional `<label>` field are left out.

    Raises:
        LabError: the file is not STM; says which line.
    """
    allowed = "file channel speaker start end [<label>] text"
    return _in_order(read_lines(path, "STM", allowed, _of_stm))


def _of_stm(line: str) -> SpokenText:
    name, _, speaker, start, end, *rest = split(line, _TEXT + 1)
    text = rest[0] if rest else ""
    if text.startswith("<") and ">" in text:
        text = text.partition(">")[2]
    return SpokenText(name, speaker, *span(start, end), text.strip())


def to_seglst(spoken: Iterable[SpokenText]) -> str:
    """A JSON list, an object a line, in the order given. Times are strings of seconds, as in the challenges' own
    files, to the millisecond."""
    entries = (
        json.dumps(
            {
                "session_id": s.recording,
                "speaker": s.speaker,
                "start_time": f"{s.start_s:.3f}",
                "end_time": f"{s.end_s:.3f}",
                "words": s.text,
            },
            ensure_ascii=False,
        )
        for s in spoken
    )
    return "[\n" + ",\n".join(entries) + "\n]\n"


def read_seglst(path: Path) -> list[SpokenText]:
    """Every entry, in order of time. Keys beyond the five are left out.

    Raises:
        LabError: the file is not SegLST; says which entry.
    """
    try:
        entries = read_json(path, REFERENCE)
    except (OSError, TextRefused) as error:
        raise LabError(f"{path} can't be read as SegLST", found=str(error)) from error
    if not isinstance(entries, list):
        raise LabError(f"{path} is not SegLST", found=type(entries).__name__, allowed="a JSON list of objects")
    found: list[SpokenText] = []
    for number, entry in enumerate(entries, start=1):
        try:
            found.append(_of_seglst(entry))
        except (KeyError, TypeError, ValueError) as error:
            raise LabError(
                f"entry {number} of {path} is not SegLST",
                found=json.dumps(entry, ensure_ascii=False)[:200],
                allowed="session_id, speaker and words as text, start_time and end_time in seconds",
            ) from error
    return _in_order(found)


def _of_seglst(entry: Any) -> SpokenText:
    texts = [entry[key] for key in ("session_id", "speaker", "words")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError(texts)
    return SpokenText(texts[0], texts[1], *span(str(entry["start_time"]), str(entry["end_time"])), texts[2])


def _in_order(spoken: Iterable[SpokenText]) -> list[SpokenText]:
    return sorted(spoken, key=lambda each: (each.start_s, each.end_s))
