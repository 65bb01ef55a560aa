"""hallucination_planted_v1: clean sentences with silence, noise, tones or music between them, and transcripts of them.

For each recording the right transcript, and some with words as models make them up, with the numbers of those words:
what detectors must find, and what they must leave alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from corpus import Corpus, Given, case, speech_of
from scripts import Utterance, plants, repeats, utterances
from signals import clicks, fade, music, street, switched, tones, white
from sound import Sound, at_level, samples_in, seconds_of, stretches

GAP_S = 6.0
"""Between the sentences."""
END_S = 1.0
_LETTER_S = 0.07
"""How long a planted word takes for each of its letters, at most."""
Word = dict[str, Any]
"""`text`, `start_s`, `end_s`, as the lab's transcripts have them."""


@dataclass(frozen=True)
class Placed:
    """A sentence in its recording, from where its file begins."""

    utterance: Utterance
    offset_s: float

    def stretches(self) -> list[tuple[float, float]]:
        """Where there is speech."""
        found = stretches(speech_of(self.utterance))
        return [(round(start_s + self.offset_s, 3), round(end_s + self.offset_s, 3)) for start_s, end_s in found]


def make(corpus: Corpus) -> None:
    """Write the set and its transcripts."""
    corpus.manifest(
        "hallucination_planted_v1",
        "sentences with silence, noise, tones or music between them, and sentences that repeat "
        "themselves; beside the recordings lie transcripts, right ones and ones with planted inventions and loops",
        ["hallucination", "asr", "vad"],
        [*_spliced(corpus), *_repeating(corpus)],
    )


def gap(kind: str) -> Sound:
    """What is heard between the sentences."""
    return {
        "silence": lambda: np.zeros(samples_in(GAP_S)),
        "hiss": lambda: at_level(white(GAP_S, 41), -50.0),
        "street": lambda: at_level(street(GAP_S, 42), -38.0),
        "music": lambda: at_level(fade(music(GAP_S, 43)), -34.0),
        "keyboard": lambda: at_level(clicks(GAP_S, 44), -40.0),
        "tones": lambda: at_level(switched(tones(GAP_S, (480.0, 620.0)), 0.5, 0.5), -36.0),
    }[kind]()


def _spliced(corpus: Corpus) -> Iterator[Given]:
    said = {utterance.id: utterance for utterance in utterances()}
    for entry in plants():
        kind = entry["case"]
        first, second = (said[name] for name in entry["between"])
        parts = [speech_of(first), gap(kind), speech_of(second), np.zeros(samples_in(END_S))]
        sound = np.concatenate(parts)
        placed = [Placed(first, 0.0), Placed(second, seconds_of(np.concatenate(parts[:2])))]
        right = [_words_of(each) for each in placed]
        transcripts = [_transcript(corpus, f"{kind}.right", seconds_of(sound), right, None)]
        for plant in entry["plants"]:
            told = [_words_of(each) for each in placed]
            if plant["where"] == "gap":
                told.insert(1, _planted(plant, seconds_of(parts[0]) + 0.5, GAP_S - 1.0))
            else:
                start_s, end_s = placed[1].stretches()[0][0], placed[1].stretches()[-1][1]
                told[1] = _planted(plant, start_s, end_s - start_s)
            name = f"{kind}.{plant['kind']}"
            transcripts.append(_transcript(corpus, name, seconds_of(sound), told, (1, plant["kind"])))
        yield _case(corpus, kind, (sound, placed), kind, transcripts)


def _repeating(corpus: Corpus) -> Iterator[Given]:
    for utterance in repeats():
        sound, placed = speech_of(utterance), Placed(utterance, 0.0)
        name = f"repeats-{utterance.voice.id}"
        right = _transcript(corpus, f"{name}.right", seconds_of(sound), [_words_of(placed)], None)
        yield _case(corpus, name, (sound, [placed]), "clean", [right])


def _case(
    corpus: Corpus, name: str, heard: tuple[Sound, Sequence[Placed]], noise: str, transcripts: list[str]
) -> Given:
    """A case.

    Args:
        heard: its sound, and the sentences in it.
        transcripts: files of its transcripts; the first is the right one.
    """
    sound, placed = heard
    tags = {"noise": noise, "planted": "yes" if len(transcripts) > 1 else "no"}
    reference = {
        "text": " ".join(each.utterance.text for each in placed),
        "speech": [list(stretch) for each in placed for stretch in each.stretches()],
        "planted": [{"file": file} for file in transcripts],
    }
    speakers = sorted({each.utterance.voice.id for each in placed})
    return case(name, corpus.save(f"planted/{name}", sound), reference, tags, speakers)


def _transcript(
    corpus: Corpus, name: str, duration_s: float, told: Sequence[list[Word]], planted: tuple[int, str] | None
) -> str:
    """Write a transcript, an utterance for each list of words, and which of its words are planted; gives its file.

    Args:
        planted: number of the utterance whose words are, and of what kind.
    """
    behind = np.cumsum([len(words) for words in told]).tolist()
    spans = [
        {"first_word": behind[number] - len(told[number]), "end_word": behind[number], "kind": kind}
        for number, kind in ([planted] if planted else [])
    ]
    utterances_told = [
        {
            "start_s": words[0]["start_s"],
            "end_s": words[-1]["end_s"],
            "text": " ".join(word["text"] for word in words),
            "words": words,
        }
        for words in told
    ]
    transcript = {"utterances": utterances_told, "duration_s": round(duration_s, 3), "language": "en"}
    return corpus.document(f"planted/{name}", {"planted": spans, "transcript": transcript})


def _words_of(placed: Placed) -> list[Word]:
    """The words of a sentence, laid over where it has speech by their numbers of letters.

    Made so, a word is where it is said to within about a third of a second.
    """
    return _laid(placed.utterance.text.split(), placed.stretches())


def _planted(plant: Given, start_s: float, most_s: float) -> list[Word]:
    tokens = plant["text"].split() * plant.get("times", 1)
    length_s = min(most_s, _LETTER_S * sum(len(token) for token in tokens))
    return _laid(tokens, [(start_s, start_s + length_s)])


def _laid(tokens: Sequence[str], spans: Sequence[tuple[float, float]]) -> list[Word]:
    """Words one after the other in the time of some spans, each as long as it has letters."""
    letters = np.concatenate([[0], np.cumsum([len(token) for token in tokens])])
    total_s = sum(end_s - start_s for start_s, end_s in spans)
    spoken = letters / letters[-1] * total_s
    return [
        {"text": token, "start_s": _at(spans, spoken[place], False), "end_s": _at(spans, spoken[place + 1], True)}
        for place, token in enumerate(tokens)
    ]


def _at(spans: Sequence[tuple[float, float]], spoken_s: float, is_end: bool) -> float:
    """When so much of the spans' time has gone by; at a border, in the span before it for an end, else in the next."""
    for number, (start_s, end_s) in enumerate(spans):
        left = spoken_s - (end_s - start_s)
        if left < -1e-9 or (abs(left) <= 1e-9 and is_end) or number == len(spans) - 1:
            return round(min(start_s + spoken_s, end_s), 3)
        spoken_s = max(left, 0.0)
    raise ValueError("no spans")
