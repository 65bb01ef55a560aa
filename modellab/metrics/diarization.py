"""Who speaks when, held against a reference, by pyannote.metrics: DER and its parts, JER, speakers, purity, coverage.

All seconds are of the region that is evaluated. Turns of one speaker that overlap or touch count as one. Where a figure
has nothing below the line (no speech in the reference, none found) it is None, where pyannote says 0 or 1.

What md-eval does otherwise: without a UEM it scores from the reference's first turn to its last, so that speech found
before and after goes unseen; it maps speakers before collars and overlap are taken out, pyannote after; it puts a
collar also where two turns of one speaker touch; it leaves out what the reference marks as noises of a voice (NON-LEX).
"""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Literal

from modellab.metrics.score import Metric, Score
from modellab.metrics.timelines import annotation, timeline
from modellab.surfaces.results import Segment, Turn

ErrorPart = Literal["missed", "false_alarm", "confusion"]

SCORER_VERSION = "2"
"""Raise it whenever the same turns would give other figures."""
_STRICT = "collar 0 s, overlap scored"


def _version() -> str:
    return f"{SCORER_VERSION}+pyannote.metrics-{version('pyannote.metrics')}"


def error_rate(*, collar_s: float = 0.0, skip_overlap: bool = False) -> Metric:
    """DER under a protocol: `der` where everything is scored, `der_lenient` under every other.

    Components, seconds: `total_s`, reference speech, two speakers at once counted twice; `missed_s`, of that what no
    speaker was found for; `false_alarm_s`, speakers found where the reference has none, or fewer; `confusion_s`, speech
    given to another speaker, under the mapping of speakers that makes this smallest.
    """
    protocol = f"collar {collar_s:g} s, overlap {'left out' if skip_overlap else 'scored'}"
    return Metric(
        name="der" if protocol == _STRICT else "der_lenient",
        unit="ratio",
        better="lower",
        protocol=protocol,
        version=_version(),
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

    It does not say whether the number of speakers is right (a speaker of few words weighs little), how badly words are
    attributed, or, with a collar, how exact the boundaries are.

    Args:
        evaluated: what is scored, as a UEM file states it. It has no default: without it, speech found outside the
            reference's own span would go unseen.
        collar_s: not scored on each side of every reference boundary (0.25 in older evaluations: half a second in all).
        skip_overlap: leave out stretches where the reference has several speakers.
    """
    from pyannote.metrics.diarization import DiarizationErrorRate

    # pyannote's collar is the whole width of what is removed about a boundary.
    metric = DiarizationErrorRate(collar=2 * collar_s, skip_overlap=skip_overlap)
    parts = metric.compute_components(annotation(reference), annotation(hypothesis), uem=timeline(evaluated))
    components = {
        "total_s": float(parts["total"]),
        "missed_s": float(parts["missed detection"]),
        "false_alarm_s": float(parts["false alarm"]),
        "confusion_s": float(parts["confusion"]),
    }
    return Score(error_rate(collar_s=collar_s, skip_overlap=skip_overlap), components)


def error_part(part: ErrorPart) -> Metric:
    """One of the three kinds of error that `der` is the sum of, as a share of reference speech."""
    return Metric(
        *(f"der_{part}", "ratio", "lower", _STRICT, _version()),
        numerator={f"{part}_s": 1},
        denominator={"total_s": 1},
    )


def parts_of(error: Score) -> list[Score]:
    """The three kinds of error of a `der`, each as a rate; they add up to it."""
    parts: tuple[ErrorPart, ...] = ("missed", "false_alarm", "confusion")
    return [Score(error_part(part), {key: error[key] for key in (f"{part}_s", "total_s")}) for part in parts]


def jaccard_rate() -> Metric:
    """JER: the mean over the reference's speakers of 1 - overlap / union with the speaker they are mapped to.

    Components: `speaker_errors`, the sum of those over speakers, each 0 to 1 and 1 for one who is mapped to nobody;
    `speakers`. Over several recordings it is the mean over all their speakers, as in DIHARD. Speakers are mapped as for
    DER (most seconds in common); DIHARD's own scorer maps so that JER is smallest.
    """
    return Metric(
        *("jer", "ratio", "lower", _STRICT, _version()),
        numerator={"speaker_errors": 1},
        denominator={"speakers": 1},
    )


def jaccard_error(reference: Iterable[Turn], hypothesis: Iterable[Turn], *, evaluated: Iterable[Segment]) -> Score:
    """How badly each speaker is covered, every speaker weighing the same; speakers who are not there cost nothing."""
    from pyannote.metrics.diarization import JaccardErrorRate

    parts = JaccardErrorRate().compute_components(
        annotation(reference), annotation(hypothesis), uem=timeline(evaluated)
    )
    components = {"speaker_errors": float(parts["speaker error"]), "speakers": float(parts["speaker count"])}
    return Score(jaccard_rate(), components)


def count_rate() -> Metric:
    """How many speakers too many or too few are found in a recording, on average.

    Components: `difference`, without its sign; `recordings`; `speakers_found` and `speakers`.
    """
    return Metric(
        *("speaker_count_error", "speakers", "lower", "speakers heard in the evaluated region", _version()),
        numerator={"difference": 1},
        denominator={"recordings": 1},
        others=("speakers_found", "speakers"),
    )


def speaker_count_error(
    reference: Iterable[Turn], hypothesis: Iterable[Turn], *, evaluated: Iterable[Segment]
) -> Score:
    """How far off the number of speakers is, whoever they are."""
    region = timeline(evaluated)
    known, found = (len(annotation(turns).crop(region).labels()) for turns in (reference, hypothesis))
    components = {"difference": abs(found - known), "recordings": 1, "speakers_found": found, "speakers": known}
    return Score(count_rate(), components)


def purity_rate(kind: Literal["purity", "coverage"]) -> Metric:
    """Share of the seconds of speech found that belong to the main speaker of their cluster; coverage the other way.

    Components: `main_s`, seconds with each cluster's main speaker (each speaker's main cluster); `total_s`, of all
    clusters (speakers). Over recordings sums over sums: a recording weighs as its speech.
    """
    return Metric(
        *(f"speaker_{kind}", "ratio", "higher", "overlap scored", _version()),
        numerator={"main_s": 1},
        denominator={"total_s": 1},
    )


def purity_and_coverage(
    reference: Iterable[Turn], hypothesis: Iterable[Turn], *, evaluated: Iterable[Segment]
) -> tuple[Score, Score]:
    """Whether a cluster holds one speaker, and whether a speaker is in one cluster."""
    from pyannote.metrics.diarization import DiarizationCoverage, DiarizationPurity

    region = timeline(evaluated)
    # pyannote's purity leaves the evaluated region out of account.
    known, found = (annotation(turns).crop(region) for turns in (reference, hypothesis))
    purity, coverage = (
        metric.compute_components(known, found, uem=region) for metric in (DiarizationPurity(), DiarizationCoverage())
    )
    return (
        Score(purity_rate("purity"), {"main_s": float(purity["correct"]), "total_s": float(purity["total"])}),
        Score(purity_rate("coverage"), {"main_s": float(coverage["correct"]), "total_s": float(coverage["total"])}),
    )


def diarization_scores(
    reference: Sequence[Turn], hypothesis: Sequence[Turn], *, evaluated: Sequence[Segment]
) -> list[Score]:
    """All of these, DER with everything scored and DER as older evaluations have it."""
    strict = diarization_error(reference, hypothesis, evaluated=evaluated)
    return [
        strict,
        *parts_of(strict),
        diarization_error(reference, hypothesis, evaluated=evaluated, collar_s=0.25, skip_overlap=True),
        jaccard_error(reference, hypothesis, evaluated=evaluated),
        speaker_count_error(reference, hypothesis, evaluated=evaluated),
        *purity_and_coverage(reference, hypothesis, evaluated=evaluated),
    ]


def diarization_rates() -> list[Metric]:
    """The metrics of `diarization_scores`, in its order."""
    return [
        error_rate(),
        *(error_part(part) for part in ("missed", "false_alarm", "confusion")),
        error_rate(collar_s=0.25, skip_overlap=True),
        jaccard_rate(),
        count_rate(),
        purity_rate("purity"),
        purity_rate("coverage"),
    ]
