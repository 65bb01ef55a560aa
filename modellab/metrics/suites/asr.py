"""What a transcript is held against: the words of the reference, how they are written, when they are said, and how sure
the model was of them."""

from collections.abc import Iterator

from modellab.datasets.reference import Reference
from modellab.metrics.alignment import Alignment, align
from modellab.metrics.calibration import calibration_scores, judged
from modellab.metrics.normalisers import Normaliser, language_normaliser, named, normaliser_for
from modellab.metrics.placing import placed
from modellab.metrics.recall import capitalised, entities_recalled, listed, numbers_recalled
from modellab.metrics.score import Score
from modellab.metrics.spoken import reference_text, transcript_text, words_within
from modellab.metrics.timelines import trouble_with
from modellab.metrics.transcription import (
    boundary_free_errors,
    character_errors,
    error_rate,
    matches,
    matches_unspaced,
)
from modellab.metrics.word_times import TOLERANCES_MS, time_errors, without_times, word_time_scores
from modellab.metrics.writing import writing_errors
from modellab.surfaces.results import Transcript

METRICS = (
    *("wer", "cer", "wer_without_boundaries", "wer_by_language", "cer_by_language", "wer_as_written"),
    *("match", "match_unspaced", "match_by_language", "match_as_written"),
    *("number_recall", "entity_recall", "punctuation_error", "case_error"),
    *("word_start_error", "word_end_error", *(f"word_times_within_{ms}_ms" for ms in TOLERANCES_MS)),
    *("ece", "brier"),
)


def scores(reference: Reference, transcript: Transcript) -> list[Score]:
    """All scores of a transcript, in the order of `METRICS`; none where it is not known what was said."""
    text = reference_text(reference)
    if text is None:
        return []
    expected, heard = (" ".join(one.split()) for one in (text, transcript_text(transcript, reference.evaluated)))
    usual, own = normaliser_for(reference.language), language_normaliser(reference.language)
    by_default = _aligned(expected, heard, usual)
    by_language = by_default if own is None else _aligned(expected, heard, own)
    found = [
        *_by_default(by_default, usual),
        *(_by_language(by_language, own) if own is not None else ()),
        *_as_written(expected, heard, spaced=usual.unit == "word"),
        *_confidence(expected, reference, transcript, usual),
        *_times(reference, transcript, usual),
    ]
    if usual.unit == "word":
        found += writing_errors(expected, heard)
        recalled = numbers_recalled(by_language, own or usual), _entities(expected, by_default, reference, usual)
        found += [score for score in recalled if score is not None]
    return sorted(found, key=lambda score: METRICS.index(score.metric.name))


def _aligned(expected: str, heard: str, normaliser: Normaliser) -> Alignment:
    return align([normaliser.tokens(expected)], [normaliser.tokens(heard)])[0]


def _by_default(found: Alignment, normaliser: Normaliser) -> Iterator[Score]:
    words, others = found.reference, found.hypothesis
    yield matches(words, others, normaliser)
    yield Score(error_rate(normaliser), found.counts())
    if normaliser.unit == "word":
        yield character_errors(words, others, normaliser)
        yield boundary_free_errors(found, normaliser)
        yield matches_unspaced(words, others, normaliser)


def _by_language(found: Alignment, normaliser: Normaliser) -> Iterator[Score]:
    name = "wer_by_language" if normaliser.unit == "word" else "cer_by_language"
    yield Score(error_rate(normaliser, name=name), found.counts())
    yield matches(found.reference, found.hypothesis, normaliser, "match_by_language")


def _as_written(expected: str, heard: str, spaced: bool) -> Iterator[Score]:
    normaliser = named("none")
    words, others = normaliser.tokens(expected), normaliser.tokens(heard)
    yield matches(words, others, normaliser, "match_as_written")
    if spaced:
        yield Score(error_rate(normaliser, name="wer_as_written"), align([words], [others])[0].counts())


def _entities(expected: str, found: Alignment, reference: Reference, normaliser: Normaliser) -> Score | None:
    words = expected.split()
    names = reference.names
    entities = capitalised(words, reference.language) if names is None else listed(words, names)
    if not entities:
        return None
    return entities_recalled(found, placed(words, normaliser), entities, normaliser, listed=names is not None)


def _confidence(expected: str, reference: Reference, transcript: Transcript, normaliser: Normaliser) -> list[Score]:
    words = judged(expected, words_within(transcript.words, reference.evaluated), normaliser)
    return calibration_scores(words, normaliser) if words.probabilities else []


def _times(reference: Reference, transcript: Transcript, normaliser: Normaliser) -> list[Score]:
    if not reference.words:
        return []
    expected = words_within(sorted(reference.words, key=lambda one: (one.start_s, one.end_s)), reference.evaluated)
    heard = words_within(transcript.words, reference.evaluated)
    trouble = trouble_with(transcript.words, "word")
    if transcript.text.strip() and not transcript.words:
        trouble = "the transcript has no times of words"
    if trouble:
        return without_times(normaliser, trouble)
    return word_time_scores(time_errors(expected, heard, normaliser), normaliser)
