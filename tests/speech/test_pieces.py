"""Packing speech into pieces that a model hears at once, and placing what it hears in the recording."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.speech.pieces import Piece, pack
from modellab.surfaces.results import Segment


@given(
    lengths=st.lists(st.tuples(st.floats(0.01, 8), st.floats(0.01, 9)), max_size=12),
    pad_s=st.sampled_from([0.0, 0.1, 0.4]),
)
def test_pieces_hold_all_speech_in_order_and_fit_the_window(lengths: list[tuple[float, float]], pad_s: float) -> None:
    rate, longest_s = 100, 5.0
    speech: list[Segment] = []
    now = 0.0
    for silence_s, spoken_s in lengths:
        speech.append(Segment(now + silence_s, now + silence_s + spoken_s))
        now = speech[-1].end_s
    audio = np.random.default_rng(1).normal(size=int(now * rate) + 1).astype(np.float32)
    pieces = pack(audio, rate, speech, pad_s=pad_s, longest_s=longest_s)
    assert all(0 < piece.samples <= longest_s * rate for piece in pieces)
    spans = [span for piece in pieces for span in piece.spans]
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    kept = np.zeros(len(audio) + 1, dtype=bool)
    for start, end in spans:
        kept[start:end] = True
    for segment in speech:
        assert kept[int(segment.start_s * rate) : int(segment.end_s * rate)].all()
    assert kept.sum() <= sum((s.duration_s + 2 * pad_s) * rate + 2 for s in speech)
    for piece in pieces:
        assert len(piece.cut(audio)) == piece.samples


def test_a_piece_is_as_full_as_the_next_span_lets_it_be() -> None:
    audio = np.zeros(100 * 10, dtype=np.float32)
    speech = [Segment(0, 10), Segment(20, 30), Segment(40, 55), Segment(60, 61)]
    pieces = pack(audio, 10, speech, pad_s=0.0, longest_s=30.0)
    assert [piece.spans for piece in pieces] == [((0, 100), (200, 300)), ((400, 550), (600, 610))]


def test_long_speech_is_cut_at_its_quietest_place() -> None:
    rate = 1000
    audio = np.full(50 * rate, 0.5, dtype=np.float32)
    audio[24_500:24_600] = 0.01
    pieces = pack(audio, rate, [Segment(0, 50)], pad_s=0.0, longest_s=30.0)
    assert [piece.spans for piece in pieces] == [((0, 24_550),), ((24_550, 50_000),)]


def test_padding_joins_segments_that_touch_and_stays_inside_the_audio() -> None:
    audio = np.zeros(1000, dtype=np.float32)
    speech = [Segment(0.1, 1), Segment(1.3, 2), Segment(9, 9.95)]
    (piece,) = pack(audio, 100, speech, pad_s=0.2, longest_s=30.0)
    assert piece.spans == ((0, 220), (880, 1000))


def test_a_piece_can_end_in_a_short_silence() -> None:
    audio = np.zeros(1000, dtype=np.float32)
    speech = [Segment(0, 2), Segment(2.2, 4), Segment(4.2, 6)]
    pieces = pack(audio, 100, speech, pad_s=0.4, longest_s=5.0)
    assert [piece.spans for piece in pieces] == [((0, 410),), ((410, 640),)]


PIECE = Piece(((100, 200), (500, 600)), 100)
"""Speech at 1-2 s and at 5-6 s, heard as two seconds in one go."""


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (0.0, 0.5, (1.0, 1.5, 0)),
        (1.25, 2.0, (5.25, 6.0, 1)),
        (0.8, 1.1, (1.8, 2.0, 0)),
        (0.9, 1.4, (5.0, 5.4, 1)),
        (1.9, 2.6, (5.9, 6.0, 1)),
        (2.3, 2.6, (6.0, 6.0, 1)),
    ],
)
def test_a_word_lies_in_the_span_of_its_middle(
    start_s: float, end_s: float, expected: tuple[float, float, int]
) -> None:
    assert PIECE.place(start_s, end_s) == pytest.approx(expected)


def test_only_the_speech_of_a_piece_is_left() -> None:
    speech = [Segment(0.5, 1.2), Segment(1.4, 2.5), Segment(5.1, 5.2), Segment(5.5, 5.9), Segment(7, 8)]
    assert PIECE.only(speech).spans == ((100, 120), (140, 200), (510, 520), (550, 590))
    assert PIECE.only([Segment(7, 8)]) == PIECE


@pytest.mark.parametrize(
    ("start_s", "end_s", "spans"),
    [
        (0.0, 2.0, ((100, 200), (500, 600))),
        (0.25, 0.75, ((125, 175),)),
        (0.5, 1.25, ((150, 200), (500, 525))),
        (1.0, 1.5, ((500, 550),)),
        (1.5, 9.0, ((550, 600),)),
        (0.5, 0.5, ((150, 151),)),
        (3.0, 4.0, ((599, 600),)),
    ],
)
def test_a_part_of_a_piece_has_its_spans(start_s: float, end_s: float, spans: tuple[tuple[int, int], ...]) -> None:
    piece = Piece(((100, 200), (500, 600)), 100)
    assert piece.part(start_s, end_s).spans == spans
    assert piece.around == Segment(1.0, 6.0)
