"""A summary made of what was said: the sentences that stand for the others, each with its evidence.

A sentence counts by how close it is to the centre of its chapter (or of its speaker's words) and by how much it says;
sentences that need the one before to be understood, questions and backchannels count less or not at all. Maximal
marginal relevance (Carbonell and Goldstein, 1998) keeps the chosen ones different from each other.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from modellab.surfaces.contracts import EmbedModel, Vectors
from modellab.surfaces.results import Transcript
from modellab.text.english import word_list
from modellab.text.results import Chapters, Evidence, Line, SpeakerSummary, Summary
from modellab.text.sentences import Sentence, join_words, split_sentences, tokens
from modellab.text.stopwords import content_words
from modellab.ties import first_largest

_Floats = npt.NDArray[np.float64]

BACKEND = "extractive"
_LEAST_CONTENT = 3
"""Content words a sentence needs to say something on its own."""
_IDEAL_CONTENT = 8
"""Content words from which more do not count."""
_LONGEST_WORDS = 45
_RELEVANCE = 0.7
"""Share of relevance against novelty in the choice."""
_SAME_RELEVANCE = 1e-5
"""Sentences whose relevance differs by less are equally good: the same sentence said twice, say. The first is taken."""
_QUESTION_FACTOR = 0.5
_DEPENDENT_FACTOR = 0.75


def _english(name: str, language: str | None) -> frozenset[str]:
    """A list of English words; empty in other languages, where "um" and "er" are words that say something."""
    return frozenset(word_list(name)) if language == "en" else frozenset()


def summarize(
    transcript: Transcript, embedder: EmbedModel, chapters: Chapters | None, *, lines: int, lines_per_speaker: int
) -> Summary:
    """A few lines for the meeting, in order of time, and a paragraph per speaker, the one who talks most first.

    With chapters, the lines are spread over them, the longest first; a speaker who said nothing that stands on its own
    has a paragraph without lines. A paragraph says what the meeting's lines leave out, while the speaker said more
    than those.
    """
    sentences = split_sentences(transcript)
    if not sentences:
        return Summary([], [], BACKEND)
    vectors = embedder.embed([sentence.text for sentence in sentences])
    value = np.array([_value(sentence, transcript.language) for sentence in sentences])
    chooser = _Chooser(transcript, sentences, vectors, value)
    chosen: list[int] = []
    groups = _chapter_groups(sentences, chapters)
    for group, share in zip(groups, _shares([sum(sentences[i].words for i in g) for g in groups], lines), strict=True):
        chosen += chooser.choose(group, share, chosen)
    return Summary(
        [chooser.line(index) for index in sorted(chosen)],
        _speakers(sentences, chooser, lines_per_speaker, chosen),
        BACKEND,
    )


class _Chooser:
    def __init__(self, transcript: Transcript, sentences: Sequence[Sentence], vectors: Vectors, value: _Floats) -> None:
        self._words, self._sentences, self._vectors, self._value = transcript.words, sentences, vectors, value
        self._fillers = _english("fillers", transcript.language)
        self._leading_fillers = _english("leading_fillers", transcript.language)

    def choose(self, group: Sequence[int], count: int, already: Sequence[int]) -> list[int]:
        """The sentences of a group that stand for it best, `count` at most, unlike each other and `already`."""
        weights = np.array([self._sentences[i].words for i in group], dtype=np.float32)
        centre = (weights[:, None] * self._vectors[list(group)]).sum(0)
        centre /= np.linalg.norm(centre) or 1.0
        relevance = {i: float(self._vectors[i] @ centre) * float(self._value[i]) for i in group if self._value[i] > 0}
        chosen: list[int] = []
        while relevance and len(chosen) < count:
            others = self._vectors[[*already, *chosen]]
            left = list(relevance)
            best = left[first_largest([self._marginal(i, relevance[i], others) for i in left], _SAME_RELEVANCE)]
            del relevance[best]
            chosen.append(best)
        return chosen

    def _marginal(self, index: int, relevance: float, others: Vectors) -> float:
        alike = float((others @ self._vectors[index]).max()) if len(others) else 0.0
        return _RELEVANCE * relevance - (1 - _RELEVANCE) * alike * float(self._value[index])

    def line(self, index: int) -> Line:
        """A sentence as it is shown: without the fillers it begins with, and without "um" anywhere."""
        sentence = self._sentences[index]
        first = sentence.first_word
        while first < sentence.end_word - _LEAST_CONTENT and _bare(self._words[first].text) in self._leading_fillers:
            first += 1
        said = self._words[first : sentence.end_word]
        text = join_words([word for word in said if _bare(word.text) not in self._fillers])
        evidence = Evidence(
            said[0].start_s, sentence.end_s, sentence.speaker, first, sentence.end_word, join_words(said)
        )
        return Line(text[:1].upper() + text[1:], [evidence])


def _value(sentence: Sentence, language: str | None) -> float:
    """How much a sentence says by itself, 0 to 1."""
    content = len(set(content_words(sentence.text, language)))
    if sentence.words > 1 and " " not in sentence.text:  # a language without spaces: two characters a word
        content = len(sentence.text) // 2
    if content < _LEAST_CONTENT or sentence.words > _LONGEST_WORDS:
        return 0.0
    value = min(content, _IDEAL_CONTENT) / _IDEAL_CONTENT
    if sentence.text.rstrip().endswith(("?", "？")):
        value *= _QUESTION_FACTOR
    fillers = _english("leading_fillers", language)
    opening = [token for token in tokens(sentence.text) if token not in fillers]
    if opening and opening[0].split("'")[0] in _english("dependent", language):
        value *= _DEPENDENT_FACTOR
    return value


def _bare(word: str) -> str:
    return word.lower().strip(".,;:!?…")


def _chapter_groups(sentences: Sequence[Sentence], chapters: Chapters | None) -> list[list[int]]:
    """Numbers of the sentences of each chapter; one group without chapters."""
    if chapters is None or not chapters.chapters:
        return [list(range(len(sentences)))]
    groups: list[list[int]] = [[] for _ in chapters.chapters]
    for index, sentence in enumerate(sentences):
        number = sum(sentence.first_word >= chapter.first_word for chapter in chapters.chapters) - 1
        groups[max(number, 0)].append(index)
    return [group for group in groups if group]


def _shares(sizes: Sequence[int], lines: int) -> list[int]:
    """How many lines each group gets: one each, largest first, then one more to whoever has most words per line."""
    shares = [0] * len(sizes)
    for _ in range(lines):
        shares[max(range(len(sizes)), key=lambda i: (shares[i] == 0, sizes[i] / (shares[i] + 1)))] += 1
    return shares


def _speakers(
    sentences: Sequence[Sentence], chooser: _Chooser, count: int, shown: Sequence[int]
) -> list[SpeakerSummary]:
    groups: dict[str | None, list[int]] = {}
    for index, sentence in enumerate(sentences):
        groups.setdefault(sentence.speaker, []).append(index)

    def lines(group: Sequence[int]) -> list[Line]:
        more = chooser.choose([index for index in group if index not in shown], count, shown)
        return [chooser.line(index) for index in sorted(more or chooser.choose(group, count, []))]

    paragraphs = [
        SpeakerSummary(
            speaker,
            lines(group),
            sum(sentences[index].words for index in group),
            round(sum(sentences[index].duration_s for index in group), 3),
        )
        for speaker, group in groups.items()
        if speaker is not None
    ]
    return sorted(paragraphs, key=lambda paragraph: -paragraph.talk_s)
