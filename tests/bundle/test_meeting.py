from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from modellab.bundle.meeting import Doubt, Meeting, RecordingDay, display_name, merge
from modellab.bundle.scoring import to_stm
from modellab.bundle.subtitles import to_vtt
from modellab.surfaces.results import Segment, SpeechSegments, Utterance
from modellab.text.results import ActionItem, ActionItems

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


@pytest.mark.parametrize(
    ("item", "names", "shown"),
    [
        ((None, None), {}, None),
        (("Virgil", None), {}, "Virgil"),
        (("SPEAKER_01", "SPEAKER_01"), {}, "Speaker 2"),
        (("Virgil", "SPEAKER_01"), {}, "Virgil (Speaker 2)"),
        (("Virgil", "SPEAKER_01"), {"SPEAKER_01": "Virgil Smith"}, "Virgil Smith"),
        (("SPEAKER_01", "SPEAKER_01"), {"SPEAKER_01": "Virgil Smith"}, "Virgil Smith"),
    ],
)
def test_assignee(
    make_meeting: MakeMeeting, item: tuple[str | None, str | None], names: dict[str, str], shown: str | None
) -> None:
    task = ActionItem("Do it", *item, None, None, [])
    assert make_meeting(names=names).assignee(task) == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("parameter", "3 February 2026"),
        ("file", "3 February 2026"),
        ("registered", "added 3 February 2026"),
    ],
)
def test_only_a_day_that_is_known_is_called_the_recordings(source: str, shown: str) -> None:
    assert RecordingDay(date(2026, 2, 3), source).text == shown


def test_due_dates_say_what_they_are_reckoned_from(planned: MakeMeeting) -> None:
    assert planned().due_note == "Dates are reckoned from 21 November 2026, when this recording was added."
    found = planned().action_items
    assert found is not None
    assert planned(action_items=replace(found, recorded_on_source="file")).due_note == (
        "Dates are reckoned from 21 November 2026."
    )
    assert planned(action_items=ActionItems([], "rules", date(2026, 11, 21), "file")).due_note is None


def test_chapters_begin_paragraphs(planned: MakeMeeting, two_speakers: Meeting) -> None:
    parts = planned().parts
    assert [(part.number, part.first, [paragraph.text for paragraph in part.paragraphs]) for part in parts] == [
        (1, 0, ["Good morning all. Bob, send the numbers by Friday.", "Sure, I will send them."]),
        (2, 2, ["What else?", "Lunch is at noon.", "Good, <b>lunch</b> it is."]),
    ]
    assert [part.chapter.title for part in parts if part.chapter] == ["Numbers, Friday", "Lunch"]
    (whole,) = two_speakers.parts
    assert (whole.chapter, whole.paragraphs) == (None, two_speakers.paragraphs)


def test_a_paragraph_that_repeats_the_summary_is_not_shown_again(planned: MakeMeeting) -> None:
    found = planned().summary
    assert found is not None
    assert [one.speaker for one in planned().said_by] == ["SPEAKER_00"]
    same = replace(found.speakers[0], lines=found.lines)
    assert replace(planned(), summary=replace(found, speakers=[same])).said_by == []


def test_line_of(planned: MakeMeeting) -> None:
    meeting = planned()
    assert [meeting.line_of(word) for word in (0, 8, 9, 13, 14, 15, 16, 23)] == [0, 0, 1, 1, 2, 2, 3, 4]


def test_merge_joins_what_touches() -> None:
    pieces = [Segment(5, 6), Segment(0, 2), Segment(1, 1.5), Segment(2, 3)]
    assert merge(pieces) == [Segment(0, 3), Segment(5, 6)]


def test_readers_are_told_a_doubts_first_sentence() -> None:
    assert Doubt("asr", "It has “We go. Then we eat” twice. Try asr.beam_size.").brief == (
        "It has “We go. Then we eat” twice."
    )
    assert Doubt("input", "the file is cut off").brief == "The file is cut off."
