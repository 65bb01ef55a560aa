"""The asset `summarize`: the meeting in a few lines."""

from collections.abc import Iterator, Mapping
from typing import Any

from assets._cited import Cited, every_line_was_said, nothing_rejected, rows, said_at, speaker_name
from assets._page import duration
from assets._step import step_asset
from modellab.steps.summarize import STEP
from modellab.text.results import Summary
from resources.engine import StepResult


def summary_of(result: StepResult) -> Summary:
    """The summary that the step wrote."""
    return result.artifact.read(Summary)


def page(result: StepResult) -> Mapping[str, Any]:
    """The lines with the moments they rest on, and each speaker's paragraph."""
    summary = summary_of(result)
    return {
        "summary": rows(
            ["said at", "speaker", "line"],
            [
                [said_at(line.evidence), speaker_name(line.evidence[0].speaker if line.evidence else None), line.text]
                for line in summary.lines
            ],
        ),
        "speakers": rows(
            ["speaker", "talked", "words", "in short"],
            [
                [speaker_name(one.speaker), duration(one.talk_s), str(one.words), one.text or "-"]
                for one in summary.speakers
            ],
        ),
        "backend": summary.backend,
        "dagster/row_count": len(summary.lines),
    }


def _lines(result: StepResult) -> Iterator[Cited]:
    summary = summary_of(result)
    for lines in (summary.lines, *(speaker.lines for speaker in summary.speakers)):
        yield from ((line.text, line.evidence) for line in lines)


SUMMARIZE = step_asset(
    STEP,
    group="meeting",
    kinds={"python", "json"},
    page=page,
    checks=[every_line_was_said(_lines), nothing_rejected(lambda result: summary_of(result).rejected)],
)
