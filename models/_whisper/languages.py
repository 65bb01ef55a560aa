"""Which language is spoken: asked of several windows that hold speech, each as important as it is long."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from modellab.media.audio import Samples
from modellab.speech.pieces import Piece
from modellab.surfaces.results import LanguageCandidate

MOST_WINDOWS = 5
"""Windows asked of a recording: each costs one pass of the encoder, a tenth of what transcribing it costs."""
_TOLD = 3
_LEAST_PROBABILITY = 0.01
_SURE = 0.9
"""A window that is this sure of another language than the recording's is in it."""

Probabilities = Mapping[str, float]
"""Language -> how likely a piece of speech is in it; they add up to 1."""


def windows(chunks: Sequence[Piece]) -> Sequence[Piece]:
    """Chunks all over the recording: of equal parts of it, the middle one each."""
    if len(chunks) <= MOST_WINDOWS:
        return chunks
    return [chunks[(2 * part + 1) * len(chunks) // (2 * MOST_WINDOWS)] for part in range(MOST_WINDOWS)]


class SpokenLanguages:
    """The languages of a recording's chunks; each chunk is asked once.

    Args:
        model: a multilingual Whisper with `detect_language(samples)`, as faster-whisper's `WhisperModel` has it.
        audio: what the chunks are of, at the model's rate.
        allowed: codes that may come out; what the others are given is shared out among them.
    """

    def __init__(self, model: Any, audio: Samples, allowed: Collection[str]) -> None:
        self._model, self._audio, self._allowed = model, audio, allowed
        self._heard: dict[Piece, Probabilities] = {}

    def candidates(self, chunks: Sequence[Piece]) -> list[LanguageCandidate]:
        """What language all is in, the likeliest first: the mean over the chunks' windows, weighted by length.

        Returns:
            At least one, at most three; those that are next to impossible are left out.
        """
        asked = windows(chunks)
        total = sum(chunk.samples for chunk in asked)
        mean: defaultdict[str, float] = defaultdict(float)
        for chunk in asked:
            for language, probability in self._of(chunk).items():
                mean[language] += chunk.samples / total * probability
        ordered = sorted(mean.items(), key=lambda pair: (-pair[1], pair[0]))
        return [
            LanguageCandidate(language, round(probability, 4))
            for number, (language, probability) in enumerate(ordered[:_TOLD])
            if number == 0 or probability >= _LEAST_PROBABILITY
        ]

    def of_each(self, chunks: Sequence[Piece], language: str, several: bool | None) -> list[str]:
        """The language of each chunk: the whole recording's, or its own where there are several.

        Args:
            language: the whole recording's.
            several: whether there are; None: when one of the windows asked is surely in another.
        """
        if several is None:
            sure = ((_likeliest(found), max(found.values())) for found in self._heard.values())
            several = any(other != language and probability >= _SURE for other, probability in sure)
        return [_likeliest(self._of(chunk)) if several else language for chunk in chunks]

    def _of(self, chunk: Piece) -> Probabilities:
        if chunk not in self._heard:
            _, _, found = self._model.detect_language(chunk.cut(self._audio))
            of_allowed = {language: probability for language, probability in found if language in self._allowed}
            total = sum(of_allowed.values()) or 1.0
            self._heard[chunk] = {language: probability / total for language, probability in of_allowed.items()}
        return self._heard[chunk]


def _likeliest(probabilities: Probabilities) -> str:
    """Of equally likely ones the first by name."""
    return min(probabilities, key=lambda language: (-probabilities[language], language))
