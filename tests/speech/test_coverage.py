"""Speech that got no word: found, heard again, told. The models are doubles that say what they are scripted to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from modellab.media.audio import Waveform
from modellab.speech.coverage import cover, gaps
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript, Utterance, Word

AUDIO = Waveform(np.zeros(60 * 100, dtype=np.float32), 100)


def utterance(text: str, start_s: float, end_s: float, likelihood: float = -0.2, **more: Any) -> Utterance:
    words = text.split()
    step_s = (end_s - start_s) / len(words)
    timed = [Word(word, start_s + n * step_s, start_s + (n + 1) * step_s, 0.9) for n, word in enumerate(words)]
    return Utterance(start_s, end_s, text, timed, average_log_probability=likelihood, **more)


@dataclass
class Scripted:
    """Says of the speech it is given what the script has for that speech's start, in the language asked or its own."""

    script: Mapping[float, Callable[[str | None], Transcript]]
    asked: list[tuple[tuple[Segment, ...], Mapping[str, Any]]] = field(default_factory=list)

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        self.asked.append((tuple(speech), parameters))
        progress(0.5)
        progress(1.0)
        say = self.script.get(round(speech[0].start_s, 2))
        return say(parameters.get("language")) if say else Transcript([], audio.duration_s, "en")


def says(*utterances: Utterance, language: str = "en", probability: float | None = 0.99) -> Callable[..., Transcript]:
    return lambda asked: Transcript(list(utterances), 60.0, asked or language, None if asked else probability)


SPEECH = [Segment(0, 10), Segment(11, 20)]
HEARD = Transcript([utterance("a b c d e f g h i j", 0, 10)], 60.0, "en", 0.9)


def test_speech_without_a_word_is_a_gap_and_hesitations_are_none() -> None:
    speech = [Segment(0, 4), Segment(5, 9), Segment(20, 20.9), Segment(30, 33)]
    spoken = [utterance("a b", 0, 2), utterance("c", 3.8, 4), utterance("d e f g", 5, 9)]
    assert [(gap.start_s, gap.end_s, gap.speech) for gap in gaps(speech, spoken, 60.0)] == [
        (9, 60.0, (Segment(20, 20.9), Segment(30, 33)))
    ]
    assert gaps(speech, [*spoken, utterance("e", 30, 33)], 60.0) == []


def test_a_word_drawn_over_a_pause_does_not_cover_it() -> None:
    long = Utterance(0, 10, "so then", [Word("so", 0, 9), Word("then", 9, 10)])
    [gap] = gaps([Segment(0, 10)], [long], 10.0)
    assert (gap.start_s, gap.end_s) == (1.0, 8.0)


def test_an_utterance_without_words_covers_its_time() -> None:
    assert gaps([Segment(0, 10)], [Utterance(0, 10, "all of it")], 10.0) == []


def test_nothing_is_heard_again_where_all_has_words() -> None:
    model = Scripted({})
    assert cover(model, AUDIO, [Segment(0, 10)], HEARD, {}) == HEARD
    assert model.asked == []


def test_what_a_decoder_left_out_is_heard_again_in_its_own_language_and_put_in_its_place() -> None:
    model = Scripted({11: says(utterance("les deux autres sont là", 11, 19.9), language="fr")})
    found = cover(model, AUDIO, SPEECH, HEARD, {"beam_size": 3})
    assert model.asked == [((Segment(11, 20),), {"beam_size": 3})]
    assert found.text == "a b c d e f g h i j les deux autres sont là"
    assert (found.language, [u.language for u in found.utterances], found.uncovered) == ("en", [None, "fr"], [])


def test_a_language_that_was_asked_for_stays() -> None:
    model = Scripted({11: says(utterance("k l m n", 11, 20))})
    cover(model, AUDIO, SPEECH, HEARD, {"language": "en"})
    assert [asked["language"] for _, asked in model.asked] == ["en"]


def test_where_the_language_is_doubtful_the_likelier_words_are_taken() -> None:
    def say(asked: str | None) -> Transcript:
        return says(
            utterance("one of these words here", 11, 20, -0.1 if asked else -0.5), language="cy", probability=0.5
        )(asked)

    model = Scripted({11: say})
    found = cover(model, AUDIO, SPEECH, HEARD, {})
    assert [asked.get("language") for _, asked in model.asked] == [None, "en"]
    assert (found.utterances[-1].average_log_probability, found.utterances[-1].language) == (-0.1, None)


