"""The sentences in which results say what they doubt; a pack shows the first one of each."""

import pytest

from modellab.bundle.meeting import Doubt
from modellab.media.canonical import IngestInfo, SourceFacts
from modellab.media.levels import Levels
from modellab.speech.hallucinations.detect import find
from modellab.speech.hallucinations.flags import FlagKind
from modellab.steps import doubts
from modellab.steps.hallucinations import REPEATED, UNHEARD
from modellab.surfaces.results import LanguageCandidate, Segment, SpeechSegments, Transcript, Utterance, Word


def said(text: str, start_s: float = 0.0, speaker: str | None = None, language: str | None = None) -> Utterance:
    words = [
        Word(word, start_s + n * 0.5, start_s + n * 0.5 + 0.4, speaker=speaker) for n, word in enumerate(text.split())
    ]
    return Utterance(start_s, words[-1].end_s, text, words, speaker, language=language)


def detected(*candidates: tuple[str, float], spoken: str | None = None) -> Transcript:
    language, probability = candidates[0]
    return Transcript(
        [said("Good morning."), *([said("Bore da.", 5.0, language=spoken)] if spoken else [])],
        10.0,
        language,
        probability,
        [LanguageCandidate(*candidate) for candidate in candidates],
    )


def brief(text: str | None) -> str:
    assert text is not None
    return Doubt("asr", text).brief


def test_a_language_that_is_not_sure_is_named_with_the_runner_up() -> None:
    assert brief(doubts.language_doubt(detected(("cy", 0.59), ("en", 0.38)))) == (
        "The language was taken for Welsh (59%), and might be English (38%): if that is wrong, so are the words."
    )
    assert doubts.language_doubt(detected(("en", 0.7), ("cy", 0.3))) is None
    assert doubts.language_doubt(Transcript([said("Yes.")], 1.0, "de")) is None
    assert doubts.language_doubt(detected(("en", 0.51), ("de", 0.49), spoken="de")) is None


def test_what_is_in_another_language_is_named() -> None:
    assert brief(doubts.mixed_languages_doubt(detected(("en", 0.9), spoken="cy"))) == (
        "Welsh was heard at 0:05 (0.9 s); the rest was taken for English."
    )
    assert doubts.mixed_languages_doubt(detected(("en", 0.9))) is None


def test_speech_without_words_is_named_with_its_places() -> None:
    silent = [Segment(5, 7), Segment(70, 75.5), Segment(80, 81.5), Segment(90, 93), Segment(100, 101)]
    transcript = Transcript([said("Yes.")], 120.0, "en", uncovered=silent)
    assert brief(doubts.uncovered_doubt(transcript)) == (
        "No words could be written down for 13.0 s of speech, at 0:05 (2.0 s), 1:10 (5.5 s), 1:30 (3.0 s) and "
        "2 other places."
    )
    assert doubts.uncovered_doubt(Transcript([said("Yes.")], 120.0, "en")) is None


def test_a_loop_is_quoted_over_utterances_and_for_each_speaker() -> None:
    loop = [said("We go. Then we eat.", 3.0 * n, "A") for n in range(3)]
    between = [said(f"word{n}", 3.0 * n + 2.6, "B") for n in range(3)]
    transcript = Transcript(sorted([*loop, *between], key=lambda u: u.start_s), 10.0, "en")
    assert brief(doubts.hallucination_doubt(find(transcript, {}), REPEATED)) == (
        "17 words may never have been said: at 0:00 “We go. Then we eat” comes 3 times in a row."
    )
    assert doubts.hallucination_doubt(find(transcript, {}), UNHEARD) is None
    assert doubts.hallucination_doubt(find(Transcript(loop[:2], 10.0, "en"), {}), REPEATED) is None


