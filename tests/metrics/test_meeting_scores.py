"""The meeting suite: exact small cases, meeteval called directly, and every way gone through one by one."""

import math
import warnings
from collections.abc import Sequence
from itertools import permutations, product
from typing import Any

import jiwer
import meeteval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.datasets.reference import Reference, ReferenceUtterance
from modellab.metrics.attributed import Spoken, heard, said, spoken_of, streams, times_of, tokens_of
from modellab.metrics.attribution import attribution_scores, turn_changes
from modellab.metrics.combination import few_errors, fewest_errors
from modellab.metrics.edits import as_numbers, distances, timed_edits
from modellab.metrics.meeting import cp_errors, orc_errors, tcp_errors
from modellab.metrics.normalisers import named
from modellab.metrics.score import Score
from modellab.metrics.suites import meeting as suite
from modellab.surfaces.results import Segment, Transcript, Turn, Utterance, Word

NONE = named("none")
REFERENCE = Reference(
    language="en",
    utterances=[
        ReferenceUtterance(0.0, 2.0, "ann", "Good morning, everybody."),
        ReferenceUtterance(2.0, 4.0, "bob", "Hello Ann, hello!"),
        ReferenceUtterance(5.0, 6.0, "ann", "Shall we begin?"),
    ],
)


def by_name(scores: list[Score]) -> dict[str, Score]:
    return {score.metric.name: score for score in scores}


def transcript(*spoken: tuple[str | None, float, str], word_s: float = 0.5) -> Transcript:
    """Utterances of a speaker from a start on, whose words last as long as each other."""
    utterances = []
    for speaker, start_s, text in spoken:
        words = [
            Word(one, start_s + n * word_s, start_s + (n + 1) * word_s, speaker=speaker)
            for n, one in enumerate(text.split())
        ]
        utterances.append(Utterance(start_s, start_s + len(words) * word_s, text, words, speaker))
    return Transcript(utterances, 60.0)


# bob's first word goes to x (right at the change of turns), his second is misheard, ann's last word goes to y.
HEARD = transcript(
    *(("x", 0.0, "good morning everybody hello"), ("y", 2.5, "ban hello"), ("x", 5.0, "shall we")),
    ("y", 6.5, "begin"),
)


def test_a_case_whose_figures_can_be_counted_on_fingers() -> None:
    scores = by_name(suite.scores(REFERENCE, HEARD))
    assert tuple(scores) == suite.METRICS
    # ann against x: hello too much, begin missing. bob against y: hello missing, ann misheard, begin too much.
    edits = {"substitutions": 1, "deletions": 2, "insertions": 2, "length": 9}
    assert dict(scores["cpwer"].components) == {**edits, "speakers_missed": 0, "speakers_invented": 0}
    assert dict(scores["tcpwer"].components) == dict(scores["cpwer"].components)
    # Fewest when "hello ann hello" is held against x's "hello shall we" and "shall we begin" against y.
    assert dict(scores["orc_wer"].components) == {"errors": 4, "length": 9, "exact": 1, "recordings": 1}
    assert dict(scores["wder"].components) == {"wrong_speaker": 2, "aligned": 9}
    origins = {name: scores[f"meeting_{name}_error"].numerator for name in ("recognition", "speaker", "boundary")}
    # ann misheard; begin is no change of turns' neighbour; hello ends where ann's turn does.
    assert origins == {"recognition": 1, "speaker": 1, "boundary": 1}


def test_a_word_is_near_a_change_of_turns_up_to_300_ms() -> None:
    reference = Reference(
        utterances=[
            ReferenceUtterance(0.0, 3.0, "ann", "one two three"),
            ReferenceUtterance(3.0, 6.0, "bob", "four five"),
        ]
    )

    def boundary(start_s: float) -> tuple[float, float]:
        words = [("x", 0.0, "one two"), ("y", start_s, "three"), ("y", 3.5, "four five")]
        scores = by_name(suite.scores(reference, transcript(*words)))
        return scores["meeting_boundary_error"].numerator, scores["meeting_speaker_error"].numerator

    # A word of half a second: it ends at 2.75, 2.65 s; the turn changes at 3.
    assert (boundary(2.25), boundary(2.15)) == ((1, 0), (0, 1))
    # Turns of the reference say when turns change, where they are known.
    turns = [Turn(0.0, 1.0, "ann"), Turn(5.0, 6.0, "bob")]
    moved = Reference(utterances=reference.utterances, turns=turns)
    scores = by_name(suite.scores(moved, transcript(("x", 0.0, "one two"), ("y", 2.25, "three four five"))))
    assert scores["meeting_speaker_error"].numerator == 1


