"""The asset `end_of_turn`: at each pause, whether a turn was over."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._metrics import metrics_asset
from assets._page import table
from assets._pictures import Lane, timeline
from assets._step import step_asset
from modellab.media.canonical import CanonicalAudio
from modellab.steps import scorers
from modellab.steps.definition import Kind
from modellab.steps.end_of_turn import STEP
from modellab.surfaces.in_place import TOLERANCE_S
from modellab.surfaces.results import Diarization, Turn
from modellab.surfaces.turn_ends import Pause, TurnEnds
from modellab.units import clock, plural
from resources.engine import StepResult

_SHOWN = 40
_MARK_S = 0.5
"""A pause is drawn that wide, or it would not be seen."""


def turn_ends_of(result: StepResult) -> TurnEnds:
    """What the step said."""
    return result.artifact.read(TurnEnds)


def page(result: StepResult) -> Mapping[str, Any]:
    """The waveform with the pauses beneath it, those over and those not, and each with who speaks next."""
    found = turn_ends_of(result)
    ingest, told = result.latest(Kind.RECORDING), result.latest(Kind.TURNS)
    turns = told.read(Diarization).turns if told else []
    lanes = [
        Lane(name, [(max(0.0, one.at_s - _MARK_S), one.at_s) for one in found.pauses if one.over == over])
        for name, over in (("over", True), ("goes on", False))
    ]
    rows = [
        [
            clock(one.at_s, 1),
            one.speaker or "-",
            f"{one.probability:.2f}",
            "over" if one.over else "goes on",
            next_speaker(one, turns) or "-",
            f"{one.heard_s:.1f} s",
        ]
        for one in found.pauses[:_SHOWN]
    ]
    header = ["stops at", "who", "probability", "said", "speaks next", "heard"]
    return {
        "waveform": dg.MetadataValue.md(timeline(CanonicalAudio.open(ingest).envelope(), lanes) if ingest else ""),
        "pauses": dg.MetadataValue.md(table(header, rows) if rows else "Nobody stops speaking."),
        "over": f"{len(found.over)} of {plural(len(found.pauses), 'pause')}",
        "dagster/row_count": len(found.pauses),
    }


def next_speaker(pause: Pause, turns: list[Turn]) -> str | None:
    """Who speaks at a pause or first after it, by the turns found; None where nobody does or none are known."""
    after = [turn for turn in turns if turn.end_s > pause.at_s + TOLERANCE_S]
    if not after:
        return None
    return min(after, key=lambda turn: (max(turn.start_s, pause.at_s), turn.speaker == pause.speaker)).speaker


def _in_place(result: StepResult) -> Verdict:
    found = turn_ends_of(result)
    wrong = [
        one
        for one in found.pauses
        if not (0.0 <= one.at_s <= found.duration_s + TOLERANCE_S and 0.0 <= one.probability <= 1.0)
    ]
    ordered = all(before.at_s <= after.at_s for before, after in zip(found.pauses, found.pauses[1:], strict=False))
    said = f"{plural(len(found.pauses), 'pause')}, {len(wrong)} out of place{'' if ordered else ', not in order'}"
    return Verdict(not wrong and ordered, said, {"wrong": [str(one) for one in wrong[:5]]})


def _some_end(result: StepResult) -> Verdict:
    found = turn_ends_of(result)
    return Verdict(bool(found.over), f"{len(found.over)} of {plural(len(found.pauses), 'pause')} over")


END_OF_TURN = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check(
            "pauses_in_place",
            "Pauses are in order of time and inside the recording, with probabilities from 0 to 1.",
            _in_place,
            dg.AssetCheckSeverity.ERROR,
        ),
        Check("some_turn_ends", "At some pause a turn is over; of a conversation one is.", _some_end),
    ],
)

END_OF_TURN_METRICS = metrics_asset(scorers.END_OF_TURN_METRICS)
