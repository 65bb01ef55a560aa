"""Qwen3-ForcedAligner: the loader and the adapter with a tiny random network in transformers' files."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.media.audio import TimeMap, Waveform
from modellab.speech.forced_alignment import realign
from modellab.surfaces.contracts import AlignModel, untold
from modellab.surfaces.results import MIN_WORD_S, Segment, Word
from models._transformers.loading import import_transformers
from models.qwen3_forced_aligner.adapter import in_order

RATE = 16_000
WORDS = ("Hello,", "don't", "twenty-five", "日本", "2024", "naïve!")
UNITS = ("Hello", "don't", "twentyfive", "日", "本", "2024", "naïve")
RandomModel = Callable[[str], tuple[Any, Path]]
AUDIO = Waveform(np.random.default_rng(0).normal(0, 0.1, 6 * RATE + 77).astype(np.float32), RATE)


@pytest.fixture(scope="module")
def model(random_model: RandomModel) -> Any:
    return random_model("qwen3_forced_aligner")[0]


class Planned:
    """A network that says of the marks what it is told to; all around it is the real one's."""

    device, dtype = "cpu", None

    def __init__(self, network: Any, steps: Sequence[int]) -> None:
        import torch

        self.dtype, self.config, self._steps = torch.float32, network.config, steps

    def __call__(self, input_ids: Any, **_: Any) -> Any:
        import torch

        marks = (input_ids[0] == self.config.timestamp_token_id).nonzero().flatten()
        assert len(marks) == len(self._steps), "two for each unit"
        logits = torch.zeros(1, input_ids.shape[1], self.config.num_labels)
        logits[0, marks, list(self._steps)] = 1.0
        return SimpleNamespace(logits=logits)


@pytest.mark.random_weights
def test_each_word_lies_where_the_network_puts_its_marks(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [2, 6, 6, 9, 12, 20, 21, 25, 25, 30, 30, 30, 40, 70]
    monkeypatch.setattr(model, "_network", Planned(model._network, steps))
    found = model.align(AUDIO, WORDS)
    assert [(round(word.start_s, 6), round(word.end_s, 6)) for word in found] == [
        (0.16, 0.48),
        (0.48, 0.72),
        (0.96, 1.6),
        (1.68, 2.4),  # from its first character to its last
        (2.4, 2.42),  # the network gave it no length
        (3.2, 5.6),
    ]


@pytest.mark.random_weights
def test_its_times_are_those_of_transformers(random_model: RandomModel, model: Any) -> None:
    import torch

    assert isinstance(model, AlignModel) and "en" in model.languages
    transformers = import_transformers()
    folder = random_model("qwen3_forced_aligner")[1]
    processor = transformers.AutoProcessor.from_pretrained(folder)
    network = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    inputs, listed = processor.prepare_forced_aligner_inputs(
        AUDIO.samples, "Hello, don't stop 2024!", language="English"
    )
    assert listed == [["Hello", "don't", "stop", "2024"]]
    with torch.inference_mode():
        logits = network(**inputs).logits
    [expected] = processor.decode_forced_alignment(
        logits, inputs["input_ids"], listed, network.config.timestamp_token_id
    )
    assert len({one["end_time"] for one in expected}) > 1
    assert model.align(AUDIO, ["Hello,", "don't", "stop", "2024!"]) == in_order(
        [Segment(one["start_time"], one["end_time"]) for one in expected], AUDIO.duration_s
    )


@pytest.mark.random_weights
def test_what_it_hears_decides(model: Any) -> None:
    other = Waveform(np.random.default_rng(1).normal(0, 0.1, len(AUDIO.samples)).astype(np.float32), RATE)
    found = {tuple(model.align(audio, WORDS)) for audio in (AUDIO, AUDIO, other)}
    assert len(found) == 2


@pytest.mark.random_weights
def test_words_of_a_language_that_others_do_not_know_get_times(model: Any) -> None:
    words = [Word("Guten", 0.5, 1.0), Word("Tag!", 1.0, 1.5), Word("--", 1.5, 1.6)]
    time_map = TimeMap.identity(AUDIO.duration_s)

    def cut(start_s: float, end_s: float) -> Waveform:
        return Waveform(AUDIO.samples[round(start_s * RATE) : round(end_s * RATE)], RATE)

    found = realign(words, "de", model, cut=cut, time_map=time_map, progress=untold)
    assert (found.aligned, found.unknown) == (2, ["--"])
    assert [word.text for word in found.words] == ["Guten", "Tag!", "--"]


@pytest.mark.random_weights
@pytest.mark.parametrize(("words", "samples"), [(3, 0), (3, 800), (400, RATE * 2)])
def test_audio_too_short_for_its_words_gives_no_times(model: Any, words: int, samples: int) -> None:
    assert model.align(Waveform(AUDIO.samples[:samples], RATE), ["so"] * words) is None


@pytest.mark.random_weights
def test_a_word_is_known_that_has_a_letter_or_digit(model: Any) -> None:
    assert [model.knows(word) for word in WORDS] == [True] * len(WORDS)
    assert [model.knows(word) for word in ("", "--", "…", "¿?")] == [False] * 4
    assert model._processor.split_words_for_alignment(" ".join(UNITS)) == list(UNITS)


@given(
    st.lists(st.integers(0, 400), min_size=2, max_size=40).map(sorted).filter(lambda steps: len(steps) % 2 == 0),
    st.integers(0, 300),
)
def test_words_last_and_lie_one_after_another_inside_the_audio(steps: list[int], length: int) -> None:
    spans = [Segment(a * 0.08, b * 0.08) for a, b in zip(steps[::2], steps[1::2], strict=True)]
    duration_s = length * 0.05
    found = in_order(spans, duration_s)
    if found is None:
        assert len(spans) * MIN_WORD_S > duration_s
        return
    assert len(found) == len(spans)
    assert all(word.duration_s > MIN_WORD_S - 1e-9 for word in found)
    assert all(before.end_s <= after.start_s + 1e-9 for before, after in pairwise(found))
    assert found[0].start_s >= 0.0 and found[-1].end_s <= duration_s
    if all(span.duration_s > MIN_WORD_S for span in spans) and spans[-1].end_s <= duration_s:
        assert found == spans


def test_words_at_the_end_make_room_before_it() -> None:
    assert in_order([Segment(0.0, 0.5), Segment(1.0, 1.0), Segment(1.0, 2.0)], 1.0) == [
        Segment(0.0, 0.5),
        Segment(pytest.approx(0.96), pytest.approx(0.98)),
        Segment(pytest.approx(0.98), 1.0),
    ]
