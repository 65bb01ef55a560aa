"""Words where nobody is heard to speak."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from modellab.speech.hallucinations.flags import Flag, FlagKind, Heard, Strength, flag, stretches
from modellab.surfaces.results import Segment, Word

REACH_S = 0.5
"""Words' times are about this precise."""
_FEW_WORDS = 3
_FAR_S = 1.5
"""So many words in a row, of which one is so far from speech, are told when one listener of several or the only one
hears nobody there; fewer and nearer ones when two say so. A hoarse voice has no pitch for a second or two."""
_LEAST_SPEECH_S = 0.3
_LEAST_SHARE = 0.05
"""With less speech than that in all of a recording, and less than this share of it, nobody spoke: a lone word is short,
and then so is the recording."""


def outside_speech(heard: Heard) -> Iterator[Flag]:
    """Stretches of words further than `REACH_S` from all speech, of one listener or of several."""
    if not heard.words or not heard.listeners:
        return
    deaf = np.stack([far_from(heard.words, speech) for speech in heard.listeners.values()])
    names = list(heard.listeners)
    for first, end in stretches([bool(far) for far in deaf.max(axis=0)]):
        agreed = (deaf[:, first:end].sum(axis=0) > 1).any()
        distance_s = _furthest(heard, first, end)
        who = [name for name, far in zip(names, deaf[:, first:end], strict=True) if far.any()]
        told = agreed or (end - first >= _FEW_WORDS and distance_s >= _FAR_S)
        yield flag(
            heard,
            FlagKind.OUTSIDE_SPEECH,
            Strength.STRONG if told else Strength.WEAK,
            (first, end),
            f"Nobody is heard to speak here: not by {_listed(who)}.",
            listeners=len(names),
            listeners_that_hear_nobody=len(who),
            allowed_distance_s=REACH_S,
            distance_s=distance_s,
        )


def noise_only(heard: Heard) -> Iterator[Flag]:
    """All words of a recording in which a listener hears nobody at all."""
    least_s = min(_LEAST_SPEECH_S, _LEAST_SHARE * heard.transcript.duration_s)
    heard_s = {name: sum(segment.duration_s for segment in speech) for name, speech in heard.listeners.items()}
    silent = {name: seconds for name, seconds in heard_s.items() if seconds < least_s}
    if heard.words and silent:
        yield flag(
            heard,
            FlagKind.NOISE_ONLY,
            Strength.STRONG,
            (0, len(heard.words)),
            f"Nobody is heard to speak in the whole recording: not by {_listed(list(silent))}.",
            speech_s=max(silent.values()),
            least_speech_s=least_s,
        )


def far_from(words: Sequence[Word], speech: Sequence[Segment]) -> npt.NDArray[np.bool_]:
    """Which words are further than `REACH_S` from all speech, shape `(words,)`."""
    return _distances(words, speech) > REACH_S


def _distances(words: Sequence[Word], speech: Sequence[Segment]) -> npt.NDArray[np.float64]:
    """Seconds from each word to the nearest speech; infinite where there is none."""
    starts = np.array([word.start_s for word in words])
    ends = np.array([word.end_s for word in words])
    if not speech:
        return np.full(len(words), np.inf)
    begins = np.array([segment.start_s for segment in speech])
    finishes = np.array([segment.end_s for segment in speech])
    after = np.searchsorted(finishes, starts)  # the first segment that ends at the word's start or later
    to_next = np.where(after < len(speech), begins[np.minimum(after, len(speech) - 1)] - ends, np.inf)
    to_last = np.where(after > 0, starts - finishes[np.maximum(after - 1, 0)], np.inf)
    return np.asarray(np.maximum(np.minimum(to_next, to_last), 0.0))


def _furthest(heard: Heard, first: int, end: int) -> float:
    """How far from the nearest speech the furthest of some words is, of the listener who hears it furthest; at most
    the recording's length."""
    furthest = max(_distances(heard.words[first:end], speech).max() for speech in heard.listeners.values())
    return float(min(furthest, heard.transcript.duration_s))


def _listed(names: Sequence[str]) -> str:
    return " nor ".join(names)
