"""How states and speakers look: one place for marks and colours."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from modellab.cli.board import State
from modellab.pipeline.record import Severity
from modellab.runs.doubts import Doubt

MARKS: Mapping[State, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "running": ("›", "cyan"),
    "done": ("✓", "green"),
    "cached": ("✓", "cyan"),
    "failed": ("✗", "red"),
    "canceled": ("✗", "yellow"),
    "not run": ("–", "yellow"),
}
"""State -> its mark and style."""
_DOUBTS: Mapping[Severity, tuple[str, str]] = {"warning": ("!", "yellow"), "error": ("✗", "red")}
_SPEAKERS = ("cyan", "magenta", "green", "yellow", "blue", "red")
"""The terminal's own colours: its owner chose them to be readable on their background."""


def state_text(state: State) -> Text:
    """A state with its mark."""
    mark, style = MARKS[state]
    return Text(f"{mark} {state}", style=style)


def speaker_styles(speakers: Sequence[str]) -> dict[str, str]:
    """A colour for each speaker; after the last colour they begin again, bold."""
    return {
        speaker: _SPEAKERS[i % len(_SPEAKERS)] if i < len(_SPEAKERS) else f"bold {_SPEAKERS[i % len(_SPEAKERS)]}"
        for i, speaker in enumerate(speakers)
    }


def doubt_line(doubt: Doubt, file: str | None = None) -> Text:
    """A doubt as one line, with the file's name where several are spoken of."""
    mark, style = _DOUBTS[doubt.severity]
    failed = f"check {doubt.check} failed ({doubt.severity})" if doubt.check else None
    parts = [part for part in (file, doubt.step, failed, " ".join(doubt.said.split())) if part]
    return Text.assemble((f"{mark} ", style), ": ".join(parts))
