from collections.abc import Callable

import pytest

from modellab.bundle.meeting import Meeting, display_name, merge
from modellab.bundle.scoring import to_stm
from modellab.bundle.subtitles import to_vtt
from modellab.surfaces.results import Segment, SpeechSegments, Utterance

MakeMeeting = Callable[..., Meeting]
Say = Callable[..., Utterance]


def test_participants_come_from_the_turns(two_speakers: Meeting) -> None:
    ann, bob = two_speakers.participants
    assert (ann.id, ann.name, ann.talk_s, ann.words) == ("SPEAKER_00", "Speaker 1", 3.5, 3)
    assert (bob.id, bob.name, bob.talk_s, bob.words) == ("SPEAKER_01", "Speaker 2", 3.5, 4)
    assert (ann.share, bob.share) == (0.5, 0.5)
    assert ann.turns == (Segment(1.0, 3.5), Segment(10.0, 11.0))
    assert two_speakers.speech == (Segment(1.0, 6.0), Segment(10.0, 11.0))


def test_without_diarization_participants_come_from_the_words(make_meeting: MakeMeeting, say: Say) -> None:
    meeting = make_meeting(say("a b", 0.0, "Ann"), say("c", 5.0, "Bob"))
    assert [(p.name, p.talk_s, p.words) for p in meeting.participants] == [("Ann", 1.0, 2), ("Bob", 0.5, 1)]
    assert meeting.turns is None


def test_words_of_a_speaker_without_turns_still_have_a_participant(make_meeting: MakeMeeting, say: Say) -> None:
    meeting = make_meeting(say("a", 0.0, "SPEAKER_07"), turns=[(0.0, 1.0, "SPEAKER_00")])
    assert [(p.id, p.talk_s, p.share, p.words) for p in meeting.participants] == [
        ("SPEAKER_00", 1.0, 1.0, 0),
        ("SPEAKER_07", 0, 0.0, 1),
    ]


def test_unknown_speakers_are_only_named_among_known_ones(make_meeting: MakeMeeting, say: Say) -> None:
    assert make_meeting(say("a", 0.0)).name(None) is None
    assert make_meeting(say("a", 0.0), say("b", 1.0, "SPEAKER_00")).name(None) == "Unknown speaker"


def test_silence_gives_a_meeting_with_nothing_in_it(make_meeting: MakeMeeting) -> None:
    meeting = make_meeting(turns=[], speech=SpeechSegments([], 20.0))
    assert (meeting.words, meeting.participants, meeting.turns, meeting.speech) == (0, (), (), ())


def test_vads_speech_is_preferred_to_the_turns(make_meeting: MakeMeeting) -> None:
    speech = SpeechSegments([Segment(0.0, 2.0)], 20.0)
    assert make_meeting(turns=[(5.0, 6.0, "X")], speech=speech).speech == (Segment(0.0, 2.0),)


@pytest.mark.parametrize(
    ("speaker", "name"), [("SPEAKER_00", "Speaker 1"), ("SPEAKER_11", "Speaker 12"), ("Ann\u202e Lee", "Ann Lee")]
)
def test_display_name(speaker: str, name: str) -> None:
    assert display_name(speaker) == name


def test_names_are_shown_and_labels_stay_the_ids(make_meeting: MakeMeeting, say: Say) -> None:
    names = {"SPEAKER_01": "Virgil\u202e Smith", "SPEAKER_09": "Nobody here", "SPEAKER_00": "  "}
    meeting = make_meeting(say("a", 0.0, "SPEAKER_00"), say("b", 1.0, "SPEAKER_01"), names=names)
    assert [(person.id, person.name) for person in meeting.participants] == [
        ("SPEAKER_00", "Speaker 1"),
        ("SPEAKER_01", "Virgil Smith"),
    ]
    assert [meeting.name(paragraph.speaker) for paragraph in meeting.paragraphs] == ["Speaker 1", "Virgil Smith"]
    assert "<v Virgil Smith>b</v>" in to_vtt(meeting)
    assert to_stm(meeting) == "Weekly_sync 1 SPEAKER_00 0.000 0.500 a\nWeekly_sync 1 SPEAKER_01 1.000 1.500 b\n"


def test_merge_joins_what_touches() -> None:
    pieces = [Segment(5, 6), Segment(0, 2), Segment(1, 1.5), Segment(2, 3)]
    assert merge(pieces) == [Segment(0, 3), Segment(5, 6)]
