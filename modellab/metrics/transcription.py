"""Word error rate (WER), character error rate (CER) and the share of texts that match, under a named normaliser.

Unit: ratio of edit errors to reference words (characters), of matching texts to texts. What they do not say: whether an
error matters (a wrong name counts like a wrong article), anything about punctuation, case, fillers or how numbers are
written where the normaliser removes or unifies them, who spoke, or when.
"""

from collections.abc import Sequence
from importlib.metadata import version

from modellab.metrics.alignment import Alignment, align
from modellab.metrics.boundaries import rejoined
from modellab.metrics.normalisers import Normaliser, Unit, normaliser_for
from modellab.metrics.score import Metric, Score

SCORER_VERSION = "2"
"""Raise it whenever the same texts would give other counts."""

_NAMES: dict[Unit, str] = {"word": "wer", "character": "cer"}


def error_rate(normaliser: Normaliser, *, unit: Unit | None = None, name: str | None = None) -> Metric:
    """WER, or CER in languages written without spaces.

    Components: substitutions, deletions and insertions, and the reference's length, in words (characters).

    Args:
        unit: characters of a text whose words the normaliser keeps apart: a space counts as one.
        name: of the metric, where it is not `wer` or `cer`.
    """
    return Metric(
        name=name or _NAMES[unit or normaliser.unit],
        unit="ratio",
        better="lower",
        protocol=normaliser.name,
        version=_version(),
        numerator={"substitutions": 1, "deletions": 1, "insertions": 1},
        denominator={"length": 1},
    )


def without_boundaries(normaliser: Normaliser) -> Metric:
    """WER in which a word written as two or as one is no error."""
    protocol = f"{normaliser.name}, up to 4 words joined or parted no error"
    return Metric(
        name="wer_without_boundaries",
        unit="ratio",
        better="lower",
        protocol=protocol,
        version=_version(),
        numerator={"substitutions": 1, "deletions": 1, "insertions": 1},
        denominator={"length": 1},
        others=("boundary_errors",),
    )


def match_rate(protocol: str, name: str = "match") -> Metric:
    """Share of texts that are the reference's."""
    return Metric(name, "ratio", "higher", protocol, _version(), {"matched": 1}, {"cases": 1})


def transcription_error(reference: str, hypothesis: str, language: str | None) -> Score:
    """Edit errors of a transcript: of words, or of characters in languages written without spaces."""
    return errors([reference], [hypothesis], normaliser_for(language))[0]


def errors(references: Sequence[str], hypotheses: Sequence[str], normaliser: Normaliser) -> list[Score]:
    """Edit errors of many transcripts, each with its reference: far faster than one by one."""
    metric = error_rate(normaliser)
    found = align([normaliser.tokens(text) for text in references], [normaliser.tokens(text) for text in hypotheses])
    return [Score(metric, one.counts()) for one in found]


def character_errors(reference: Sequence[str], hypothesis: Sequence[str], normaliser: Normaliser) -> Score:
    """CER of two texts given as the normaliser's tokens; spaces between words are characters, as jiwer has it."""
    joint = " " if normaliser.unit == "word" else ""
    (found,) = align([list(joint.join(reference))], [list(joint.join(hypothesis))])
    return Score(error_rate(normaliser, unit="character"), found.counts())


def boundary_free_errors(found: Alignment, normaliser: Normaliser) -> Score:
    """WER without those errors that are only a boundary between words; how many those are, beside it."""
    before, after = found.counts(), rejoined(found).counts()
    errors = [sum(counts.values()) - counts["length"] for counts in (before, after)]
    return Score(without_boundaries(normaliser), {**after, "boundary_errors": errors[0] - errors[1]})


def matches(reference: Sequence[str], hypothesis: Sequence[str], normaliser: Normaliser, name: str = "match") -> Score:
    """Whether a text is the reference's, both given as the normaliser's tokens; two texts without a word match."""
    return Score(match_rate(normaliser.name, name), {"matched": int(list(reference) == list(hypothesis)), "cases": 1})


def matches_unspaced(reference: Sequence[str], hypothesis: Sequence[str], normaliser: Normaliser) -> Score:
    """Whether the letters are the reference's, wherever words begin and end."""
    metric = match_rate(f"{normaliser.name}, spaces removed", "match_unspaced")
    return Score(metric, {"matched": int("".join(reference) == "".join(hypothesis)), "cases": 1})


def _version() -> str:
    return f"{SCORER_VERSION}+jiwer-{version('jiwer')}"
