"""BLEU and chrF: word and character sequences that a translation shares with a person's.

What they do not say: whether the meaning is right. A recording is one segment: sequences may match anywhere in it.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from modellab.metrics.formulas import BLEU, CHRF
from modellab.metrics.libraries import scorer_version
from modellab.metrics.normalisers import code_of, normaliser_for
from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same texts would give other counts."""


@dataclass(frozen=True, slots=True)
class Pair:
    """From which language into which. Figures of two pairs are never one figure."""

    source: str | None
    """None: nobody says what is spoken."""
    target: str

    def __str__(self) -> str:
        return f"{code_of(self.source) or 'unknown'}-{code_of(self.target)}"


def bleu(pair: Pair) -> Metric:
    """BLEU with sacrebleu's signature as its protocol."""
    return _metric("bleu", pair, str(_bleu(_tokenizer(pair.target))[1]))


def chrf(pair: Pair) -> Metric:
    """chrF2 with sacrebleu's signature as its protocol."""
    return _metric("chrf", pair, str(_chrf()[1]))


def translation_scores(reference: str, translation: str, pair: Pair) -> list[Score]:
    """BLEU and chrF of one recording, as the counts that a corpus's figures follow from."""
    counts = _counts(_bleu(_tokenizer(pair.target))[0], reference, translation)
    of_bleu = dict(zip(BLEU.parts, counts, strict=True))
    of_chrf = dict(zip(CHRF.parts, _counts(_chrf()[0], reference, translation), strict=True))
    return [Score(bleu(pair), of_bleu), Score(chrf(pair), of_chrf)]


def _metric(name: str, pair: Pair, signature: str) -> Metric:
    formula = {"bleu": BLEU, "chrf": CHRF}[name]
    return Metric(
        name=name,
        unit="points",
        better="higher",
        protocol=f"{pair}, {signature}",
        version=scorer_version(SCORER_VERSION, "sacrebleu"),
        numerator={},
        denominator={formula.weight: 1},
        others=tuple(part for part in formula.parts if part != formula.weight),
    )


def _tokenizer(target: str) -> str:
    """Of sacrebleu's tokenizers the one for a language: characters where there are no spaces between words.

    Its own choice for Japanese needs a dictionary that is not here.
    """
    if normaliser_for(target).unit == "word":
        return "13a"
    return "zh" if code_of(target) in ("zh", "yue") else "char"


@cache
def _bleu(tokenizer: str) -> tuple[Any, Any]:
    from sacrebleu import metrics

    # `force`: what looks tokenized already is counted as it is, without a warning.
    return _signed(metrics.BLEU(tokenize=tokenizer, force=True))


@cache
def _chrf() -> tuple[Any, Any]:
    from sacrebleu import metrics

    return _signed(metrics.CHRF())


def _signed(scorer: Any) -> tuple[Any, Any]:
    """A scorer and its signature, which it has once it knows how many references a segment has."""
    scorer.corpus_score([""], [[""]])
    return scorer, scorer.get_signature()


def _counts(scorer: Any, reference: str, translation: str) -> list[float]:
    """The counts of one segment. sacrebleu's own tests of significance take them so; no public call gives chrF's."""
    [counts] = scorer._extract_corpus_statistics([translation], [[reference]])
    return [float(count) for count in counts]
