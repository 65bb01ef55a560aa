"""WER and CER by language, with exact counts."""

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as some

from modellab.metrics.normalisers import named, normaliser_for
from modellab.metrics.score import Score
from modellab.metrics.transcription import character_errors, errors, transcription_error


def counts(error: Score) -> tuple[str | float, ...]:
    return error.metric.name, *(error[name] for name in ("length", "substitutions", "deletions", "insertions"))


@pytest.mark.parametrize(
    ("reference", "hypothesis", "language", "expected"),
    [
        ("Mr. Smith has $20.", "mister smith has twenty dollars", "en", ("wer", 4, 0, 0, 0)),
        ("the cat sat on the mat all day long", "the bat sat on mat all day long again", "en-US", ("wer", 9, 1, 1, 1)),
        ("", "one cat", "en", ("wer", 0, 0, 0, 2)),
        ("one cat", "", "en", ("wer", 2, 0, 2, 0)),
        ("Größe zählt!", "grosse zählt", "de", ("wer", 2, 1, 0, 0)),
        ("你好，世界", "你好 世 界们", "zh", ("cer", 4, 0, 0, 1)),
        ("広州市", "広東市", "ja", ("cer", 3, 1, 0, 0)),
        ("", "声", "ja", ("cer", 0, 0, 0, 1)),
        ("ไม่มี", "ไมมี", "th", ("cer", 5, 0, 1, 0)),
        ("मैं ठीक हूँ", "मै ठीक हूँ", "hi", ("wer", 3, 1, 0, 0)),
        ("ein Wort", "ein Wort", None, ("wer", 2, 0, 0, 0)),
    ],
)
def test_counts(
    reference: str, hypothesis: str, language: str | None, expected: tuple[str, int, int, int, int]
) -> None:
    assert counts(transcription_error(reference, hypothesis, language)) == expected


def test_the_normaliser_is_named_with_its_version() -> None:
    assert normaliser_for("en-GB").name.startswith("whisper_english-")
    assert normaliser_for("zh").unit == "character"
    assert transcription_error("a", "a", "fr").metric.protocol == normaliser_for("de").name


WORDS = some.lists(some.sampled_from(["a", "b", "ab", "ba", "the", "Über", "d'un", "é", "x.", "5"]), max_size=12)


@given(some.lists(some.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_words_of_many_texts_are_counted_as_jiwer_counts_them(texts: list[tuple[list[str], list[str]]]) -> None:
    references, hypotheses = ([" ".join(words) for words in side] for side in zip(*texts, strict=True))
    found = errors(references, hypotheses, named("none"))
    for score, reference, hypothesis in zip(found, references, hypotheses, strict=True):
        theirs = jiwer.process_words(reference, hypothesis)
        assert counts(score)[2:] == (theirs.substitutions, theirs.deletions, theirs.insertions)
        if reference:
            assert score.value == pytest.approx(theirs.wer, abs=1e-9)
    whole, theirs = sum(found[1:], found[0]), jiwer.process_words(references, hypotheses)
    if any(references):
        assert whole.value == pytest.approx(theirs.wer, abs=1e-9)
    assert whole.numerator == theirs.substitutions + theirs.deletions + theirs.insertions


@given(WORDS, WORDS)
def test_characters_are_counted_as_jiwer_counts_them(reference: list[str], hypothesis: list[str]) -> None:
    score = character_errors(reference, hypothesis, named("none"))
    theirs = jiwer.process_characters(" ".join(reference), " ".join(hypothesis))
    assert counts(score)[2:] == (theirs.substitutions, theirs.deletions, theirs.insertions)
    if reference:
        assert score.value == pytest.approx(theirs.cer, abs=1e-9)
