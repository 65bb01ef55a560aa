"""From what a recogniser says to events: numbers, segments, what is stable, and times that are in order."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from modellab.streaming.events import AnyEvent, Endpoint, EndReason, Failure, Final, Partial
from modellab.surfaces.results import Word
from modellab.surfaces.streams import Heard
from modellab.text.sentences import join_words


@dataclass(slots=True)
class Sent:
    """What had been sent when something is told."""

    audio_s: float = 0.0
    at_s: float = 0.0
    """When the last of it was, in seconds since 1970."""


@dataclass(slots=True)
class Segments:
    """The segments of one stream, one after the other.

    Args:
        tell: called with each event, at once.
        clock: seconds since 1970, never going back.
        sent: kept up to date by the stream.
    """

    tell: Callable[[AnyEvent], None]
    clock: Callable[[], float]
    sent: Sent
    number: int = 1
    """Of the segment that goes on."""
    _seq: int = 0
    _stable: list[Word] = field(default_factory=list)
    _unstable: list[Word] = field(default_factory=list)

    @property
    def has_words(self) -> bool:
        """Whether any were heard in the segment that goes on."""
        return bool(self._stable or self._unstable)

    @property
    def last_s(self) -> float:
        """Where its last word ends, in seconds from the start of the stream."""
        words = self._unstable or self._stable
        return words[-1].end_s if words else 0.0

    def take(self, heard: Heard, heard_s: float) -> None:
        """Tell what changed in the segment that goes on; nothing where nothing did.

        Args:
            heard_s: seconds of audio that the recogniser was given: no word ends later.
        """
        before = len(self._stable), self._unstable
        self._stable += _placed(heard.stable, self._end_s, heard_s)
        self._unstable = list(_placed(heard.unstable, self._end_s, heard_s))
        if (len(self._stable), self._unstable) == before:
            return
        words = [*self._stable, *self._unstable]
        self._say(
            Partial,
            text=join_words(words),
            stable_text=join_words(self._stable),
            words=words,
            stable_words=len(self._stable),
        )

    def whole(self, heard: Heard, heard_s: float) -> list[Word]:
        """The segment's words if it ends with these in place of the unstable ones."""
        return [*self._stable, *_placed([*heard.stable, *heard.unstable], self._end_s, heard_s)]

    def endpoint(self, at_s: float, reason: EndReason) -> None:
        """Tell that the segment ended, and where."""
        self._say(Endpoint, at_s=at_s, reason=reason)

    def final(self, words: list[Word]) -> None:
        """Tell the whole segment; the next begins."""
        self._say(Final, text=join_words(words), words=words)
        self.number += 1
        self._stable, self._unstable = [], []

    def failed(self, message: str) -> None:
        """Tell that the stream broke."""
        self._say(Failure, message=message)

    @property
    def _end_s(self) -> float:
        """Before which no further word begins."""
        return self._stable[-1].end_s if self._stable else 0.0

    def _say(self, kind: type[AnyEvent], **what: Any) -> None:
        self._seq += 1
        sent: dict[str, Any] = {
            "audio_sent_s": self.sent.audio_s,
            "sent_at_s": self.sent.at_s,
            "received_at_s": self.clock(),
        }
        self.tell(kind(seq=self._seq, segment_id=self.number, **sent, **what))


def _placed(words: Iterable[Word], after_s: float, until_s: float) -> Iterator[Word]:
    """Words with text, each inside the audio and none before another's end."""
    for word in words:
        if not (math.isfinite(word.start_s) and math.isfinite(word.end_s)):
            raise ValueError(f"the word {word.text!r} has no time: {word.start_s} to {word.end_s}")
        if not (text := word.text.strip()):
            continue
        start_s = max(min(word.start_s, until_s), after_s)
        after_s = max(min(word.end_s, until_s), start_s)
        yield replace(word, text=text, start_s=start_s, end_s=after_s)