@pytest.mark.parametrize(
    "wrong",
    [
        utterance("Thanks for watching", 11, 20, -0.9),
        utterance("Thanks for watching", 11, 20, no_speech_probability=0.7),
        utterance("and so on and " * 4, 11, 20),
        utterance(" ".join(["word"] * 80), 11, 12.5),
    ],
    ids=["improbable", "no speech", "loop", "too many words"],
)
def test_what_can_not_be_believed_is_left_out_and_the_speech_is_named(wrong: Utterance) -> None:
    model = Scripted({11: says(wrong)})
    found = cover(model, AUDIO, SPEECH, HEARD, {})
    assert found.text == HEARD.text
    assert found.uncovered == [Segment(11, 20)]


def test_a_stretch_that_brings_nothing_is_halved_at_its_longest_pause() -> None:
    speech = [Segment(0, 10), Segment(11, 14), Segment(14.2, 16), Segment(17, 20)]
    model = Scripted({17: says(utterance("k l m", 17, 20))})
    found = cover(model, AUDIO, speech, HEARD, {})
    first, *halves = [asked for asked, _ in model.asked]
    assert first == (Segment(11, 14), Segment(14.2, 16), Segment(17, 20))
    assert halves == [
        (Segment(11, 14), Segment(14.2, 16)),
        (Segment(11, 14),),
        (Segment(17, 20),),
        (Segment(14.2, 16),),
    ]
    assert found.text.endswith("j k l m")
    assert found.uncovered == [Segment(11, 14), Segment(14.2, 16)]


def test_progress_goes_on_while_speech_is_heard_again_and_never_falls() -> None:
    speech = [Segment(0, 10), Segment(11, 14), Segment(17, 20)]
    told: list[float] = []
    cover(Scripted({}), AUDIO, speech, HEARD, {}, progress=told.append)
    # One stretch, which brings nothing: 0.5 and 1 of 2. Then its halves: 1.5 and 2 of 4, 2.5 and 3 of 4.
    assert told == [0.25, 0.5, 0.5, 0.5, 0.625, 0.75, 1.0]


def test_a_decoder_that_stops_again_is_asked_for_the_rest() -> None:
    model = Scripted({11: says(utterance("k l m", 11, 14)), 14: says(utterance("n o p", 14, 20))})
    found = cover(model, AUDIO, SPEECH, HEARD, {})
    assert found.text.endswith("j k l m n o p")
    assert found.uncovered == []


def test_words_heard_twice_at_the_edge_come_once_and_all_come_in_order() -> None:
    around = Transcript([utterance("well a b c d e f g h z", 0, 10)], 60.0, "en")
    words = [word for word in around.words if word.start_s < 3 or word.start_s >= 8]
    around = Transcript([Utterance(0, 10, "well a b h z", words)], 60.0, "en")
    model = Scripted({3: says(utterance("B, c d e f g H", 2.9, 8.1))})
    found = cover(model, AUDIO, [Segment(0, 10)], around, {})
    assert [word.text for word in found.words] == ["well", "a", "b", "c", "d", "e", "f", "g", "h", "z"]
    assert [utterance.text for utterance in found.utterances] == ["well a b", "c d e f g", "h z"]


def test_a_recording_of_nothing_but_gaps_costs_no_more_calls_than_it_has_windows() -> None:
    audio = Waveform(np.zeros(600 * 100, dtype=np.float32), 100)
    speech = [Segment(start, start + 2) for start in range(0, 600, 4)]
    model = Scripted({})
    found = cover(model, audio, speech, Transcript([], 600.0, "en"), {})
    assert len(model.asked) == 14  # 300 s of speech are 10 windows of 30 s, and 4 more
    assert found.uncovered == speech


def test_when_no_word_was_heard_at_first_the_second_hearing_names_the_language() -> None:
    model = Scripted({0: says(utterance("les deux autres sont là", 0, 10), language="fr")})
    found = cover(model, AUDIO, [Segment(0, 10)], Transcript([], 60.0, "en", 0.5), {})
    assert (found.language, found.utterances[0].language) == ("fr", None)
