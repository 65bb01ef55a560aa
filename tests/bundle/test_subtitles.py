from collections.abc import Callable

import pysubs2
import pytest

from modellab.bundle.meeting import Meeting
from modellab.bundle.scoring import to_ctm
from modellab.bundle.subtitles import to_srt, to_vtt
from modellab.surfaces.results import Utterance, Word

MakeMeeting = Callable[..., Meeting]


def test_srt(two_speakers: Meeting) -> None:
    assert to_srt(two_speakers) == (
        "1\n00:00:01,000 --> 00:00:02,500\nSpeaker 1: Hello there, Bob.\n\n"
        "2\n00:00:03,000 --> 00:00:05,000\nSpeaker 2: Hi & welcome <b>\n\n"
    )


def test_vtt(two_speakers: Meeting) -> None:
    assert to_vtt(two_speakers) == (
        "WEBVTT\n\n"
        "1\n00:00:01.000 --> 00:00:02.500\n<v Speaker 1>Hello there, Bob.</v>\n\n"
        "2\n00:00:03.000 --> 00:00:05.000\n<v Speaker 2>Hi &amp; welcome &lt;b&gt;</v>\n\n"
    )


def test_without_speakers_cues_hold_words_only(make_meeting: MakeMeeting) -> None:
    meeting = make_meeting(Utterance(0, 1, "hi", [Word("hi", 0, 1)]))
    assert to_srt(meeting) == "1\n00:00:00,000 --> 00:00:01,000\nhi\n\n"
    assert "<v" not in to_vtt(meeting)


def test_cues_of_people_who_talk_at_the_same_time_are_in_order_of_time(make_meeting: MakeMeeting) -> None:
    words = [Word(text, start_s, start_s + 1) for text, start_s in (("One,", 0), ("two,", 1), ("three.", 8))]
    meeting = make_meeting(
        Utterance(0, 9, "One, two, three.", words, "A"), Utterance(0.5, 1, "Yes.", [Word("Yes.", 0.5, 1)], "B")
    )
    for text in (to_srt(meeting), to_vtt(meeting)):
        starts = [line.split()[0] for line in text.splitlines() if "-->" in line]
        assert len(starts) == 3
        assert starts == sorted(starts)
    assert to_srt(meeting).startswith("1\n00:00:00,000 --> ")


def test_silence(make_meeting: MakeMeeting) -> None:
    assert to_srt(make_meeting()) == ""
    assert to_vtt(make_meeting()) == "WEBVTT\n\n"


@pytest.mark.parametrize("said", [r"{\p1}", r"a\Nb", r"\h", "{not a tag}", "1 --> 2", "-->"])
def test_nothing_said_changes_the_format(said: str, make_meeting: MakeMeeting) -> None:
    meeting = make_meeting(Utterance(0, 1, said, [Word(said, 0, 1)]), Utterance(5, 6, "next", [Word("next", 5, 6)]))
    for text, format_name in ((to_srt(meeting), "srt"), (to_vtt(meeting), "vtt")):
        assert "next" in text
        assert text.count(" --> ") == 2, text
        if "-->" not in said:
            shown = text.replace("\u2060", "").split("\n")[2 if format_name == "srt" else 4]
            assert shown == said
    assert [event.plaintext for event in pysubs2.SSAFile.from_string(to_srt(meeting), format_="srt")][1] == "next"


def test_a_speakers_name_cannot_close_its_tag(make_meeting: MakeMeeting) -> None:
    meeting = make_meeting(Utterance(0, 1, "hi", [Word("hi", 0, 1)], "A>b</v>&"))
    assert "<v A&gt;b&lt;/v&gt;&amp;>hi</v>" in to_vtt(meeting)


@pytest.mark.parametrize("duration_s", [2.0, 1.9996, 1.9994, 1.5, 1.02])
def test_cues_and_words_end_inside_the_recording(make_meeting: MakeMeeting, duration_s: float) -> None:
    word = Word("end", duration_s - 0.02, duration_s)
    meeting = make_meeting(Utterance(0, duration_s, "the end", [Word("the", 0.5, 0.7), word]), duration_s=duration_s)
    for name in ("srt", "vtt"):
        text = to_srt(meeting) if name == "srt" else to_vtt(meeting)
        shown = list(pysubs2.SSAFile.from_string(text, name))
        assert all(cue.start < cue.end <= duration_s * 1000 for cue in shown)
    times = [line.split()[2:4] for line in to_ctm(meeting).splitlines()]
    assert all(float(length) > 0 and float(start) + float(length) <= duration_s + 1e-9 for start, length in times)
