"""Words that a transcript has where nobody speaks, per minute of that.

What it does not say: whether words inside speech were said, or which of a speaker's words were misheard.
"""

from bisect import bisect_right
from collections.abc import Sequence
from importlib.metadata import version

from modellab.metrics.score import Metric, Score
from modellab.metrics.spoken import words_within
from modellab.metrics.timelines import timeline
from modellab.surfaces.results import Segment, Turn, Word

SCORER_VERSION = "1"
"""Raise it whenever the same words would give other figures."""
COLLAR_S = 0.5
"""Not scored around speech: words' times and references are about this precise."""
_SECONDS_PER_MINUTE = 60


def invention_rate() -> Metric:
    """Words that do not touch speech, over minutes without speech; both outside the collar.

    Components: `invented_words`, `quiet_min`, minutes in which nobody speaks; and `words`, all of the transcript's.
    """
    return Metric(
        name="invented_words_per_minute",
        unit="words/min",
        better="lower",
        protocol=f"collar {COLLAR_S:g} s",
        version=f"{SCORER_VERSION}+pyannote.core-{version('pyannote.core')}",
        numerator={"invented_words": 1},
        denominator={"quiet_min": 1},
        others=("words",),
    )


def invented_words(words: Sequence[Word], speech: Sequence[Segment | Turn], *, evaluated: Sequence[Segment]) -> Score:
    """Count the words that no speech, widened by the collar, overlaps.

    Args:
        speech: where anybody speaks; may overlap. Empty: nobody does.
        evaluated: what is scored; a word is where its middle is.
    """
    widened = timeline([Segment(each.start_s - COLLAR_S, each.end_s + COLLAR_S) for each in speech])
    quiet = timeline(evaluated).extrude(widened)
    scored = words_within(words, list(evaluated))
    loud = [(each.start, each.end) for each in widened]
    invented = [word for word in scored if not _touches(word, loud)]
    components = {
        "invented_words": float(len(invented)),
        "quiet_min": quiet.duration() / _SECONDS_PER_MINUTE,
        "words": float(len(scored)),
    }
    return Score(invention_rate(), components)


def _touches(word: Word, loud: Sequence[tuple[float, float]]) -> bool:
    """Whether a word, which some models give no length, lies over one of disjoint spans in order, not just beside."""
    place = bisect_right(loud, word.start_s, key=lambda span: span[1])
    return place < len(loud) and loud[place][0] < word.end_s
