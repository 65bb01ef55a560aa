"""A meeting as subtitles: its cues, with the speakers' names as each format has them."""

from dataclasses import replace

from modellab.bundle.cues import cues
from modellab.bundle.meeting import Meeting
from modellab.formats import subtitles


def to_srt(meeting: Meeting) -> str:
    """SubRip: each cue begins with its speaker's name."""
    prefixes = {p.speaker: f"{name}: " if (name := meeting.name(p.speaker)) else "" for p in meeting.paragraphs}
    return subtitles.to_srt(cues(meeting.paragraphs, meeting.duration_s, prefixes), meeting.duration_s)


def to_vtt(meeting: Meeting) -> str:
    """WebVTT: speakers as voice spans."""
    shown = cues(meeting.paragraphs, meeting.duration_s)
    return subtitles.to_vtt(
        (replace(cue, speaker=meeting.name(cue.speaker) or None) for cue in shown), meeting.duration_s
    )
