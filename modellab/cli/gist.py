"""A meeting in a few lines on the terminal: its summary, and who does what by when."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from modellab.bundle.meeting import Meeting
from modellab.cli.marks import speaker_styles
from modellab.text.results import ActionItem, Evidence
from modellab.units import clock, plural

MOST_ITEMS = 12
"""More action items are in the pack only."""


def gist(meeting: Meeting) -> RenderableType | None:
    """Summary and action items, each line with the moment it rests on; None where there is neither."""
    blocks: list[RenderableType] = []
    if meeting.summary and meeting.summary.lines:
        rows = [_row(line.evidence, Text(line.text)) for line in meeting.summary.lines]
        blocks += [Text("Summary", style="bold"), _grid(rows)]
    if meeting.action_items and meeting.action_items.items:
        items = meeting.action_items.items
        styles = speaker_styles([participant.id for participant in meeting.participants])
        rows = [_row(item.evidence, _action(meeting, item, styles)) for item in items[:MOST_ITEMS]]
        if len(items) > MOST_ITEMS:
            rows.append((Text(), Text(f"… and {plural(len(items) - MOST_ITEMS, 'more', 'more')} in the pack", "dim")))
        blocks += [*([Text()] if blocks else []), Text("Action items", style="bold"), _grid(rows)]
    return Group(*blocks) if blocks else None


def _grid(rows: Sequence[tuple[Text, Text]]) -> Table:
    grid = Table.grid(Column(justify="right", no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0))
    for row in rows:
        grid.add_row(*row)
    return grid


def _row(evidence: Sequence[Evidence], text: Text) -> tuple[Text, Text]:
    return Text(clock(evidence[0].start_s, 1), style="dim"), text


def _action(meeting: Meeting, item: ActionItem, styles: dict[str, str]) -> Text:
    who = meeting.assignee(item)
    due = f"{item.due_date:%Y-%m-%d}" if item.due_date else item.due_text
    return Text.assemble(
        (f"{who}: ", styles.get(item.assignee_speaker or "", "bold")) if who else "",
        item.task,
        (f"  by {due}", "yellow") if due else "",
    )
