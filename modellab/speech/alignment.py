"""Which speaker said which word: speaker turns onto words, by one sweep over both in order of time."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate

from modellab.surfaces.results import MIN_WORD_S, Turn, Utterance, Word


def assign_speakers(words: Sequence[Word], turns: Iterable[Turn], max_gap_s: float) -> list[str | None]:
    """The speaker of each word.

    A word's speaker is the one who talks longest within the word's span. Of speakers who talk equally long, as in
    overlapped speech, it is the one whose turn began first: who has the floor keeps it. Where nobody talks it is the
    speaker of the nearest turn no further than `max_gap_s` away, the turn before the word if one after it is as near;
    beyond that, nobody. What remains equal goes to the turn that ends first, then to the speaker first by name.

    Words and turns may come in any order. The sweep takes O((n + m) (log n + k)) for n words, m turns and at most k
    turns at a time.

    Args:
        words: spans in seconds.
        turns: those without length are ignored; turns of one speaker should not overlap each other.
        max_gap_s: how far a turn may be from a word that nobody talks in.

    Returns:
        A speaker or None for each word, in the words' order.
    """
    ordered = sorted((t for t in turns if t.end_s > t.start_s), key=lambda t: (t.start_s, t.end_s, t.speaker))
    starts = [turn.start_s for turn in ordered]
    latest_ending = list(accumulate(ordered, _later_ending))
    spans = [_span(word) for word in words]
    speakers: list[str | None] = [None] * len(words)
    talking: list[Turn] = []
    coming = 0
    for index in sorted(range(len(spans)), key=lambda i: spans[i]):
        start_s, end_s = spans[index]
        while coming < len(ordered) and starts[coming] < end_s:
            talking.append(ordered[coming])
            coming += 1
        # Later words begin no earlier, so a turn that is over stays over.
        talking = [turn for turn in talking if turn.end_s > start_s]
        seconds: dict[str, float] = {}
        for turn in talking:
            shared_s = min(turn.end_s, end_s) - max(turn.start_s, start_s)
            if shared_s > 0.0:
                seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + shared_s
        if seconds:
            speakers[index] = max(seconds, key=seconds.__getitem__)
            continue
        following = bisect_left(starts, end_s)
        candidates = []
        if following > 0:
            candidates.append((start_s - latest_ending[following - 1].end_s, latest_ending[following - 1]))
        if following < len(ordered):
            candidates.append((starts[following] - end_s, ordered[following]))
        near = [(gap_s, turn) for gap_s, turn in candidates if gap_s <= max_gap_s]
        if near:
            speakers[index] = min(near, key=lambda candidate: candidate[0])[1].speaker
    return speakers


def _later_ending(before: Turn, turn: Turn) -> Turn:
    return turn if turn.end_s > before.end_s else before


def _span(word: Word) -> tuple[float, float]:
    """A word's span; one shorter than `MIN_WORD_S` counts as that long, about its middle."""
    if word.end_s - word.start_s >= MIN_WORD_S:
        return word.start_s, word.end_s
    middle_s = (word.start_s + word.end_s) / 2
    return middle_s - MIN_WORD_S / 2, middle_s + MIN_WORD_S / 2


def group_words(words: Iterable[Word], max_pause_s: float) -> list[Utterance]:
    """Words as utterances of one speaker each: a new one begins where the speaker changes and after a long pause.

    Args:
        words: in order of time, each with its speaker or None.
        max_pause_s: the longest silence between two words of one utterance.
    """
    groups: list[list[Word]] = []
    for word in words:
        if groups and word.speaker == groups[-1][-1].speaker and word.start_s - groups[-1][-1].end_s <= max_pause_s:
            groups[-1].append(word)
        else:
            groups.append([word])
    return [_utterance(group) for group in groups]


def _utterance(words: list[Word]) -> Utterance:
    text = "".join((" " if word.space_before else "") + word.text for word in words).strip()
    return Utterance(
        start_s=words[0].start_s,
        end_s=max(word.end_s for word in words),
        text=text,
        words=words,
        speaker=words[0].speaker,
    )


def with_speakers(words: Sequence[Word], speakers: Sequence[str | None]) -> list[Word]:
    """The words, each with its speaker."""
    return [replace(word, speaker=speaker) for word, speaker in zip(words, speakers, strict=True)]
