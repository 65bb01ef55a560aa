"""Words given to the wrong speaker: WDER, and errors of a meeting told apart into recognition, speaker and boundary.

All words of the reference are aligned with all that were heard, whoever said them, utterance after utterance in order
of start; speakers are then mapped one to one so that most aligned words agree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from typing import Literal

import numpy as np

from modellab.metrics.alignment import align
from modellab.metrics.attributed import NOBODY, Spoken, times_of, tokens_of
from modellab.metrics.normalisers import Normaliser
from modellab.metrics.pairing import best_pairs
from modellab.metrics.score import Metric, Score
from modellab.surfaces.results import Turn

Origin = Literal["recognition", "speaker", "boundary"]

SCORER_VERSION = "1"
"""Raise it whenever the same words and times would give other counts."""
NEAR_S = 0.3
"""A word this near to a change of turns is given to the wrong speaker by where the boundary is."""


def wder_rate(normaliser: Normaliser) -> Metric:
    """WDER: of the words that were heard, right or as another, those given to the wrong speaker (Shafey et al. 2019).

    Components: `wrong_speaker` and `aligned`, in words; missing and invented words are in neither.
    """
    return Metric(
        *("wder", "ratio", "lower", normaliser.name, _version()),
        *({"wrong_speaker": 1}, {"aligned": 1}),
    )


def origin_rate(origin: Origin, normaliser: Normaliser) -> Metric:
    """Words that are wrong for one reason, over the reference's words; no word counts for two.

    `recognition`: substituted, missing or invented, whoever said it. `boundary`: right, given to the wrong speaker and
    within 0.3 s of a change of turns. `speaker`: right, given to the wrong speaker elsewhere.
    """
    protocol = normaliser.name + (f", {NEAR_S:g} s" if origin != "recognition" else "")
    return Metric(
        *(f"meeting_{origin}_error", "ratio", "lower", protocol, _version()),
        *({"words": 1}, {"length": 1}),
    )


def attribution_rates(normaliser: Normaliser) -> list[Metric]:
    """The metrics of `attribution_scores`, in its order."""
    origins: tuple[Origin, ...] = ("recognition", "speaker", "boundary")
    return [wder_rate(normaliser), *(origin_rate(origin, normaliser) for origin in origins)]


def attribution_scores(
    said: Sequence[Spoken], heard: Sequence[Spoken], changes_s: Sequence[float], normaliser: Normaliser
) -> list[Score]:
    """WDER and the three origins.

    Args:
        changes_s: when one speaker's turn ends or another's begins, as `turn_changes` has them.
    """
    words = _aligned(said, heard)
    near = _near(words.heard_times_s, changes_s)
    wrong = sum(word.wrong for word in words.pairs)
    of_right = [word for word in words.pairs if word.right and word.wrong]
    boundary = sum(near[word.place] for word in of_right)
    counts = (words.errors, len(of_right) - boundary, boundary)
    wder, *origins = attribution_rates(normaliser)
    return [
        Score(wder, {"wrong_speaker": wrong, "aligned": len(words.pairs)}),
        *(
            Score(metric, {"words": count, "length": words.length})
            for metric, count in zip(origins, counts, strict=True)
        ),
    ]


def turn_changes(turns: Iterable[Turn | Spoken]) -> list[float]:
    """Where one speaker's turn is followed by another's: the end of the one and the start of the other."""
    spans = sorted((*_span(turn), turn.speaker) for turn in turns)
    return sorted(
        time_s
        for (_, end_s, one), (start_s, _, other) in pairwise(spans)
        if one != other
        for time_s in (end_s, start_s)
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    place: int
    """Of the word heard among all that were."""
    right: bool
    wrong: bool
    """Given to another speaker."""


@dataclass(frozen=True, slots=True)
class _Words:
    pairs: list[_Pair]
    errors: int
    length: int
    heard_times_s: list[tuple[float, float]]


def _aligned(said: Sequence[Spoken], heard: Sequence[Spoken]) -> _Words:
    (found,) = align([tokens_of(said)], [tokens_of(heard)])
    speakers, others = ([one.speaker for one in side for _ in one.tokens] for side in (said, heard))
    pairs = [(one, other, op == "equal") for op, one, other in found.steps() if one is not None and other is not None]
    partner = _mapping([(speakers[one], others[other]) for one, other, _ in pairs])
    counts = found.counts()
    return _Words(
        [_Pair(other, right, partner.get(others[other]) != speakers[one]) for one, other, right in pairs],
        sum(counts.values()) - counts["length"],
        counts["length"],
        times_of(heard),
    )


def _mapping(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Speaker heard -> speaker of the reference, so that most pairs agree; nobody is nobody's."""
    known, found = (list(dict.fromkeys(side)) for side in zip(*pairs, strict=True)) if pairs else ([], [])
    found = [speaker for speaker in found if speaker != NOBODY]
    agreed = np.zeros((len(known), len(found)), dtype=np.int64)
    for one, other in pairs:
        if other != NOBODY:
            agreed[known.index(one), found.index(other)] += 1
    nothing = [0] * len(known), [0] * len(found)
    return {
        found[column]: known[row]
        for row, column in best_pairs(-agreed, *nothing)
        if row is not None and column is not None
    }


def _near(times_s: Sequence[tuple[float, float]], changes_s: Sequence[float]) -> list[bool]:
    """For each word whether a change of turns is in it or within `NEAR_S` of it."""
    if not times_s:
        return []
    spans = np.array(times_s)
    changes = np.sort(np.array(changes_s, dtype=np.float64))
    before = np.searchsorted(changes, spans[:, 0] - NEAR_S, side="left")
    after = np.searchsorted(changes, spans[:, 1] + NEAR_S, side="right")
    return [bool(one) for one in after > before]


def _span(turn: Turn | Spoken) -> tuple[float, float]:
    return (turn.times_s[0][0], turn.times_s[-1][1]) if isinstance(turn, Spoken) else (turn.start_s, turn.end_s)


def _version() -> str:
    return f"{SCORER_VERSION}+jiwer-{version('jiwer')}"
