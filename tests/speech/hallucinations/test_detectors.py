"""Each detector on transcripts made by hand: what it says, of which words, and what it leaves alone."""

from collections.abc import Sequence

import pytest

from modellab.speech.hallucinations.detect import DETECTORS, find
from modellab.speech.hallucinations.flags import Flag, FlagKind, Heard, Strength
from modellab.surfaces.results import Segment, Transcript, Utterance, Word

STRONG, WEAK = Strength.STRONG, Strength.WEAK
TALK = (
    "so before we look at the numbers I wanted to say how the rollout went because there were a few surprises most of "
    "which were good and one of which I think we should have seen coming when the second team moved over to it "
)
GERMAN = "und dann haben wir noch einmal mit der neuen Firma gesprochen weil sie uns das nicht so gesagt hat wie es ist"


def spoken(
    text: str | Sequence[str], *, word_s: float = 0.3, probability: float | None = 0.9, language: str | None = "en"
) -> Transcript:
    """Words one after the other, each so long."""
    pieces = text.split() if isinstance(text, str) else text
    words = [Word(piece, n * word_s, (n + 1) * word_s, probability) for n, piece in enumerate(pieces)]
    length = max(len(words) * word_s, 1.0)
    return Transcript([Utterance(0.0, length, " ".join(pieces), words)] if words else [], length, language)


def flags(kind: FlagKind, transcript: Transcript, **listeners: list[Segment]) -> list[Flag]:
    return list(DETECTORS[kind](Heard(transcript, transcript.words, listeners)))


def brief(found: Sequence[Flag]) -> list[tuple[int, int, Strength]]:
    return [(each.first_word, each.end_word, each.strength) for each in found]


def test_speech_as_it_is_gets_no_flag() -> None:
    transcript = spoken(TALK)
    assert find(transcript, {"vad": [Segment(0.0, transcript.duration_s)]}).flags == []
    assert find(Transcript([], 30.0), {"vad": []}).flags == []


def test_a_sentence_of_seven_words_six_times_is_a_loop_and_says_where() -> None:
    transcript = spoken(TALK + "and that is what I said then " * 6 + "thanks")
    before = len(TALK.split())
    [found] = flags(FlagKind.LOOP, transcript)
    assert (found.first_word, found.end_word, found.strength) == (before, before + 42, STRONG)
    assert found.why == "“and that is what I said then” comes 6 times in a row."
    assert found.figures == {"times": 6, "phrase_words": 7}
    assert (found.start_s, found.end_s) == (pytest.approx(before * 0.3), pytest.approx((before + 42) * 0.3))


def test_loops_are_looked_for_in_each_speakers_words() -> None:
    words = [Word(text, n, n + 0.5, speaker="AB"[n % 2]) for n, text in enumerate(["no", *TALK.split()[:7]] * 4)]
    both = [Word("no", float(n), n + 0.5, speaker="A") for n in range(0, 12, 2)]
    both += [Word(text, n + 0.5, n + 0.9, speaker="B") for n, text in enumerate(TALK.split()[:6])]
    both.sort(key=lambda word: word.start_s)
    assert len(flags(FlagKind.LOOP, Transcript([Utterance(0, 40, "", words)], 40.0, "en"))) == 2
    [found] = flags(FlagKind.LOOP, Transcript([Utterance(0, 40, "", both)], 40.0, "en"))
    assert found.figures["times"] == 6


def test_a_loop_with_small_changes_compresses_too_well() -> None:
    changing = " ".join(f"and then we went to the place number {n}" for n in range(20))
    assert flags(FlagKind.LOOP, spoken(changing)) == []
    [found] = flags(FlagKind.COMPRESSION, spoken(TALK + changing))
    assert found.first_word <= len(TALK.split()) + 8
    assert found.end_word > len(TALK.split()) + 120
    assert found.figures["compression_ratio"] > found.figures["allowed"] == 2.2
    assert flags(FlagKind.COMPRESSION, spoken(TALK * 2)) == []


@pytest.mark.parametrize(
    ("word_s", "found"), [(0.3, []), (0.2, []), (0.11, []), (0.04, [(0, 8, STRONG)]), (0.001, [(0, 8, STRONG)])]
)
def test_nobody_speaks_so_fast(word_s: float, found: list[tuple[int, int, Strength]]) -> None:
    assert brief(flags(FlagKind.WORD_RATE, spoken(TALK.split()[:8], word_s=word_s))) == found


def test_fast_words_among_slow_ones() -> None:
    words = [Word(text, n * 0.3, n * 0.3 + 0.3) for n, text in enumerate(TALK.split()[:20])]
    burst = [Word(text, 6.0 + n * 0.02, 6.02 + n * 0.02) for n, text in enumerate(TALK.split()[20:36])]
    [found] = flags(FlagKind.WORD_RATE, Transcript([Utterance(0, 7, "", words + burst)], 7.0, "en"))
    assert 18 <= found.first_word <= 20
    assert found.end_word == 36


