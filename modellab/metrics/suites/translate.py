"""What a reference translation says of a translation: for each pair of languages figures of their own."""

from modellab.datasets.reference import Reference
from modellab.metrics.normalisers import code_of
from modellab.metrics.score import Score
from modellab.metrics.timelines import trouble_with
from modellab.metrics.translation import Pair, bleu, chrf, translation_scores
from modellab.surfaces.results import Segment
from modellab.surfaces.translations import Translation

METRICS = ("bleu", "chrf")


def scores(reference: Reference, found: Translation) -> list[Score]:
    """Both figures; none where nobody has translated the recording into that language."""
    wanted = _into(reference, found.language)
    if wanted is None:
        return []
    pair = Pair(reference.language, found.language)
    if trouble := trouble_with([Segment(one.start_s, one.end_s) for one in found.utterances], "utterance"):
        return [Score(metric(pair), {}, trouble) for metric in (bleu, chrf)]
    return translation_scores(" ".join(wanted.split()), " ".join(_said(found, reference.evaluated).split()), pair)


def _into(reference: Reference, language: str) -> str | None:
    """The reference translation into a language, whatever region either names."""
    known = reference.translations or {}
    return next((text for name, text in known.items() if code_of(name) == code_of(language)), None)


def _said(found: Translation, evaluated: list[Segment] | None) -> str:
    """The text of those utterances whose middle lies where the recording is scored."""
    if evaluated is None:
        return found.text
    middles = [((one.start_s + one.end_s) / 2, one.text) for one in found.utterances]
    inside = [text for at_s, text in middles if any(part.start_s <= at_s < part.end_s for part in evaluated)]
    return " ".join(inside)
