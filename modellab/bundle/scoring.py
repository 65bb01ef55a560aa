"""A meeting in the formats that scoring tools read: CTM, STM and SegLST (RTTM is the turns as they are).

The recording's name is the meeting's slug, the same in all of them, so that they can be scored against each other.
"""

from collections.abc import Iterator

from modellab.bundle.meeting import Meeting
from modellab.formats import ctm, spoken
from modellab.formats.lines import UNNAMED


def to_ctm(meeting: Meeting) -> str:
    """A line a word."""
    words = (word for paragraph in meeting.paragraphs for word in paragraph.words)
    return ctm.to_ctm(words, meeting.slug, duration_s=meeting.duration_s)


def to_stm(meeting: Meeting) -> str:
    """A line a paragraph."""
    return spoken.to_stm(_spoken(meeting))


def to_seglst(meeting: Meeting) -> str:
    """An object a paragraph."""
    return spoken.to_seglst(_spoken(meeting))


def _spoken(meeting: Meeting) -> Iterator[spoken.SpokenText]:
    for p in sorted(meeting.paragraphs, key=lambda paragraph: paragraph.start_s):
        yield spoken.SpokenText(meeting.slug, p.speaker or UNNAMED, p.start_s, p.end_s, p.text)
