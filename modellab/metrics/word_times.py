"""How far the times of words that were heard right are from the reference's.

What they do not say: anything of words that were misheard, or, where the reference was aligned by a model, who of the
two is right.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median
from typing import Literal, NamedTuple

from modellab.metrics.alignment import align
from modellab.metrics.normalisers import Normaliser
from modellab.metrics.placing import grouped, placed, written
from modellab.metrics.score import Metric, Score
from modellab.surfaces.results import Word

SCORER_VERSION = "1"
"""Raise it whenever the same words would give other figures."""

TOLERANCES_MS = (50, 100, 200)
"""Of forced aligners the narrow ones are told; within 200 ms a player still finds the word."""

_ROUNDING_S = 1e-9
"""Two times that are 50 ms apart on paper are not so in binary."""

Edge = Literal["start", "end"]


class TimeErrors(NamedTuple):
    """Absolute errors of words that were heard right, seconds: of their starts and of their ends."""

    start_s: Sequence[float]
    end_s: Sequence[float]


def time_errors(reference: Sequence[Word], hypothesis: Sequence[Word], normaliser: Normaliser) -> TimeErrors:
    """Of each token that both have, how far its start and end are apart.

    A token that is part of a word, or made of several, has the start of its first word only if it begins that word, and
    the end of its last only if it ends it.
    """
    expected, heard = _Timed.of(reference, normaliser), _Timed.of(hypothesis, normaliser)
    (found,) = align([expected.tokens], [heard.tokens])
    pairs = list(found.equal())
    starts = ((expected.starts_s[one], heard.starts_s[other]) for one, other in pairs)
    ends = ((expected.ends_s[one], heard.ends_s[other]) for one, other in pairs)
    return TimeErrors(_differences(starts), _differences(ends))


def word_time_scores(errors: TimeErrors, normaliser: Normaliser) -> list[Score]:
    """Median error of starts and of ends, and the share of both within each tolerance."""
    boundaries = [*errors.start_s, *errors.end_s]
    return [
        _median("start", errors.start_s, normaliser),
        _median("end", errors.end_s, normaliser),
        *(
            Score(
                within(tolerance_ms, normaliser),
                {
                    "within": sum(error <= tolerance_ms / 1000 + _ROUNDING_S for error in boundaries),
                    "boundaries": len(boundaries),
                },
            )
            for tolerance_ms in TOLERANCES_MS
        ),
    ]


def without_times(normaliser: Normaliser, reason: str) -> list[Score]:
    """The same scores of a result that has none."""
    metrics = [median_error("start", normaliser), median_error("end", normaliser)]
    return [Score(one, {}, reason) for one in [*metrics, *(within(ms, normaliser) for ms in TOLERANCES_MS)]]


def median_error(edge: Edge, normaliser: Normaliser) -> Metric:
    """The median of one recording; over several, the mean of their medians."""
    protocol = f"{normaliser.name}, words heard right, mean of recordings' medians"
    return Metric(f"word_{edge}_error", "s", "lower", protocol, _version(), {"median_s": 1}, {"cases": 1}, ("words",))


def within(tolerance_ms: int, normaliser: Normaliser) -> Metric:
    """Starts and ends within a tolerance, to all starts and ends of words heard right."""
    protocol = f"{normaliser.name}, starts and ends of words heard right"
    name = f"word_times_within_{tolerance_ms}_ms"
    return Metric(name, "ratio", "higher", protocol, _version(), {"within": 1}, {"boundaries": 1})


def _median(edge: Edge, errors_s: Sequence[float], normaliser: Normaliser) -> Score:
    metric = median_error(edge, normaliser)
    if not errors_s:
        return Score(metric, {}, f"no word was heard right of which both {edge}s are known")
    return Score(metric, {"median_s": median(errors_s), "cases": 1, "words": len(errors_s)})


def _differences(pairs: Iterable[tuple[float | None, float | None]]) -> list[float]:
    return [abs(here - there) for here, there in pairs if here is not None and there is not None]


@dataclass(frozen=True, slots=True)
class _Timed:
    """Tokens, and where each begins and ends: None inside a word."""

    tokens: Sequence[str]
    starts_s: Sequence[float | None]
    ends_s: Sequence[float | None]

    @classmethod
    def of(cls, words: Sequence[Word], normaliser: Normaliser) -> "_Timed":
        groups = grouped(words, normaliser)
        found = placed([written(group) for group in groups], normaliser)
        spans = found.words
        starts_s, ends_s = [], []
        for place, span in enumerate(spans):
            begins = place == 0 or spans[place - 1].stop <= span.start
            finishes = place + 1 == len(spans) or spans[place + 1].start >= span.stop
            starts_s.append(groups[span.start][0].start_s if span and begins else None)
            ends_s.append(groups[span.stop - 1][-1].end_s if span and finishes else None)
        return cls(found.tokens, starts_s, ends_s)


def _version() -> str:
    return f"{SCORER_VERSION}+jiwer-{version('jiwer')}"
