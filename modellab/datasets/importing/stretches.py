"""Layouts that cut recordings into utterances (Kaldi, NeMo, lhotse): utterances to one case a recording."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from modellab.datasets.importing.found import Account, FoundCase, Place
from modellab.datasets.reading import joined
from modellab.formats.spoken import SpokenText
from modellab.surfaces.results import Segment, Word


@dataclass(frozen=True, slots=True)
class Cut:
    """An utterance as a layout lists it: a recording, or a stretch of one."""

    name: str
    recording: str
    """What the layout calls it."""
    media: str
    place: Place
    text: str | None
    """None: what is said is not known."""
    span: Segment | None = None
    """None: the whole recording."""
    speaker: str | None = None
    language: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    words: list[Word] = field(default_factory=list)


UNNAMED = "unknown"
"""Speaker of utterances of which no layout says who speaks: an STM line must name one."""


def cases_of(cuts: Iterable[Cut], account: Account) -> Iterator[FoundCase]:
    """A case for each recording, in order of first mention. A recording that is cut is scored in its cuts alone."""
    by_media: dict[str, list[Cut]] = defaultdict(list)
    for cut in cuts:
        by_media[cut.media].append(cut)
    for media, of_one in by_media.items():
        whole = [cut for cut in of_one if cut.span is None]
        for again in whole[1:] if len(whole) == len(of_one) else whole:
            account.problem(again.place, f"{media} is there twice, first in {of_one[0].place}")
        if whole and len(whole) == len(of_one):
            yield _whole(whole[0])
        elif parts := [cut for cut in of_one if cut.span is not None]:
            yield _of_stretches(parts)


def common(tags: Iterable[dict[str, str]]) -> dict[str, str]:
    """What all of them have alike."""
    first, *others = tags
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def _whole(cut: Cut) -> FoundCase:
    return FoundCase(
        cut.name,
        cut.media,
        cut.place,
        cut.language,
        [cut.speaker] if cut.speaker else [],
        cut.tags,
        text=cut.text,
        words=cut.words or None,
    )


def _of_stretches(parts: list[Cut]) -> FoundCase:
    parts = sorted(parts, key=lambda cut: (cut.span.start_s, cut.span.end_s) if cut.span else (0.0, 0.0))
    spans = [cut.span for cut in parts if cut.span]
    languages = {cut.language for cut in parts}
    spoken = [
        SpokenText(cut.recording, cut.speaker or UNNAMED, cut.span.start_s, cut.span.end_s, cut.text)
        for cut in parts
        if cut.span and cut.text is not None
    ]
    return FoundCase(
        parts[0].recording,
        parts[0].media,
        parts[0].place,
        languages.pop() if len(languages) == 1 else None,
        list(dict.fromkeys(cut.speaker for cut in parts if cut.speaker)),
        common(cut.tags for cut in parts),
        spoken=spoken or None,
        words=[word for cut in parts for word in cut.words] or None,
        evaluated=joined(spans),
    )
