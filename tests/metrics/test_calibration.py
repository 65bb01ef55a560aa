"""Calibration of word probabilities, against slower oracles."""

import math
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn.metrics import brier_score_loss

from modellab.metrics.calibration import BINS, Judged, calibration_scores, judged
from modellab.metrics.normalisers import named
from modellab.surfaces.results import Word

ENGLISH = named("english")
OUTCOMES = some.lists(some.tuples(some.floats(0.0, 1.0), some.booleans()), min_size=1, max_size=30)


def slow_ece(words: list[tuple[float, bool]]) -> float:
    total = 0.0
    for number in range(BINS):
        inside = [(p, right) for p, right in words if min(math.floor(p * BINS), BINS - 1) == number]
        if inside:
            confidence = sum(p for p, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            total += abs(confidence - accuracy) * len(inside) / len(words)
    return total


@given(OUTCOMES)
def test_both_are_what_a_slower_count_and_scikit_learn_give(words: list[tuple[float, bool]]) -> None:
    ece, brier = calibration_scores(Judged(*zip(*words, strict=True)), ENGLISH)
    assert ece.value == pytest.approx(slow_ece(words), abs=1e-9)
    outcomes = [right for _, right in words]
    assert brier.value == pytest.approx(brier_score_loss(outcomes, [p for p, _ in words], pos_label=True), abs=1e-9)


@given(some.lists(OUTCOMES, min_size=2, max_size=5))
def test_bins_add_up_and_the_sum_of_recordings_is_never_below_all_words_together(
    recordings: list[list[tuple[float, bool]]],
) -> None:
    total = reduce(add, (calibration_scores(Judged(*zip(*words, strict=True)), ENGLISH)[0] for words in recordings))
    everything = [word for words in recordings for word in words]
    gaps = (abs(total[f"probability_{number}"] - total[f"right_{number}"]) for number in range(BINS))
    together = sum(gaps) / total["words"]
    assert together == pytest.approx(slow_ece(everything), abs=1e-9)
    weighed = sum(slow_ece(words) * len(words) for words in recordings) / len(everything)
    assert total.value == pytest.approx(weighed, abs=1e-9)
    assert total.value is not None and total.value >= together - 1e-9


def test_a_word_is_right_when_all_it_says_is_at_its_place() -> None:
    heard = [
        *(Word("Um,", 0.0, 0.1, 0.2), Word("he", 0.1, 0.2, 0.9), Word("can't", 0.2, 0.3, 0.8)),
        *(Word("pay", 0.3, 0.4), Word("$22", 0.4, 0.5, 0.6), Word("now", 0.5, 0.6, 0.7)),
    ]
    found = judged("He cannot pay twenty-two dollars now", heard, ENGLISH)
    # "um" is no word to Whisper's normaliser, "pay" has no probability, "cannot" is not "can not".
    assert found == Judged([0.9, 0.8, 0.6, 0.7], [True, False, True, True])


def test_what_is_no_probability_is_an_error() -> None:
    for odd in (1.5, -0.1, float("nan")):
        assert [score.error is None for score in calibration_scores(Judged([0.5, odd], [True, True]), ENGLISH)] == [
            False,
            False,
        ]
    assert calibration_scores(Judged([1.0 + 1e-7], [True]), ENGLISH)[0]["words_9"] == 1


def test_without_words_there_are_no_gaps() -> None:
    ece, brier = calibration_scores(Judged([], []), ENGLISH)
    assert (ece.value, brier.value) == (None, None)
