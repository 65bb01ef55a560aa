from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.text.dialogues import load_dialogues, transcript_of
from modellab.text.sentences import split_sentences, tokens


def spans(transcript: Transcript) -> list[tuple[str, str | None, int, int]]:
    return [(s.text, s.speaker, s.first_word, s.end_word) for s in split_sentences(transcript)]


def test_punctuation_and_speakers_end_sentences() -> None:
    transcript = transcript_of([("A", "Dr. Bell paid 3.5 million. Really? Yes"), ("B", "fine.")])
    assert spans(transcript) == [
        ("Dr. Bell paid 3.5 million.", "A", 0, 5),
        ("Really?", "A", 5, 6),
        ("Yes", "A", 6, 7),
        ("fine.", "B", 7, 8),
    ]


def test_a_full_stop_before_i_is_seen() -> None:
    assert [s[0] for s in spans(transcript_of([("A", "Fine with me. I'll write it down.")]))] == [
        "Fine with me.",
        "I'll write it down.",
    ]


def test_a_sentence_goes_on_over_the_recogniser_s_segments() -> None:
    words = [Word("we", 0, 1), Word("ship", 1, 2), Word("it", 2, 3), Word("today.", 3, 4)]
    transcript = Transcript([Utterance(0, 2, "we ship", words[:2]), Utterance(2, 4, "it today.", words[2:])], 4, "en")
    assert spans(transcript) == [("we ship it today.", None, 0, 4)]


def test_a_long_pause_ends_a_sentence_without_punctuation() -> None:
    words = [Word("one", 0, 1), Word("two", 1, 2), Word("three", 4.0, 5)]
    assert [s[0] for s in spans(Transcript([Utterance(0, 5, "", words)], 5, "en"))] == ["one two", "three"]


def test_a_word_without_speaker_stays_with_its_neighbours() -> None:
    words = [Word("we", 0, 1, speaker="A"), Word("ship", 1, 2), Word("it.", 2, 3, speaker="A")]
    assert spans(Transcript([Utterance(0, 3, "", words)], 3, "en")) == [("we ship it.", "A", 0, 3)]


def test_japanese_has_no_spaces() -> None:
    words = [
        Word(w, i, i + 1, space_before=False) for i, w in enumerate(["こんにちは。", "元気", "ですか？", "はい。"])
    ]
    assert [s[0] for s in spans(Transcript([Utterance(0, 4, "", words)], 4, "ja"))] == [
        "こんにちは。",
        "元気ですか？",
        "はい。",
    ]


def test_a_monologue_without_punctuation_is_cut_at_its_longest_pauses() -> None:
    words, now = [], 0.0
    for index in range(130):
        now += 1.5 if index in (50, 90) else 0.1
        words.append(Word("word", now, now + 0.2))
        now += 0.2
    found = spans(Transcript([Utterance(0, now, "", words)], now, "en"))
    assert [(first, end) for *_, first, end in found] == [(0, 50), (50, 90), (90, 130)]


def test_nothing_said_gives_no_sentences() -> None:
    assert split_sentences(Transcript([], 3.0)) == []


def test_tokens_keep_apostrophes_and_drop_punctuation() -> None:
    assert tokens("I’ll — pay 3,500… to O'Neil!") == ["i'll", "pay", "3", "500", "to", "o'neil"]


turns = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", None]),
        st.lists(
            st.sampled_from(["yes.", "e.g.", "I", "3.5", "we", "U.S.", "what?!", "...", "(so)", "Ok"]), min_size=1
        ),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(turns)
def test_every_word_is_in_exactly_one_sentence(said: list[tuple[str | None, list[str]]]) -> None:
    transcript = transcript_of([(speaker, " ".join(words)) for speaker, words in said])
    found = split_sentences(transcript)
    assert [i for s in found for i in range(s.first_word, s.end_word)] == list(range(len(transcript.words)))
    for sentence in found:
        inside = transcript.words[sentence.first_word : sentence.end_word]
        assert {word.speaker for word in inside} <= {sentence.speaker, None}
        assert (sentence.start_s, sentence.end_s) == (inside[0].start_s, inside[-1].end_s)
        assert sentence.text == " ".join(word.text for word in inside)


def test_the_labelled_dialogues_point_at_real_turns() -> None:
    for split in ("dev", "test"):
        for dialogue in load_dialogues(split):
            assert dialogue.topics[0][0] == 0
            assert all(0 <= turn < len(dialogue.turns) for action in dialogue.actions for turn in action.turns)
