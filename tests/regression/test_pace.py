"""Speed against the baseline's: only like with like, and only with repeats."""

import pytest

from modellab.regression.pace import speed_findings
from tests.regression.conftest import CASES, sample


def runs(seconds, first, repeats=3, **conditions):
    """Eight recordings, each so many times; the first time a quarter slower."""
    return [
        sample(case, seconds * (1.25 if nth == 0 else 1.0), first + nth, **conditions)
        for case in CASES[:8]
        for nth in range(repeats)
    ]


def found(now, then, tolerance=0.25):
    return [(one.kind, one.said) for one in speed_findings(now, then, tolerance)]


def test_nothing_new_says_nothing():
    then = runs(1.0, 0)
    assert found(then, then) == []


def test_a_step_that_is_slower_by_more_than_its_tolerance_regressed():
    then = runs(1.0, 0)
    assert found([*then, *runs(1.3, 10)], then) == [("regressed", "asr: 30% slower, n = 8 recordings")]
    assert found([*then, *runs(1.2, 10)], then) == [("kept", "asr: 20% slower, n = 8 recordings")]
    assert found([*then, *runs(0.5, 10)], then) == [("faster", "asr: 50% faster, n = 8 recordings")]
    assert found([*then, *runs(1.3, 10)], then, 0.31)[0][0] == "kept"


def test_few_repeats_are_not_judged():
    then = runs(1.0, 0)
    said = "asr: speed is not judged: 2 repeats of a recording, and 3 are wanted"
    assert found([*then, *runs(9.0, 10, repeats=2)], then) == [("not comparable", said)]
    assert found([*then, *runs(9.0, 10, repeats=1)], then) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"machine": "m2"}, "machine m1 then, m2 now"),
        ({"device": "cuda", "threads": 1}, "device cpu then, cuda now, threads 2 then, 1 now"),
        ({"compute_type": "float32"}, "compute_type int8 then, float32 now"),
        ({"batch_size": 1}, "batch_size 8 then, 1 now"),
    ],
)
def test_other_conditions_are_never_compared(other, said):
    then = runs(1.0, 0)
    assert found([*then, *runs(9.0, 10, **other)], then) == [
        ("not comparable", f"asr: speed can't be compared: {said}")
    ]
