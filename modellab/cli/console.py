"""Where the command line writes: results to standard output, everything else to standard error.

All that is written goes through here, and control characters of names, tags and errors go no further.
"""

import os
import re
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import PurePath
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from modellab.errors import LabError
from modellab.legible import as_text, legible

_PIPED_WIDTH = 160
"""Columns where nobody looks at a terminal: a table cut off at 80 would lose what a program or a log needs."""
_TO_ESCAPE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What JSON allows and a terminal takes for commands."""
_NOT_ASCII = re.compile("[^\x00-\x7f]")

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


class LegibleConsole(Console):
    """A console on which only Rich's own control characters reach the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Segments, their text made legible."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control or (shown := legible(text)) == text else Segment(shown, style)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH
    return LegibleConsole(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def stdout() -> Console:
    """The console results go to. Texts are printed as they are: file names may hold what looks like markup."""
    return _console(stderr=False)


def stderr() -> Console:
    """The console for progress, warnings and errors."""
    return _console(stderr=True)


def print_json(document: Any) -> None:
    """Print one JSON document on standard output, as `json_text` makes it."""
    sys.stdout.write(json_text(document) + "\n")


def json_text(document: Any) -> str:
    """A document as JSON for standard output. Dates become ISO 8601, paths text, and NaN and infinity null.

    It can be printed whatever its strings hold: bytes of a file's name that are not UTF-8 become U+FFFD, and what the
    output's encoding lacks is escaped.
    """
    from pydantic_core import to_json

    from modellab.redaction import redact_known

    text = to_json(_printable(document), indent=2, inf_nan_mode="null", by_alias=True, fallback=str).decode()
    text = redact_known(text)
    is_unicode = (sys.stdout.encoding or "utf-8").lower().replace("-", "").startswith("utf")
    return (_TO_ESCAPE if is_unicode else _NOT_ASCII).sub(_escaped, text)


def error_document(error: LabError) -> dict[str, Any]:
    """What JSON documents say of an error: `{"error": {...}}`."""
    parts = {"what": error.what, "found": error.found, "allowed": error.allowed, "hint": error.hint}
    return {"error": {"type": type(error).__name__, "message": str(error), **parts}}


def _printable(value: Any) -> Any:
    """The document with nothing in it that is no text: names may hold any bytes, and a cell of SQL as well."""
    if isinstance(value, Mapping):
        return {_printable(key): _printable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(each) for each in value]
    if isinstance(value, PurePath):
        return as_text(str(value))
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "backslashreplace")
    return as_text(value) if isinstance(value, str) else value


def _escaped(match: re.Match[str]) -> str:
    """A character as JSON's escapes, two of them beyond U+FFFF."""
    return "".join(f"\\u{unit:04x}" for (unit,) in struct.iter_unpack(">H", match[0].encode("utf-16-be")))


def print_text(text: str) -> None:
    """Print a text of many lines on standard output: on a terminal legible, elsewhere as it is."""
    sys.stdout.write(legible(text) if sys.stdout.isatty() else text)


def print_block(console: Console, block: RenderableType) -> None:
    """Print something of several lines; outside a terminal without the spaces that Rich fills lines up with."""
    if console.is_terminal:
        console.print(block)
        return
    with console.capture() as captured:
        console.print(block)
    for line in captured.get().splitlines():
        print_line(console, line.rstrip())


def print_line(console: Console, text: str | Text, style: str | None = None) -> None:
    """Print one line that is never wrapped or cut, so that a path in it can be copied."""
    console.print(text, style=style, soft_wrap=True)


def marked(mark: str, style: str, said: str) -> Text:
    """What is said behind a mark; lines below the first stand under it."""
    return Text.assemble((f"{mark} ", style), said.replace("\n", "\n  "))


def of_lines(page: str, style: str = "") -> RenderableType:
    """Lines as errors have them on a page, each wrapped under its own beginning."""
    shown: list[RenderableType] = []
    for line in page.splitlines():
        mark = re.match(r" *(?:[→-] )?", line)
        assert mark is not None
        if not mark[0]:
            shown.append(Text(line, style=style, overflow="fold"))
            continue
        grid = Table.grid(Column(no_wrap=True), Column(overflow="fold"))
        grid.add_row(Text(mark[0], style=style), Text(line[mark.end() :], style=style))
        shown.append(grid)
    return Group(*shown)


def together(pages: Sequence[str]) -> list[str]:
    """Pages of the same form as one, in which a line that several of them have stands once."""
    forms: dict[int, list[list[str]]] = {}
    for page in pages:
        lines = page.splitlines()
        forms.setdefault(len(lines), []).append(lines)
    return ["\n".join(chain.from_iterable(map(dict.fromkeys, zip(*alike, strict=True)))) for alike in forms.values()]


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A table without frames; the columns in `right` hold figures."""
    made = Table(box=None, padding=(0, 3, 0, 0), header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made
