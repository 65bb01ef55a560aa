"""Where transcripts of one recording differ, or are wrong, with what was said and where to hear it.

All are aligned with the reference as WER aligns them, so that a difference is in terms of what counts: what the
normaliser makes equal is none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from modellab.datasets.reference import Reference
from modellab.metrics.alignment import align
from modellab.metrics.normalisers import Normaliser, normaliser_for
from modellab.metrics.placing import grouped, placed, written
from modellab.metrics.spoken import reference_text, transcript_text, words_within
from modellab.surfaces.results import Segment, Transcript

_CONTEXT = 3
"""Words that are shown on either side of an error."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A stretch in which two transcripts differ; words are as the normaliser leaves them."""

    reference: str
    first: str
    second: str
    first_errors: int
    """Edits of the first transcript in this stretch."""
    second_errors: int
    where: Segment | None
    """Where to hear it: from the first to the last word of either transcript there; None where none has times."""


@dataclass(frozen=True, slots=True)
class ErrorStretch:
    """A stretch in which any of some transcripts is wrong; words are as the normaliser leaves them."""

    before: str
    """A few words of the reference before it."""
    reference: str
    after: str
    heard: tuple[str, ...]
    """What each transcript has there."""
    errors: tuple[int, ...]
    """Edits of each in this stretch."""
    where: Segment | None
    """Where to hear it, as in `Difference`."""


def differences(reference: Reference, first: Transcript, second: Transcript) -> list[Difference]:
    """Where they differ, in order; none where it is not known what was said."""
    found = _all_heard(reference, [first, second])
    if found is None:
        return []
    said, joint, (one, other) = found

    def differ(place: range) -> bool:
        return one.words(place) != other.words(place)

    # A place at which neither has a word parts none.
    stretches = _stretches(2 * len(said) + 1, differ, lambda place: bool(one.words(place)))
    return [
        Difference(
            reference=joint.join(_said(said, stretch)),
            first=joint.join(one.words(stretch)),
            second=joint.join(other.words(stretch)),
            first_errors=one.errors(stretch, said),
            second_errors=other.errors(stretch, said),
            where=_hull([*one.times(stretch), *other.times(stretch)]),
        )
        for stretch in stretches
    ]


def error_stretches(reference: Reference, transcripts: Sequence[Transcript]) -> list[ErrorStretch]:
    """Where any of them is wrong, in order; none where it is not known what was said."""
    found = _all_heard(reference, transcripts)
    if found is None:
        return []
    said, joint, heard = found

    def is_wrong(place: range) -> bool:
        return any(one.errors(place, said) for one in heard)

    stretches = _stretches(2 * len(said) + 1, is_wrong, lambda place: bool(place.start % 2))
    return [
        ErrorStretch(
            before=joint.join(said[max(0, stretch.start // 2 - _CONTEXT) : stretch.start // 2]),
            reference=joint.join(_said(said, stretch)),
            after=joint.join(said[stretch.stop // 2 : stretch.stop // 2 + _CONTEXT]),
            heard=tuple(joint.join(one.words(stretch)) for one in heard),
            errors=tuple(one.errors(stretch, said) for one in heard),
            where=_hull([time for one in heard for time in one.times(stretch)]),
        )
        for stretch in stretches
    ]


def _all_heard(
    reference: Reference, transcripts: Sequence[Transcript]
) -> "tuple[Sequence[str], str, list[_Heard]] | None":
    """What was said, what stands between two words, and each transcript's words at the places of the reference."""
    text = reference_text(reference)
    if text is None:
        return None
    normaliser = normaliser_for(reference.language)
    said = normaliser.tokens(" ".join(text.split()))
    heard = [
        _Heard.of(said, _timed(transcript, reference.evaluated, normaliser), normaliser) for transcript in transcripts
    ]
    return said, " " if normaliser.unit == "word" else "", heard


def _said(said: Sequence[str], stretch: range) -> list[str]:
    return [said[place // 2] for place in stretch if place % 2]


@dataclass(frozen=True, slots=True)
class _Heard:
    """A transcript's tokens at the places of the reference: 2 i + 1 is its word i, 2 i what was put before it."""

    tokens: Sequence[str]
    at: Mapping[int, Sequence[int]]
    """Place -> tokens there."""
    spans: Sequence[Segment | None]
    """When each token is said."""

    @classmethod
    def of(cls, said: Sequence[str], words: Sequence[tuple[str, Segment | None]], normaliser: Normaliser) -> "_Heard":
        found = placed([word for word, _ in words], normaliser)
        at: dict[int, list[int]] = {}
        before = 0
        for _, place, token in align([said], [found.tokens])[0].steps():
            if token is not None:
                at.setdefault(2 * before if place is None else 2 * place + 1, []).append(token)
            before += place is not None
        return cls(found.tokens, at, [_hull(words[place][1] for place in rests) for rests in found.words])

    def words(self, stretch: range) -> list[str]:
        return [self.tokens[token] for place in stretch for token in self.at.get(place, ())]

    def errors(self, stretch: range, said: Sequence[str]) -> int:
        """Edits: at a word of the reference one unless it is there, elsewhere one for each word."""
        wrong = 0
        for place in stretch:
            there = self.words(range(place, place + 1))
            wrong += int(there != [said[place // 2]]) if place % 2 else len(there)
        return wrong

    def times(self, stretch: range) -> list[Segment | None]:
        return [self.spans[token] for place in stretch for token in self.at.get(place, ())]


def _stretches(places: int, is_meant: Callable[[range], bool], parts: Callable[[range], bool]) -> Iterator[range]:
    """Stretches of places that are meant, and of those between them that part none."""
    start = stop = None
    for place in range(places):
        here = range(place, place + 1)
        if is_meant(here):
            start, stop = place if start is None else start, place + 1
        elif start is not None and stop is not None and parts(here):
            yield range(start, stop)
            start = stop = None
    if start is not None and stop is not None:
        yield range(start, stop)


def _timed(
    transcript: Transcript, evaluated: Sequence[Segment] | None, normaliser: Normaliser
) -> list[tuple[str, Segment | None]]:
    """Words of a transcript and when they are said, which is not known where it has none with times."""
    if not transcript.words:
        return [(word, None) for word in transcript_text(transcript, evaluated).split()]
    groups = grouped(words_within(transcript.words, evaluated), normaliser)
    return [(written(group), Segment(group[0].start_s, group[-1].end_s)) for group in groups]


def _hull(spans: Iterable[Segment | None]) -> Segment | None:
    known = [span for span in spans if span is not None]
    return Segment(min(s.start_s for s in known), max(s.end_s for s in known)) if known else None
