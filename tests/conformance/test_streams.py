"""Recognisers of live speech that break one promise each, and what is said of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from modellab.conformance.asked import Given
from modellab.conformance.examination import SURFACES
from modellab.media.audio import Samples, Waveform
from modellab.surfaces.contracts import untold
from modellab.surfaces.results import Word
from modellab.surfaces.streams import Heard

RATE = 16_000
SPEECH = Given("speech", Waveform(np.full(RATE, 0.1, dtype=np.float32), RATE), 1.0)
GOOD = Heard([], [Word("Good", 0.0, 0.1, 0.9)])
END = Heard([Word("Good", 0.0, 0.1, 0.9), Word("day", 0.2, 1.0)])


class Recogniser:
    """Says one thing after each piece of audio that it was told to, and one at the end."""

    finds_ends: Any = False

    def __init__(self, *said: Heard | None, end: Any = END, shared: bool = False) -> None:
        self.said, self.end, self.shared = said, end, shared
        self.open = 0
        self.pieces = 0

    def open_stream(self, parameters: Mapping[str, Any]) -> "_Stream":
        self.open += 1
        self.pieces = 0
        return _Stream(self)


class _Stream:
    def __init__(self, model: Recogniser) -> None:
        self._model, self._pieces = model, 0

    def hear(self, samples: Samples) -> Sequence[Heard]:
        self._pieces += 1
        self._model.pieces += 1
        at = (self._model.pieces if self._model.shared else self._pieces) - 1
        one = self._model.said[at] if at < len(self._model.said) else None
        return [one] if one is not None else []

    def end_segment(self) -> Any:
        return self._model.end

    def close(self) -> None:
        self._model.open -= 1


def problems(model: Recogniser) -> list[str]:
    surface = SURFACES["asr_stream"]
    found = list(surface.problems(model, SPEECH, surface.call(model, SPEECH, untold)))
    assert model.open == 0
    return found


def test_what_the_contract_promises_is_no_problem() -> None:
    assert problems(Recogniser(GOOD)) == []


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Recogniser(GOOD, end=["Good day"]), "it gave a list, not Heard"),
        (Recogniser(GOOD, end=GOOD), "words are unstable at the end of a segment"),
        (Recogniser(Heard([], [Word("Good", 0.0, 0.9)])), "a word lies outside the 0.16 s that were heard"),
        (Recogniser(Heard([Word(" ", 0.0, 0.1)])), "a word has no text"),
        (Recogniser(Heard([Word("Good", 0.0, 0.1, 1.5)])), "a word's probability is not from 0 to 1"),
        (Recogniser(GOOD, end=Heard(END.stable[::-1])), "words are not in order of time"),
        (Recogniser(None, Heard([Word("day", 0.2, 0.3)])), "words are not in order of time"),
        (Recogniser(end=Heard()), "no words were found in speech"),
        (Recogniser(), "it said nothing before the end: that is no streaming"),
        (Recogniser(GOOD, None, GOOD, shared=True), "it hears something else when another stream is open"),
    ],
)
def test_what_breaks_it_is_said(model: Recogniser, said: str) -> None:
    [problem] = problems(model)
    assert said in problem


def test_whether_it_finds_ends_is_yes_or_no() -> None:
    model = Recogniser(GOOD)
    model.finds_ends = "no"
    assert problems(model) == ["whether it finds ends is a str"]
