import sys
from types import FrameType
from typing import Any

from modellab.media.audio import KeptPiece, TimeMap
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Transcript, Turn, Utterance, Word

# Of 10 s, [2, 5) and [7, 8) were cut.
CUT = TimeMap((KeptPiece(0.0, 0.0, 2.0), KeptPiece(5.0, 2.0, 2.0), KeptPiece(8.0, 4.0, 2.0)), 10.0)


def test_speech_segments() -> None:
    found = SpeechSegments([Segment(0.5, 2.0), Segment(2.0, 3.0), Segment(3.5, 5.0)], duration_s=6.0)
    assert found.in_original_time(CUT) == SpeechSegments(
        [Segment(0.5, 2.0), Segment(5.0, 6.0), Segment(6.5, 9.0)], 10.0
    )


def test_diarization_keeps_speakers() -> None:
    found = Diarization([Turn(1.0, 3.0, "SPEAKER_00"), Turn(2.0, 9.0, "SPEAKER_01")], duration_s=6.0)
    expected = Diarization([Turn(1.0, 6.0, "SPEAKER_00"), Turn(5.0, 10.0, "SPEAKER_01")], 10.0)
    assert found.in_original_time(CUT) == expected


def test_transcript_words_and_utterances() -> None:
    words = [Word("one", 1.0, 2.0, 0.9), Word("two", 2.0, 2.5, 0.8, space_before=True)]
    found = Transcript([Utterance(1.0, 2.5, "one two", words, no_speech_probability=0.1)], 6.0, "en", 0.99)
    restored = found.in_original_time(CUT)
    assert restored == Transcript(
        [
            Utterance(
                1.0, 5.5, "one two", [Word("one", 1.0, 2.0, 0.9), Word("two", 5.0, 5.5, 0.8)], no_speech_probability=0.1
            )
        ],
        10.0,
        "en",
        0.99,
    )


def test_words_without_length_get_some_and_stay_inside_the_recording_in_order() -> None:
    words = [Word("a", 1.0, 1.0), Word("b", 1.0, 1.5), Word("c", 9.99, 9.99), Word("d", 10.0, 10.4)]
    found = Transcript([Utterance(1.0, 10.0, "a b c d", words)], 10.0)
    restored = found.in_original_time(TimeMap.identity(10.0))
    assert [(w.start_s, w.end_s) for w in restored.words] == [(1.0, 1.02), (1.0, 1.5), (9.98, 10.0), (9.98, 10.0)]
    assert (restored.utterances[0].start_s, restored.utterances[0].end_s) == (1.0, 10.0)


def test_speech_for_a_model_leaves_out_what_was_cut() -> None:
    speech = SpeechSegments([Segment(1.0, 2.0), Segment(3.0, 4.0), Segment(4.5, 5.5), Segment(6.0, 9.0)], 10.0)
    assert speech.in_processed_time(CUT) == [Segment(1.0, 2.0), Segment(2.0, 2.5), Segment(3.0, 5.0)]


def test_the_work_for_a_word_does_not_grow_with_the_number_of_cuts() -> None:
    def lines_run(cuts: int) -> int:
        """Lines of Python that placing 600 words takes, over so many cuts."""
        step_s = 1200 // cuts
        time_map = TimeMap.identity(1200.0).keep((start, start + step_s - 1.0) for start in range(0, 1200, step_s))
        words = [Word("a", i, i + 0.2) for i in range(600)]
        found = Transcript([Utterance(0.0, 600.0, "a", words)], 600.0)
        count = 0

        def trace(frame: FrameType, event: str, argument: object) -> Any:
            nonlocal count
            count += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            found.in_original_time(time_map)
        finally:
            sys.settrace(before)
        return count

    assert lines_run(240) < 1.5 * lines_run(60)
