"""Forced alignment by hama: a network hears phones, another spells words in phones, and the most probable path through
the words' phones says when each was said. How far the path lies below what the network heard says how well it fits.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.results import FittedWord
from models._pronunciation import plain, pronunciations
from models.hama.viterbi import best_path

_HEARS, _SPELLS, _SPELLS_ON, _SYMBOLS = "asr_waveform.hama", "encoder.hama", "decoder_step.hama", "g2p_vocab.json"
_BETWEEN_WORDS, _BLANK = "<wb>", "<blank>"
_LETTERS = re.compile(r"[a-z]+(?:'[a-z]+)*\.?")
"""What is spelled in phones: anything else may come out in another language's."""
_LONGEST_SYMBOL = 4
_LEAD_S = 0.09
"""A network trained so names a phone once, and late: words begin that much before their first phone is named, and end
where their last is. Set on the 71 words of `en-librivox-austen` (docs/alignment.md)."""


class Hama:
    """Both networks; offers the surface `align`."""

    def __init__(self, folder: Path, languages: Sequence[str]) -> None:
        import hama

        self.languages: Sequence[str] = languages
        vocabulary = folder / _SYMBOLS
        self._network = hama.ASRModel(model_path=folder / _HEARS, vocab_path=vocabulary)
        self._speller = hama.G2PModel(
            encoder_model_path=folder / _SPELLS, decoder_step_model_path=folder / _SPELLS_ON, vocab_path=vocabulary
        )
        self._numbers = {symbol: number for number, symbol in enumerate(self._network.decoder_tokens)}
        self._known: dict[str, tuple[int, ...]] = {}
        """Word of a transcript -> its phones; none where nobody knows how it is pronounced."""

    def knows(self, word: str) -> bool:
        return bool(self._phones(word))

    def align(self, audio: Waveform, words: Sequence[str]) -> Sequence[FittedWord] | None:
        """Words with their score: by how much the network found its own phones likelier, each where it is likeliest,
        in natural logarithms, in the mean of the word's phones; 0 is best."""
        heard = self._heard(audio.samples)
        labels: list[int] = []
        words_of: list[int] = []
        for number, word in enumerate(words):
            if labels:
                labels.append(self._numbers[_BETWEEN_WORDS])
                words_of.append(-1)
            phones = self._phones(word)
            labels += phones
            words_of += [number] * len(phones)
        path = best_path(heard, labels, self._numbers[_BLANK])
        if path is None:
            return None
        worse = heard - heard.max(axis=1, keepdims=True)
        frames: list[list[int]] = [[] for _ in words]
        fits: list[dict[int, float]] = [{} for _ in words]
        for frame, label in enumerate(path):
            if label >= 0 and (owner := words_of[label]) >= 0:
                frames[owner].append(frame)
                fit = float(worse[frame, labels[label]])
                fits[owner][label] = max(fit, fits[owner].get(label, fit))
        return list(_spans(frames, fits, audio.duration_s / len(heard), audio.duration_s))

    def _heard(self, samples: Samples) -> npt.NDArray[np.float64]:
        """Log-probabilities of all symbols in frames of 20 ms."""
        if not len(samples):
            return np.zeros((0, len(self._numbers)))
        given = {
            "waveform": np.clip(samples, -1.0, 1.0)[None].astype(np.float32),
            "waveform_lengths": np.array([len(samples)], dtype=np.int64),
        }
        found, frames = self._network.session.run(["log_probs", "out_lengths"], given)
        rows: npt.NDArray[np.float64] = np.asarray(found[0][: int(np.ravel(frames)[0])], dtype=np.float64)
        return rows

    def _phones(self, word: str) -> tuple[int, ...]:
        if word not in self._known:
            readings = pronunciations(plain(word), self._spelled)
            symbols = readings[0].split() if readings else []
            self._known[word] = tuple(self._numbers[symbol] for symbol in symbols)
        return self._known[word]

    def _spelled(self, word: str) -> str | None:
        """A plain word's phones with spaces between them; of a letter with a full stop its name."""
        if not _LETTERS.fullmatch(word):
            return None
        return " ".join(self._symbols(self._speller(word.removesuffix(".")).ipa)) or None

    def _symbols(self, ipa: str) -> Iterator[str]:
        """The network's symbols that a spelling is made of, the longest first; what it has none for is left out."""
        at = 0
        while at < len(ipa):
            longest = range(min(_LONGEST_SYMBOL, len(ipa) - at), 0, -1)
            length = next((n for n in longest if ipa[at : at + n].strip() and ipa[at : at + n] in self._numbers), 0)
            if length:
                yield ipa[at : at + length]
            at += length or 1


def _spans(
    frames: Sequence[Sequence[int]], fits: Sequence[dict[int, float]], frame_s: float, duration_s: float
) -> Iterator[FittedWord]:
    """Words from a little before their first phone to their last."""
    over_s = 0.0
    for own, fit in zip(frames, fits, strict=True):
        start_s = max(over_s, own[0] * frame_s - _LEAD_S)
        over_s = min((own[-1] + 1) * frame_s, duration_s)
        yield FittedWord(start_s, over_s, round(fmean(fit.values()), 4))


def load(request: LoadRequest) -> Any:
    """Load both networks."""
    if request.weights is None:
        raise ValueError("hama has weights")
    return Hama(request.weights, request.config.languages_of(request.ref.variant))
