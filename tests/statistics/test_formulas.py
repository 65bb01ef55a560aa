"""Figures with a formula in the statistics: the corpus's own figure, and errors as draws of whole corpora have them."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
import sacrebleu

from modellab.metrics.bounds import bounds_of
from modellab.metrics.translation import Pair, translation_scores
from modellab.statistics.cases import Amounts, Case, amounts_of, pair
from modellab.statistics.comparing import compare
from modellab.statistics.drawing import resamples
from modellab.statistics.intervals import interval
from modellab.statistics.slices import figures_by_slice

WORDS = [
    *("der", "die", "das", "und", "ist", "nicht", "ein", "wir", "haben"),
    *("morgen", "heute", "Pumpe", "Klempner", "Januar", "kalt", "warm", "gut"),
]
METRICS = ("bleu", "chrf")


def sentences(cases: int, seed: int = 0) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(6, 25))) for _ in range(cases)]


def worsened(texts: Sequence[str], share: float, seed: int) -> list[str]:
    """With so large a share of the words replaced."""
    chance = random.Random(seed)
    return [
        " ".join(chance.choice(WORDS) if chance.random() < share else word for word in text.split()) for text in texts
    ]


def amounts(metric: str, reference: str, translation: str) -> Amounts:
    scores = {one.metric.name: one for one in translation_scores(reference, translation, Pair("en", "de"))}
    score = scores[metric]
    return amounts_of(metric, score.numerator, score.denominator, score.components)


def cases(metric: str, references: Sequence[str], translations: Sequence[str]) -> list[Case]:
    texts = enumerate(zip(references, translations, strict=True))
    return [Case(f"{n:03}", amounts(metric, *each), tags={"half": str(n % 2)}) for n, each in texts]


def of_corpus(metric: str, references: Sequence[str], translations: Sequence[str]) -> float:
    found = {"bleu": sacrebleu.corpus_bleu, "chrf": sacrebleu.corpus_chrf}[metric](
        list(translations), [list(references)]
    )
    return float(found.score)


def drawn(systems: Sequence[Sequence[Case]], draws: int) -> np.ndarray:
    """Figures of corpora drawn with replacement, from their summed counts; shape (draws, systems)."""
    counts = np.concatenate(list(resamples(len(systems[0]), draws, 1)))
    columns = []
    for one in systems:
        known = [case.amounts for case in one if case.amounts is not None]
        formula = known[0].formula
        assert formula is not None
        summed = counts @ np.array([amounts.parts for amounts in known])
        columns.append([formula.figure(row) for row in summed.tolist()])
    return np.array(columns).T


@pytest.mark.parametrize("metric", METRICS)
def test_a_figure_over_cases_is_the_corpus_s_and_its_interval_that_of_draws_of_corpora(metric: str) -> None:
    references = sentences(60)
    translations = worsened(references, 0.3, 1)
    found = interval(
        cases(metric, references, translations),
        better="higher",
        unit="points",
        bounds=bounds_of(metric, "points", "higher"),
    )
    assert found.value == pytest.approx(of_corpus(metric, references, translations), rel=1e-11)
    low, high = np.quantile(drawn([cases(metric, references, translations)], 2000), [0.025, 0.975])
    assert found.low is not None and found.high is not None
    assert found.high - found.low == pytest.approx(high - low, rel=0.15)
    assert (found.low, found.high) == pytest.approx((low, high), abs=(high - low) / 6)


@pytest.mark.parametrize("metric", METRICS)
def test_a_difference_is_that_of_the_corpora_and_its_error_that_of_paired_draws(metric: str) -> None:
    references = sentences(60)
    a, b = worsened(references, 0.25, 1), worsened(references, 0.35, 2)
    pairs = pair(cases(metric, references, a), cases(metric, references, b))
    found = compare(pairs, better="higher", unit="points", bounds=bounds_of(metric, "points", "higher"))
    assert found.difference == pytest.approx(
        of_corpus(metric, references, a) - of_corpus(metric, references, b), rel=1e-9
    )
    figures = drawn([cases(metric, references, one) for one in (a, b)], 2000)
    assert found.error == pytest.approx(float(np.std(figures[:, 0] - figures[:, 1])), rel=0.2)
    assert found.verdict == "better"
    same = compare(pair(cases(metric, references, a), cases(metric, references, a)), better="higher", unit="points")
    assert (same.difference, same.p, same.verdict) == (0.0, 1.0, "not separable")


@pytest.mark.parametrize("metric", METRICS)
def test_equal_systems_are_told_apart_as_rarely_as_five_in_a_hundred(metric: str) -> None:
    """Two that err alike: of 60 comparisons the 5 % level gives three verdicts, and more than 9 once in a thousand."""
    told_apart = 0
    for seed in range(60):
        references = sentences(10, seed)
        pairs = pair(
            cases(metric, references, worsened(references, 0.3, 1000 + seed)),
            cases(metric, references, worsened(references, 0.3, 2000 + seed)),
        )
        told_apart += compare(pairs, better="higher", unit="points", draws=600).verdict != "not separable"
    assert told_apart <= 9


@pytest.mark.parametrize("metric", METRICS)
def test_a_failed_case_counts_as_an_empty_translation(metric: str) -> None:
    references = sentences(8)
    translations = worsened(references, 0.2, 1)
    whole = cases(metric, references, translations)
    failed = [Case(one.case_id, None if n == 3 else one.amounts) for n, one in enumerate(whole)]
    silent = [*translations[:3], "", *translations[4:]]
    wanted = of_corpus(metric, references, silent)
    assert compare(pair(failed, whole), better="higher", unit="points").a == pytest.approx(wanted, rel=1e-11)
    # Alone nobody knows the reference of the case that failed: it weighs as the average one.
    alone = interval(failed, better="higher", unit="points")
    assert alone.failed == 1 and alone.value == pytest.approx(wanted, abs=6)


@pytest.mark.parametrize("metric", METRICS)
def test_a_slice_has_the_figure_of_its_own_corpus(metric: str) -> None:
    references = sentences(20)
    translations = [*worsened(references[:10], 0.1, 1), *worsened(references[10:], 0.5, 1)]
    found = figures_by_slice(cases(metric, references, translations), better="higher", unit="points", draws=100)
    assert [one.interval.value for one in found] == [
        pytest.approx(of_corpus(metric, references[half::2], translations[half::2]), rel=1e-11) for half in (0, 1)
    ]


def test_where_nothing_is_right_there_is_a_figure_and_no_interval_above() -> None:
    references = sentences(8)
    found = interval(
        cases("bleu", references, ["xyz"] * 8),
        better="higher",
        unit="points",
        bounds=bounds_of("bleu", "points", "higher"),
    )
    assert (found.value, found.low, found.high) == (0.0, 0.0, None)
