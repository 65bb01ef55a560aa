"""LocalAgreement: words are stable once several hypotheses in a row agree on them.

The policy of Liu et al., "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis
Selection" (2020): a recogniser of whole recordings hears the audio so far again and again, and what the last n times
have in common from the beginning on is taken for settled. Macháček et al., "Turning Whisper into Real-Time
Transcription System" (2023), did this to Whisper, with n = 2.
"""

from collections.abc import Sequence

from modellab.surfaces.results import Word

_REPEATED = 5
"""So many settled words, at most, are heard again at the beginning of audio that was cut behind them."""
_TOLERANCE_S = 0.3
"""A word's times are heard a little differently each time."""


def spelled(word: str) -> str:
    """A word as it is compared: without case and punctuation, which change when the sentence goes on."""
    return "".join(character for character in word.casefold() if character.isalnum()) or word


def agreed(hypotheses: Sequence[Sequence[Word]]) -> int:
    """How many words all have in common, from the first on."""
    count = 0
    for words in zip(*hypotheses, strict=False):
        if len({spelled(word.text) for word in words}) != 1:
            break
        count += 1
    return count


def after_settled(settled: Sequence[Word], since_s: float, heard: Sequence[Word]) -> Sequence[Word]:
    """What of a hypothesis comes after the words that are settled.

    Args:
        settled: all or the last of them.
        since_s: where the audio begins that was heard.
        heard: the hypothesis; times count from where those of `settled` do.
    """
    if not settled:
        return heard
    inside = [word for word in settled if word.start_s >= since_s]
    if inside and agreed([inside, heard]) == len(inside):
        return heard[len(inside) :]
    until_s = settled[-1].end_s
    rest = [word for word in heard if word.start_s > until_s - _TOLERANCE_S]
    for count in range(min(_REPEATED, len(rest), len(settled)), 0, -1):
        near = rest[count - 1].end_s <= until_s + _TOLERANCE_S
        if near and agreed([settled[-count:], rest[:count]]) == count:
            return rest[count:]
    return rest


class Agreement:
    """The words of one stream.

    Args:
        hypotheses: how many in a row must agree, 2 or more.
    """

    def __init__(self, hypotheses: int = 2) -> None:
        self._before: list[Sequence[Word]] = []
        """What came after the settled words in the last hypotheses, the latest last."""
        self._wanted = hypotheses
        self.settled: list[Word] = []
        """Those of the audio that is still heard, and the last before it."""
        self.unsettled: Sequence[Word] = []

    def hear(self, heard: Sequence[Word], since_s: float) -> list[Word]:
        """Take in a hypothesis; gives the words that it settles.

        Args:
            since_s: where the audio begins that was heard.
        """
        rest = after_settled(self.settled, since_s, heard)
        enough = len(self._before) >= self._wanted - 1
        count = agreed([*self._before, rest]) if enough else 0
        self.settled += rest[:count]
        latest = [*self._before, rest][-(self._wanted - 1) :]
        self._before = [words[count:] for words in latest]
        self.unsettled = rest[count:]
        return list(rest[:count])

    def end(self) -> list[Word]:
        """Settle what the last hypothesis says; nothing that was heard before counts for the next."""
        words = list(self.unsettled)
        self.settled += words
        self._before, self.unsettled = [], []
        return words

    def forget(self, before_s: float) -> None:
        """The audio before is not heard again: its words are kept only as far as they may be repeated."""
        old = sum(word.start_s < before_s for word in self.settled)
        del self.settled[: max(0, old - _REPEATED)]
