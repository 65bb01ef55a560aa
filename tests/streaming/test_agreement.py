"""LocalAgreement as a policy: exact cases, and what holds of any hypotheses."""

from hypothesis import given
from hypothesis import strategies as st

from modellab.streaming.agreement import Agreement, after_settled, agreed, spelled
from modellab.surfaces.results import Word


def said(text: str, start_s: float = 0.0, each_s: float = 0.5) -> list[Word]:
    """Words of half a second each."""
    return [Word(word, start_s + n * each_s, start_s + (n + 1) * each_s) for n, word in enumerate(text.split())]


def texts(words: object) -> str:
    return " ".join(word.text for word in words)  # type: ignore[attr-defined]


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert [spelled(word) for word in ("Don't", "dont,", "İ", "Straße!", "…", "?")] == [
        *("dont", "dont", "i", "strasse", "…", "?"),
    ]
    assert agreed([said("ask not what"), said("Ask not, who")]) == 2
    assert agreed([said("ask not"), said("")]) == 0
    assert agreed([said("a b c"), said("a b c d"), said("a b x")]) == 2


def test_what_two_hypotheses_share_from_the_beginning_is_settled_once() -> None:
    agreement = Agreement()
    assert texts(agreement.hear(said("and so much"), 0.0)) == ""
    assert texts(agreement.unsettled) == "and so much"
    assert texts(agreement.hear(said("And so my fellow"), 0.0)) == "And so"
    assert texts(agreement.unsettled) == "my fellow"
    assert texts(agreement.hear(said("And so my fellow Americans"), 0.0)) == "my fellow"
    # A settled word that is heard as another one stays, and so do the times it had.
    assert texts(agreement.hear(said("And sow my fellow Americans ask", each_s=0.52), 0.0)) == "Americans"
    assert agreement.settled[1] == Word("so", 0.5, 1.0)
    assert texts(agreement.end()) == "ask"
    assert (agreement.end(), agreement.unsettled) == ([], [])


def test_three_hypotheses_settle_less() -> None:
    agreement = Agreement(3)
    assert texts(agreement.hear(said("a b c"), 0.0)) == ""
    assert texts(agreement.hear(said("a b c"), 0.0)) == ""
    assert texts(agreement.hear(said("a b d"), 0.0)) == "a b"
    assert texts(agreement.hear(said("a b d"), 0.0)) == ""
    assert texts(agreement.hear(said("a b d e"), 0.0)) == "d"


def test_an_ended_segment_takes_no_part_in_the_next_agreement() -> None:
    agreement = Agreement()
    agreement.hear(said("yes please"), 0.0)
    assert texts(agreement.end()) == "yes please"
    assert texts(agreement.hear(said("yes please thank you"), 0.0)) == ""
    assert texts(agreement.hear(said("yes please thank you all"), 0.0)) == "thank you"


def test_settled_words_are_dropped_by_their_text() -> None:
    settled = said("we go to a big house")
    assert texts(after_settled(settled, 0.0, said("We go to a big house there", each_s=0.3))) == "there"
    # A short word after a settled one of uncertain end: times alone would lose it.
    assert texts(after_settled(settled, 0.0, [*said("we go to a big house"), Word("I", 2.9, 2.95)])) == "I"


def test_words_heard_again_behind_a_cut_are_dropped_and_repeated_ones_stay() -> None:
    settled = said("no no no")  # until 1.5
    assert texts(after_settled(settled, 1.5, said("no way", 1.5, 0.1))) == "way"  # the end of the last one
    assert texts(after_settled(settled, 1.5, said("no way", 1.6, 0.5))) == "no way"  # said once more
    assert texts(after_settled(settled, 1.5, said("well", 1.4))) == "well"


def test_what_is_forgotten_is_only_what_can_not_come_again() -> None:
    agreement = Agreement()
    agreement.hear(said("a b c d e f g h i j"), 0.0)
    agreement.end()
    agreement.forget(4.0)
    assert texts(agreement.settled) == "d e f g h i j"
    agreement.forget(99.0)
    assert texts(agreement.settled) == "f g h i j"


WORDS = st.lists(st.sampled_from("abc"), max_size=6).map(lambda words: said(" ".join(words)))


@given(st.lists(WORDS, max_size=6), st.integers(2, 3))
def test_settled_words_follow_from_the_hypotheses_alone_and_stay(heard: list[list[Word]], wanted: int) -> None:
    agreement = Agreement(wanted)
    for number, words in enumerate(heard):
        before = list(agreement.settled)
        new = agreement.hear(words, 0.0)
        assert agreement.settled == [*before, *new]
        if number < wanted - 1:
            assert new == []
        if not before and number >= wanted - 1:  # nothing was settled yet: the plain definition
            assert len(new) == agreed(heard[number - wanted + 1 : number + 1])
