"""Names and numbers of the reference that were heard."""

import pytest

from modellab.datasets.reference import Reference
from modellab.metrics.recall import capitalised, listed
from modellab.metrics.score import Score
from modellab.metrics.suites.asr import scores
from modellab.surfaces.results import Transcript, Utterance


def score(name: str, language: str | None, reference: str, heard: str, names: list[str] | None = None) -> Score | None:
    transcript = Transcript([Utterance(0.0, 1.0, heard)], 1.0)
    found = scores(Reference(language, reference, names=names), transcript)
    return next((one for one in found if one.metric.name == name), None)


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        ("We met Mr. Smith in New York, Paris and on Monday.", "en", ["Mr. Smith", "New York,", "Paris", "Monday."]),
        ("Smith came. So Smith went. I said I'm here.", "en", ["Smith", "Smith"]),
        ("Smith came and went.", "en", []),
        ('He said the "White House" is white. White is nice.', "en", ['"White House"']),
        ("The cat saw The End of the film", "en", ["The End"]),
        ("Er kennt Herrn Schmidt in der Stadt.", "de", []),
        ("Il connaît Marie Curie.", "fr", ["Marie Curie."]),
        ("WE MET SMITH", "en", []),
        ("we met smith", "en", []),
        ("we met Smith", None, []),
        ("", "en", []),
    ],
)
def test_capitals_mark_names(text: str, language: str | None, names: list[str]) -> None:
    words = text.split()
    assert [" ".join(words[place.start : place.stop]) for place in capitalised(words, language)] == names


def test_listed_names_are_found_each_time_they_are_said() -> None:
    words = ["Ann's", "dog", "and", "ann", "smith,", "and", "Ann", "Smith."]
    assert listed(words, ["Ann Smith", "ann smith", "dog", "Bob", ""]) == [range(1, 2), range(3, 5), range(6, 8)]


def test_a_name_is_heard_when_all_its_words_are() -> None:
    reference = "We met Mr. Smith in New York, and Anna."
    found = score("entity_recall", "en", reference, "we met mister smith in new cork and anna")
    assert found is not None and (found["recalled"], found["entities"]) == (2, 3)
    named = score("entity_recall", "de", "wir sahen anna", "wir sahen anna", names=["Anna", "Bert"])
    assert named is not None and (named["recalled"], named["entities"]) == (1, 1)
    assert named.metric.protocol != found.metric.protocol


def test_where_the_reference_has_no_name_or_number_there_is_no_score() -> None:
    assert score("entity_recall", "en", "we saw a cat", "we saw a cat") is None
    assert score("entity_recall", "en", "we saw Anna", "we saw Anna", names=[]) is None
    assert score("number_recall", "en", "we saw one cat", "we saw one cat") is None


@pytest.mark.parametrize(
    ("language", "reference", "heard", "expected"),
    [
        ("en", "twenty-one dollars, 3 cats on the 2nd", "$21 4 cats on the second", (2, 3)),
        ("de", "einundzwanzig Gleise, 3 Züge", "21 Gleise, vier Züge", (1, 2)),
        ("pl", "mam 3 koty i 20 psów", "mam trzy koty i 20 psów", (1, 2)),
        ("en", "call 5 5 5", "", (0, 3)),
    ],
)
def test_numbers(language: str, reference: str, heard: str, expected: tuple[int, int]) -> None:
    found = score("number_recall", language, reference, heard)
    assert found is not None and (found["recalled"], found["numbers"]) == expected
