import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.surfaces.contracts import EmbedModel
from modellab.text.dialogues import transcript_of
from modellab.text.segmentation import best_segmentation, segment
from modellab.text.sentences import split_sentences


def cost_of(starts: list[int], vectors: np.ndarray, weights: np.ndarray, costs: np.ndarray) -> float:
    """The objective, straight from its definition."""
    total = 0.0
    for begin, end in zip(starts, [*starts[1:], len(vectors)], strict=True):
        part, share = vectors[begin:end], weights[begin:end]
        centre = (share[:, None] * part).sum(0) / share.sum()
        total += float((share * ((part - centre) ** 2).sum(1)).sum()) + (costs[begin] if begin else 0.0)
    return total


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(0, 10_000), st.floats(0.0, 2.0), st.floats(0.0, 3.0))
def test_the_best_segmentation_is_the_best_of_all(n: int, seed: int, penalty: float, shortest: float) -> None:
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=(n, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    weights = draw.uniform(0.5, 1.5, n)
    costs = penalty + draw.uniform(-0.2, 0.2, n)
    allowed = [
        [0, *cut]
        for size in range(n)
        for cut in itertools.combinations(range(1, n), size)
        if size == 0 or all(weights[a:b].sum() >= shortest for a, b in zip([0, *cut], [*cut, n], strict=True))
    ]
    oracle = min(cost_of(starts, vectors, weights, costs) for starts in allowed)
    found = best_segmentation(vectors, weights, costs, shortest)
    assert found in allowed
    assert abs(cost_of(found, vectors, weights, costs) - oracle) < 1e-9


BEES = (
    "The bees make honey in the hive. The queen bee lays eggs. Bees collect nectar from flowers. A swarm flew off. "
    "Honey from the hive is harvested in July. The beekeeper feeds the bees in winter."
)
MONEY = (
    "The interest rate went up again. The bank raised its mortgage fees. Inflation hurts savings. The loan costs more. "
    "The bank pays no interest on savings. A mortgage is a loan from the bank."
)


def test_two_clear_topics_are_two_chapters(embedder: EmbedModel) -> None:
    sentences = split_sentences(transcript_of([("A", BEES), ("B", MONEY)]))
    assert segment(sentences, embedder, most=20) == [0, 6]
    assert segment(sentences, embedder, most=1) == [0]


def test_one_sentence(embedder: EmbedModel) -> None:
    assert segment(split_sentences(transcript_of([("A", "Hello.")])), embedder, most=20) == [0]