def test_turns_change_where_another_speaker_follows() -> None:
    turns = [Turn(0.0, 1.0, "a"), Turn(1.5, 2.0, "a"), Turn(3.0, 6.0, "b"), Turn(5.0, 7.0, "a")]
    assert turn_changes(turns) == [2.0, 3.0, 5.0, 6.0]
    assert turn_changes([]) == []


def test_the_right_words_at_the_wrong_time_are_wrong_for_tcpwer_alone() -> None:
    late = transcript(
        ("x", 0.0, "good morning everybody"), ("y", 2.0, "hello ann hello"), ("x", 20.0, "shall we begin")
    )
    scores = by_name(suite.scores(REFERENCE, late))
    assert (scores["cpwer"].value, scores["orc_wer"].value, scores["wder"].value) == (0.0, 0.0, 0.0)
    parts = ("substitutions", "deletions", "insertions")
    assert [scores["tcpwer"][part] for part in parts] == [0, 3, 3]


def test_speakers_too_few_and_too_many_are_counted() -> None:
    one = by_name(
        suite.scores(REFERENCE, transcript(("x", 0.0, "good morning everybody hello ann hello shall we begin")))
    )
    # bob's three words are missing at bob and too much at ann.
    assert [one["cpwer"][part] for part in ("deletions", "insertions", "speakers_missed")] == [3, 3, 1]
    assert (one["orc_wer"].value, one["wder"].value) == (0.0, 3 / 9)
    three = by_name(
        suite.scores(
            REFERENCE,
            transcript(
                ("x", 0.0, "good morning everybody"), ("y", 2.0, "hello ann hello"), ("z", 5.0, "shall we begin")
            ),
        )
    )
    assert [three["cpwer"][part] for part in ("deletions", "insertions", "speakers_invented")] == [3, 3, 1]


def test_silence_and_a_transcript_without_words() -> None:
    nothing = by_name(suite.scores(REFERENCE, Transcript([], 60.0)))
    assert {name: nothing[name].value for name in suite.METRICS} == {
        **{"cpwer": 1.0, "tcpwer": 1.0, "orc_wer": 1.0, "wder": None},
        **{"meeting_recognition_error": 1.0, "meeting_speaker_error": 0.0, "meeting_boundary_error": 0.0},
    }
    invented = by_name(suite.scores(Reference(language="en", utterances=[]), HEARD))
    assert {score.value for score in invented.values()} == {None}
    assert [invented[name].numerator for name in ("cpwer", "tcpwer", "orc_wer", "meeting_recognition_error")] == [9] * 4
    assert {score.value for score in suite.scores(Reference(utterances=[]), Transcript([], 60.0))} == {None}
    assert suite.scores(Reference(text="words alone"), HEARD) == []


@pytest.mark.parametrize(
    ("found", "said_of_it"),
    [
        (transcript((None, 0.0, "good morning")), "no word of the transcript has a speaker"),
        (Transcript([Utterance(2.0, 1.0, "a", speaker="x")], 9.0), "utterance 1 of 1 ends before it begins: 2 to 1 s"),
        (
            Transcript([Utterance(0.0, 1.0, "a", [Word("a", 0.0, math.nan, speaker="x")], "x")], 9.0),
            "word 1 of 1 has a time that is no number: 0.0 to nan s",
        ),
    ],
)
def test_a_transcript_that_can_not_be_judged_fails_every_figure(found: Transcript, said_of_it: str) -> None:
    scores = suite.scores(REFERENCE, found)
    assert tuple(score.metric.name for score in scores) == suite.METRICS
    assert {score.error for score in scores} == {said_of_it}


