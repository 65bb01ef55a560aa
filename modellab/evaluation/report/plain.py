"""Figures and names of metrics as a reader who knows none of them meets them."""

from collections.abc import Sequence

from modellab.evaluation.outcomes import Measure
from modellab.evaluation.standing import Figure
from modellab.statistics.intervals import Interval

_NAMES = {
    "wer": "word error rate",
    "cer": "character error rate",
    "cpwer": "word error rate with speakers",
    "der": "diarization error rate",
    "detection_error": "speech detection error",
    "pesq": "speech quality",
    "si_sdr": "signal to distortion",
    "pk": "chapter boundary error",
    "action_f1": "action items found",
    "roundtrip_wer": "word error rate of spoken text",
    "accuracy": "accuracy",
    "eer": "equal error rate",
    "note_f1": "notes found",
    "turn_end_f1": "ends of turns found",
    "bleu": "words shared with the reference translation",
    "chrf": "characters shared with the reference translation",
}
_AS_PERCENT = "ratio"
_LITTLE = 0.0995


def name_of(metric: str) -> str:
    """A metric's name in words; its own where it has none."""
    return _NAMES.get(metric, metric.replace("_", " "))


def names_of(measures: Sequence[Measure]) -> dict[Measure, str]:
    """Metrics in words; with their step or their protocol where another has the same name."""
    found = {}
    for one in measures:
        same = [other for other in measures if other.metric == one.metric]
        step = f" of {one.step}" if len({other.step for other in same}) > 1 else ""
        beside = {other.protocol for other in same if other.step == one.step}
        found[one] = name_of(one.metric) + step + (f" ({one.protocol})" if len(beside) > 1 else "")
    return found


def amount(value: float | None, unit: str) -> str:
    """`5.3 %` of a ratio, `2.71 dB` of anything else; a dash where there is none."""
    if value is None:
        return "–"
    if unit == _AS_PERCENT:
        return f"{100 * value:.1f} %"
    return f"{value:.3g}" if unit in ("", "score") else f"{value:.3g} {unit}"


def limits(found: Interval, unit: str) -> str:
    """The 95 % interval: `3.1 to 8.0 %`; empty where the recordings set none."""
    if found.low is None and found.high is None:
        return ""
    if unit != _AS_PERCENT:
        low = "any" if found.low is None else f"{found.low:.3g}"
        return f"{low} to {'any' if found.high is None else f'{found.high:.3g}'}"
    low = "any" if found.low is None else f"{100 * found.low:.1f}"
    # Of two or three recordings the upper limit of an error rate may be anything.
    high = "any" if found.high is None else "over 100 %" if found.high > 1 else f"{100 * found.high:.1f} %"
    return f"{low} to {high}"


def told(figure: Figure) -> str:
    """A figure with its interval: `5.3 % (3.1 to 8.0 %)`."""
    unit = figure.measure.unit
    within = limits(figure.interval, unit)
    return amount(figure.interval.value, unit) + (f" ({within})" if within else "")


def times(value: float) -> str:
    """How many times as fast as real time: `12×`, `0.85×`."""
    return f"{value:.2g}×" if value < _LITTLE * 100 else f"{value:,.0f}×"


def which_is_better(measure: Measure) -> str:
    """In which direction a metric is to be read."""
    return "lower is better" if measure.better == "lower" else "higher is better"
