"""SRT and WebVTT: captions on a screen. Written by pysubs2, which also reads SRT; WebVTT is read by webvtt-py.

pysubs2's reader of WebVTT takes a `NOTE` for spoken text and leaves `&amp;` as it is; webvtt-py's writer of SRT drops
what looks like a tag.
"""

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pysubs2

from modellab.errors import LabError, TextRefused
from modellab.formats.lines import REFERENCE
from modellab.outside import read_text
from modellab.units import plural

_ARROW = {"SubRip": re.compile(r"^\s*\d+:[\d:.,]*\s*-->", re.MULTILINE), "WebVTT": re.compile("-->")}
"""What begins a cue. In WebVTT nothing else may hold an arrow."""
_JOINER = "\u2060"


@dataclass(frozen=True, slots=True)
class Cue:
    """What is on the screen for a while, on one line or several."""

    start_s: float
    end_s: float
    speaker: str | None
    lines: tuple[str, ...]


def to_srt(cues: Iterable[Cue], duration_s: float) -> str:
    """SubRip, in order of time. It has no place for speakers: who wants their names puts them into the lines.

    Args:
        duration_s: length of the recording; no cue ends after it.
    """
    # A program that reads SRT takes an arrow for a line of times.
    return _write(cues, duration_s, "srt", lambda cue, text: text.replace("-->", "→"))


def to_vtt(cues: Iterable[Cue], duration_s: float) -> str:
    """WebVTT, in order of time: speakers as voice spans (`<v Speaker 1>`), which players show or style.

    Args:
        duration_s: length of the recording; no cue ends after it.
    """

    def voiced(cue: Cue, text: str) -> str:
        said = html.escape(text, quote=False)
        return f"<v {html.escape(cue.speaker, quote=False)}>{said}</v>" if cue.speaker else said

    return _write(cues, duration_s, "vtt", voiced)


def _write(shown: Iterable[Cue], duration_s: float, form: str, text_of: Callable[[Cue, str], str]) -> str:
    subtitles = pysubs2.SSAFile()
    last_ms = int(duration_s * 1000 + 1e-6)  # whole milliseconds that lie inside the recording
    for cue in shown:
        # pysubs2 keeps text in SubStation form, where \N, \n and \h are white space and {\p1} hides a line: a word
        # joiner, which shows nothing, keeps a spoken backslash from meaning anything.
        lines = [line.replace("\\", f"\\{_JOINER}") for line in cue.lines]
        end_ms = min(round(cue.end_s * 1000), last_ms)
        subtitles.append(pysubs2.SSAEvent(round(cue.start_s * 1000), end_ms, text_of(cue, "\n".join(lines))))
    subtitles.sort()  # paragraphs of people who talk at the same time overlap
    return str(subtitles.to_string(form, keep_ssa_tags=True))


def read_srt(path: Path) -> list[Cue]:
    """Cues in order of time, without formatting. No cue has a speaker: the format has no place for one.

    Raises:
        LabError: the file is not SubRip, or a cue of it can't be read.
    """
    text = _text(path, "SubRip")
    # Tags stay as they are written while it is read: what looks like one may have been said.
    subtitles = pysubs2.SSAFile.from_string(text, "srt", keep_html_tags=True)
    cues = [
        Cue(event.start / 1000, event.end / 1000, None, _said(event.text.replace("\\N", "\n"))) for event in subtitles
    ]
    return _whole(cues, text, path, "SubRip")


def read_vtt(path: Path) -> list[Cue]:
    """Cues in order of time, without formatting; the speaker is the cue's first voice span.

    Raises:
        LabError: the file is not WebVTT, or a cue of it can't be read.
    """
    import webvtt
    from webvtt.errors import MalformedFileError

    text = _text(path, "WebVTT")
    try:
        captions = list(webvtt.from_string(text))
    except MalformedFileError as error:
        raise LabError(f"{path} is not WebVTT", found=text[:40], allowed="a first line WEBVTT") from error
    cues = [
        Cue(
            _seconds(caption.start),
            _seconds(caption.end),
            html.unescape(caption.voice) if caption.voice else None,
            tuple(html.unescape(line) for line in _said(caption.text)),
        )
        for caption in captions
    ]
    return _whole(cues, text, path, "WebVTT")


def _text(path: Path, form: str) -> str:
    try:
        return read_text(path, REFERENCE).replace("\r\n", "\n")
    except (OSError, TextRefused) as error:
        raise LabError(f"{path} can't be read as {form}", found=str(error)) from error


def _seconds(stamp: str) -> float:
    hours, minutes, rest = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def _said(text: str) -> tuple[str, ...]:
    return tuple(text.replace(_JOINER, "").strip().split("\n"))


def _whole(cues: list[Cue], text: str, path: Path, form: str) -> list[Cue]:
    """The cues, if they are all that the file has: both libraries leave out what they can't read without a word."""
    written = len(_ARROW[form].findall(text))
    if written != len(cues) or (not cues and form == "SubRip" and text.strip()):
        raise LabError(
            f"{path} can't be read as {form}", found=f"{plural(written, 'line')} of times, {len(cues)} of them readable"
        )
    backwards = next((cue for cue in cues if cue.end_s < cue.start_s), None)
    if backwards is not None:
        raise LabError(f"{path} has a cue that ends before it begins", found=f"{backwards.start_s} s")
    return sorted(cues, key=lambda cue: (cue.start_s, cue.end_s))
