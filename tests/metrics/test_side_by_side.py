"""Where two transcripts differ, with what was said and where to hear it."""

from hypothesis import given
from hypothesis import strategies as some

from modellab.datasets.reference import Reference
from modellab.metrics.side_by_side import Difference, ErrorStretch, differences, error_stretches
from modellab.metrics.transcription import transcription_error
from modellab.surfaces.results import Segment, Transcript, Utterance, Word


def heard(text: str) -> Transcript:
    """A transcript whose words last a second each."""
    words = [Word(word, float(place), place + 1.0) for place, word in enumerate(text.split())]
    return Transcript([Utterance(0.0, float(len(words)), text, words)], float(len(words)))


def test_stretches_that_differ_with_their_errors_and_times() -> None:
    reference = Reference("en", "We can't pay twenty one dollars to Mr. Smith today.")
    first = heard("We cannot pay $21 to mister Smith today")
    second = heard("we can not pay twenty dollars to Mr. Smyth again today")
    assert differences(reference, first, second) == [
        Difference("can not", "cannot", "can not", 2, 0, Segment(1.0, 3.0)),
        Difference("$21", "$21", "$20", 0, 1, Segment(3.0, 6.0)),
        Difference("smith", "smith", "smyth again", 0, 2, Segment(6.0, 10.0)),
    ]


def test_what_both_got_wrong_in_the_same_way_is_no_difference() -> None:
    assert differences(Reference("en", "a cat sat"), heard("a bat sat"), heard("a bat sat")) == []
    assert differences(Reference("en"), heard("a"), heard("b")) == []


def test_words_one_left_out_words_in_silence_and_a_language_without_spaces() -> None:
    assert differences(Reference("fr", "un deux"), heard("un deux"), heard("")) == [
        Difference("un deux", "un deux", "", 0, 2, Segment(0.0, 2.0))
    ]
    assert differences(Reference("fr", ""), heard(""), heard("merci")) == [
        Difference("", "", "merci", 0, 1, Segment(0.0, 1.0))
    ]
    untimed = Transcript([Utterance(0.0, 1.0, "你号")], 1.0)
    assert differences(Reference("zh", "你好"), untimed, heard("你好")) == [
        Difference("好", "号", "好", 1, 0, Segment(0.0, 1.0))
    ]


TEXTS = some.lists(some.sampled_from("abc"), max_size=8).map(" ".join)


@given(TEXTS, TEXTS, TEXTS)
def test_the_difference_of_errors_is_all_in_the_stretches(said: str, one: str, other: str) -> None:
    found = differences(Reference("fr", said), heard(one), heard(other))
    errors = [transcription_error(said, text, "fr").numerator for text in (one, other)]
    assert sum(d.first_errors - d.second_errors for d in found) == errors[0] - errors[1]
    assert (found == []) <= (errors[0] == errors[1])
    assert all((d.first, d.reference) != (d.second, d.reference) for d in found)


def test_stretches_in_which_any_is_wrong_with_the_words_around_them() -> None:
    reference = Reference("en", "We can't pay twenty one dollars to Mr. Smith today.")
    right = heard("We can not pay $21 to Mr. Smith today")
    first, second = (
        heard("We cannot pay $21 to mister Smith today"),
        heard("we can not pay $21 to Mr. Smyth again today"),
    )
    assert error_stretches(reference, [right]) == []
    assert error_stretches(reference, [first, second, right]) == [
        ErrorStretch("we", "can not", "pay $21 to", ("cannot", "can not", "can not"), (2, 0, 0), Segment(1.0, 3.0)),
        ErrorStretch(
            "$21 to mister", "smith", "today", ("smith", "smyth again", "smith"), (0, 2, 0), Segment(6.0, 9.0)
        ),
    ]
    assert error_stretches(Reference("en"), [first]) == []


@given(TEXTS, some.lists(TEXTS, min_size=1, max_size=3))
def test_all_errors_are_in_the_stretches(said: str, texts: list[str]) -> None:
    found = error_stretches(Reference("fr", said), [heard(text) for text in texts])
    for place, text in enumerate(texts):
        assert sum(one.errors[place] for one in found) == transcription_error(said, text, "fr").numerator
    assert all(any(one.errors) for one in found)
