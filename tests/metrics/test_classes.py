"""Classes against labels: scikit-learn's figures on random cases, and exact counts of a few."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, label_ranking_average_precision_score

from modellab.datasets.reference import Reference
from modellab.metrics.classes import Classified, macro_f1
from modellab.metrics.score import Score
from modellab.metrics.suites import classify

NAMES = [f"c{number}" for number in range(8)]


def by_name(scores: list[Score]) -> dict[str, Score]:
    return {score.metric.name: score for score in scores}


def likely(*names: str, chosen: frozenset[str] | None = None) -> Classified:
    """A model that is the surer of a class the earlier it is named, and knows all."""
    order = [*names, *(name for name in NAMES if name not in names)]
    return Classified({name: 1.0 - place / 10 for place, name in enumerate(order)}, chosen)


@given(st.integers(0, 10_000), st.integers(2, 30))
@settings(max_examples=40, deadline=None)
def test_of_one_label_each_figures_are_scikit_learns(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    labels = [NAMES[one] for one in random.integers(0, 4, count)]
    given_scores = random.permuted(np.tile(np.linspace(0, 1, len(NAMES)), (count, 1)), axis=1)
    found = [Classified(dict(zip(NAMES, row.tolist(), strict=True))) for row in given_scores]
    cases = [(Reference(labels=[label]), one) for label, one in zip(labels, found, strict=True)]
    said = [one.ranked[0] for one in found]
    total = by_name(classify.scores(*cases[0]))
    for case in cases[1:]:
        total = {name: total[name] + score for name, score in by_name(classify.scores(*case)).items()}
    corpus = by_name(classify.corpus_scores(cases))
    assert {*total, *corpus} == set(classify.METRICS)
    assert total["accuracy"].value == pytest.approx(accuracy_score(labels, said), abs=1e-9)
    assert total["micro_f1"].value == pytest.approx(f1_score(labels, said, average="micro"), abs=1e-9)
    assert corpus["macro_f1"].value == pytest.approx(f1_score(labels, said, average="macro"), abs=1e-9)
    true = np.array([[name == label for name in NAMES] for label in labels])
    direct = label_ranking_average_precision_score(true, given_scores)
    assert total["label_ranking_precision"].value == pytest.approx(direct, abs=1e-9)
    there = true.any(axis=0)
    precision = average_precision_score(true[:, there], given_scores[:, there], average="macro")
    assert corpus["map"].value == pytest.approx(precision, abs=1e-9)


def test_several_labels_at_once() -> None:
    both = Reference(labels=["c1", "c2"])
    found = by_name(classify.scores(both, likely("c1", "c3", "c2", chosen=frozenset({"c1", "c3"}))))
    assert found["accuracy"]["right"] == 0
    assert found["micro_f1"].components == {"right": 1, "said": 2, "true": 2}
    # c1 is first and of the first one alone right; c2 is third, and two of the first three are right.
    assert found["label_ranking_precision"].value == pytest.approx((1 + 2 / 3) / 2)
    assert by_name(classify.scores(both, likely(chosen=frozenset({"c1", "c2"}))))["accuracy"]["right"] == 1


def test_macro_f1_weighs_classes_and_not_recordings_and_keeps_its_counts() -> None:
    cases = [({"a"}, {"a"})] * 8 + [({"b"}, {"a"}), ({"b"}, {"b"})]
    score = macro_f1((set(labels), set(said)) for labels, said in cases)
    assert score.value == pytest.approx((16 / 17 + 2 / 3) / 2)
    assert (score["right"], score["said"], score["true"], score["classes"]) == (9, 10, 10, 2)


def test_the_fifth_counts_for_top_5_and_the_sixth_does_not() -> None:
    order = ["c7", "c6", "c5", "c4", "c3", "c2"]
    assert by_name(classify.scores(Reference(labels=["c3"]), likely(*order)))["top_5_accuracy"]["right"] == 1
    assert by_name(classify.scores(Reference(labels=["c2"]), likely(*order)))["top_5_accuracy"]["right"] == 0


def test_what_can_not_be_had_says_why() -> None:
    dog = Reference(labels=["dog"])
    found = by_name(classify.scores(dog, likely("c1")))
    assert found["accuracy"]["right"] == 0
    assert found["label_ranking_precision"].error == "the model does not know the class dog"
    corpus = by_name(classify.corpus_scores([(dog, likely("c1"))]))
    assert corpus["map"].error == "the model does not know the class dog, of 8 that it knows"
    assert corpus["macro_f1"].value == 0.0
    odd = by_name(classify.scores(dog, Classified({"dog": float("nan")})))
    assert {score.error for score in odd.values()} == {"the scores of dog are no numbers"}
    assert by_name(classify.scores(dog, Classified({})))["accuracy"].error == "the model says nothing of any class"
    assert classify.scores(Reference(), likely("c1")) == classify.corpus_scores([]) == []
