"""A recording through a model that hears pieces of it."""

from collections.abc import Sequence

import numpy as np
import pytest

from modellab.errors import UnknownName, UsageError
from modellab.media.audio import KeptPiece, Samples, TimeMap, Waveform
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard, transcribe_pieces
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript, Word

RATE = 100
SPEECH = [Segment(1, 3), Segment(4, 8), Segment(9, 10), Segment(12, 12.5)]


class Model:
    """Writes down the texts that it is given, one for each piece, and keeps what it heard."""

    def __init__(self, *heard: Heard) -> None:
        self._left = list(heard)
        self.lengths: list[list[int]] = []

    def hear(self, pieces: Sequence[Samples], progress: Progress) -> Sequence[Heard]:
        self.lengths.append([len(piece) for piece in pieces])
        progress(0.5)
        found, self._left = self._left[: len(pieces)], self._left[len(pieces) :]
        return found


def transcribed(
    model: Model, told: list[float], language: str | None = "en", batch_size: int = 2, shortest_s: float = 0.0
) -> Transcript:
    audio = Waveform(np.ones(15 * RATE, dtype=np.float32), RATE)
    return transcribe_pieces(
        audio,
        SPEECH,
        model.hear,
        longest_s=4.0,
        pad_s=0.0,
        batch_size=batch_size,
        language=language,
        progress=told.append,
        shortest_s=shortest_s,
    )


def test_pieces_go_in_batches_and_come_back_in_their_place() -> None:
    told: list[float] = []
    timed = [Word("Yes.", 0.5, 1.0, 0.9), Word("No.", 1.2, 1.4, 0.8)]
    model = Model(Heard("Good day."), Heard("", average_log_probability=-1.0), Heard("Yes. No.", timed, -0.25))
    found = transcribed(model, told)
    assert model.lengths == [[200, 400], [150]]
    assert told == pytest.approx([0.4, 0.8, 0.9, 1.0])
    assert found.duration_s == 15.0
    assert [(u.text, u.start_s, u.end_s, u.average_log_probability) for u in found.utterances] == [
        ("Good day.", 1.0, 3.0, None),
        ("Yes.", 9.5, 10.0, -0.25),
        ("No.", 12.2, 12.4, -0.25),
    ]
    assert [word.estimated for word in found.words] == [True, True, False, False]


def test_pieces_that_were_cut_short_are_told_also_in_the_recording_s_time() -> None:
    model = Model(Heard("Good day."), Heard("on and on", cut_short=True), Heard("Yes."))
    found = transcribed(model, [])
    assert found.cut_short == [Segment(4.0, 8.0)]
    cut_before = TimeMap((KeptPiece(10.0, 0.0, 15.0),), 30.0)
    assert found.in_original_time(cut_before).cut_short == [Segment(14.0, 18.0)]
    assert transcribed(Model(Heard("a"), Heard("b"), Heard("c")), []).cut_short == []


def test_the_language_is_that_of_most_speech_and_others_are_told() -> None:
    model = Model(Heard("Ja.", language="de"), Heard("", language="fr"), Heard("Yes.", language="en"))
    found = transcribed(model, [], None)
    assert (found.language, [u.language for u in found.utterances]) == ("de", [None, "en"])
    assert transcribed(Model(*[Heard("")] * 3), [], None).language is None


def test_a_piece_too_short_is_followed_by_silence() -> None:
    model = Model(*[Heard("a")] * 3)
    transcribed(model, [], batch_size=3, shortest_s=2.5)
    assert model.lengths == [[250, 400, 250]]


@pytest.mark.parametrize(
    ("asked", "known", "detects", "language"),
    [
        ({"language": "de"}, ["en", "de"], False, "de"),
        ({"language": "xx"}, ["*"], True, "xx"),
        ({}, ["en"], False, "en"),
        ({"languages": ("de", "cy")}, ["en", "de"], False, "de"),
        ({"languages": ("de", "en")}, ["en", "de"], True, None),
        ({}, ["*"], True, None),
    ],
)
def test_which_language_is_spoken(
    asked: dict[str, object], known: list[str], detects: bool, language: str | None
) -> None:
    assert Asked.parse("m:v", asked).spoken("m:v", known, detects=detects) == language


def test_a_language_that_must_be_told_is_asked_for() -> None:
    with pytest.raises(UsageError, match="can't tell which language is spoken") as refused:
        Asked.parse("m:v", {"languages": ("de", "en", "cy")}).spoken("m:v", ["en", "de", "fr"], detects=False)
    assert refused.value.allowed == "de, en"
    with pytest.raises(UnknownName, match="language of model m:v: 'cz'"):
        Asked.parse("m:v", {"language": "cz"}).spoken("m:v", ["en", "cs"], detects=True)
    with pytest.raises(UsageError, match="beam_size: Extra inputs"):
        Asked.parse("m:v", {"beam_size": 5})
