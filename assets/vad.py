"""The asset `vad`: where there is speech."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._metrics import metrics_asset, right_more_than_wrong
from assets._page import duration, level, share
from assets._pictures import Lane, timeline
from assets._step import step_asset
from modellab.media.canonical import CanonicalAudio
from modellab.steps import scorers
from modellab.steps.definition import Kind
from modellab.steps.doubts import quiet_doubt
from modellab.steps.vad import STEP
from modellab.surfaces.in_place import is_inside, overlapping
from modellab.surfaces.results import SpeechSegments
from resources.engine import StepResult


def speech_of(result: StepResult) -> SpeechSegments:
    """The speech that the step found."""
    return result.artifact.read(SpeechSegments)


def page(result: StepResult) -> Mapping[str, Any]:
    """The waveform with the speech beneath it, and how much there is."""
    speech = speech_of(result)
    lane = Lane("speech", [(s.start_s, s.end_s) for s in speech.segments])
    ingest = result.latest(Kind.RECORDING)
    picture = timeline(CanonicalAudio.open(ingest).envelope(), [lane]) if ingest else ""
    longest = max((s.duration_s for s in speech.segments), default=0.0)
    return {
        "waveform": dg.MetadataValue.md(picture),
        "speech": f"{duration(speech.speech_s)} of {duration(speech.duration_s)}"
        f" ({share(speech.speech_s, speech.duration_s)}), the longest stretch {duration(longest)}",
        "speech_s": round(speech.speech_s, 3),
        "speech_share": round(speech.speech_s / speech.duration_s, 4) if speech.duration_s else 0.0,
        "dagster/row_count": len(speech.segments),
    }


def _in_order(result: StepResult) -> Verdict:
    speech = speech_of(result)
    wrong = [one for one in speech.segments if not is_inside(one, speech.duration_s)]
    wrong += overlapping(speech.segments)
    return Verdict(
        not wrong, f"{len(speech.segments)} segments, {len(wrong)} out of place", {"wrong": [str(s) for s in wrong[:5]]}
    )


def _finds_speech(result: StepResult) -> Verdict:
    speech = speech_of(result)
    return Verdict(bool(speech.segments), f"{len(speech.segments)} segments of speech")


def _loud_enough(result: StepResult) -> Verdict:
    speech = speech_of(result)
    return Verdict(
        not speech.raised_db,
        quiet_doubt(speech) or f"{level(speech.level_lufs, 'LUFS')} where it is loudest",
        {"level_lufs": speech.level_lufs if speech.level_lufs is not None else "silent", "raised_db": speech.raised_db},
    )


VAD = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check(
            "segments_in_order",
            "Segments are in order, apart from each other, and inside the recording.",
            _in_order,
            dg.AssetCheckSeverity.ERROR,
        ),
        Check("finds_speech", "There is speech; without any, nothing will be transcribed.", _finds_speech),
        Check("loud_enough", "The recording is not so quiet that speech is lost in it.", _loud_enough),
    ],
)

VAD_METRICS = metrics_asset(scorers.VAD_METRICS, checks=[right_more_than_wrong("detection_error")])
