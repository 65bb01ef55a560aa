import io
from collections.abc import Callable

from modellab.bundle.meeting import Meeting
from modellab.bundle.scoring import to_ctm, to_stm
from modellab.formats.rttm import to_rttm
from modellab.surfaces.results import Utterance, Word

MakeMeeting = Callable[..., Meeting]


def test_rttm(two_speakers: Meeting) -> None:
    assert to_rttm(two_speakers.turns or (), two_speakers.slug) == (
        "SPEAKER Weekly_sync 1 1.000000 2.500000 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
        "SPEAKER Weekly_sync 1 2.500000 3.500000 <NA> <NA> SPEAKER_01 <NA> <NA>\n"
        "SPEAKER Weekly_sync 1 10.000000 1.000000 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
    )


def test_pyannote_reads_the_rttm_back(two_speakers: Meeting) -> None:
    from pyannote.database.util import load_rttm

    (annotation,) = load_rttm(io.StringIO(to_rttm(two_speakers.turns or (), two_speakers.slug))).values()
    assert annotation.chart() == [("SPEAKER_00", 3.5), ("SPEAKER_01", 3.5)]


def test_ctm_is_in_order_of_time_with_confidence_where_known(make_meeting: MakeMeeting) -> None:
    meeting = make_meeting(
        Utterance(2, 3, "b", [Word("b", 2.0, 3.0, 0.25)], "X"), Utterance(0, 1, "a c", [Word("a c", 0.0, 1.0)], "Y")
    )
    assert to_ctm(meeting) == "Weekly_sync 1 0.000 1.000 a_c\nWeekly_sync 1 2.000 1.000 b 0.2500\n"


def test_stm(two_speakers: Meeting) -> None:
    assert to_stm(two_speakers) == (
        "Weekly_sync 1 SPEAKER_00 1.000 2.500 Hello there, Bob.\n"
        "Weekly_sync 1 SPEAKER_01 3.000 5.000 Hi & welcome <b>\n"
    )


def test_names_with_spaces_stay_one_field(make_meeting: MakeMeeting) -> None:
    meeting = make_meeting(
        Utterance(0, 1, "a", [Word("a", 0, 1)], "Ann Lee"), turns=[(0.0, 1.0, "Ann Lee")], name="a b (final).wav"
    )
    assert (
        to_rttm(meeting.turns or (), meeting.slug)
        == "SPEAKER a-b-final 1 0.000000 1.000000 <NA> <NA> Ann_Lee <NA> <NA>\n"
    )
    assert to_stm(meeting).startswith("a-b-final 1 Ann_Lee 0.000 1.000 a")


def test_silence(make_meeting: MakeMeeting) -> None:
    meeting = make_meeting(turns=[])
    assert to_rttm(meeting.turns or (), meeting.slug) == to_ctm(meeting) == to_stm(meeting) == ""
