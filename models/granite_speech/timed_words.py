"""What the plus model writes, `hello [T:45] _ [T:120] world [T:160]`, as words with times.

Each tag says when what stands before it ended, in hundredths of a second; `_` is silence. A word begins where what is
before it ended.
"""

import re

from modellab.speech.by_pieces import Heard
from modellab.surfaces.results import Word

_TAGGED = re.compile(r"([^\[\]]*)\[T:\s*(\d+)\s*\]", re.IGNORECASE)
_TAG = re.compile(r"\[T:[^\]]*\]?", re.IGNORECASE)
_SILENCE = "_"
_PER_SECOND = 100
_ROUND = 1000
"""The model was taught times of three digits: after 9.99 s comes 0.00. Of times with all their digits it makes no
other ones, since nothing between two tags takes ten seconds."""


def timed_words(text: str, duration_s: float) -> Heard:
    """The words of a piece of so much audio, each from the end of what is before it to its own; without any tag, the
    text alone.

    A word without a tag of its own shares that of those after it, each with a part as long as its letters.
    """
    words: list[Word] = []
    last = 0
    end = int(duration_s * _PER_SECOND)
    tagged = _TAGGED.findall(text)
    for before, tag in tagged:
        said = [word for word in before.split() if word != _SILENCE]
        until = last + (int(tag) - last) % _ROUND
        if until > end:
            until = last  # it can't be: a number that the model made up
        words += _shared(said, last / _PER_SECOND, until / _PER_SECOND)
        last = until
    if not tagged:
        return Heard(" ".join(_TAG.sub(" ", text).split()))
    rest = [word for word in _TAG.sub(" ", text[text.rindex("]") + 1 :]).split() if word != _SILENCE]
    words += _shared(rest, last / _PER_SECOND, end / _PER_SECOND)
    return Heard(" ".join(word.text for word in words), words)


def _shared(said: list[str], start_s: float, end_s: float) -> list[Word]:
    letters = sum(map(len, said))
    words = []
    done = 0
    for text in said:
        begins, done = done, done + len(text)
        share_s = (end_s - start_s) / letters
        words.append(Word(text, start_s + begins * share_s, start_s + done * share_s, estimated=len(said) > 1))
    return words
