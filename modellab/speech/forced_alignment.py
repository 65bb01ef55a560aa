"""Better times for words whose text is known: stretches of them aligned with the audio by a model.

A word keeps the time it had where the model does not know its pronunciation, or where the words of its stretch don't
fit the audio; only its start yields where the word before it is found to end later. Text and order never change.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from modellab.errors import UsageError
from modellab.media.audio import TimeMap, Waveform
from modellab.surfaces.contracts import AlignModel, Progress
from modellab.surfaces.results import MIN_WORD_S, FittedWord, Segment, Word, lasting

MARGIN_S = 0.3
"""Audio heard before and after a stretch: rough times are often off by this much at a pause."""
_LONGEST_GAP_S = 0.5
"""A longer silence ends a stretch."""
_LONG_STRETCH_S = 10.0
"""A stretch as long as this ends with its sentence..."""
_LONGEST_STRETCH_S = 20.0
"""... and one as long as this anywhere, which bounds memory and what one wrong word can spoil."""
_LONG_ESTIMATED_S = 30.0
_LONGEST_ESTIMATED_S = 45.0
"""The same of words whose times are estimated, which may be off by seconds: only over the whole of what a model heard
at once (30 s of speech) do text and audio surely fit, so its pauses end no stretch."""
_SENTENCE_ENDS = (".", "?", "!")

Cut = Callable[[float, float], Waveform]
"""The audio between two processed times, in seconds."""


@dataclass(frozen=True, slots=True)
class Realigned:
    """Words with the best times there are, and what became of them."""

    words: list[Word]
    """In the order they were given; starts and ends never fall."""
    aligned: int
    """Words with a time from the model; the others have the time they had."""
    unknown: list[str]
    """Words whose pronunciation the model does not know, each once."""
    unfitting: int
    """Words of stretches that did not fit the audio."""
    scores: list[float | None]
    """For each word how well it fits the audio (`FittedWord.score`); None where the model did not say."""
    median_shift_s: float
    """How far the model moved the starts of the words it aligned, in the middle; 0 when there are none."""


def realign(
    words: Sequence[Word],
    language: str | None,
    model: AlignModel,
    *,
    cut: Cut,
    time_map: TimeMap,
    progress: Progress,
) -> Realigned:
    """Align words with the audio, a stretch at a time.

    Args:
        words: in order of time, with rough times in the original recording.
        language: ISO 639-1 code of what was said.
        cut: gives the processed audio.
        time_map: between the audio's times and the recording's.

    Raises:
        UsageError: the model does not know the language.
    """
    if language not in model.languages:
        raise UsageError(
            "the words can't be aligned: the model does not know their language",
            found=language,
            allowed=", ".join(model.languages),
            hint="Leave the model of the step alignment out: the words then keep the times that speech recognition "
            "gave them.",
        )
    spans = [Segment(time_map.to_processed(word.start_s), time_map.to_processed(word.end_s)) for word in words]
    known = [model.knows(word.text) for word in words]
    better: list[Word] = list(words)
    shifts_s: list[float] = []
    scores: list[float | None] = [None] * len(words)
    unfitting = 0
    for first, stop in _stretches(words, spans, known):
        start_s, end_s = _window(spans, first, stop, time_map.duration_s)
        found = model.align(cut(start_s, end_s), [word.text for word in words[first:stop]])
        if found is None:
            unfitting += stop - first
        else:
            for index, span in enumerate(found, first):
                original = time_map.span_to_original(start_s + span.start_s, start_s + span.end_s)
                shifts_s.append(abs(original[0] - words[index].start_s))
                better[index] = replace(words[index], start_s=original[0], end_s=original[1], estimated=False)
                scores[index] = span.score if isinstance(span, FittedWord) else None
        progress(stop / len(words))
    return Realigned(
        words=[lasting(word, time_map.original_duration_s) for word in _in_order(better)],
        aligned=len(shifts_s),
        unknown=sorted({word.text for word, is_known in zip(words, known, strict=True) if not is_known}),
        unfitting=unfitting,
        scores=scores,
        median_shift_s=median(shifts_s) if shifts_s else 0.0,
    )


def _stretches(words: Sequence[Word], spans: Sequence[Segment], known: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Ranges of known words with no long silence in them."""
    first = 0
    for index in range(1, len(words) + 1):
        if index < len(words) and known[index] and known[first] and not _ends(words, spans, first, index):
            continue
        if known[first]:
            yield first, index
        first = index


def _ends(words: Sequence[Word], spans: Sequence[Segment], first: int, index: int) -> bool:
    """Whether a stretch that began at `first` ends before `index`."""
    length_s = spans[index].end_s - spans[first].start_s
    if words[index - 1].estimated and words[index].estimated:
        return length_s > _LONGEST_ESTIMATED_S or (
            length_s > _LONG_ESTIMATED_S and words[index - 1].text.endswith(_SENTENCE_ENDS)
        )
    return (
        spans[index].start_s - spans[index - 1].end_s > _LONGEST_GAP_S
        or length_s > _LONGEST_STRETCH_S
        or (length_s > _LONG_STRETCH_S and words[index - 1].text.endswith(_SENTENCE_ENDS))
    )


def _window(spans: Sequence[Segment], first: int, stop: int, duration_s: float) -> tuple[float, float]:
    """The audio of a stretch: a margin around it, but no more than half of a neighbouring word."""
    start_s, end_s = spans[first].start_s - MARGIN_S, spans[stop - 1].end_s + MARGIN_S
    if first > 0:
        start_s = max(start_s, min(_middle(spans[first - 1]), spans[first].start_s))
    if stop < len(spans):
        end_s = min(end_s, max(_middle(spans[stop]), spans[stop - 1].end_s))
    return max(start_s, 0.0), min(end_s, duration_s)


def _middle(span: Segment) -> float:
    return (span.start_s + span.end_s) / 2


def _in_order(words: Sequence[Word]) -> Iterator[Word]:
    """The words, none of which begins before the one before it is over, each of some length.

    Neighbouring stretches share up to a margin of audio, so that an aligned word may reach into one that kept its time.
    """
    over_s = 0.0
    for word in words:
        start_s = max(word.start_s, over_s)
        over_s = max(word.end_s, start_s + MIN_WORD_S)
        yield replace(word, start_s=start_s, end_s=over_s)
