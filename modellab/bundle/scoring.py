"""NIST's space-separated formats that scoring tools read: CTM and STM (RTTM is in `modellab.metrics.rttm`).

Fields as in the Rich Transcription evaluation plans (RT-09) and sctk's documentation. The file id is the meeting's slug
and the channel is 1, the same in all three, so that they can be scored against each other.
"""

from collections.abc import Iterable

from modellab.bundle.meeting import Meeting
from modellab.metrics.rttm import CHANNEL
from modellab.surfaces.results import Word

NO_SPEAKER = "unknown"


def to_ctm(meeting: Meeting) -> str:
    """`file channel start duration word [confidence]`, one line a word, in order of time, seconds."""
    words = sorted((w for p in meeting.paragraphs for w in p.words), key=lambda word: word.start_s)
    last_s = int(meeting.duration_s * 1000 + 1e-6) / 1000
    return _lines(
        f"{meeting.slug} {CHANNEL} {word.start_s:.3f} {_length_s(word, last_s):.3f} {_field(word.text)}"
        + (f" {word.probability:.4f}" if word.probability is not None else "")
        for word in words
    )


def to_stm(meeting: Meeting) -> str:
    """`file channel speaker start end text`, one line a paragraph, seconds."""
    return _lines(
        f"{meeting.slug} {CHANNEL} {_field(p.speaker or NO_SPEAKER)} {p.start_s:.3f} {p.end_s:.3f} {p.text}"
        for p in sorted(meeting.paragraphs, key=lambda paragraph: paragraph.start_s)
    )


def _length_s(word: Word, last_s: float) -> float:
    """A word's length between its ends as they are written, in whole milliseconds, so that it ends in the recording."""
    return max(0.001, min(round(word.end_s, 3), last_s) - round(word.start_s, 3))


def _field(text: str) -> str:
    return "_".join(text.split()) or NO_SPEAKER


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
