"""hama as an aligner: a path against all paths, words of a sentence in their places, and scores that tell right from
wrong."""

from collections.abc import Callable
from itertools import combinations_with_replacement, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.media.audio import Waveform
from modellab.media.decode import decode
from modellab.settings import PROJECT_ROOT
from modellab.surfaces.contracts import AlignModel
from modellab.surfaces.results import FittedWord
from models.hama.viterbi import best_path

pytest.importorskip("hama", reason="the extra `align` is not installed")

RATE = 16_000
TEXT = "I agree with the plan, but we should test the backup before we switch."
OTHER = "He carried a lamp down those stairs, and it struck me at every step."
WORDS = TEXT.split()


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], AlignModel]) -> AlignModel:
    return load_model("hama")


@pytest.fixture(scope="module")
def sentence() -> Waveform:
    return Waveform(decode(PROJECT_ROOT / "datasets/media/asr/joe-meeting.flac", sample_rate_hz=RATE).mono, RATE)


def collapsed(path: tuple[int, ...], labels: list[int]) -> list[int]:
    """What CTC reads off a path of states: labels, each once for a row of it, blanks left out."""
    kept = [state for state, before in zip(path, (None, *path), strict=False) if state != before]
    return [labels[state // 2] for state in kept if state % 2]


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(st.integers(1, 2), min_size=1, max_size=3),
    frames=st.integers(1, 5),
    seed=st.integers(0, 1000),
)
def test_the_path_is_the_best_of_all_that_say_the_labels(labels: list[int], frames: int, seed: int) -> None:
    heard = np.log(np.random.default_rng(seed).dirichlet(np.ones(3), size=frames))
    symbols = [0]
    for label in labels:
        symbols += [label, 0]
    every = range(len(symbols))
    allowed = []
    for path in combinations_with_replacement(every, frames):
        equal = any(a % 2 and b % 2 and b - a == 2 and symbols[a] == symbols[b] for a, b in pairwise(path))
        if sorted({state for state in path if state % 2}) == list(range(1, len(symbols), 2)) and not equal:
            allowed.append(path)
    found = best_path(heard, labels, 0)
    if not allowed:
        assert found is None
        return
    assert found is not None and all(collapsed(path, labels) == labels for path in allowed)
    best = max(sum(heard[frame, symbols[state]] for frame, state in enumerate(path)) for path in allowed)
    assert sum(heard[f, labels[n] if n >= 0 else 0] for f, n in enumerate(found)) == pytest.approx(best)


def test_words_of_a_sentence_are_in_order_and_fit(model: AlignModel, sentence: Waveform) -> None:
    found = model.align(sentence, WORDS)
    assert found is not None and len(found) == len(WORDS)
    assert all(isinstance(word, FittedWord) for word in found)
    assert all(0.0 <= a.start_s < a.end_s <= b.start_s for a, b in pairwise(found))
    assert found[-1].end_s <= sentence.duration_s
    # Each word lies where the recogniser of another family has it, to a tenth of a second.
    starts = dict(zip(WORDS, (word.start_s for word in found), strict=True))
    assert starts["plan,"] < 1.3 < starts["should"] + 0.4
    scores = [word.score for word in found if isinstance(word, FittedWord)]
    assert np.median(scores) > -0.5 and max(scores) <= 0.0


def test_words_that_were_not_said_fit_badly(model: AlignModel, sentence: Waveform) -> None:
    wrong = model.align(sentence, OTHER.split())
    assert wrong is not None
    scores = [word.score for word in wrong if isinstance(word, FittedWord)]
    assert np.median(scores) < -4.0
    # Three words too many in the middle of right ones.
    planted = [*WORDS[:5], "subscribe", "to", "my", "channel", *WORDS[5:]]
    found = model.align(sentence, planted)
    assert found is not None
    by_word = [word.score for word in found if isinstance(word, FittedWord)]
    assert np.mean(by_word[5:9]) < -5.0 < np.mean(by_word[9:])


def test_more_words_than_fit_have_no_times(model: AlignModel, sentence: Waveform) -> None:
    assert model.align(Waveform(sentence.samples[: RATE // 5], RATE), WORDS) is None
    assert model.align(Waveform(np.zeros(0, dtype=np.float32), RATE), WORDS) is None


@pytest.mark.parametrize("word", ["don't", "2024", "$35", "FaceTime", "Zbigniew", "USA", "twenty-five", "Plan,"])
def test_words_as_a_transcript_writes_them_are_known(model: AlignModel, word: str) -> None:
    assert model.knows(word)


@pytest.mark.parametrize("word", ["naïve", "日本", "---", ""])
def test_what_is_no_english_word_is_not(model: AlignModel, word: str) -> None:
    assert not model.knows(word)
