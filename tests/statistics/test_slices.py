"""Slice by slice."""

from modellab.statistics.cases import Amounts, Case, PairedCase, pair
from modellab.statistics.drawing import told
from modellab.statistics.slices import by_slice, figures_by_slice, slices, worst_comparison, worst_figure_of

TAGS = (
    [{"noise": "street", "lab": "one"}] * 6 + [{"noise": "clean", "lab": "one"}] * 6 + [{"accent": "x", "lab": "one"}]
)
A = [
    Case(f"{at:02}", Amounts(one, 10), tags=TAGS[at]) for at, one in enumerate([5, 4, 6, 5, 4, 6, 1, 0, 1, 0, 1, 1, 9])
]
B = [Case(f"{at:02}", Amounts(one, 10)) for at, one in enumerate([1, 1, 2, 1, 1, 1, 2, 1, 2, 1, 2, 3, 0])]


def test_a_tag_that_all_share_is_no_slice() -> None:
    assert slices(A) == [("accent", "x"), ("noise", "clean"), ("noise", "street")]


def test_each_slice_is_compared_and_corrected_for_all() -> None:
    found = by_slice(pair(A, B))
    seen = [(one.tag, one.value, one.comparison.n, one.comparison.p, one.comparison.adjusted_p) for one in found]
    assert seen == [
        ("accent", "x", 1, None, None),
        ("noise", "clean", 6, 2 / 64, 4 / 64),
        ("noise", "street", 6, 2 / 64, 4 / 64),
    ]


def test_the_worst_slice_is_named_and_one_case_is_none() -> None:
    worst = worst_comparison(by_slice(pair(A, B)))
    assert worst is not None and (worst.value, worst.comparison.difference) == ("street", told(23 / 60))
    other = worst_comparison(by_slice([PairedCase(one.case_id, one.b, one.a, tags=one.tags) for one in pair(A, B)]))
    assert other is not None and other.value == "clean"
    figures = figures_by_slice(A)
    assert [(one.value, one.interval.value) for one in figures] == [
        ("x", 0.9),
        ("clean", told(4 / 60)),
        ("street", 0.5),
    ]
    highest, lowest = worst_figure_of(figures, "lower"), worst_figure_of(figures, "higher")
    assert highest is not None and lowest is not None
    assert (highest.value, lowest.value) == ("street", "clean")
    assert worst_figure_of([], "lower") is None
