"""Figures of a corpus for many draws: each is what the plain figure says of a corpus with those recordings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.datasets.reference import Reference
from modellab.metrics.classes import Classified
from modellab.metrics.drawn import drawn_macro_f1, drawn_mean_average_precision, drawn_verification
from modellab.metrics.suites import classify, embed
from modellab.metrics.vectors import equal_error_rate

LABELS = ("a", "b", "c")
SCORES = st.sampled_from([0.0, 0.2, 0.5, 0.9])
CASES = st.lists(
    st.tuples(st.sampled_from(LABELS), st.tuples(SCORES, SCORES, SCORES), st.integers(0, 3)), min_size=1, max_size=9
)


@given(CASES)
def test_classes_are_those_of_a_corpus_in_which_each_recording_is_there_so_often(
    drawn: list[tuple[str, tuple[float, float, float], int]],
) -> None:
    cases = [
        (Reference(labels=[label]), Classified(dict(zip(LABELS, scores, strict=True)))) for label, scores, _ in drawn
    ]
    counts = [count for *_, count in drawn]
    found = classify.drawn_scores(cases, np.array([counts], dtype=float))
    many = [case for case, count in zip(cases, counts, strict=True) for _ in range(count)]
    expected = {score.metric.name: score.value for score in classify.corpus_scores(many)}
    for name in ("macro_f1", "map"):
        value = float(found[name][0])
        assert value == pytest.approx(expected[name], abs=1e-12) if many else np.isnan(value)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(LABELS), st.integers(0, 3)), min_size=2, max_size=8),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_pairs_count_as_often_as_both_are_drawn(drawn: list[tuple[str, int]], seed: int, coarse: bool) -> None:
    """Against scikit-learn's curve over pairs written out one by one, none of them a recording with itself."""
    labels, counts = [label for label, _ in drawn], [count for _, count in drawn]
    near = np.random.default_rng(seed).uniform(-1, 1, (len(drawn), len(drawn)))
    near = np.round((near + near.T) / 2, 1 if coarse else 12)
    found = drawn_verification(labels, near, np.array([counts], dtype=float))
    pairs = [
        (labels[one] == labels[other], near[one, other])
        for one in range(len(drawn))
        for other in range(one + 1, len(drawn))
        for _ in range(counts[one] * counts[other])
    ]
    same, similar = np.array([pair[0] for pair in pairs], bool), np.array([pair[1] for pair in pairs])
    if not same.any() or same.all():
        assert np.isnan(found["eer"][0])
        return
    assert found["eer"][0] == pytest.approx(equal_error_rate(same, similar), abs=1e-9)
    assert found["cosine_separation"][0] == pytest.approx(similar[same].mean() - similar[~same].mean(), abs=1e-9)


def test_with_each_recording_once_the_figure_is_the_corpus_own() -> None:
    random = np.random.default_rng(0)
    cases = [(Reference(voices=[name]), random.normal(size=8) + 2 * (name == "a")) for name in "aabbaabb"]
    found = embed.drawn_scores(cases, np.ones((2, 8)))
    for score in embed.corpus_scores(cases):
        assert score.value == pytest.approx(float(found[score.metric.name][1]), abs=1e-9)


def test_a_draw_without_two_of_one_voice_or_without_a_class_has_no_figure() -> None:
    near, counts = np.eye(3), np.array([[1.0, 0.0, 1.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert np.isnan(drawn_verification(["a", "a", "b"], near, counts)["eer"]).all()
    nothing = np.zeros((1, 1))
    assert np.isnan(drawn_macro_f1([({"a"}, {"a"})], nothing)).all()
    assert np.isnan(drawn_mean_average_precision([({"a"}, {"a": 0.1})], nothing)).all()
    assert np.isnan(drawn_mean_average_precision([({"z"}, {"a": 0.1})], np.ones((1, 1)))).all(), "no class is known"