def test_words_of_nobody_are_a_speaker_of_their_own_who_is_always_wrong() -> None:
    scores = by_name(
        suite.scores(
            REFERENCE,
            transcript(
                ("x", 0.0, "good morning everybody"), (None, 2.0, "hello ann hello"), ("x", 5.0, "shall we begin")
            ),
        )
    )
    assert (scores["cpwer"].value, scores["wder"].value) == (0.0, 3 / 9)


def test_only_what_is_evaluated_counts() -> None:
    part = Reference(language="en", utterances=REFERENCE.utterances, evaluated=[Segment(4.5, 6.5)])
    scores = by_name(suite.scores(part, HEARD))
    # "shall we" of x remains; begin is from 6.5 s on.
    assert [scores["cpwer"][key] for key in ("length", "deletions", "insertions")] == [3, 1, 0]


def test_words_with_speakers_are_as_good_as_utterances() -> None:
    words = [
        Word(text, one.start_s, one.end_s, speaker=one.speaker)
        for one in REFERENCE.utterances or []
        for text in one.text.split()
    ]
    scores = [
        suite.scores(Reference(language="en", **known), HEARD)
        for known in ({"words": words}, {"utterances": REFERENCE.utterances})
    ]
    assert [score.value for score in scores[0]] == [score.value for score in scores[1]]
    assert suite.scores(Reference(words=[Word("hello", 0.0, 1.0)]), HEARD) == []


def test_languages_without_spaces_are_compared_by_characters() -> None:
    reference = Reference(language="zh", utterances=[ReferenceUtterance(0.0, 2.0, "a", "你好，世界")])
    words = [Word("你好", 0.0, 1.0, speaker="x"), Word("世间", 1.0, 2.0, space_before=False, speaker="x")]
    score = by_name(suite.scores(reference, Transcript([Utterance(0.0, 2.0, "你好世间", words, "x")], 2.0)))["cpwer"]
    assert (score["substitutions"], score["length"]) == (1, 4)
    assert "unspaced" in score.metric.protocol


def test_words_have_the_times_of_the_words_they_were_normalised_from() -> None:
    words = [
        Word("Twenty", 0.0, 1.0, speaker="x"),
        Word("one,", 3.0, 4.0, speaker="x"),
        Word("Mr.", 6.0, 7.0, speaker="x"),
    ]
    spoken = spoken_of(words, named("english"))
    assert spoken.tokens == ["21", "mister"]
    # 21 is a quarter of the 8 characters, mister the rest, of the 13 that were written.
    (start_s, end_s), (begin_s, finish_s) = spoken.times_s
    assert (start_s, finish_s) == (0.0, 7.0)
    assert end_s == begin_s == pytest.approx(13 / 4 / 6)
    exact = spoken_of(words, NONE)
    assert exact.times_s == [(0.0, 1.0), (3.0, 4.0), (6.0, 7.0)]
    # By its letters f begins in the end of the first word; the second, which it ends with, is over by then.
    overlapping = spoken_of([Word("a.bcde", 0.0, 6.0), Word("f", 1.0, 2.0)], named("basic"))
    assert overlapping.tokens == ["a", "bcde", "f"]
    assert all(start_s <= end_s for start_s, end_s in overlapping.times_s)
    assert spoken_of([Word("ab c", 1.0, 4.0)], NONE).times_s == [(1.0, 3.0), (3.0, 4.0)]


@st.composite
def meetings(draw: st.DrawFn, labels: str, most: int = 4) -> list[Spoken]:
    """Utterances of few different words, in which no speaker overlaps himself."""
    found = []
    for label in labels:
        start_s = 0.0
        for _ in range(draw(st.integers(0, most))):
            start_s += draw(st.floats(0.01, 9.0))
            length_s = draw(st.floats(0.1, 3.0))
            text = " ".join(draw(st.lists(st.sampled_from(["a", "bb", "ccc", "d"]), min_size=1, max_size=5)))
            found.append(spoken_of([Word(text, start_s, start_s + length_s, speaker=label)], NONE))
            start_s += length_s
    return sorted(found, key=lambda one: one.start_s)


def as_segments(spoken: Sequence[Spoken]) -> meeteval.io.SegLST:
    return meeteval.io.SegLST(
        [
            {"session_id": "m", "speaker": one.speaker, "words": " ".join(one.tokens)}
            | {"start_time": one.times_s[0][0], "end_time": one.times_s[-1][1]}
            for one in spoken
        ]
    )


