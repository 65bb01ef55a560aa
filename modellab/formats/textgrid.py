"""TextGrid: Praat's annotations, tiers of labelled intervals or points; the long and the short form alike.

As Praat's manual has it ("TextGrid file formats"): of a text file only free-standing numbers, texts in quotation marks
and flags in `<>` are data, in a fixed order; everything else (`xmin =`, `intervals [3]:`, what follows a `!`) is for
people. So one reader reads both forms. Read by hand: textgrid 1.6.1 goes by lines of one form each, and praatio 6.2.2
names no line of what it can't read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modellab.errors import LabError, TextRefused
from modellab.formats.lines import REFERENCE
from modellab.outside import read_marked_text

_TOKEN = re.compile(
    r"""(?<!\S)(?:
        (?P<text>"[^"]*(?:""[^"]*)*")(?!\S)
      | (?P<open>")
      | (?P<flag><[^<>\s]*>)(?!\S)
      | !.*
      | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?!\S)
    )""",
    re.VERBOSE,
)
_INTERVALS, _POINTS = "IntervalTier", "TextTier"
_MOST_TIERS = 10_000


@dataclass(frozen=True, slots=True)
class Label:
    """What an annotation says of a stretch of time, or of a moment (both times the same). The text may be empty."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A named row of annotations, in order of time."""

    name: str
    labels: list[Label]


def read_textgrid(path: Path) -> list[Tier]:
    """The tiers, in the file's order; intervals without a text are kept.

    Raises:
        LabError: the file is not a TextGrid in text form, in UTF-8 or UTF-16; says which line.
    """
    try:
        text = read_marked_text(path, REFERENCE)
    except (OSError, TextRefused) as error:
        raise LabError(f"{path} can't be read as TextGrid", found=str(error)) from error
    return _Reader(text, path).tiers()


class _Reader:
    """The file's values, one after the other."""

    def __init__(self, text: str, path: Path) -> None:
        self._text, self._path = text, path
        self._place = 0
        self._values: Iterator[re.Match[str]] = (
            found for found in _TOKEN.finditer(text) if found.lastgroup is not None
        )

    def tiers(self) -> list[Tier]:
        kind, content = self._string("ooTextFile"), self._string("TextGrid")
        if not kind.startswith("ooTextFile") or content != "TextGrid":
            raise self._wrong("ooTextFile and TextGrid as the first two texts", f"{kind!r}, {content!r}")
        self._span()
        if self._next("flag", "<exists>") != "<exists>":
            return []
        return [self._tier() for _ in range(self._count("tiers", most=_MOST_TIERS))]

    def _tier(self) -> Tier:
        kind = self._string("the kind of a tier")
        if kind not in (_INTERVALS, _POINTS):
            raise self._wrong(f"{_INTERVALS} or {_POINTS}", repr(kind))
        name = self._string("the name of a tier").strip()
        self._span()
        labels = [self._label(kind) for _ in range(self._count("labels", most=REFERENCE.nodes))]
        return Tier(name, sorted(labels, key=lambda label: (label.start_s, label.end_s)))

    def _label(self, kind: str) -> Label:
        if kind == _POINTS:
            start_s = end_s = self._time()
        else:
            start_s, end_s = self._span()
        return Label(start_s, end_s, self._string("the text of a label").strip())

    def _span(self) -> tuple[float, float]:
        start_s, end_s = self._time(), self._time()
        if end_s < start_s:
            raise self._wrong(f"an end from {start_s:g} s on", f"{end_s:g} s")
        return start_s, end_s

    def _time(self) -> float:
        value = float(self._next("number", "a time in seconds"))
        if not 0.0 <= value < float("inf"):
            raise self._wrong("a time in seconds, from 0 on", f"{value:g}")
        return value

    def _count(self, what: str, most: int) -> int:
        written = self._next("number", f"a number of {what}")
        value = float(written)
        if not value.is_integer() or not 0 <= value <= most:
            raise self._wrong(f"a number of {what} from 0 to {most:,}", written)
        return int(value)

    def _string(self, what: str) -> str:
        return self._next("text", f"{what}, in quotation marks")[1:-1].replace('""', '"')

    def _next(self, kind: str, allowed: str) -> str:
        found = next(self._values, None)
        if found is None:
            self._place = len(self._text.rstrip())
            raise self._wrong(allowed, "the file's end")
        self._place = found.start()
        if found.lastgroup == "open":
            raise self._wrong("a quotation mark at the end of a text, and two for one inside it", "none")
        if found.lastgroup != kind:
            raise self._wrong(allowed, found[0][:80])
        return found[0]

    def _wrong(self, allowed: str, found: str) -> LabError:
        line = self._text.count("\n", 0, self._place) + 1
        return LabError(f"line {line} of {self._path} is not TextGrid", found=found, allowed=allowed)
