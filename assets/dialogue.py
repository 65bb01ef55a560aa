"""The asset `dialogue`: a written dialogue as a transcript."""

from collections.abc import Mapping
from typing import Any

from assets._checks import Check, Verdict
from assets._cited import rows
from assets._page import duration
from assets._step import step_asset
from modellab.steps.dialogue import STEP
from modellab.surfaces.results import Transcript
from modellab.units import plural
from resources.engine import StepResult

_SHOWN = 30


def page(result: StepResult) -> Mapping[str, Any]:
    """The first turns, and how much there is."""
    transcript = result.artifact.read(Transcript)
    turns = transcript.utterances
    return {
        "turns": rows(["speaker", "words"], [[str(turn.speaker), turn.text] for turn in turns[:_SHOWN]]),
        "words": len(transcript.words),
        "speakers": len({turn.speaker for turn in turns}),
        "made-up length": duration(transcript.duration_s),
        "dagster/row_count": len(turns),
    }


def _answered(result: StepResult) -> Verdict:
    speakers = {turn.speaker for turn in result.artifact.read(Transcript).utterances}
    return Verdict(len(speakers) > 1, plural(len(speakers), "speaker"), {"speakers": len(speakers)})


DIALOGUE = step_asset(
    STEP,
    group="meeting",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check("somebody_answers", "At least two people speak: else names may have been taken for words.", _answered)
    ],
)