def as_words(spoken: Sequence[Spoken]) -> meeteval.io.SegLST:
    return meeteval.io.SegLST(
        [
            {"session_id": "m", "speaker": one.speaker, "words": token, "start_time": start_s, "end_time": end_s}
            for one in spoken
            for token, (start_s, end_s) in zip(one.tokens, one.times_s, strict=True)
        ]
    )


@settings(max_examples=60, deadline=None)
@given(meetings("abc"), meetings("wxyz", most=3))
def test_cpwer_and_tcpwer_are_those_of_meeteval_called_directly(known: list[Spoken], found: list[Spoken]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = meeteval.wer.cp_word_error_rate(as_segments(known), as_segments(found))
        timed = meeteval.wer.time_constrained_minimum_permutation_word_error_rate(
            as_segments(known), as_segments(found), collar=5.0
        )
        by_word = meeteval.wer.time_constrained_minimum_permutation_word_error_rate(
            as_words(known), as_words(found), collar=5.0
        )
    for ours, theirs in ((cp_errors, plain), (tcp_errors, timed), (tcp_errors, by_word)):
        score = ours(known, found, NONE)
        assert (score.numerator, score.denominator) == (theirs.errors, theirs.length)
        assert score["deletions"] - score["insertions"] == theirs.deletions - theirs.insertions
        assert (score["speakers_missed"], score["speakers_invented"]) == (theirs.missed_speaker, theirs.falarm_speaker)
        assert score.value is None or score.value == pytest.approx(theirs.error_rate, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(meetings("ab", most=3), meetings("xyz", most=2))
def test_orc_wer_is_that_of_meeteval_and_of_every_way_gone_through(known: list[Spoken], found: list[Spoken]) -> None:
    if not known or not found:  # meeteval's own check of itself fails there
        return
    score = orc_errors(known, found, NONE)
    theirs = meeteval.wer.orc_word_error_rate(as_segments(known), as_segments(found))
    assert (score.numerator, score.denominator, score["exact"]) == (theirs.errors, theirs.length, 1)
    rows = [tokens_of(own) for own in streams(found).values()]
    if len(rows) ** len(known) <= 100:
        assert score.numerator == min(cost(known, rows, way) for way in product(range(len(rows)), repeat=len(known)))


def cost(known: Sequence[Spoken], rows: list[list[str]], way: Sequence[int]) -> int:
    own = [tokens_of(one for one, k in zip(known, way, strict=True) if k == n) for n in range(len(rows))]
    return sum(int(distances([one], [other])[0, 0]) for one, other in zip(own, rows, strict=True))


@settings(max_examples=60, deadline=None)
@given(meetings("ab"), meetings("xyz", most=3), st.data())
def test_moving_utterances_ends_between_the_fewest_errors_and_those_it_began_with(
    known: list[Spoken], found: list[Spoken], data: st.DataObject
) -> None:
    rows = [tokens_of(own) for own in streams(found).values()]
    if not rows or not known:
        return
    given_ = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=len(known), max_size=len(known)))
    numbers = as_numbers(*(one.tokens for one in known), *rows)
    utterances, others = numbers[: len(known)], numbers[len(known) :]
    moved = few_errors(utterances, others, given_)
    assert fewest_errors(utterances, others) <= moved <= cost(known, rows, given_)


def test_moving_utterances_gives_a_misplaced_one_back() -> None:
    known = [spoken_of([Word(text, n, n + 1.0)], NONE) for n, text in enumerate(("a b c", "d e f", "g h i"))]
    numbers = as_numbers(*(one.tokens for one in known), list("abcghi"), list("def"))
    assert few_errors(numbers[:3], numbers[3:], [1, 1, 0]) == 0


