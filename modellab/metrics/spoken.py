"""The words of a reference and of a result, as one text in order of time, whoever says them."""

from collections.abc import Iterable, Sequence

from modellab.datasets.reference import Reference
from modellab.surfaces.results import Segment, Transcript, Word


def reference_text(reference: Reference) -> str | None:
    """What was said, speakers one after the other in order of start; None where it is not known.

    Where a part of the recording is scored only, it is what is said there, if that has times; a text without times is
    taken to be of that part.
    """
    scored = reference.evaluated
    timed = reference.utterances is not None or reference.words is not None
    if reference.text is not None and (scored is None or not timed):
        return reference.text
    if reference.utterances is not None:
        spoken = sorted(reference.utterances, key=lambda one: (one.start_s, one.end_s))
        return " ".join(one.text for one in spoken if _inside(one.start_s, one.end_s, scored))
    if reference.words is not None:
        return text_of(words_within(sorted(reference.words, key=lambda one: (one.start_s, one.end_s)), scored))
    return None


def transcript_text(transcript: Transcript, evaluated: Sequence[Segment] | None) -> str:
    """What a model heard, of it only the words (or utterances without words) whose middle is in a scored part."""
    if evaluated is None:
        return transcript.text
    parts = []
    for one in transcript.utterances:
        if one.words:
            parts.append(text_of(words_within(one.words, evaluated)))
        elif _inside(one.start_s, one.end_s, evaluated):
            parts.append(one.text)
    return " ".join(part for part in parts if part)


def words_within(words: Iterable[Word], evaluated: Sequence[Segment] | None) -> list[Word]:
    """The words whose middle is in a scored part; all of them where everything is scored."""
    return [word for word in words if _inside(word.start_s, word.end_s, evaluated)]


def text_of(words: Iterable[Word]) -> str:
    """Words as they are written after each other."""
    return "".join((" " if word.space_before else "") + word.text for word in words).strip()


def _inside(start_s: float, end_s: float, evaluated: Sequence[Segment] | None) -> bool:
    if evaluated is None:
        return True
    middle_s = (start_s + end_s) / 2
    return any(part.start_s <= middle_s < part.end_s for part in evaluated)
