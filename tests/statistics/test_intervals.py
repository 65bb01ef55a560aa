"""How sure one system's own figure is."""

from dataclasses import replace

import numpy as np
import pytest

from modellab.metrics.bounds import Bounds
from modellab.statistics.cases import Amounts, Case
from modellab.statistics.intervals import interval


def cases_of(counts: list[tuple[float, float]], clusters: str | None = None) -> list[Case]:
    return [
        Case(f"{at:02}", Amounts(above, below), clusters[at] if clusters else None)
        for at, (above, below) in enumerate(counts)
    ]


COUNTS = [(place % 5 + place // 9, 10 + 3 * (place % 4)) for place in range(24)]


def test_the_figure_is_a_ratio_of_sums_within_its_interval() -> None:
    found = interval(cases_of([*COUNTS]))
    assert (found.numerator, found.denominator, found.n, found.clusters) == (67, 348, 24, 24)
    assert (found.value, found.low, found.high) == (0.192528735632, 0.149144454795, 0.248532968223)
    assert found == interval(list(reversed(cases_of([*COUNTS]))))
    assert found != interval(cases_of([*COUNTS]), seed=1)


def test_the_bootstrap_is_that_of_the_book_computed_one_draw_after_the_other() -> None:
    above, below = (np.array(column, dtype=float) for column in zip(*COUNTS, strict=True))
    random = np.random.Generator(np.random.PCG64(7))
    value = above.sum() / below.sum()
    distances = []
    for drawn in random.integers(0, 24, (400, 24)):
        a, n = above[drawn], below[drawn]
        figure = a.sum() / n.sum()
        error = np.sqrt(np.sum((a - figure * n) ** 2)) / n.sum()
        distances.append(abs(np.log(figure) - np.log(value)) / (error / figure))
    own = np.sqrt(np.sum((above - value * below) ** 2)) / below.sum() / value
    reach = np.quantile(distances, 0.95, method="higher") * own
    found = interval(cases_of([*COUNTS]), seed=7, draws=400)
    assert (found.low, found.high) == (pytest.approx(value * np.exp(-reach)), pytest.approx(value * np.exp(reach)))


def test_a_share_of_what_is_right_is_the_mirror_of_what_is_wrong() -> None:
    wrong = interval(cases_of([*COUNTS]))
    right = interval(cases_of([(below - above, below) for above, below in COUNTS]), better="higher")
    assert wrong.low is not None and wrong.high is not None
    assert (right.low, right.high) == (pytest.approx(1 - wrong.high), pytest.approx(1 - wrong.low))


def test_figures_that_can_be_negative_have_an_interval_about_them() -> None:
    random = np.random.default_rng(2)
    found = interval([Case(str(at), Amounts(one, 1)) for at, one in enumerate(random.normal(0, 5, 30))], unit="dB")
    assert found.value is not None and found.low is not None and found.high is not None
    assert found.high - found.value == pytest.approx(found.value - found.low)
    assert found.low < 0 < found.high


@pytest.mark.parametrize(
    ("counts", "bounds", "beyond"),
    [
        # Of three recordings nearly all is right: their logarithm reaches below 0.
        ([(9, 10), (5, 10), (7, 10)], Bounds(0.0, 1.0), "low"),
        ([(1, 10), (5, 10), (2, 10)], Bounds(0.0, 1.0), "high"),
        ([(9, 10), (5, 10), (7, 10)], Bounds(0.0, None), "low"),
    ],
)
def test_it_ends_where_figures_end(counts: list[tuple[float, float]], bounds: Bounds, beyond: str) -> None:
    free, found = interval(cases_of(counts)), interval(cases_of(counts), bounds=bounds)
    assert free.low is not None and free.high is not None
    assert free.low < 0 if beyond == "low" else free.high > 1
    assert found == replace(free, **{beyond: 0.0 if beyond == "low" else 1.0})


def test_clusters_that_differ_make_it_wider() -> None:
    counts = [
        (1, 10),
        (1, 10),
        (5, 10),
        (5, 10),
        (0, 10),
        (0, 10),
        (3, 10),
        (3, 10),
        (2, 10),
        (2, 10),
        (4, 10),
        (4, 10),
    ]
    together, alone = interval(cases_of(counts, "aabbccddeeff")), interval(cases_of(counts))
    assert together.low is not None and alone.low is not None
    assert together.low < alone.low
    assert (together.clusters, alone.clusters) == (6, 12)


def test_no_error_at_all_is_no_proof_of_none() -> None:
    found = interval(cases_of([(0, 10)] * 30))
    assert (found.value, found.low, found.method) == (0.0, 0.0, "rule of three")
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 30))
    perfect = interval(cases_of([(10, 10)] * 30), better="higher")
    assert (perfect.value, perfect.low, perfect.high) == (1.0, pytest.approx(0.05 ** (1 / 30)), 1.0)
    assert interval(cases_of([(0, 10)] * 30), unit="per minute").high is None


def test_a_single_recording_with_errors_among_eight_still_has_limits() -> None:
    found = interval(cases_of([(4, 10)] + [(0, 10)] * 7))
    assert (found.low, found.method) == (0.0, "t with 7 degrees of freedom")
    assert found.high is not None and found.value is not None and found.high > 3 * found.value


def test_few_or_none() -> None:
    two = interval(cases_of([(1, 10), (3, 12)]))
    assert two.method == "t with 1 degree of freedom"
    assert two.low is not None and two.value is not None and two.high is not None
    assert 0 < two.low < two.value < two.high
    one = interval(cases_of([(1, 10)]))
    assert (one.value, one.low, one.high, one.n) == (0.1, None, None, 1)
    none = interval([Case("silence", Amounts(4, 0)), Case("failed", None)])
    assert (none.value, none.numerator, none.n, none.failed) == (None, 4, 2, 1)
    assert interval([]).value is None
