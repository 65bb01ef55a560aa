"""What the events of any stream promise, whatever was done with it."""

from collections.abc import Sequence
from itertools import pairwise

from modellab.streaming.events import AnyEvent, Endpoint, Failure, Final, Partial


def broken(events: Sequence[AnyEvent]) -> list[str]:
    """Every promise that they break."""
    found: list[str] = []
    if [event.seq for event in events] != list(range(1, len(events) + 1)):
        found.append("seq is not 1, 2, 3 and so on")
    for one, other in pairwise(events):
        if isinstance(one, Failure):
            found.append("something comes after an error")
        if other.segment_id != one.segment_id + isinstance(one, Final):
            found.append("a segment's id changes before its final, or stays after it")
        if isinstance(one, Endpoint) and not isinstance(other, Final | Failure):
            found.append("an endpoint is not followed by its final")
        if isinstance(other, Final) and not isinstance(one, Endpoint):
            found.append("a final does not follow an endpoint")
        if other.audio_sent_s < one.audio_sent_s or other.received_at_s < one.received_at_s:
            found.append("times fall")
    stable: dict[int, list[object]] = {}
    for event in events:
        if not isinstance(event, Partial | Final):
            continue
        before = stable.get(event.segment_id, [])
        if list(event.words[: len(before)]) != before:
            found.append("a stable word changed")
        if isinstance(event, Partial):
            stable[event.segment_id] = list(event.words[: event.stable_words])
            if not event.text.startswith(event.stable_text):
                found.append("the text does not begin with its stable text")
        if any(not 0.0 <= word.start_s <= word.end_s <= event.audio_sent_s for word in event.words):
            found.append("a word lies outside the audio")
        if any(after.start_s < before.end_s for before, after in pairwise(event.words)):
            found.append("words are not in order of time")
    return found
