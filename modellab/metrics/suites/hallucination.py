"""What a reference says of words that were written where nobody speaks."""

from modellab.datasets.reference import Reference
from modellab.metrics.invention import invented_words, invention_rate
from modellab.metrics.score import Score
from modellab.metrics.timelines import trouble_with
from modellab.surfaces.results import Segment, Transcript

METRICS: tuple[str, ...] = ("invented_words_per_minute", "flag_precision", "flag_recall")
"""The last two are of the detectors, put to planted transcripts (`modellab.steps.scored_flags`)."""


def scores(reference: Reference, transcript: Transcript) -> list[Score]:
    """The figure; none where nobody knows where there is speech.

    Where only turns are known, there is speech where there is a turn; where nothing is said, nowhere.
    """
    known = reference.speech if reference.speech is not None else reference.turns
    if known is None and reference.text is not None and not reference.text.strip():
        known = []
    if known is None:
        return []
    if transcript.text.strip() and not transcript.words:
        return [Score(invention_rate(), {}, error="the transcript has no times of words")]
    if trouble := trouble_with([Segment(word.start_s, word.end_s) for word in transcript.words], "word"):
        return [Score(invention_rate(), {}, error=trouble)]
    whole = [Segment(0.0, transcript.duration_s)]
    evaluated = whole if reference.evaluated is None else reference.evaluated
    return [invented_words(transcript.words, known, evaluated=evaluated)]