def test_orc_wer_of_a_long_recording_of_one_speaker_is_exact_and_of_several_is_found() -> None:
    texts = [" ".join(f"w{(7 * n + k * k) % 90}" for k in range(12)) for n in range(100)]
    known = [spoken_of([Word(text, n, n + 1.0, speaker="a")], NONE) for n, text in enumerate(texts)]
    lines = [("x", text.split()) for text in texts]
    # Every tenth utterance has a word too few, every fourth is in another stream.
    found = [
        spoken_of([Word(" ".join(words[n % 10 == 0 :]), n, n + 1.0, speaker="xyz"[n % 4 // 2 * (n % 3)])], NONE)
        for n, (_, words) in enumerate(lines)
    ]
    alone = [Spoken("x", one.tokens, one.times_s) for one in found]
    assert dict(orc_errors(known, alone, NONE).components) == {
        "errors": 10,
        "length": 1200,
        "exact": 1,
        "recordings": 1,
    }
    assert dict(orc_errors(known, found, NONE).components) == {
        "errors": 10,
        "length": 1200,
        "exact": 0,
        "recordings": 1,
    }


@settings(max_examples=60, deadline=None)
@given(meetings("abc", most=3), meetings("xyz", most=3))
def test_wder_is_what_the_best_of_all_mappings_gives(known: list[Spoken], found: list[Spoken]) -> None:
    """A slower oracle: jiwer's alignment asked directly, and all permutations of the speakers."""
    if not known or not found:
        return
    said_by, given_to = ([one.speaker for one in side for _ in one.tokens] for side in (known, found))
    aligned = jiwer.process_words(" ".join(tokens_of(known)), " ".join(tokens_of(found)))
    pairs = [
        (said_by[piece.ref_start_idx + n], given_to[piece.hyp_start_idx + n])
        for piece in aligned.alignments[0]
        if piece.type in ("equal", "substitute")
        for n in range(piece.ref_end_idx - piece.ref_start_idx)
    ]
    wrong = min(
        sum(mapping[other] != one for one, other in pairs)
        for mapping in (dict(zip("xyz", order, strict=True)) for order in permutations("abc"))
    )
    wder, recognition, *elsewhere = attribution_scores(known, found, [], NONE)
    assert (wder["wrong_speaker"], wder["aligned"]) == (wrong, len(pairs))
    assert recognition["words"] == aligned.substitutions + aligned.deletions + aligned.insertions
    assert sum(score["words"] for score in elsewhere) <= wrong


WORDS = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 9), st.floats(0, 3)), max_size=9)


@settings(max_examples=150, deadline=None)
@given(WORDS, WORDS)
def test_edits_within_time_are_what_the_whole_table_gives(known: Any, found: Any) -> None:
    """A slower oracle: the table of all pairs without a band, words in any order of time."""
    table = np.zeros((len(known) + 1, len(found) + 1), dtype=object)
    for i in range(len(known) + 1):
        for j in range(len(found) + 1):
            ways = [(0, 0)] if i == j == 0 else []
            if i:
                ways.append((table[i - 1, j][0] + 1, table[i - 1, j][1]))
            if j:
                ways.append((table[i, j - 1][0] + 1, table[i, j - 1][1]))
            if i and j:
                (word, start, long), (other, begin, lasting) = known[i - 1], found[j - 1]
                if start < begin + lasting and start + long > begin:
                    wrong = int(word != other)
                    ways.append((table[i - 1, j - 1][0] + wrong, table[i - 1, j - 1][1] + wrong))
            table[i, j] = min(ways)
    (one, other), times = as_numbers([w for w, *_ in known], [w for w, *_ in found]), []
    for side in (known, found):
        times.append(np.array([(start, start + long) for _, start, long in side]).reshape(-1, 2))
    assert timed_edits(one, other, *times) == table[-1, -1]


def test_what_is_read_of_a_transcript_is_in_order_and_parted_by_speaker() -> None:
    words = [Word("a", 3.0, 4.0, speaker="x"), Word("b", 4.0, 5.0), Word("c", 5.0, 6.0)]
    found = Transcript([Utterance(3.0, 6.0, "a b c", words, "y"), Utterance(0.0, 1.0, "d", speaker="x")], 9.0)
    read = heard(found, None, NONE)
    assert [(one.speaker, list(one.tokens)) for one in read] == [("x", ["d"]), ("x", ["a"]), ("y", ["b", "c"])]
    assert times_of(read) == [(0.0, 1.0), (3.0, 4.0), (4.0, 5.0), (5.0, 6.0)]
    assert said(Reference(utterances=[ReferenceUtterance(0.0, 1.0, "a", "...")]), named("basic")) == []
