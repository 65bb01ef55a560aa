"""Diarization error rate (DER), by pyannote.metrics.

Unit: ratio of wrongly attributed seconds to seconds of reference speech. Lower is better. What it does not say: whether
the number of speakers is right (a speaker of few words weighs little), how badly words are attributed, or, with a
collar, how exact the boundaries are. Figures with another collar or overlap rule are not comparable.
"""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from modellab.metrics.score import Metric, Score
from modellab.surfaces.results import Segment, Turn

SCORER_VERSION = "1"
"""Raise it whenever the same turns would give other seconds."""


def error_rate(*, collar_s: float, skip_overlap: bool) -> Metric:
    """DER under a protocol.

    Components, seconds: `total_s`, reference speech, two speakers at once counted twice; `missed_s`, of that what no
    speaker was found for; `false_alarm_s`, speakers found where the reference has none, or fewer; `confusion_s`, speech
    given to another speaker, under the mapping of speakers that makes this smallest.
    """
    return Metric(
        name="der",
        unit="ratio",
        better="lower",
        protocol=f"collar {collar_s:g} s, overlap {'left out' if skip_overlap else 'scored'}",
        version=f"{SCORER_VERSION}+pyannote.metrics-{version('pyannote.metrics')}",
        numerator={"missed_s": 1, "false_alarm_s": 1, "confusion_s": 1},
        denominator={"total_s": 1},
    )


def diarization_error(
    reference: Iterable[Turn],
    hypothesis: Iterable[Turn],
    *,
    evaluated: Iterable[Segment],
    collar_s: float = 0.0,
    skip_overlap: bool = False,
) -> Score:
    """Seconds of each kind of error, under the best mapping of the hypothesis's speakers to the reference's.

    Args:
        evaluated: what is scored, as a UEM file states it. It has no default: without it, speech found outside the
            reference's own span would go unseen.
        collar_s: not scored on each side of every reference boundary (0.25 in older evaluations: half a second in all).
        skip_overlap: leave out stretches where the reference has several speakers.
    """
    from pyannote import core
    from pyannote.metrics.diarization import DiarizationErrorRate

    # pyannote's collar is the whole width of what is removed about a boundary.
    metric = DiarizationErrorRate(collar=2 * collar_s, skip_overlap=skip_overlap)
    region = core.Timeline([core.Segment(segment.start_s, segment.end_s) for segment in evaluated])
    parts = metric.compute_components(_annotation(reference), _annotation(hypothesis), uem=region)
    components = {
        "total_s": float(parts["total"]),
        "missed_s": float(parts["missed detection"]),
        "false_alarm_s": float(parts["false alarm"]),
        "confusion_s": float(parts["confusion"]),
    }
    return Score(error_rate(collar_s=collar_s, skip_overlap=skip_overlap), components)


def _annotation(turns: Iterable[Turn]) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for track, turn in enumerate(turns):
        annotation[Segment(turn.start_s, turn.end_s), track] = turn.speaker
    return annotation
