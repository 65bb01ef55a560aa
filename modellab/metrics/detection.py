"""Where there is speech, held against a reference: detection error by pyannote.metrics, precision and recall of frames.

All is of the region that is evaluated, without a collar. Where there is nothing below the line (no speech in the
reference, none found) a figure is None, where pyannote says 0 or 1.
"""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import numpy as np

from modellab.metrics.score import Metric, Score
from modellab.metrics.timelines import timeline
from modellab.surfaces.results import Segment, Turn

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCORER_VERSION = "1"
"""Raise it whenever the same segments would give other figures."""
FRAME_S = 0.01
"""A frame of 10 ms is speech where its middle is."""


def detection_rate() -> Metric:
    """Seconds that are wrong, missed or false alarm, over seconds of speech in the reference."""
    return Metric(
        *(
            "detection_error",
            "ratio",
            "lower",
            "collar 0 s",
            f"{SCORER_VERSION}+pyannote.metrics-{version('pyannote.metrics')}",
        ),
        numerator={"missed_s": 1, "false_alarm_s": 1},
        denominator={"speech_s": 1},
        others=("quiet_s",),
    )


def part_rate(part: Literal["missed", "false_alarm"]) -> Metric:
    """`vad_missed`: share of the speech that was not found; `vad_false_alarm`: share of the quiet taken for speech."""
    return Metric(
        *(f"vad_{part}", "ratio", "lower", "collar 0 s", detection_rate().version),
        numerator={f"{part}_s": 1},
        denominator={"speech_s" if part == "missed" else "quiet_s": 1},
    )


def frame_rate(kind: Literal["precision", "recall"]) -> Metric:
    """Share of the frames found that are speech (precision), of the frames of speech that are found (recall)."""
    wrong = "false_alarm_frames" if kind == "precision" else "missed_frames"
    return Metric(
        *(f"vad_{kind}", "ratio", "higher", "frames of 10 ms", f"{SCORER_VERSION}+numpy-{version('numpy')}"),
        numerator={"hit_frames": 1},
        denominator={"hit_frames": 1, wrong: 1},
    )


def detection_scores(
    reference: Sequence[Segment | Turn], hypothesis: Sequence[Segment | Turn], *, evaluated: Sequence[Segment]
) -> list[Score]:
    """Detection error, its two parts as rates of their own, and precision and recall in frames."""
    error = detection_error(reference, hypothesis, evaluated=evaluated)
    hits, missed, false_alarms = frame_counts(reference, hypothesis, evaluated=evaluated)
    return [
        error,
        Score(part_rate("missed"), {key: error[key] for key in ("missed_s", "speech_s")}),
        Score(part_rate("false_alarm"), {key: error[key] for key in ("false_alarm_s", "quiet_s")}),
        Score(frame_rate("precision"), {"hit_frames": hits, "false_alarm_frames": false_alarms}),
        Score(frame_rate("recall"), {"hit_frames": hits, "missed_frames": missed}),
    ]


def detection_rates() -> list[Metric]:
    """The metrics of `detection_scores`, in its order."""
    return [
        *(detection_rate(), part_rate("missed"), part_rate("false_alarm")),
        *(frame_rate("precision"), frame_rate("recall")),
    ]


def detection_error(
    reference: Iterable[Segment | Turn], hypothesis: Iterable[Segment | Turn], *, evaluated: Iterable[Segment]
) -> Score:
    """Seconds of missed speech and of false alarm; not how many stretches they make, nor whose speech it is."""
    from pyannote.metrics.detection import DetectionErrorRate

    region = timeline(evaluated)
    known, found = (timeline(spans).to_annotation("string") for spans in (reference, hypothesis))
    parts = DetectionErrorRate().compute_components(known, found, uem=region)
    speech_s = float(parts["total"])
    components = {
        "missed_s": float(parts["miss"]),
        "false_alarm_s": float(parts["false alarm"]),
        "speech_s": speech_s,
        "quiet_s": max(0.0, float(region.duration()) - speech_s),
    }
    return Score(detection_rate(), components)


def frame_counts(
    reference: Sequence[Segment | Turn], hypothesis: Sequence[Segment | Turn], *, evaluated: Sequence[Segment]
) -> tuple[int, int, int]:
    """Frames of speech that were found, that were missed, and frames found that are none."""
    frames = int(np.ceil(max((segment.end_s for segment in evaluated), default=0.0) / FRAME_S))
    middles = (np.arange(frames) + 0.5) * FRAME_S
    scored, known, found = (_within(spans, middles) for spans in (evaluated, reference, hypothesis))
    return (
        int(np.count_nonzero(scored & known & found)),
        int(np.count_nonzero(scored & known & ~found)),
        int(np.count_nonzero(scored & ~known & found)),
    )


def _within(spans: Sequence[Segment | Turn], times_s: "NDArray[np.floating]") -> "NDArray[np.bool_]":
    """For each time whether it lies in one of the spans, its end not included."""
    ordered = sorted((span.start_s, span.end_s) for span in spans)
    starts = np.array([start for start, _ in ordered])
    # The end of a long span may be after those of the ones that begin later.
    ends = np.maximum.accumulate(np.array([-np.inf, *(end for _, end in ordered)]))
    return times_s < ends[np.searchsorted(starts, times_s, side="right")]
