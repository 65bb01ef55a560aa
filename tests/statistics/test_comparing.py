"""Two systems on the same recordings: against slower oracles, and what the verdict says."""

import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from operator import mul
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from modellab.metrics.bounds import Bounds
from modellab.statistics.cases import Amounts, Case, PairedCase
from modellab.statistics.comparing import Comparison, adjusted, compare, compare_systems
from modellab.statistics.holm import holm

Counts = Sequence[tuple[int, int, int]]
"""Errors of a, errors of b, words."""


def pairs_of(counts: Counts, clusters: Sequence[str] | None = None) -> list[PairedCase]:
    return [
        PairedCase(f"{place:04}", Amounts(a, words), Amounts(b, words), clusters[place] if clusters else None)
        for place, (a, b, words) in enumerate(counts)
    ]


def p_of(counts: Counts, difference: Fraction) -> Fraction:
    """How many of all choices of signs are further off than what was found, and half of those that tie with it."""
    parts = [a - b - difference * words for a, b, words in counts]
    found = abs(sum(parts))
    if not found:
        return Fraction(1)
    turned = [abs(sum(map(mul, signs, parts))) for signs in product((1, -1), repeat=len(parts))]
    # What was found, and all its signs turned, are no ties with themselves.
    as_large = 2 + sum(one > found for one in turned) + Fraction(sum(one == found for one in turned) - 2, 2)
    return Fraction(as_large, len(turned))


counts_of_few = some.lists(
    some.tuples(some.integers(0, 9), some.integers(0, 9), some.integers(1, 30)), min_size=6, max_size=9
)


@given(counts_of_few)
@settings(max_examples=25, deadline=None)
def test_the_p_value_is_that_of_all_choices_of_signs(counts: Counts) -> None:
    assert compare(pairs_of(counts)).p == pytest.approx(float(p_of(counts, Fraction(0))), abs=1e-11)


@given(counts_of_few)
@settings(max_examples=25, deadline=None)
def test_the_interval_holds_what_the_test_would_not_refuse(counts: Counts) -> None:
    found = compare(pairs_of(counts))
    assert found.low is not None and found.high is not None
    for limit, outwards in ((found.low, -1), (found.high, 1)):
        at = Fraction(limit).limit_denominator(10_000)
        assert abs(float(at) - limit) < 1e-11
        if found.low < found.high:
            assert p_of(counts, at - outwards * Fraction(1, 10**9)) > Fraction(1, 20)
        assert p_of(counts, at + outwards * Fraction(1, 10**9)) <= Fraction(1, 20)


@pytest.mark.parametrize("units", [2, 3, 5, 6, 9, 14, 15, 40])
def test_verdict_p_and_interval_agree(units: int) -> None:
    random = Random(units)
    seen = set()
    for _ in range(60):
        shift = random.choice((0, 1, 3))
        counts = [(random.randrange(6) + shift, random.randrange(6), random.randrange(8, 30)) for _ in range(units)]
        found = compare(pairs_of(counts), draws=500)
        assert found.p is not None and found.difference is not None
        refused = found.p <= 0.05
        if found.low is not None and found.high is not None:
            assert refused or found.low <= 0 <= found.high
            assert not refused or not found.low < 0 < found.high
        expected = "not separable" if not refused else "worse" if found.difference > 0 else "better"
        assert found.verdict == expected
        assert (found.more_cases == 0) == refused
        seen.add(found.verdict)
    assert "not separable" in seen and "worse" in seen


def test_six_recordings_all_for_one_are_just_enough() -> None:
    found = compare(pairs_of([(1, 2, 10), (0, 3, 12), (2, 4, 9), (1, 2, 10), (3, 5, 20), (0, 1, 8)]))
    assert (found.verdict, found.p, found.units, found.method) == ("better", 2 / 64, 6, "all 64 choices of signs")
    assert (found.a, found.b, found.difference) == (
        float(f"{7 / 69:.12g}"),
        float(f"{17 / 69:.12g}"),
        float(f"{-10 / 69:.12g}"),
    )