def test_words_flagged_twice_are_told_of_once_and_of_many_places_some_are_named() -> None:
    both = find(Transcript([said("no " * 110)], 60.0, "en"), {})
    assert [flag.kind for flag in both.flags] == [FlagKind.COMPRESSION, FlagKind.LOOP]
    assert brief(doubts.hallucination_doubt(both, REPEATED)).count(" at 0:00 ") == 1
    credit = "Untertitel der Amara.org-Community"
    many = Transcript([said(f"Wir sind hier. {credit} so", 10.0 * n) for n in range(5)], 60.0, None)
    doubt = brief(doubts.hallucination_doubt(find(many, {}), [FlagKind.KNOWN_PHRASE]))
    assert doubt.startswith("15 words may never have been said: at 0:01 models are known to make “Untertitel der")
    assert doubt.endswith("; and 2 other places.")


def test_quiet_recordings_say_how_quiet_and_what_to_set() -> None:
    doubt = doubts.quiet_doubt(SpeechSegments([], 10.0, -68.4, 45.4))
    assert brief(doubt) == (
        "The recording is very quiet (-68 LUFS; speech is usually near -23), so words may be missing or wrong."
    )
    assert "ingest.normalize_loudness=true" in str(doubt)
    assert doubts.quiet_doubt(SpeechSegments([], 10.0, -44.0)) is None


def info(streams: int = 1, *, silent: bool = False) -> IngestInfo:
    source = SourceFacts("wav/pcm_s16le", 0, streams, False, 16_000, 1, ["FC"], 10.0, 0.0, 0)
    levels = Levels(None if silent else -20.0, None, None if silent else -31.0, 0.0, silent)
    return IngestInfo(16_000, 1, 10.0, 10.0, source, [1.0], [], levels)


@pytest.mark.parametrize(
    ("speech", "of", "threshold", "expected"),
    [
        (
            SpeechSegments([], 10.0, -68.0, 45.0),
            info(),
            "vad.threshold",
            "No words were recognised: its sound is at -68 LUFS, and no speech was found in it. "
            "Try ingest.normalize_loudness=true, or vad.threshold=0.3 for faint speech.",
        ),
        (
            SpeechSegments([], 10.0, -30.0),
            info(),
            "channels.threshold",
            "No words were recognised: its sound is at -30 LUFS, and no speech was found in it. "
            "Try channels.threshold=0.3 for faint speech.",
        ),
        (
            SpeechSegments([Segment(1, 3.5)], 10.0, -31.0),
            info(3),
            None,
            "No words were recognised: its sound track 1 of 3 is at -31 LUFS, with 2.5 s of speech. "
            "Try another track (ingest.audio_stream=1 or 2), or asr.language, or another model.",
        ),
        (
            SpeechSegments([], 10.0),
            info(silent=True),
            "vad.threshold",
            "No words were recognised: its sound is silent, and no speech was found in it. "
            "Check the recording: there is nothing to hear.",
        ),
    ],
)
def test_an_empty_transcript_says_why_and_what_to_try(
    speech: SpeechSegments, of: IngestInfo, threshold: str | None, expected: str
) -> None:
    assert doubts.no_words_doubt(Transcript([], 10.0), speech, of, threshold) == expected
    assert doubts.no_words_doubt(Transcript([said("Yes.")], 10.0), speech, of, threshold) is None


def test_times_that_nobody_measured_are_named() -> None:
    measured = [Word("one", 0.0, 0.4), Word("two", 0.5, 0.9)]
    guessed = [Word(word.text, word.start_s, word.end_s, estimated=True) for word in measured]

    def doubt(*words: Word) -> str | None:
        return doubts.estimated_times_doubt(Transcript([Utterance(0.0, 1.0, "one two", list(words))], 1.0))

    assert doubt(*measured) is None
    assert brief(doubt(*guessed)) == (
        "The times of words are estimated: the model gives none, so they follow from where there is speech and may be "
        "off by seconds."
    )
    assert brief(doubt(measured[0], guessed[1])).startswith("The times of words are estimated for 1 of 2 words: ")


def test_a_model_that_came_to_no_end_is_told() -> None:
    stopped = Transcript([said("and on and on")], 120.0, "en", cut_short=[Segment(30.0, 60.0)])
    assert doubts.cut_short_doubt(stopped) == (
        "The model wrote on and on and was stopped, at 0:30 (30.0 s): words there may never have been said, or be "
        "missing. Listen there; another model may hear it better."
    )
    assert doubts.cut_short_doubt(Transcript([said("Yes.")], 120.0, "en")) is None
