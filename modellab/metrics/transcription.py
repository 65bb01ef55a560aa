"""Word error rate (WER) and character error rate (CER), after Whisper's text normalisation.

Unit: ratio of edit errors to reference words (characters). Lower is better. What it does not say: whether an error
matters (a wrong name counts like a wrong article), anything about punctuation, case, fillers or how numbers are
written (the English normaliser removes or unifies them), who spoke, or when.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Literal

from modellab.metrics.score import Metric, Score

Unit = Literal["word", "character"]

SCORER_VERSION = "1"
"""Raise it whenever the same texts would give other counts."""

UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
"""Languages written without spaces between words; they get a CER (as in Radford et al. 2022, section 4)."""


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Brings a text into the form in which it is compared."""

    name: str
    """With the version of the package, as it is kept beside a result."""
    unit: Unit
    apply: Callable[[str], str]


@cache
def normaliser_for(language: str) -> Normaliser:
    """The normaliser for a language: Whisper's English one for English, its basic one for every other.

    Args:
        language: ISO 639-1 code, a region may follow (`en-US`).
    """
    from whisper_normalizer.basic import BasicTextNormalizer
    from whisper_normalizer.english import EnglishTextNormalizer

    code = language.lower().partition("-")[0]
    release = version("whisper_normalizer")
    if code == "en":
        return Normaliser(f"whisper_english-{release}", "word", EnglishTextNormalizer())
    basic = BasicTextNormalizer()
    if code in UNSPACED:
        return Normaliser(f"whisper_basic_unspaced-{release}", "character", lambda text: "".join(basic(text).split()))
    return Normaliser(f"whisper_basic-{release}", "word", basic)


def error_rate(normaliser: Normaliser) -> Metric:
    """WER, or CER in languages written without spaces.

    Components: substitutions, deletions and insertions, and the reference's length, in words (characters).
    """
    return Metric(
        name="wer" if normaliser.unit == "word" else "cer",
        unit="ratio",
        better="lower",
        protocol=normaliser.name,
        version=f"{SCORER_VERSION}+jiwer-{version('jiwer')}",
        numerator={"substitutions": 1, "deletions": 1, "insertions": 1},
        denominator={"length": 1},
    )


def transcription_error(reference: str, hypothesis: str, language: str) -> Score:
    """Edit errors of a transcript: of words, or of characters in languages written without spaces."""
    import jiwer

    normaliser = normaliser_for(language)
    expected, heard = normaliser.apply(reference).strip(), normaliser.apply(hypothesis).strip()
    if not expected:
        inserted = len(heard.split()) if normaliser.unit == "word" else len(heard)
        counts = {"length": 0, "substitutions": 0, "deletions": 0, "insertions": inserted}
        return Score(error_rate(normaliser), counts)
    compare = jiwer.process_words if normaliser.unit == "word" else jiwer.process_characters
    found = compare(expected, heard)
    counts = {
        "length": found.hits + found.substitutions + found.deletions,
        "substitutions": found.substitutions,
        "deletions": found.deletions,
        "insertions": found.insertions,
    }
    return Score(error_rate(normaliser), counts)
