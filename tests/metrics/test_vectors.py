"""Vectors: equal error rate against a slow search, retrieval by hand, and where nothing can be said."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.datasets.reference import Reference
from modellab.metrics.score import Score
from modellab.metrics.suites import embed
from modellab.metrics.vectors import equal_error_rate, similarities
from modellab.surfaces.results import Turn


def by_name(scores: list[Score]) -> dict[str, Score]:
    return {score.metric.name: score for score in scores}


def of(speaker: str) -> Reference:
    return Reference(voices=[speaker])


def slow_rate(same: npt.NDArray[np.bool_], similar: npt.NDArray[np.float64]) -> float:
    """Every threshold tried by counting; where the rates cross between two of them, on the line between."""
    points = []
    for threshold in [np.inf, *sorted(set(similar.tolist()), reverse=True)]:
        taken = similar >= threshold
        points.append((float(np.mean(taken[~same])), float(np.mean(~taken[same]))))
    for (accepted, refused), (accepted_after, refused_after) in pairwise(points):
        if accepted_after >= refused_after:
            before, after = refused - accepted, accepted_after - refused_after
            return accepted + (accepted_after - accepted) * before / (before + after)
    raise AssertionError("the last threshold takes all")


@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(2, 8))
@settings(max_examples=200, deadline=None)
def test_the_equal_error_rate_is_the_one_found_by_counting(seed: int, count: int, levels: int) -> None:
    random = np.random.default_rng(seed)
    same = random.random(count) < 0.5
    same[:2] = True, False
    similar = random.integers(0, levels, count) / levels + 0.2 * same
    assert equal_error_rate(same, similar) == pytest.approx(slow_rate(same, similar), abs=1e-9)


def test_speakers_that_are_apart_and_speakers_that_are_not() -> None:
    vectors = {"a": ([1.0, 0.1], [2.0, 0.0]), "b": ([0.0, 1.0], [0.1, 3.0])}
    cases = [(of(name), np.array(one)) for name, pair in vectors.items() for one in pair]
    found = by_name(embed.corpus_scores(cases))
    assert (found["eer"].value, found["eer"]["same"], found["eer"]["different"]) == (0.0, 2, 4)
    near = similarities([vector for _, vector in cases])
    apart = (near[0, 1] + near[2, 3]) / 2 - near[:2, 2:].mean()
    assert found["cosine_separation"].value == pytest.approx(apart, abs=1e-9)
    mixed = [(of(name), vector) for name, (_, vector) in zip("abab", cases, strict=True)]
    assert (by_name(embed.corpus_scores(mixed))["cosine_separation"].value or 0) < 0


def test_the_rank_of_the_nearest_of_the_same_label() -> None:
    query = np.array([1.0, 0.0])
    others = [(of("b"), np.array([1.0, 0.1])), (of("a"), np.array([1.0, 0.5])), (of("a"), np.array([-1.0, 0.0]))]
    found = by_name(embed.scores(of("a"), query, others))
    assert {*found, "eer", "cosine_separation"} == set(embed.METRICS)
    assert (found["recall_at_1"].value, found["mrr"].value) == (0.0, 0.5)
    near = by_name(embed.scores(of("a"), query, others[1:]))
    assert (near["recall_at_1"] + found["recall_at_1"]).value == 0.5
    # Of equally near ones the other comes first: a model that maps all to one place finds nothing.
    assert by_name(embed.scores(of("a"), query, [(of("a"), query), (of("b"), query)]))["recall_at_1"].value == 0.0


def test_what_can_not_be_had_says_why_and_what_is_not_known_is_left_out() -> None:
    one = np.ones(2)
    assert embed.scores(of("a"), one, [(of("b"), one)]) == []
    assert embed.scores(Reference(), one, []) == embed.corpus_scores([(Reference(), one)]) == []
    assert embed.label_of(Reference(labels=["rain"])) == "rain"
    assert embed.label_of(Reference(voices=["a", "b"])) is None
    assert embed.label_of(Reference(turns=[Turn(0.0, 1.0, "a")])) is None, "another recording's a may be another"
    unheard = embed.scores(of("a"), None, [(of("a"), one)])
    assert {score.error for score in unheard} == {"too little is heard in the recording"} and len(unheard) == 2
    alone = by_name(embed.corpus_scores([(of("a"), one), (of("a"), one)]))
    assert alone["eer"].error == "no two recordings are of different labels"
    assert by_name(embed.corpus_scores([(of("a"), one), (of("b"), one)]))["eer"].error == (
        "no two recordings are of the same label"
    )
    nothing = embed.scores(of("a"), one, [(of("a"), np.zeros(2))])
    assert {score.error for score in nothing} == {"the vector of a recording of a has no direction"}
    wide = embed.corpus_scores([(of("a"), one), (of("b"), np.ones(3))])
    assert {score.error for score in wide} == {"vectors have different shapes: (2,), (3,)"}
