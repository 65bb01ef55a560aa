"""The pack's pages: `index.html`, one file that needs no network, and its plain sister `transcript.md`.

`templates/` holds the markup. Everything that comes from a recording is escaped by Jinja's autoescape; the page's
content security policy allows no network and no script but the page's own.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from modellab.bundle import palette, timeline
from modellab.bundle.meeting import Meeting
from modellab.bundle.naming import weekday
from modellab.bundle.pieces import NEVER_SAID
from modellab.media.audio import Samples
from modellab.units import clock

TEMPLATES = Path(__file__).parent / "templates"
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_MARKDOWN_BLOCK_START = re.compile(r"^(\d{1,9})?([.)+=-])")


@dataclass(frozen=True, slots=True)
class PageAudio:
    """How the page plays the recording."""

    file_name: str
    """Of the audio beside the page."""
    media_type: str
    embedded: bytes | None
    """The audio itself, where it is small enough to go into the page."""


def escape_markdown(text: str) -> str:
    """Text that CommonMark shows as it is, wherever in a paragraph it stands."""
    escaped = _MARKDOWN_SPECIAL.sub(r"\\\1", text)
    return _MARKDOWN_BLOCK_START.sub(lambda match: f"{match[1] or ''}\\{match[2]}", escaped)


def render_html(
    meeting: Meeting, peaks: Samples, audio: PageAudio, files: Mapping[str, str], credits: Sequence[str]
) -> str:
    """The whole page.

    Args:
        peaks: waveform over the original recording, shape `(n,)`.
        files: name -> what it is, of the pack's other files.
        credits: sentences that say how the transcript was made.
    """
    script = (TEMPLATES / "page.js").read_text()
    return (
        environment(TEMPLATES, autoescape=True)
        .get_template("page.html.j2")
        .render(
            meeting=meeting,
            colour=_colours(meeting),
            themes={"light": asdict(palette.LIGHT), "dark": asdict(palette.DARK)},
            style=Markup((TEMPLATES / "page.css").read_text()),
            script=Markup(script),
            script_sha256=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            bars=timeline.BARS,
            waveform=timeline.waveform_paths(meeting, peaks),
            lanes=[timeline.lane_path(person, meeting.duration_s) for person in meeting.participants],
            ticks=timeline.ticks(meeting.duration_s),
            marks=timeline.chapter_marks(meeting),
            audio=audio,
            audio_base64=base64.b64encode(audio.embedded).decode() if audio.embedded is not None else None,
            files=files,
            credits=credits,
        )
    )


def render_markdown(meeting: Meeting, credits: Sequence[str]) -> str:
    """The transcript as CommonMark with GitHub's tables."""
    text: str = (
        environment(TEMPLATES, autoescape=False)
        .get_template("transcript.md.j2")
        .render(meeting=meeting, credits=credits)
    )
    return text


def render_text(meeting: Meeting) -> str:
    """The transcript as plain text: time and speaker, then what they said."""
    text: str = environment(TEMPLATES, autoescape=False).get_template("transcript.txt.j2").render(meeting=meeting)
    return text


def _colours(meeting: Meeting) -> dict[str | None, str]:
    """Speaker -> CSS class of their colour."""
    known: dict[str | None, str] = {
        person.id: f"s{palette.colour_index(number)}" for number, person in enumerate(meeting.participants)
    }
    return {None: "nobody", **known}


def environment(folder: Path, *, autoescape: bool) -> Environment:
    """Jinja over a folder of templates, with the pages' filters; a name that is not there is an error."""
    found = Environment(
        loader=FileSystemLoader(folder),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Any] = {
        "clock": clock,
        "weekday": weekday,
        "capitalised": lambda text: text[:1].upper() + text[1:],
        "markdown": escape_markdown,
    }
    found.filters.update(filters)
    found.globals["never_said"] = NEVER_SAID
    return found
