"""CTM: words and their times. Fields as in NIST's RT-09 evaluation plan and sctk's documentation."""

from collections.abc import Iterable
from pathlib import Path

from modellab.formats.lines import CHANNEL, Written, field, read_lines, seconds, split
from modellab.surfaces.results import Word

_FIELDS = 5
"""Up to the word; confidence, type and speaker may follow."""
_NOT_KNOWN = ("na", "<na>", "null", "unknown", "-")
_LEAST_S = 0.001


def to_ctm(words: Iterable[Word], name: str, *, duration_s: float) -> str:
    """`name channel start duration word [confidence]`, a line a word, in order of time, to the millisecond.

    Args:
        name: the recording's name in the file.
        duration_s: the recording's length; no word ends after it.
    """
    last_s = int(duration_s * 1000 + 1e-6) / 1000
    return "".join(
        f"{field(name)} {CHANNEL} {word.start_s:.3f} {_length_s(word, last_s):.3f} {field(word.text)}"
        + (f" {word.probability:.4f}" if word.probability is not None else "")
        + "\n"
        for word in sorted(words, key=lambda word: word.start_s)
    )


def _length_s(word: Word, last_s: float) -> float:
    """A word's length between its ends as they are written, in whole milliseconds, so that it ends in the recording."""
    return max(_LEAST_S, min(round(word.end_s, 3), last_s) - round(word.start_s, 3))


def read_ctm(path: Path | Written) -> dict[str, list[Word]]:
    """Words by recording, in order of time; confidence and speaker where the file has them.

    Raises:
        LabError: the file is not CTM (or lists alternatives, which are not read); says which line.
    """
    words: dict[str, list[Word]] = {}
    found = read_lines(path, "CTM", "file channel start duration word [confidence [type [speaker]]]", _word)
    for name, word in sorted(found, key=lambda each: (each[1].start_s, each[1].end_s)):
        words.setdefault(name, []).append(word)
    return words


def _word(line: str) -> tuple[str, Word]:
    fields = split(line)
    if len(fields) < _FIELDS:
        raise ValueError(line)
    name, _, start, duration, text, *rest = fields
    confidence, _, speaker, *_ = [*(None if each.lower() in _NOT_KNOWN else each for each in rest), None, None, None]
    probability = None if confidence is None else seconds(confidence)
    if probability is not None and probability > 1.0:
        raise ValueError(confidence)
    start_s = seconds(start)
    return name, Word(text, start_s, start_s + seconds(duration), probability, speaker=speaker)
