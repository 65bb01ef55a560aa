"""What the UI shows of speed and memory over time: a table with bars, and a picture of each series that changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from assets._page import table
from assets._pictures import COLOURS, in_markdown
from modellab.evaluation.pace_history import SpeedSeries, change_text, figure_text

_HEADER = ("system", "on", "step", "measured", "first", "now", "a month", "", "changes")
_MOST_PICTURES = 8
_MOST_VALUES = 40
"""As many as fit into a picture that the UI shows."""
_WIDTH, _HEIGHT, _MARGIN = 440, 90, 12


def speed_page(series: Iterable[SpeedSeries]) -> Mapping[str, Any]:
    """Metadata of all series; none where nothing was measured."""
    listed = list(series)
    if not listed:
        return {}
    changed = [one for one in listed if one.changes][:_MOST_PICTURES]
    pictures = {f"{one.system} {one.step} {one.metric} on {one.dataset}": picture(one) for one in changed}
    return {
        "speed and memory": dg.MetadataValue.md(table(_HEADER, map(_row, listed))),
        **{name: dg.MetadataValue.md(drawn) for name, drawn in pictures.items()},
    }


def _row(one: SpeedSeries) -> Sequence[object]:
    first, now = (figure_text(one.metric, value) for value in (one.values[0], one.values[-1]))
    month = "" if one.per_month is None else f"{one.per_month:+.1%}"
    where = f"{one.dataset} {one.version} ({one.conditions})"
    changes = "; ".join(map(change_text, one.changes))
    return one.system, where, one.step, len(one.values), first, now, month, one.bars(), changes


def picture(one: SpeedSeries) -> str:
    """A series as Markdown: its last values as a line from 0 up, an upright line where it changed."""
    values, times = one.values[-_MOST_VALUES:], one.measured_at[-_MOST_VALUES:]
    wide = (_WIDTH - 2 * _MARGIN) / max(len(values) - 1, 1)
    high = (_HEIGHT - 2 * _MARGIN) / max(values)

    def x(place: int) -> int:
        return round(_MARGIN + place * wide)

    points = " ".join(f"{x(place)},{round(_HEIGHT - _MARGIN - value * high)}" for place, value in enumerate(values))
    begun = {change.measured_at for change in one.changes}
    marks = "".join(f"M{x(place)} 0V{_HEIGHT}" for place, at in enumerate(times) if at in begun)
    now = figure_text(one.metric, values[-1])
    document = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{_HEIGHT}' fill='none'"
        " font-family='arial' font-size='11'>"
        f"<polyline stroke='{COLOURS[0]}' points='{points}'/><path stroke='{COLOURS[1]}' d='{marks}'/>"
        f"<text x='{_MARGIN}' y='11' fill='gray'>{now}</text></svg>"
    )
    return in_markdown("over time", document)
