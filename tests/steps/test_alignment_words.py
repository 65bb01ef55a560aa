"""Words onto speakers: exact small cases, a naive oracle, and the time it takes."""

import time

from hypothesis import given
from hypothesis import strategies as st

from modellab.speech.alignment import assign_speakers, group_words, with_speakers
from modellab.surfaces.results import MIN_WORD_S, Turn, Word


def word(start_s: float, end_s: float, speaker: str | None = None, text: str = "w", space: bool = True) -> Word:
    return Word(text, start_s, end_s, speaker=speaker, space_before=space)


def test_a_word_goes_to_who_talks_longest_in_it() -> None:
    turns = [Turn(0.0, 1.3, "A"), Turn(1.3, 3.0, "B")]
    assert assign_speakers([word(1.0, 1.5), word(1.0, 1.7), word(2.0, 2.5)], turns, 0.0) == ["A", "B", "B"]


def test_a_speakers_turns_within_a_word_add_up() -> None:
    turns = [Turn(0.0, 0.2, "A"), Turn(0.2, 0.5, "B"), Turn(0.5, 0.75, "A")]
    assert assign_speakers([word(0.0, 0.75)], turns, 0.0) == ["A"]


def test_in_overlapped_speech_the_floor_stays_with_who_began_first() -> None:
    turns = [Turn(4.0, 6.0, "A"), Turn(0.0, 10.0, "B")]
    assert assign_speakers([word(4.5, 5.0)], turns, 0.0) == ["B"]


def test_equal_shares_go_to_the_turn_that_began_first() -> None:
    turns = [Turn(0.0, 1.0, "B"), Turn(1.0, 2.0, "A")]
    assert assign_speakers([word(0.5, 1.5)], turns, 0.0) == ["B"]


def test_in_a_gap_the_nearest_turn_within_the_limit_wins() -> None:
    turns = [Turn(0.0, 1.0, "A"), Turn(3.0, 4.0, "B")]
    words = [word(1.25, 1.5), word(2.5, 2.75), word(1.75, 2.25), word(6.0, 6.5)]
    assert assign_speakers(words, turns, 1.0) == ["A", "B", "A", None]
    assert assign_speakers(words, turns, 0.25) == ["A", "B", None, None]
    assert assign_speakers(words, turns, 0.0) == [None] * 4
    assert assign_speakers(words, turns, 2.0) == ["A", "B", "A", "B"]


def test_an_equal_gap_goes_to_the_turn_before() -> None:
    assert assign_speakers([word(2.0, 3.0)], [Turn(4.0, 5.0, "B"), Turn(0.0, 1.0, "A")], 5.0) == ["A"]


def test_the_turn_before_is_the_one_that_ended_last_not_the_one_that_began_last() -> None:
    turns = [Turn(0.0, 5.0, "A"), Turn(1.0, 2.0, "B")]
    assert assign_speakers([word(5.5, 6.0)], turns, 1.0) == ["A"]


def test_words_without_length_count_as_20_ms() -> None:
    assert MIN_WORD_S == 0.02
    assert assign_speakers([word(1.0, 1.0)], [Turn(0.0, 1.005, "A"), Turn(1.005, 2.0, "B")], 0.0) == ["A"]


def test_turns_without_length_and_no_turns_give_nobody() -> None:
    assert assign_speakers([word(1.0, 2.0)], [Turn(1.5, 1.5, "A")], 9.0) == [None]
    assert assign_speakers([word(1.0, 2.0)], [], 9.0) == [None]
    assert assign_speakers([], [Turn(0.0, 1.0, "A")], 9.0) == []


# Sixty-fourths of a second are exact in binary, so the oracle's sums are the sweep's sums whatever their order.
_ticks = st.integers(0, 640)
_words = st.lists(st.tuples(_ticks, st.integers(0, 64)), max_size=12)
_turns = st.lists(st.tuples(_ticks, st.integers(0, 200), st.sampled_from("ABC")), max_size=10)


def naive_speaker(spoken: Word, turns: list[Turn], max_gap_s: float) -> str | None:
    """The rule of `assign_speakers`, word by word over all turns."""
    start_s, end_s = spoken.start_s, spoken.end_s
    if end_s - start_s < MIN_WORD_S:
        middle_s = (start_s + end_s) / 2
        start_s, end_s = middle_s - MIN_WORD_S / 2, middle_s + MIN_WORD_S / 2
    ordered = sorted((t for t in turns if t.end_s > t.start_s), key=lambda t: (t.start_s, t.end_s, t.speaker))
    shares: dict[str, float] = {}
    for turn in ordered:
        share_s = min(end_s, turn.end_s) - max(start_s, turn.start_s)
        if share_s > 0:
            shares[turn.speaker] = shares.get(turn.speaker, 0.0) + share_s
    best: str | None = None
    for speaker, share_s in shares.items():
        if best is None or share_s > shares[best]:
            best = speaker
    if best is not None:
        return best
    nearest: tuple[float, bool] | None = None
    for turn in ordered:
        after = turn.start_s >= end_s
        gap = (turn.start_s - end_s if after else start_s - turn.end_s, after)
        if gap[0] <= max_gap_s and (nearest is None or gap < nearest):
            nearest, best = gap, turn.speaker
    return best


@given(words=_words, turns=_turns, gap=st.integers(0, 200))
def test_the_sweep_agrees_with_a_scan_of_all_turns(
    words: list[tuple[int, int]], turns: list[tuple[int, int, str]], gap: int
) -> None:
    spoken = [word(start / 64, (start + length) / 64) for start, length in words]
    spans = [Turn(start / 64, (start + length) / 64, speaker) for start, length, speaker in turns]
    expected = [naive_speaker(w, spans, gap / 64) for w in spoken]
    assert assign_speakers(spoken, spans, gap / 64) == expected


def test_three_hours_take_well_under_a_second() -> None:
    words = [word(i * 0.36, i * 0.36 + 0.3) for i in range(30_000)]
    turns = [Turn(i * 3.6, i * 3.6 + 5.0, f"SPEAKER_{i % 6:02d}") for i in range(3_000)]
    started = time.process_time()
    speakers = assign_speakers(words, turns, 1.0)
    group_words(with_speakers(words, speakers), 1.0)
    assert time.process_time() - started < 1.0
    assert speakers[0] == "SPEAKER_00"
    assert None not in speakers


def test_utterances_end_at_a_change_of_speaker_and_at_a_long_pause() -> None:
    words = [
        word(0.0, 0.5, "A", "Hello,"),
        word(0.5, 1.0, "A", "world"),
        word(1.0, 1.2, "A", "!", space=False),
        word(1.3, 1.6, "B", "Hi."),
        word(2.6, 2.9, "B", "So"),
        word(4.0, 4.2, "B", "late"),
        word(4.2, 4.4, None, "psst"),
    ]
    made = [(u.speaker, u.start_s, u.end_s, u.text) for u in group_words(words, 1.0)]
    assert made == [
        ("A", 0.0, 1.2, "Hello, world!"),
        ("B", 1.3, 2.9, "Hi. So"),
        ("B", 4.0, 4.2, "late"),
        (None, 4.2, 4.4, "psst"),
    ]
    assert [w for u in group_words(words, 1.0) for w in u.words] == words
