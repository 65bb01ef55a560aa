"""Who is spoken to: the names that are called in a conversation, and which speakers answer to them (English)."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from modellab.text.english import word_list
from modellab.text.sentences import Sentence

_TITLES = r"(?:(?:Mr|Mrs|Ms|Dr|Nurse|Professor)\.? )?"
_NAME = rf"{_TITLES}[A-Z][a-zà-ÿ]+(?:-[A-Z][a-z]+)?"
_OPENING = r"(?:(?:okay|ok|so|and|right|good|great|perfect|thanks|then|alright|well|hey|yes|no|but|hi|now)[,.]? )*"
_AT_START = re.compile(rf"^(?i:{_OPENING})(?P<name>{_NAME})[,?]")
_AT_END = re.compile(rf", (?P<name>{_NAME})[.?!]*$")
_NOT_NAMES = frozenset(word_list("not_names"))


def called_names(text: str) -> list[str]:
    """The names a sentence calls somebody by, at its beginning ("Ben, can you") or its end ("thanks, Ben")."""
    matches = (_AT_START.search(text), _AT_END.search(text))
    return [match["name"] for match in matches if match and match["name"].split()[-1].lower() not in _NOT_NAMES]


def answering_speakers(sentences: Sequence[Sentence]) -> dict[str, str]:
    """Name -> the label of the speaker who most often speaks right after that name was called."""
    votes: dict[str, Counter[str]] = {}
    for index, sentence in enumerate(sentences):
        for name in called_names(sentence.text):
            if answerer := next_speaker(sentences, index):
                votes.setdefault(name, Counter())[answerer] += 1
    return {name: counted.most_common(1)[0][0] for name, counted in votes.items()}


def next_speaker(sentences: Sequence[Sentence], index: int) -> str | None:
    """Who speaks next after a sentence's speaker; None when nobody does or labels are missing."""
    mine = sentences[index].speaker
    if mine is None:
        return None
    later = (s.speaker for s in sentences[index + 1 :])
    return next((speaker for speaker in later if speaker is not None and speaker != mine), None)


def turns(sentences: Sequence[Sentence]) -> Iterator[range]:
    """Ranges of sentences that one speaker says without another between."""
    start = 0
    for index in range(1, len(sentences) + 1):
        if index == len(sentences) or sentences[index].speaker != sentences[start].speaker:
            yield range(start, index)
            start = index