@pytest.mark.parametrize("units", [2, 3, 5])
def test_with_fewer_it_is_the_paired_t_test_where_all_weigh_the_same(units: int) -> None:
    random = np.random.default_rng(units)
    a, b = random.normal(3.0, 1.0, units), random.normal(2.0, 1.0, units)
    cases = [PairedCase(str(at), Amounts(a[at], 1), Amounts(b[at], 1)) for at in range(units)]
    found = compare(cases, better="higher", unit="dB")
    wanted = stats.ttest_rel(a, b)
    limits = wanted.confidence_interval(0.95)
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-9)
    assert (found.low, found.high) == (pytest.approx(limits.low), pytest.approx(limits.high))


def test_where_few_say_exactly_the_same_signs_decide() -> None:
    found = compare([PairedCase(str(at), Amounts(0, 1), Amounts(1, 1)) for at in range(4)])
    assert (found.p, found.low, found.high, found.verdict) == (1 / 8, None, None, "not separable")


@given(counts_of_few, some.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_cases_decides_nothing_and_that_of_systems_only_the_sign(counts: Counts, random: Random) -> None:
    pairs = pairs_of(counts, [random.choice("uvwxyz") for _ in counts])
    found = compare(pairs)
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert compare(shuffled) == found
    turned = compare([PairedCase(one.case_id, one.b, one.a, one.cluster) for one in pairs])
    assert turned.p == found.p
    if found.difference is not None and turned.difference is not None:
        assert turned.difference == -found.difference
    if found.low is not None and turned.high is not None:
        assert turned.high == pytest.approx(-found.low, abs=1e-11)


def test_many_units_are_drawn_alike_each_time_and_near_the_exact_answer() -> None:
    random = Random(5)
    counts = [(random.randrange(5), random.randrange(6), random.randrange(8, 30)) for _ in range(14)]
    exact = compare(pairs_of(counts))
    assert exact.method == "all 16,384 choices of signs"
    drawn = compare(pairs_of(counts), draws=8_000)
    assert drawn.method == "8,000 choices of signs at random"
    assert drawn == compare(pairs_of(counts), draws=8_000) != compare(pairs_of(counts), draws=8_000, seed=1)
    assert (exact.p, exact.low, exact.high) == (
        pytest.approx(drawn.p, abs=0.02),
        pytest.approx(drawn.low, abs=0.01),
        pytest.approx(drawn.high, abs=0.01),
    )


def test_numbers_are_the_same_on_every_machine() -> None:
    counts = [(place % 7, (place * 3) % 8, 10 + place % 5) for place in range(40)]
    found = compare(pairs_of(counts))
    assert (found.difference, found.low, found.high, found.p) == (
        -0.0520833333333,
        -0.130434782609,
        0.026455026455,
        0.183631636836,
    )


def test_recordings_of_one_speaker_are_not_forty_speakers() -> None:
    random = Random(1)
    counts = []
    for shift in (0, 0, 0, 4, 0, 0, 0, 3):
        counts += [(random.randrange(3), random.randrange(3) + shift, 20) for _ in range(5)]
    alone = compare(pairs_of(counts))
    together = compare(pairs_of(counts, [str(place // 5) for place in range(40)]))
    assert (alone.verdict, together.verdict) == ("better", "not separable")
    assert (alone.n, together.n, alone.clusters, together.clusters) == (40, 40, 40, 8)
    one = compare(pairs_of(counts, ["ann"] * 40))
    assert (one.clusters, one.units, one.low, one.p) == (1, 40, alone.low, alone.p)
    assert one.notes == ("all recordings are of one speaker or session: what is found holds for that one alone",)


def test_a_failed_case_counts_as_all_wrong() -> None:
    pairs = pairs_of([(1, 2, 10)] * 7)
    failing = [*pairs, PairedCase("failed", None, Amounts(1, 30))]
    found = compare(failing)
    assert (found.n, found.failed_a, found.failed_b, found.a) == (8, 1, 0, 0.37)
    assert compare(pairs).verdict == "better" and found.verdict == "not separable"
    assert found.notes[-1] == "failed cases (1 of a, 0 of b) weigh as all wrong"


def test_who_failed_more_often_is_not_called_better_where_failing_has_no_figure() -> None:
    pairs = [PairedCase(str(at), Amounts(10 + at, 1), Amounts(5, 1)) for at in range(8)]
    assert compare(pairs, better="higher", unit="dB").verdict == "better"
    failing = [*pairs, PairedCase("failed", None, Amounts(5, 1))]
    found = compare(failing, better="higher", unit="dB")
    assert (found.verdict, found.p, found.more_cases, found.n) == ("not separable", 2 / 256, None, 9)
    turned = [PairedCase(one.case_id, one.b, one.a) for one in failing]
    assert compare(turned, better="higher", unit="dB").verdict == "not separable"
    assert compare(turned, better="lower", unit="dB").verdict == "better"


def test_nothing_to_compare_says_so() -> None:
    none = compare([])
    assert (none.verdict, none.p, none.n, none.notes) == (
        "not separable",
        None,
        0,
        ("no case has anything below the line",),
    )
    silence = compare([PairedCase("one", Amounts(3, 0), Amounts(0, 0))])
    assert (silence.a, silence.p, silence.n) == (None, None, 1)
    one = compare(pairs_of([(1, 2, 10)]))
    assert (one.difference, one.low, one.p, one.verdict, one.more_cases) == (-0.1, None, None, "not separable", None)
    same = compare(pairs_of([(1, 1, 10)] * 8))
    assert (same.difference, same.low, same.high, same.p, same.more_cases) == (0.0, 0.0, 0.0, 1.0, None)


def test_an_interval_of_differences_is_no_wider_than_figures_allow() -> None:
    counts = [(1, 9, 10), (9, 2, 10)]
    free, found = compare(pairs_of(counts)), compare(pairs_of(counts), bounds=Bounds(0.0, 1.0))
    assert free.low is not None and free.high is not None
    assert free.low < -1 and free.high > 1
    assert found == replace(free, low=-1.0, high=1.0)
    assert compare(pairs_of(counts), bounds=Bounds(0.0, None)) == free
    (one,) = compare_systems({name: [Case(p.case_id, getattr(p, name)) for p in pairs_of(counts)] for name in "ab"})
    (bounded,) = compare_systems(
        {name: [Case(p.case_id, getattr(p, name)) for p in pairs_of(counts)] for name in "ab"}, bounds=Bounds(0.0, 1.0)
    )
    assert (one.comparison.low, bounded.comparison.low) == (free.low, -1.0)


def test_so_many_more_cases_would_find_the_difference_with_the_power_that_is_told() -> None:
    random = Random(3)
    counts = [(random.randrange(6), random.randrange(7), 30) for _ in range(30)]
    found = compare(pairs_of(counts))
    assert found.verdict == "not separable" and found.more_cases is not None and found.more_cases > 30
    assert found.error is not None and found.difference is not None and found.detectable is not None

    def power(difference: float, units: int) -> float:
        centre = abs(difference) / (found.error or 1.0) * math.sqrt(units / 30)
        limit = stats.t.ppf(0.975, units - 1)
        return float(stats.nct.sf(limit, units - 1, centre))

    assert power(found.difference, 30 + found.more_cases) == pytest.approx(0.8, abs=0.01)
    assert power(found.detectable, 30) == pytest.approx(0.8, abs=0.01)


def test_holm_is_as_published() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_among_many_systems_the_verdict_is_that_of_the_corrected_p_value() -> None:
    def system(errors: Sequence[int]) -> list[Case]:
        return [Case(str(at), Amounts(one, 20)) for at, one in enumerate(errors)]

    found = compare_systems(
        {"a": system([1, 0, 2, 1, 0, 1]), "b": system([2, 3, 4, 3, 2, 4]), "c": system([9, 8, 7, 9, 6, 9])}
    )
    assert [(one.a, one.b, one.comparison.p, one.comparison.adjusted_p) for one in found] == [
        ("a", "b", 2 / 64, 6 / 64),
        ("a", "c", 2 / 64, 6 / 64),
        ("b", "c", 2 / 64, 6 / 64),
    ]
    assert {one.comparison.verdict for one in found} == {"not separable"}
    alone = found[0].comparison
    assert adjusted([alone])[0].verdict == "better"
    assert alone.more_cases is not None and alone.more_cases > 0


def test_comparisons_without_a_p_value_do_not_count_in_the_correction() -> None:
    good = compare(pairs_of([(1, 2, 10), (0, 3, 12), (2, 4, 9), (1, 2, 10), (3, 5, 20), (0, 1, 8)]))
    empty: Comparison = compare([])
    assert adjusted([empty, good]) == [empty, good]


def test_asking_for_statistics_loads_nothing_heavy() -> None:
    code = "import sys, modellab.statistics.slices; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"scipy", "pandas", "duckdb", "dagster"} & set(loaded) == set()
