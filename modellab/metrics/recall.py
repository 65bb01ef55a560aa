"""Which of the reference's names and numbers were heard right.

They are few of the words and most of what matters. What these do not say: what was invented (a number too many costs
nothing here), or what a name's wrong spelling did to the sense.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version

from modellab.metrics.alignment import Alignment
from modellab.metrics.normalisers import Normaliser, code_of
from modellab.metrics.placing import Placed
from modellab.metrics.score import Metric, Score
from modellab.text.languages import UNSPACED

SCORER_VERSION = "1"
"""Raise it whenever the same texts would give other counts."""

NOUNS_CAPITALISED = frozenset({"de", "lb"})
"""Languages in which a capital marks a noun, not a name."""
_TITLES = frozenset(
    {"capt", "col", "dr", "gen", "gov", "hon", "jr", "lt", "mr", "mrs", "ms", "prof", "rep", "rev", "sen", "sr", "st"}
)
"""Abbreviations after which no sentence begins."""
_ENDS = re.compile(r"[.!?…:][\"'”’»)\]]*$")
_STOPS = re.compile(r"[.,!?…:;][\"'”’»)\]]*$")
_OUTSIDE = re.compile(r"^\W+|\W+$|['’]s$")


def number_recall(normaliser: Normaliser) -> Metric:
    """Numbers that were heard right, to numbers that were said."""
    protocol = f"{normaliser.name}, tokens with a digit"
    return Metric("number_recall", "ratio", "higher", protocol, _version(), {"recalled": 1}, {"numbers": 1})


def entity_recall(normaliser: Normaliser, listed: bool) -> Metric:
    """Names that were heard right, to names that were said."""
    names = "names that the reference lists" if listed else "words with a capital inside sentences"
    protocol = f"{normaliser.name}, {names}"
    return Metric("entity_recall", "ratio", "higher", protocol, _version(), {"recalled": 1}, {"entities": 1})


def numbers_recalled(found: Alignment, normaliser: Normaliser) -> Score | None:
    """Of the reference's tokens with a digit, those that the transcript has too; None where there are none.

    Args:
        found: tokens of a normaliser that writes numbers as digits.
    """
    numbers = {place for place, token in enumerate(found.reference) if any(map(str.isdecimal, token))}
    if not numbers:
        return None
    recalled = sum(place in numbers for place, _ in found.equal())
    return Score(number_recall(normaliser), {"recalled": recalled, "numbers": len(numbers)})


def entities_recalled(
    found: Alignment, reference: Placed, entities: Sequence[range], normaliser: Normaliser, listed: bool
) -> Score | None:
    """Of the reference's names, those of which every word was heard; None where there are none.

    Args:
        reference: tokens of the alignment's reference and the words they rest on.
        entities: places of each name's words.
        listed: the reference says which they are.
    """
    heard = {place for place, _ in found.equal()}
    tokens_of = reference.tokens_of()
    spans = [[token for word in words for token in tokens_of.get(word, ())] for words in entities]
    spans = [tokens for tokens in spans if tokens]
    if not spans:
        return None
    recalled = sum(heard.issuperset(tokens) for tokens in spans)
    return Score(entity_recall(normaliser, listed), {"recalled": recalled, "entities": len(spans)})


def capitalised(words: Sequence[str], language: str | None) -> list[range]:
    """Places of names in a text, as capitals mark them: consecutive words with a capital, not parted by punctuation.

    A word that begins a sentence counts only if it stands inside another with a capital, and nowhere without. None are
    found in a language that is not known, is written without capitals or spaces, or capitalises nouns; nor in a text
    all in capitals.
    """
    code = code_of(language)
    if code is None or code in NOUNS_CAPITALISED or code in UNSPACED or not any(word.islower() for word in words):
        return []
    cores, begins = [_core(word) for word in words], list(_begins_sentence(words))
    inside = {core for core, first in zip(cores, begins, strict=True) if not first}
    found: list[range] = []
    for place, (core, first) in enumerate(zip(cores, begins, strict=True)):
        if not _is_name(core, code) or (first and (core not in inside or core.lower() in inside)):
            continue
        if found and found[-1].stop == place and not _parts(words[place - 1]):
            found[-1] = range(found[-1].start, place + 1)
        else:
            found.append(range(place, place + 1))
    return found


def listed(words: Sequence[str], names: Iterable[str]) -> list[range]:
    """Places of listed names in a text, each time they are said; capitals and punctuation around words do not count."""
    cores = [_core(word).casefold() for word in words]
    found = []
    for name in dict.fromkeys(tuple(_core(word).casefold() for word in name.split()) for name in names):
        found += [
            range(place, place + len(name))
            for place in range(len(cores) - len(name) + 1)
            if name and tuple(cores[place : place + len(name)]) == name
        ]
    return sorted(found, key=lambda place: (place.start, place.stop))


def _begins_sentence(words: Sequence[str]) -> Iterator[bool]:
    before = None
    for word in words:
        yield before is None or (bool(_ENDS.search(before)) and _core(before).casefold() not in _TITLES)
        before = word


def _parts(word: str) -> bool:
    """Whether punctuation after a word ends a name."""
    return bool(_STOPS.search(word)) and _core(word).casefold() not in _TITLES


def _is_name(core: str, code: str) -> bool:
    return core[:1].isupper() and not (code == "en" and re.split("['’]", core)[0] == "I")


def _core(word: str) -> str:
    previous = None
    while word != previous:
        previous, word = word, _OUTSIDE.sub("", word)
    return word


def _version() -> str:
    return f"{SCORER_VERSION}+jiwer-{version('jiwer')}"
