"""The scorer of flagged words: the detectors are put to transcripts of which it is known which words are made up.

They ask the recording's own listeners: what the system took for speech, and where something has a moving pitch.
So the figures are those of the detectors and of what the system hears; no recogniser's words are in them.
"""

from collections.abc import Mapping
from functools import reduce
from operator import add

from modellab.metrics.flagging import flag_scores
from modellab.metrics.score import Score
from modellab.speech.hallucinations.detect import find
from modellab.steps.hallucinations import listeners
from modellab.steps.scoring import Judged


def planted_words(judged: Judged) -> Mapping[str, list[Score]]:
    """Precision and recall over all planted transcripts of a recording."""
    heard = listeners(judged.reads)
    scored = []
    for each in judged.reference.planted or []:
        found = find(each.transcript, heard)
        scored.append(flag_scores(found.told_words, set(each.made_up), found.words))
    return {"flags": [reduce(add, of_one) for of_one in zip(*scored, strict=True)]} if scored else {}
