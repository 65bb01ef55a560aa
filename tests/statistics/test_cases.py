"""What counts of cases: who is drawn together, what a failed case weighs, what is refused."""

import numpy as np
import pytest

from modellab.errors import UsageError
from modellab.statistics.cases import Amounts, Case, PairedCase, clusters_by_speakers, pair, worst_figure
from modellab.statistics.drawing import told
from modellab.statistics.intervals import interval
from modellab.statistics.sums import sums


def test_cases_that_share_a_speaker_even_by_way_of_others_are_one_cluster() -> None:
    speakers = {"one": ["ann", "bob"], "two": ["cid", "bob"], "three": ["dan"], "four": ["cid"], "five": []}
    assert clusters_by_speakers(speakers) == {"one": "ann", "two": "ann", "three": "dan", "four": "ann", "five": None}


def test_a_case_that_one_system_was_never_put_to_is_no_pair() -> None:
    a = [Case("one", Amounts(1, 10), "s", {"noise": "street"}), Case("two", None)]
    assert pair(a, [Case("three", None), Case("two", Amounts(2, 10)), Case("one", None)]) == [
        PairedCase("one", Amounts(1, 10), None, "s", {"noise": "street"}),
        PairedCase("two", None, Amounts(2, 10)),
    ]


@pytest.mark.parametrize(
    ("unit", "better", "worst"), [("ratio", "lower", 1.0), ("ratio", "higher", 0.0), ("dB", "higher", None)]
)
def test_only_a_share_has_a_worst_figure(unit: str, better: str, worst: float | None) -> None:
    assert worst_figure(unit, better) == worst  # type: ignore[arg-type]


def test_a_failed_case_is_all_wrong_over_what_another_system_has_there_or_the_average() -> None:
    pairs = [
        PairedCase("failed by a", None, Amounts(1, 30)),
        PairedCase("failed by both", None, None),
        PairedCase("fine", Amounts(2, 10), Amounts(3, 10)),
    ]
    added = sums(pairs, 1.0)
    assert added.numerators.tolist() == [[30, 1], [20, 20], [2, 3]]
    assert added.denominators.tolist() == [[30, 30], [20, 20], [10, 10]]
    assert sums(pairs, 0.0).numerators.tolist() == [[0, 1], [0, 0], [2, 3]]
    assert sums(pairs, None).numerators.tolist() == [[2, 3]]
    own = interval([Case(one.case_id, one.a) for one in pairs])
    # Alone nobody knows how long the failed ones were.
    assert (own.value, own.n, own.failed, own.denominator) == (told(22 / 30), 3, 2, 30)


def test_clusters_add_up_and_one_alone_is_taken_apart() -> None:
    cases = [Case(str(number), Amounts(number, 10), "ab"[number % 2]) for number in range(5)]
    together = sums(cases, 1.0)
    assert (together.numerators[:, 0].tolist(), together.denominators[:, 0].tolist()) == ([6, 4], [30, 20])
    assert (together.clusters, together.by_recording) == (2, False)
    alone = sums([Case(one.case_id, one.amounts, "a") for one in cases], 1.0)
    assert alone.numerators[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert (alone.clusters, alone.by_recording) == (1, True)


def test_what_has_nothing_above_or_below_the_line_is_not_drawn() -> None:
    cases = [Case("silent", Amounts(0, 0)), Case("invented", Amounts(3, 0)), Case("right", Amounts(0, 5))]
    assert sums(cases, 1.0).numerators.tolist() == [[3], [0]]


@pytest.mark.parametrize("amounts", [Amounts(np.nan, 1), Amounts(1, np.inf), Amounts(1, -1)])
def test_amounts_that_make_no_figure_are_refused(amounts: Amounts) -> None:
    with pytest.raises(UsageError, match="the amounts of case one make no figure"):
        sums([Case("one", amounts)], 1.0)


def test_a_case_that_is_there_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="case one is there twice"):
        sums([Case("one", None), Case("one", Amounts(1, 2))], 1.0)
