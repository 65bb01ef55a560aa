"""Speech that was found and that got no word: a decoder that stopped early, a language that it did not expect.

What a model writes down is compared with where the VAD heard speech. What is left over is given to the model once more,
a stretch at a time, with its language detected anew; what still gets no word, the transcript says.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

from modellab.media.audio import Waveform
from modellab.surfaces.contracts import AsrModel, Progress, untold
from modellab.surfaces.results import Segment, Transcript, Utterance, Word
from modellab.text.repetition import plain, repetitions

LEAST_S = 1.0
"""Speech between two words counts as uncovered from so much on. Over an hour of real recordings, speakers' hesitations
between words that were all written down stay below 0.8 s, and what a decoder dropped is above 1.5 s."""
REACH_S = 0.5
"""A word's times are about this precise: so far around it speech counts as its own."""
_LONGEST_HALF_S = 1.0
"""A word that seems longer than two of these was drawn over what the model left out: only its ends count."""
_FURTHER_CALLS = 4
_WINDOW_S = 30.0
"""Stretches are heard again one by one, so often as there are windows like this in the speech, and a few more."""

# What a second hearing must be to be believed; where speech is found that is none, models write what they saw most.
_LEAST_LANGUAGE_PROBABILITY = 0.8
_LEAST_LOG_PROBABILITY = -0.7
_MOST_NO_SPEECH = 0.6
_LEAST_WORD_PROBABILITY = 0.4
_MOST_CHARACTERS_PER_S = 35.0
_EDGE_S = 0.5


@dataclass(frozen=True, slots=True)
class Gap:
    """The time between two words, with speech in it that neither of them explains."""

    start_s: float
    end_s: float
    speech: tuple[Segment, ...]
    """The speech in it, up to the words."""

    @property
    def speech_s(self) -> float:
        return sum(segment.duration_s for segment in self.speech)


def gaps(speech: Sequence[Segment], utterances: Sequence[Utterance], duration_s: float) -> list[Gap]:
    """Where there is speech and no word, in order of time.

    Args:
        speech: disjoint, in order; in the same time as the utterances.
        utterances: in any order; one without words covers all its time.
        duration_s: length of the audio.
    """
    found: list[Gap] = []
    for start_s, end_s in _between(_covered(utterances), duration_s):
        unexplained = _inside(speech, start_s + (REACH_S if start_s else 0.0), end_s - REACH_S * (end_s < duration_s))
        if sum(segment.duration_s for segment in unexplained) >= LEAST_S:
            found.append(Gap(start_s, end_s, tuple(_inside(speech, start_s, end_s))))
    return found


def _covered(utterances: Sequence[Utterance]) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    for utterance in utterances:
        for word in utterance.words or (utterance,):
            if utterance.words and word.end_s - word.start_s > 2 * _LONGEST_HALF_S:
                spans.append((word.start_s, word.start_s + _LONGEST_HALF_S))
                spans.append((word.end_s - _LONGEST_HALF_S, word.end_s))
            else:
                spans.append((word.start_s, word.end_s))
    return sorted(spans)


def _between(spans: Sequence[tuple[float, float]], duration_s: float) -> Iterator[tuple[float, float]]:
    behind = 0.0
    for start_s, end_s in spans:
        if start_s > behind:
            yield behind, start_s
        behind = max(behind, end_s)
    if behind < duration_s:
        yield behind, duration_s


def _inside(speech: Sequence[Segment], start_s: float, end_s: float) -> list[Segment]:
    first = bisect_left(speech, start_s, key=lambda segment: segment.end_s)
    inside = []
    for segment in speech[first:]:
        if segment.start_s >= end_s:
            break
        cut = Segment(max(segment.start_s, start_s), min(segment.end_s, end_s))
        if cut.duration_s > 0:
            inside.append(cut)
    return inside


def cover(
    model: AsrModel,
    audio: Waveform,
    speech: Sequence[Segment],
    heard: Transcript,
    asked: Mapping[str, Any],
    *,
    hear_again: bool = True,
    progress: Progress = untold,
) -> Transcript:
    """A transcript with the words of what it left out, as far as they can be had, and with what stays uncovered.

    Args:
        model: what transcribed it.
        audio: what it heard.
        speech: where there is speech in it.
        heard: its transcript, in the audio's time.
        asked: the parameters that were asked for; a language that was only detected is not among them.
        hear_again: else what is left out is named, and no more.
        progress: of hearing again.
    """
    told = _Told(progress)
    left_out = gaps(speech, heard.utterances, audio.duration_s)
    language, found = heard.language, list[Utterance]()
    windows = math.ceil(sum(segment.duration_s for segment in speech) / _WINDOW_S)
    calls = _FURTHER_CALLS + windows if hear_again else 0
    waiting = sorted(left_out, key=lambda gap: gap.speech_s)
    while waiting and calls > 0:
        gap = waiting.pop()
        again = _hear(
            model, audio, gap, asked, language, progress=partial(told.share_of_one, min(calls, 1 + len(waiting)))
        )
        told.heard += 1
        calls -= 1
        if again.utterances and not heard.utterances and not found:
            language = again.language
        new = [
            replace(utterance, language=None if again.language == language else again.language)
            for utterance in _believed(again.utterances, gap, heard)
        ]
        found += new
        waiting += _still_to_hear(gap, new)
        waiting.sort(key=lambda gap: gap.speech_s)
    utterances = sorted([*_parted(heard.utterances, left_out), *found], key=lambda u: (u.start_s, u.end_s))
    uncovered = [segment for gap in gaps(speech, utterances, audio.duration_s) for segment in gap.speech]
    progress(1.0)
    return replace(heard, utterances=utterances, language=language, uncovered=uncovered)


