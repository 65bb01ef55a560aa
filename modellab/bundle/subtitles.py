"""SRT and WebVTT, written by pysubs2."""

from collections.abc import Callable, Iterable
from html import escape

import pysubs2

from modellab.bundle.cues import Cue, cues
from modellab.bundle.meeting import Meeting


def to_srt(meeting: Meeting) -> str:
    """SubRip: each cue begins with its speaker's name."""
    prefixes = {p.speaker: f"{name}: " if (name := meeting.name(p.speaker)) else "" for p in meeting.paragraphs}
    # A program that reads SRT takes an arrow for a line of times.
    return _write(
        cues(meeting.paragraphs, meeting.duration_s, prefixes),
        meeting.duration_s,
        "srt",
        lambda cue, text: text.replace("-->", "→"),
    )


def to_vtt(meeting: Meeting) -> str:
    """WebVTT: speakers as voice spans (`<v Speaker 1>`), which players show or style."""

    def voiced(cue: Cue, text: str) -> str:
        name = meeting.name(cue.speaker)
        said = escape(text, quote=False)
        return f"<v {escape(name, quote=False)}>{said}</v>" if name else said

    return _write(cues(meeting.paragraphs, meeting.duration_s), meeting.duration_s, "vtt", voiced)


def _write(shown: Iterable[Cue], duration_s: float, format_name: str, text_of: Callable[[Cue, str], str]) -> str:
    subtitles = pysubs2.SSAFile()
    last_ms = int(duration_s * 1000 + 1e-6)  # whole milliseconds that lie inside the recording
    for cue in shown:
        # pysubs2 keeps text in SubStation form, where \N, \n and \h are white space and {\p1} hides a line: a word
        # joiner, which shows nothing, keeps a spoken backslash from meaning anything.
        lines = [line.replace("\\", "\\\u2060") for line in cue.lines]
        end_ms = min(round(cue.end_s * 1000), last_ms)
        subtitles.append(pysubs2.SSAEvent(round(cue.start_s * 1000), end_ms, text_of(cue, "\n".join(lines))))
    subtitles.sort()  # paragraphs of people who talk at the same time overlap
    return str(subtitles.to_string(format_name, keep_ssa_tags=True))
