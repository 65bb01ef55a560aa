"""Speaker colours. Each stands as text on every background of the page with at least WCAG AA's contrast of 4.5:1."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of one colour scheme, as `#rrggbb`."""

    background: str
    surface: str
    """Cards, the player, and the line that is being played."""
    text: str
    muted: str
    line: str
    """Hairlines; never carries meaning by itself."""
    field: str
    """Edges of controls: 3:1 against what is behind them."""
    accent: str
    on_accent: str
    highlight: str
    """Behind the word that is being played, and what a search finds."""
    silent: str
    """Waveform where nobody speaks: decoration."""
    speakers: tuple[str, ...]


LIGHT = Theme(
    background="#fbfaf8",
    surface="#ffffff",
    text="#1c1b1a",
    muted="#625e59",
    line="#e4e1dc",
    field="#8f8a83",
    accent="#1f5fbf",
    on_accent="#ffffff",
    highlight="#fdeeb5",
    silent="#cfcac3",
    speakers=(
        "#1f5fbf",
        "#a8480a",
        "#0b6f66",
        "#8e2f86",
        "#3f6f12",
        "#b3261e",
        "#4b46c6",
        "#0b6582",
        "#b01458",
        "#7c4a12",
        "#465365",
        "#6a2fb5",
    ),
)
DARK = Theme(
    background="#131415",
    surface="#1c1e20",
    text="#eceae6",
    muted="#a5a19b",
    line="#303336",
    field="#767b80",
    accent="#8ab4f8",
    on_accent="#10213c",
    highlight="#4a3f14",
    silent="#4b4f54",
    speakers=(
        "#8ab4f8",
        "#f3a66d",
        "#5fd0c0",
        "#e29be0",
        "#a5d26a",
        "#f59a93",
        "#b0adff",
        "#6cc9ea",
        "#f792b8",
        "#d9b07f",
        "#b4c0cf",
        "#cba6fb",
    ),
)


def colour_index(speaker_number: int) -> int:
    """Which colour the n-th speaker has: after the last colour they begin again; names tell such speakers apart."""
    return speaker_number % len(LIGHT.speakers)