class _Told:
    """Progress over stretches of which each may leave more to hear: one more is always reckoned with, and where there
    are several it waits instead of falling."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._furthest = progress, 0.0
        self.heard = 0

    def share_of_one(self, waiting: int, fraction: float) -> None:
        """So much of the stretch being heard is done; `waiting` are still to be heard, this one among them."""
        self._furthest = max(self._furthest, (self.heard + fraction) / (self.heard + waiting + 1))
        self._progress(self._furthest)


def _still_to_hear(gap: Gap, found: Sequence[Utterance]) -> list[Gap]:
    """What is left of a gap after it was heard again: the rest of it, or its halves when that brought no word.

    Two languages, or somebody who talks over another, keep a model from one stretch and not from each part of it.
    """
    if found:
        return gaps(gap.speech, found, gap.end_s)
    pauses = [after.start_s - before.end_s for before, after in pairwise(gap.speech)]
    if not pauses:
        return []
    cut = pauses.index(max(pauses)) + 1
    middle_s = (gap.speech[cut - 1].end_s + gap.speech[cut].start_s) / 2
    halves = (Gap(gap.start_s, middle_s, gap.speech[:cut]), Gap(middle_s, gap.end_s, gap.speech[cut:]))
    return [half for half in halves if half.speech_s >= LEAST_S]


def _parted(utterances: Sequence[Utterance], gaps_between: Sequence[Gap]) -> Iterator[Utterance]:
    """Utterances of which none goes over a gap, so that those said in it come in their order."""
    for utterance in utterances:
        rest = list(utterance.words)
        for gap in gaps_between:
            before = [word for word in rest if word.start_s < gap.start_s]
            if before and len(before) < len(rest) and before[-1].end_s <= gap.start_s:
                yield _of_words(utterance, before)
                rest = rest[len(before) :]
        yield utterance if len(rest) == len(utterance.words) else _of_words(utterance, rest)


def _hear(
    model: AsrModel, audio: Waveform, gap: Gap, asked: Mapping[str, Any], language: str | None, *, progress: Progress
) -> Transcript:
    """The gap's words, in the language that is detected in it; where that is doubtful, in that or the transcript's,
    whichever makes the likelier words."""
    again = model.transcribe(audio, gap.speech, asked, progress)
    probability = again.language_probability
    doubtful = probability is not None and probability < _LEAST_LANGUAGE_PROBABILITY
    if language is None or again.language == language or not doubtful:
        return again
    return max(model.transcribe(audio, gap.speech, {**asked, "language": language}, progress), again, key=_likelihood)


def _likelihood(heard: Transcript) -> float:
    known = [u.average_log_probability for u in heard.utterances if u.average_log_probability is not None]
    return sum(known) / len(known) if known else -math.inf


def _believed(utterances: Sequence[Utterance], gap: Gap, heard: Transcript) -> Iterator[Utterance]:
    """Utterances that can be believed, without the words beside the gap that were heard twice."""
    before, after = _neighbours(gap, heard)
    for utterance in utterances:
        words = [word for word in utterance.words if not _heard_twice(word, before, after)]
        if utterance.words and not words:
            continue
        if _is_believable(utterance):
            yield utterance if len(words) == len(utterance.words) else _of_words(utterance, words)


def _neighbours(gap: Gap, heard: Transcript) -> tuple[Word | None, Word | None]:
    before = [word for word in heard.words if word.end_s <= gap.start_s]
    after = [word for word in heard.words if word.start_s >= gap.end_s]
    return max(before, key=lambda word: word.end_s, default=None), min(after, key=lambda w: w.start_s, default=None)


def _heard_twice(word: Word, before: Word | None, after: Word | None) -> bool:
    if before and word.start_s < before.end_s + _EDGE_S and plain(word.text) == plain(before.text):
        return True
    return bool(after and word.end_s > after.start_s - _EDGE_S and plain(word.text) == plain(after.text))


def _is_believable(utterance: Utterance) -> bool:
    probabilities = [word.probability for word in utterance.words if word.probability is not None]
    likelihood, no_speech = utterance.average_log_probability, utterance.no_speech_probability
    return (
        (likelihood is None or likelihood >= _LEAST_LOG_PROBABILITY)
        and (no_speech is None or no_speech <= _MOST_NO_SPEECH)
        and (not probabilities or sum(probabilities) / len(probabilities) >= _LEAST_WORD_PROBABILITY)
        and len(utterance.text) <= _MOST_CHARACTERS_PER_S * max(utterance.end_s - utterance.start_s, LEAST_S)
        and not repetitions([word.text for word in utterance.words] or utterance.text.split())
    )


def _of_words(utterance: Utterance, words: Sequence[Word]) -> Utterance:
    text = "".join(f" {word.text}" if word.space_before else word.text for word in words).strip()
    return replace(utterance, start_s=words[0].start_s, end_s=words[-1].end_s, text=text, words=list(words))
