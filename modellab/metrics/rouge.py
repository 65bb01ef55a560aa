"""ROUGE: words, pairs of words and longest common row of words that a summary shares with a person's.

What it does not say: whether the summary is true, or good. Two good summaries in different words share little.
"""

import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from modellab.metrics.normalisers import Normaliser, code_of, normaliser_for
from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same texts would give other figures."""

KINDS = {"rouge1": "rouge1", "rouge2": "rouge2", "rouge_l": "rougeL"}
"""Name of the metric -> what rouge-score calls it."""


def rouge_scores(reference: str, summary: str, language: str | None) -> list[Score]:
    """F1 of each kind, for one summary."""
    found = _scorer(code_of(language)).score(reference, summary)
    return [
        Score(
            rouge(name, language),
            {
                "f1": float(found[kind].fmeasure),
                "precision": float(found[kind].precision),
                "recall": float(found[kind].recall),
                "cases": 1,
            },
        )
        for name, kind in KINDS.items()
    ]


def rouge(name: str, language: str | None) -> Metric:
    """A mean of recordings: F1 of a corpus's words together is not what is published."""
    words = "rouge-score's words, Porter stems" if code_of(language) == "en" else normaliser_for(language).name
    release = f"{SCORER_VERSION}+rouge-score-{version('rouge-score')}"
    return Metric(name, "ratio", "higher", words, release, {"f1": 1}, {"cases": 1}, ("precision", "recall"))


@dataclass(frozen=True, slots=True)
class _Tokens:
    """rouge-score's own words are runs of a to z and digits: nothing is left of other scripts, little of French."""

    normaliser: Normaliser

    def tokenize(self, text: str) -> list[str]:
        return self.normaliser.tokens(text)


def scorer_class() -> Any:
    """rouge-score's scorer.

    It brings absl, whose log handler takes whatever is standard error at that moment, and closes it when logging is set
    up anew, as Dagster does for each run. It gets one that it leaves alone.
    """
    from absl import logging
    from rouge_score.rouge_scorer import RougeScorer

    logging.get_absl_handler().python_handler.stream = sys.__stderr__
    return RougeScorer


@cache
def _scorer(code: str | None) -> Any:
    made, kinds = scorer_class(), list(KINDS.values())
    return made(kinds, use_stemmer=True) if code == "en" else made(kinds, tokenizer=_Tokens(normaliser_for(code)))
