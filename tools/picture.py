"""Draws the rooms of the code as `docs/images/rooms.svg`: each imports only from rows below its own.

    python tools/picture.py

Rows follow from the imports, the words from each room's own docstring.
"""

import ast
import textwrap
from functools import cache
from html import escape
from pathlib import Path

from rooms import FOUNDATION, PACKAGES, ROOT, between_rooms, imports

TARGET = ROOT / "docs" / "images" / "rooms.svg"
WIDTH, MARGIN, GAP = 1120, 24, 14
NAME_PX, TEXT_PX, LINE_PX = 16, 13, 17
CHARACTER_PX = 6.6
"""Of the text, on average; generous, since fonts differ."""
DAGSTER = ("resources", "assets", "modellab_dagster")
COLOURS = {"dagster": ("#fdf0e3", "#c2711d"), "library": ("#eaf1fb", "#3a6ea5"), "models": ("#e9f5ec", "#3b8152")}


def rows() -> list[list[str]]:
    """Rooms from the top row down; each stands one row above the highest that it imports."""
    below = {room: set(others) for room, others in between_rooms(imports()).items()}

    @cache
    def height(room: str) -> int:
        return 1 + max((height(other) for other in below[room]), default=-1)

    found: dict[int, list[str]] = {}
    for room in sorted(below):
        found.setdefault(height(room), []).append(room)
    return [found[at] for at in sorted(found, reverse=True)]


def concern(room: str) -> str:
    """The first sentence of a room's own description."""
    if room == FOUNDATION:
        return "Settings, errors, files, limits on text from outside, figures: what every room may use"
    folder = ROOT / room if room in PACKAGES else ROOT / "modellab" / room
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    return " ".join(said.split("\n\n")[0].split()).rstrip(".").replace("`", "")


def picture() -> str:
    """The SVG."""
    drawn: list[str] = []
    y = MARGIN
    for row in rows():
        width = (WIDTH - 2 * MARGIN - GAP * (len(row) - 1)) / len(row)
        texts = {room: textwrap.wrap(concern(room), int((width - 28) / CHARACTER_PX)) for room in row}
        height = 34 + LINE_PX * max(map(len, texts.values()))
        for place, (room, lines) in enumerate(texts.items()):
            drawn += _box((MARGIN + place * (width + GAP), y, width, height), room, lines)
        y += height + GAP
    y += MARGIN - GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" role="img" '
            'font-family="sans-serif">',
            "<title>The rooms of Model Lab's code; each imports only from rows below its own</title>",
            f'<rect width="{WIDTH}" height="{y:.0f}" rx="8" fill="#ffffff"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _box(at: tuple[float, float, float, float], room: str, lines: list[str]) -> list[str]:
    x, y, width, height = at
    fill, stroke = COLOURS["dagster" if room in DAGSTER else "models" if room == "models" else "library"]
    name = f"{room}/" if room in PACKAGES else "modellab/*.py" if room == FOUNDATION else f"modellab/{room}/"
    return [
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" rx="6" fill="{fill}" stroke="{stroke}"/>',
        f'<text x="{x + 14:.1f}" y="{y + 23}" font-size="{NAME_PX}" font-weight="bold" fill="#1b2733">{name}</text>',
        *(
            f'<text x="{x + 14:.1f}" y="{y + 42 + LINE_PX * n}" font-size="{TEXT_PX}" fill="#33414f">'
            f"{escape(line)}</text>"
            for n, line in enumerate(lines)
        ),
    ]


if __name__ == "__main__":
    TARGET.write_text(picture())
    print(Path(TARGET).relative_to(ROOT))
