"""What the assets of the text steps share: the transcript they read, and whether what they wrote was said there."""

from collections.abc import Callable, Iterable, Sequence

import dagster as dg

from assets._checks import Check, Verdict
from modellab.bundle.meeting import display_name
from modellab.surfaces.results import Transcript
from modellab.text.results import Evidence, Rejection
from modellab.text.sentences import join_words
from modellab.units import clock, plural
from resources.engine import StepResult

_SHOWN = 10
Cited = tuple[str, Sequence[Evidence]]
"""A line that is shown, and what it rests on."""


def transcript_read(result: StepResult) -> Transcript:
    """The transcript that the step worked on."""
    read = result.read("transcript")
    if read is None:
        raise ValueError(f"the transcript that {result.record.step} read is gone")
    return read.read(Transcript)


def rows(names: Sequence[str], records: Iterable[Sequence[str]]) -> dg.TableMetadataValue:
    """A table of texts."""
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(zip(names, record, strict=True))) for record in records],
        schema=dg.TableSchema([dg.TableColumn(name) for name in names]),
    )


def speaker_name(speaker: str | None) -> str:
    """A speaker as the UI shows them, with spaces that do not break; a dash for nobody."""
    return display_name(speaker).replace(" ", "\u00a0") if speaker else "-"


def said_at(evidence: Sequence[Evidence]) -> str:
    """When the words were said that a line rests on."""
    return clock(evidence[0].start_s, 1) if evidence else "-"


def unproved(lines: Iterable[Cited], transcript: Transcript) -> list[str]:
    """The lines that rest on nothing, or on words that the transcript does not have at those numbers and times."""
    return [text for text, evidence in lines if not evidence or not all(_was_said(e, transcript) for e in evidence)]


def _was_said(evidence: Evidence, transcript: Transcript) -> bool:
    words = transcript.words[evidence.first_word : evidence.end_word]
    return bool(words) and (
        (evidence.text, evidence.start_s, evidence.end_s)
        == (join_words(words), words[0].start_s, max(word.end_s for word in words))
    )


def every_line_was_said(lines: Callable[[StepResult], Iterable[Cited]]) -> Check:
    """The check that every line has evidence, word for word in the transcript.

    Args:
        lines: the lines that a result shows.
    """

    def judge(result: StepResult) -> Verdict:
        shown = list(lines(result))
        wrong = unproved(shown, transcript_read(result))
        return Verdict(
            not wrong,
            f"{len(shown) - len(wrong)} of {len(shown)} lines rest on words of the transcript",
            {"unproved": wrong[:_SHOWN]},
        )

    return Check(
        "every_line_was_said",
        "Every line has evidence, and its words are those of the transcript.",
        judge,
        dg.AssetCheckSeverity.ERROR,
    )


def nothing_rejected(rejected: Callable[[StepResult], Sequence[Rejection]]) -> Check:
    """The check that a language model wrote nothing whose evidence does not hold.

    Args:
        rejected: what was left out of a result.
    """

    def judge(result: StepResult) -> Verdict:
        found = rejected(result)
        return Verdict(
            not found,
            f"{plural(len(found), 'line')} left out because their evidence does not hold",
            {"rejected": [f"{one.text}: {one.reason}" for one in found[:_SHOWN]]},
        )

    return Check("nothing_rejected", "Nothing had to be left out for want of evidence.", judge)
