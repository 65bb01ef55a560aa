from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from modellab.bundle.paragraphs import LONG_S, LONGEST_S, PAUSE_S, join, paragraphs, timed_words
from modellab.speech.word_times import ends_sentence
from modellab.surfaces.results import Transcript, Utterance, Word

Say = Callable[..., Utterance]


def texts(*utterances: Utterance) -> list[tuple[str | None, str]]:
    return [(p.speaker, p.text) for p in paragraphs(Transcript(list(utterances), 1000.0))]


def test_one_speakers_utterances_join_until_someone_else_talks(say: Say) -> None:
    assert texts(say("a b", 0.0, "X"), say("c", 1.0, "X"), say("d", 2.0, "Y"), say("e", 3.0, "X")) == [
        ("X", "a b c"),
        ("Y", "d"),
        ("X", "e"),
    ]


def test_a_pause_begins_a_new_paragraph(say: Say) -> None:
    assert texts(say("a", 0.0), say("b", 0.5 + PAUSE_S)) == [(None, "a"), (None, "b")]
    assert texts(say("a", 0.0), say("b", 0.49 + PAUSE_S)) == [(None, "a b")]


def test_a_long_paragraph_ends_with_a_sentence(say: Say) -> None:
    spoken = say("one two. three four. five", 0.0, word_s=LONG_S / 3)
    assert texts(spoken) == [(None, "one two. three four."), (None, "five")]


def test_the_longest_paragraph_ends_anywhere(say: Say) -> None:
    assert texts(say("a b c d", 0.0, word_s=LONGEST_S / 2)) == [(None, "a b"), (None, "c d")]


def test_words_without_spaces_between_them_join_without() -> None:
    words = [Word("今日", 0, 1, space_before=False), Word("は", 1, 2, space_before=False), Word("OK", 2, 3)]
    assert join(words) == "今日は OK"


def test_a_word_without_speaker_gets_its_utterances() -> None:
    spoken = Utterance(0, 2, "a b", [Word("a", 0, 1, speaker="X"), Word("b", 1, 2)], "Y")
    assert [word.speaker for word in timed_words(spoken)] == ["X", "Y"]


def test_text_without_words_shares_out_its_time_by_length() -> None:
    spoken = timed_words(Utterance(10.0, 20.0, "aaa bbbbbbb", speaker="X"))
    assert [(w.text, w.start_s, w.end_s, w.speaker) for w in spoken] == [("aaa", 10, 13, "X"), ("bbbbbbb", 13, 20, "X")]


def test_empty_words_and_utterances_vanish() -> None:
    assert texts(Utterance(0, 1, "", []), Utterance(1, 2, " ", [Word(" \n", 1, 2)])) == []


def test_sentence_ends() -> None:
    ending, open_ = ["a.", "b?”", "c。", "f!)", "؟"], ["d,", "e", ".g"]
    assert [text for text in [*ending, *open_] if ends_sentence(text)] == ending


@given(st.lists(st.tuples(st.sampled_from([None, "X", "Y"]), st.floats(0, 5), st.floats(0, 100)), max_size=60))
def test_no_word_is_lost_and_no_paragraph_mixes_speakers(spoken: list[tuple[str | None, float, float]]) -> None:
    time_s, words = 0.0, []
    for number, (speaker, gap_s, length_s) in enumerate(spoken):
        time_s += gap_s
        words.append(Word(f"w{number}.", time_s, time_s + length_s, speaker=speaker))
        time_s += length_s
    result = paragraphs(Transcript([Utterance(0, time_s, "", words)], time_s)) if words else []
    assert [word for paragraph in result for word in paragraph.words] == words
    assert all(len({word.speaker for word in paragraph.words}) == 1 for paragraph in result)
