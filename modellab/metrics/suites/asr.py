"""What a transcript is held against: the words of the reference, and how they are written."""

from modellab.datasets.reference import Reference
from modellab.metrics.alignment import align
from modellab.metrics.normalisers import Normaliser, language_normaliser, named, normaliser_for
from modellab.metrics.score import Score
from modellab.metrics.spoken import reference_text, transcript_text
from modellab.metrics.transcription import (
    boundary_free_errors,
    character_errors,
    error_rate,
    matches,
    matches_unspaced,
)
from modellab.surfaces.results import Transcript

METRICS = (
    *("wer", "cer", "wer_without_boundaries", "wer_by_language", "cer_by_language", "wer_as_written"),
    *("match", "match_unspaced", "match_by_language", "match_as_written"),
)


def scores(reference: Reference, transcript: Transcript) -> list[Score]:
    """All scores of a transcript, in the order of `METRICS`; none where it is not known what was said."""
    expected = reference_text(reference)
    if expected is None:
        return []
    heard = transcript_text(transcript, reference.evaluated)
    usual = normaliser_for(reference.language)
    found = [*_by_default(expected, heard, usual), *_as_written(expected, heard, spaced=usual.unit == "word")]
    if (own := language_normaliser(reference.language)) is not None:
        found += _by_language(expected, heard, own)
    return sorted(found, key=lambda score: METRICS.index(score.metric.name))


def _by_default(expected: str, heard: str, normaliser: Normaliser) -> list[Score]:
    words, others = normaliser.tokens(expected), normaliser.tokens(heard)
    found = [character_errors(words, others, normaliser), matches(words, others, normaliser)]
    if normaliser.unit == "word":
        (aligned,) = align([words], [others])
        found += [
            Score(error_rate(normaliser), aligned.counts()),
            boundary_free_errors(aligned, normaliser),
            matches_unspaced(words, others, normaliser),
        ]
    return found


def _by_language(expected: str, heard: str, normaliser: Normaliser) -> list[Score]:
    words, others = normaliser.tokens(expected), normaliser.tokens(heard)
    (aligned,) = align([words], [others])
    name = "wer_by_language" if normaliser.unit == "word" else "cer_by_language"
    return [
        Score(error_rate(normaliser, name=name), aligned.counts()),
        matches(words, others, normaliser, "match_by_language"),
    ]


def _as_written(expected: str, heard: str, spaced: bool) -> list[Score]:
    normaliser = named("none")
    words, others = normaliser.tokens(expected), normaliser.tokens(heard)
    found = [matches(words, others, normaliser, "match_as_written")]
    if spaced:
        (aligned,) = align([words], [others])
        found.append(Score(error_rate(normaliser, name="wer_as_written"), aligned.counts()))
    return found
