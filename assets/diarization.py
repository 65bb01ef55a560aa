"""The asset `diarization`: who spoke when."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._metrics import metrics_asset, right_more_than_wrong
from assets._page import duration, share, table
from assets._pictures import Lane, timeline
from assets._step import step_asset
from modellab.bundle.meeting import display_name
from modellab.media.canonical import CanonicalAudio
from modellab.steps import scorers
from modellab.steps.definition import Kind
from modellab.steps.diarization import STEP
from modellab.surfaces.in_place import is_inside
from modellab.surfaces.results import Diarization, SpeechSegments, Turn
from modellab.surfaces.speakers import overlap_s
from modellab.units import plural
from resources.engine import StepResult

_SHOWN_SPEAKERS = 12


def diarization_of(result: StepResult) -> Diarization:
    """The turns that the step found."""
    return result.artifact.read(Diarization)


def lanes(diarization: Diarization) -> list[Lane]:
    """A lane of turns for each speaker, in order of first turn."""
    return [
        Lane(display_name(speaker), [(turn.start_s, turn.end_s) for turn in turns])
        for speaker, turns in _by_speaker(diarization).items()
    ]


def _by_speaker(diarization: Diarization) -> dict[str, list[Turn]]:
    """The turns of each speaker, those who spoke first first; no more speakers than fit on a page."""
    return {
        speaker: [turn for turn in diarization.turns if turn.speaker == speaker]
        for speaker in diarization.speakers[:_SHOWN_SPEAKERS]
    }


def page(result: StepResult) -> Mapping[str, Any]:
    """The waveform with each speaker's turns beneath it, and how much each talked."""
    diarization = diarization_of(result)
    ingest = result.latest(Kind.RECORDING)
    all_s = sum(turn.duration_s for turn in diarization.turns)
    rows: list[list[object]] = []
    for speaker, turns in _by_speaker(diarization).items():
        seconds = [turn.duration_s for turn in turns]
        talked_s = sum(seconds)
        rows.append(
            [display_name(speaker), duration(talked_s), share(talked_s, all_s), len(turns), duration(max(seconds))]
        )
    picture = timeline(CanonicalAudio.open(ingest).envelope(), lanes(diarization)) if ingest else ""
    return {
        "waveform": dg.MetadataValue.md(picture),
        "talk": dg.MetadataValue.md(table(["speaker", "talked", "share", "turns", "longest"], rows)),
        "speakers": len(diarization.speakers),
        "overlap_s": round(overlap_s(diarization.turns), 3),
        "dagster/row_count": len(diarization.turns),
    }


def turns_inside(result: StepResult) -> Verdict:
    """Whether every turn has a length and lies inside the recording."""
    diarization = diarization_of(result)
    wrong = [turn for turn in diarization.turns if not is_inside(turn, diarization.duration_s)]
    return Verdict(
        not wrong,
        f"{len(diarization.turns)} turns, {len(wrong)} not inside the recording of {duration(diarization.duration_s)}",
        {"wrong": [str(turn) for turn in wrong[:5]]},
    )


def _speakers_where_speech(result: StepResult) -> Verdict:
    speakers = len(diarization_of(result).speakers)
    found = result.latest(Kind.SPEECH)
    if found is None:
        return Verdict(speakers > 0, f"{plural(speakers, 'speaker')}; this system does not look for speech by itself")
    speech = found.read(SpeechSegments)
    return Verdict(
        (speakers > 0) == bool(speech.segments),
        f"{plural(speakers, 'speaker')} in {duration(speech.speech_s)} of speech",
    )


DIARIZATION = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check(
            "turns_inside",
            "Every turn has a length and lies inside the recording.",
            turns_inside,
            dg.AssetCheckSeverity.ERROR,
        ),
        Check(
            "speakers_where_speech",
            "Someone speaks where there is speech, and nobody elsewhere.",
            _speakers_where_speech,
        ),
    ],
)

DIARIZATION_METRICS = metrics_asset(scorers.DIARIZATION_METRICS, checks=[right_more_than_wrong("der")])
