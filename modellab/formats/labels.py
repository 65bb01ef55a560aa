"""Audacity's labels: `start end text`, separated by tabs, a line each, as "Export labels" writes them.

Lines that begin with a backslash give the frequencies of the label before them (Audacity's manual, "Importing and
Exporting Labels"), and are left out.
"""

from pathlib import Path

from modellab.formats.lines import read_lines, span
from modellab.formats.textgrid import Label

_TEXT = 2
"""Fields before the text, which is nothing where the label has none."""


def read_labels(path: Path) -> list[Label]:
    """Every label, in order of time.

    Raises:
        LabError: the file is not Audacity's labels; says which line.
    """
    labels = read_lines(path, "Audacity's labels", "start end text, separated by tabs", _label)
    return sorted(labels, key=lambda label: (label.start_s, label.end_s))


def _label(line: str) -> Label | None:
    if line.startswith("\\"):
        return None
    start, end, *text = line.split("\t", _TEXT)
    return Label(*span(start, end), "".join(text).strip())
