"""A chapter's title, from words said in it."""

import calendar
from collections.abc import Sequence
from functools import cache
from typing import Any

from modellab.text.addressing import called_names
from modellab.text.english import word_list
from modellab.text.languages import UNSPACED
from modellab.text.sentences import Sentence, tokens
from modellab.text.stopwords import content_words, stop_words

_CALENDAR = frozenset(name.lower() for name in (*calendar.day_name, *calendar.month_name)) | set(word_list("times"))
_PHRASE_WORDS = 3
_CANDIDATES = 30
_PHRASES = 2
"""A title joins at most so many keyphrases."""
_FALLBACK_WORDS = 8
_FALLBACK_CHARACTERS = 30
"""In languages written without spaces."""


def title(chapter: Sequence[Sentence], everything: Sequence[Sentence], language: str | None) -> tuple[str, Sentence]:
    """A title, and the sentence that has its first words.

    YAKE's keyphrases (Campos et al., "YAKE! Keyword extraction from single documents using multiple local features",
    2020), weighted by how often the chapter uses their words and how much less the rest of the recording does. Where
    there are none (a chapter of "yes" and "okay", a language without spaces) it is the beginning of the longest
    sentence.
    """
    chosen: list[str] = []
    # YAKE parts words at spaces: without them it takes whole clauses for words.
    for phrase in () if language in UNSPACED else _ranked(chapter, everything, language):
        known = {_stem(word) for other in chosen for word in tokens(other)}
        if not known & {_stem(word) for word in tokens(phrase)} and _sentence_with(phrase, chapter):
            chosen.append(phrase)
        if len(chosen) == _PHRASES:
            break
    if not chosen:
        longest = max(chapter, key=lambda sentence: len(sentence.text))
        return _beginning(longest.text, language), longest
    chosen.sort(key=lambda phrase: _sentence_with(phrase, chapter).first_word)  # type: ignore[union-attr]
    text = ", ".join(chosen)
    source = _sentence_with(chosen[0], chapter)
    assert source is not None
    return text[:1].upper() + text[1:], source


def _ranked(chapter: Sequence[Sentence], everything: Sequence[Sentence], language: str | None) -> list[str]:
    inside, overall = _counts(chapter, language), _counts(everything, language)
    unfit = stop_words(language) | _CALENDAR | _called(everything)
    scored = []
    for phrase, score in _extractor(language).extract_keywords("\n".join(s.text for s in chapter)):
        words = tokens(phrase)
        if not words or any(word in unfit or word.isdigit() for word in words):
            continue
        stems = [_stem(word) for word in words]
        weight = sum(inside.get(stem, 0) ** 2 / overall.get(stem, 1) for stem in stems) / len(stems)
        scored.append((float(f"{score / weight**2:.9g}") if weight else float("inf"), phrase))
    return [phrase for _, phrase in sorted(scored)]  # YAKE's last digits never choose between two phrases


def _counts(sentences: Sequence[Sentence], language: str | None) -> dict[str, int]:
    """How often each content word is said."""
    counts: dict[str, int] = {}
    for sentence in sentences:
        for word in content_words(sentence.text, language):
            counts[_stem(word)] = counts.get(_stem(word), 0) + 1
    return counts


def _stem(word: str) -> str:
    """One form for singular and plural, near enough to count with."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _called(sentences: Sequence[Sentence]) -> frozenset[str]:
    """The names that participants call each other by: who is there is no topic."""
    return frozenset(word for s in sentences for name in called_names(s.text) for word in tokens(name))


def _sentence_with(phrase: str, chapter: Sequence[Sentence]) -> Sentence | None:
    wanted = tokens(phrase)
    for sentence in chapter:
        said = tokens(sentence.text)
        if any(said[i : i + len(wanted)] == wanted for i in range(len(said))):
            return sentence
    return None


def _beginning(text: str, language: str | None) -> str:
    if language in UNSPACED:
        return text[:_FALLBACK_CHARACTERS].rstrip("。,，") + ("…" if len(text) > _FALLBACK_CHARACTERS else "")
    words = text.split()
    return " ".join(words[:_FALLBACK_WORDS]).rstrip(",.;:!?") + ("…" if len(words) > _FALLBACK_WORDS else "")


@cache
def _extractor(language: str | None) -> Any:
    import yake

    return yake.KeywordExtractor(lan=language or "en", n=_PHRASE_WORDS, dedupLim=0.7, top=_CANDIDATES)