def test_improbable_words_make_a_stretch_and_one_alone_does_not() -> None:
    def words(*probabilities: float | None) -> Transcript:
        made = [Word("word", float(n), n + 0.5, p) for n, p in enumerate(probabilities)]
        return Transcript([Utterance(0, 100, "", made)], 100.0, "en")

    assert brief(flags(FlagKind.IMPROBABLE, words(*[0.9] * 5, 0.01, *[0.9] * 5))) == []
    assert brief(flags(FlagKind.IMPROBABLE, words(*[0.9] * 5, *[0.1] * 9, *[0.9] * 5))) == [(5, 14, STRONG)]
    assert brief(flags(FlagKind.IMPROBABLE, words(*[0.1] * 5, 0.8, *[0.1] * 5))) == [(0, 11, STRONG)]
    assert brief(flags(FlagKind.IMPROBABLE, words(*[0.3] * 20))) == [(0, 20, WEAK)]
    assert brief(flags(FlagKind.IMPROBABLE, words(*[None] * 20))) == []
    twice = words(*[0.05] * 10, *[0.95] * 20, *[0.05] * 10)
    assert brief(flags(FlagKind.IMPROBABLE, twice)) == [(0, 10, STRONG), (30, 40, STRONG)]


def test_words_far_from_speech() -> None:
    transcript = spoken(TALK)  # 0.3 s a word
    end_s = transcript.duration_s
    vad = [Segment(0.0, 3.0), Segment(9.0, end_s)]
    [found] = flags(FlagKind.OUTSIDE_SPEECH, transcript, vad=vad)
    assert (found.first_word, found.end_word, found.strength) == (12, 28, STRONG)  # 3.6 s is 0.6 s behind, 8.4 s before
    assert found.figures["distance_s"] == pytest.approx(2.7)
    assert found.why == "Nobody is heard to speak here: not by vad."
    near = [Segment(0.0, 3.0), Segment(4.9, end_s)]
    assert brief(flags(FlagKind.OUTSIDE_SPEECH, transcript, vad=near)) == [(12, 14, WEAK)]
    both = flags(FlagKind.OUTSIDE_SPEECH, transcript, vad=near, turns=near)
    assert brief(both) == [(12, 14, STRONG)]
    assert both[0].why.endswith("not by vad nor turns.")
    assert flags(FlagKind.OUTSIDE_SPEECH, transcript) == []


def test_words_over_noise_alone() -> None:
    transcript = spoken("thank you very much")
    assert brief(flags(FlagKind.NOISE_ONLY, transcript, vad=[Segment(0.0, 1.2)], voicing=[])) == [(0, 4, STRONG)]
    assert flags(FlagKind.NOISE_ONLY, transcript, vad=[Segment(0.0, 1.2)]) == []
    short = spoken(["seven"])  # of one second, with a tenth of it voiced
    assert flags(FlagKind.NOISE_ONLY, short, voicing=[Segment(0.1, 0.2)]) == []


def test_another_language_and_another_script() -> None:
    mixed = spoken(f"{TALK} {GERMAN} {TALK}")
    [found] = flags(FlagKind.LANGUAGE, mixed)
    first, end = len(TALK.split()), len(f"{TALK} {GERMAN}".split())
    assert abs(found.first_word - first) <= 6
    assert abs(found.end_word - end) <= 6
    assert found.why == "The words look German, in a transcript in English."
    assert flags(FlagKind.LANGUAGE, spoken(GERMAN * 2, language="de")) == []
    assert flags(FlagKind.LANGUAGE, spoken(GERMAN * 2, language=None)) == []
    cyrillic = spoken(f"{TALK} Субтитры создавал кто-то {TALK} да {TALK}")
    strengths = [(each.text, each.strength, each.why) for each in flags(FlagKind.LANGUAGE, cyrillic)]
    why = "Cyrillic letters, in a transcript in English."
    assert strengths == [("Субтитры создавал кто-то", STRONG, why), ("да", WEAK, why)]
    assert flags(FlagKind.LANGUAGE, spoken("мы говорим про Google и iPhone " * 5, language="ru")) == []


def test_what_the_model_itself_took_for_another_language_is_none() -> None:
    words = [Word(text, n * 0.3, n * 0.3 + 0.3) for n, text in enumerate(GERMAN.split())]
    piece = Utterance(0.0, 7.0, GERMAN, words, language="de")
    assert flags(FlagKind.LANGUAGE, Transcript([piece], 7.0, "en")) == []


def test_known_phrases_are_weak_where_people_say_them_too() -> None:
    transcript = spoken(f"{TALK} Thanks for watching! Untertitel der Amara.org-Community")
    said, credit = flags(FlagKind.KNOWN_PHRASE, transcript)
    assert (said.text, said.strength) == ("Thanks for watching!", WEAK)
    assert (credit.text, credit.strength) == ("Untertitel der Amara.org-Community", STRONG)
    cut = spoken(["ご視聴", "ありがとう", "ございました。"], language="ja")
    assert brief(flags(FlagKind.KNOWN_PHRASE, cut)) == [(0, 3, WEAK)]
    assert flags(FlagKind.KNOWN_PHRASE, spoken("thanks for watching over them all")) != []
    assert flags(FlagKind.KNOWN_PHRASE, spoken("thanks for the watching")) == []


def test_two_weak_flags_of_different_kinds_are_a_strong_one_each() -> None:
    transcript = spoken("well thanks for watching now")
    alone = find(transcript, {"vad": [Segment(0.0, 1.5)]})
    assert [(each.kind, each.strength) for each in alone.flags] == [(FlagKind.KNOWN_PHRASE, WEAK)]
    assert (alone.told, alone.told_words) == ([], set())
    silent = find(transcript, {"vad": [Segment(0.0, 0.09)], "turns": [Segment(0.0, 1.5)]})
    found = [(each.kind, each.strength, each.first_word) for each in silent.flags]
    assert found == [(FlagKind.KNOWN_PHRASE, STRONG, 1), (FlagKind.OUTSIDE_SPEECH, STRONG, 2)]
    assert silent.told_words == {1, 2, 3, 4}
    assert silent.listeners == ["vad", "turns"]
