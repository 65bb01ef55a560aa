"""The suite asr: which figures a transcript gets of which reference, with their components."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from modellab.datasets.reference import Reference, ReferenceUtterance
from modellab.metrics.alignment import AlignedWord, alignment
from modellab.metrics.normalisers import named
from modellab.metrics.score import Score
from modellab.metrics.suites import suite
from modellab.surfaces.results import Segment, Transcript, Utterance, Word


def heard(text: str) -> Transcript:
    """A transcript whose words last a second each."""
    words = [Word(word, float(place), place + 1.0) for place, word in enumerate(text.split())]
    return Transcript([Utterance(0.0, float(len(words)), text, words)] if words else [], float(len(words)))


def scored(reference: Reference, transcript: Transcript) -> dict[str, Score]:
    found: list[Score] = suite("asr").scores(reference, transcript)
    names = [score.metric.name for score in found]
    assert names == [name for name in suite("asr").METRICS if name in names]
    return {score.metric.name: score for score in found}


def test_a_german_transcript_gets_every_rate_of_words() -> None:
    reference = Reference("de", "Der Hauptbahnhof hat einundzwanzig Gleise.")
    found = scored(reference, heard("Der Haupt Bahnhof hat 21 Gleise"))
    values = {name: (score.numerator, score.denominator) for name, score in found.items()}
    assert values["wer"] == (3, 5)
    assert values["wer_without_boundaries"] == (1, 5)
    assert values["wer_by_language"] == (2, 5)
    assert values["wer_as_written"] == (4, 5)
    assert [values[name] for name in values if name.startswith("match")] == [(0, 1)] * 4
    assert found["wer_without_boundaries"]["boundary_errors"] == 2


def test_a_chinese_transcript_gets_rates_of_characters_only() -> None:
    found = scored(Reference("zh", "二十，世界"), heard("20世界们"))
    assert found["cer"].components == {"length": 4, "substitutions": 2, "deletions": 0, "insertions": 1}
    assert found["cer_by_language"].components == {"length": 4, "substitutions": 0, "deletions": 0, "insertions": 1}
    assert not any(name.startswith("wer") for name in found)


def test_words_in_silence_are_errors_and_none_are_a_match() -> None:
    invented = scored(Reference("en", ""), heard("thank you"))
    assert (invented["wer"].numerator, invented["wer"].value, invented["match"].value) == (2, None, 0.0)
    quiet = scored(Reference("en", ""), heard(""))
    assert (quiet["wer"].numerator, quiet["wer"].value, quiet["match"].value) == (0, None, 1.0)


def test_without_words_in_the_reference_there_are_no_scores() -> None:
    assert suite("asr").scores(Reference("en", speech=[Segment(0.0, 1.0)]), heard("a")) == []


def test_speakers_are_read_in_order_of_time_and_only_the_scored_part() -> None:
    turns = [
        ReferenceUtterance(2.0, 4.0, "b", "two words"),
        ReferenceUtterance(0.0, 2.0, "a", "first here"),
        ReferenceUtterance(4.0, 6.0, "a", "not scored"),
    ]
    transcript = heard("first here two words something else")
    whole = scored(Reference("en", utterances=turns), transcript)
    assert whole["wer"].components == {"length": 6, "substitutions": 2, "deletions": 0, "insertions": 0}
    said = "first here two words not scored"
    part = scored(Reference("en", said, utterances=turns, evaluated=[Segment(0.0, 4.0)]), transcript)
    assert part["wer"].components == {"length": 4, "substitutions": 0, "deletions": 0, "insertions": 0}


CHARACTERS = some.sampled_from(list("aB1$£%.,'’-–()[]<> \n\t\u00a0\u200b٣½Ⅷ你ß\u0301ไ่🙂\x00"))
TEXTS = some.text(CHARACTERS, max_size=25)


@given(TEXTS, TEXTS, some.sampled_from([None, "en", "de", "fr", "es", "ar", "zh", "th", "hi"]))
def test_no_text_is_too_odd(expected: str, said: str, language: str | None) -> None:
    transcript = heard(said)
    reference = Reference(language, expected, words=heard(expected).words)
    for score in scored(reference, transcript).values():
        assert score.error is None or score.metric.name in ("word_start_error", "word_end_error")


def test_words_of_a_reference_are_text_where_there_is_none() -> None:
    words = [Word("你", 0.0, 1.0), Word("好", 1.0, 2.0, space_before=False)]
    assert scored(Reference("zh", words=words), heard("你好"))["match_as_written"].value == 1.0


def test_words_side_by_side() -> None:
    assert alignment("The cat sat down", "the bat sat there now", named("basic")) == [
        AlignedWord("equal", "the", "the"),
        AlignedWord("substitute", "cat", "bat"),
        AlignedWord("equal", "sat", "sat"),
        AlignedWord("insert", None, "there"),
        AlignedWord("substitute", "down", "now"),
    ]


@pytest.mark.parametrize("name", ["english", "basic", "none"])
def test_nothing_beside_something_is_one_sided(name: str) -> None:
    assert alignment("", "a word", named(name)) == [
        AlignedWord("insert", None, "a"),
        AlignedWord("insert", None, "word"),
    ]
    assert alignment("a word", "", named(name)) == [
        AlignedWord("delete", "a", None),
        AlignedWord("delete", "word", None),
    ]
