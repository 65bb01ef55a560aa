"""Where the topic changes: an optimal segmentation of sentence embeddings, with pauses and changes of speaker.

Kernel change-point detection (Arlot, Celisse and Harchaoui, "A Kernel Multiple Change-point Algorithm via Model
Selection", JMLR 2019) with the cosine kernel: dynamic programming finds the boundaries with the least

    sum over chapters of the weighted scatter of their embeddings
    + sum over boundaries of V x (strength x log(n) - 0.25 x pause - 1.2 x cue + 0.5 x same)

with V the scatter of the whole; n the number of sentences; pause the silence before the boundary in seconds over 3,
at most 1; cue 1 where the sentence begins with English words that open a topic ("the next point", "what about": such
phrases help in Galley et al., "Discourse Segmentation of Multi-Party Conversation", ACL 2003); same 1 where the speaker
stays the same. Each sentence is embedded together with its neighbours: an answer of three words says little by itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.surfaces.contracts import EmbedModel
from modellab.text.sentences import Sentence
from modellab.ties import first_smallest

_Floats = npt.NDArray[np.float64]

STRENGTH = 0.92
"""Tuned on datasets/dialogues/dev: more gives fewer chapters."""
_CONTEXT = 1
"""Neighbours on each side that a sentence is embedded with."""
_LENGTH_WORDS = 20
"""A sentence weighs the square root of its words, counted up to here."""
_SHORTEST = 4
"""Weight of a chapter at least, in sentences of average weight."""
_SAME_COST = 1e-5
"""Costs that differ by less are the same: embeddings are computed in single precision. The longer chapter is taken."""
_PAUSE_S = 3.0
_PAUSE_BONUS = 0.25
_SAME_SPEAKER_COST = 0.5
_CUE_BONUS = 1.2
_CUE = re.compile(
    r"""^(?:(?:okay|ok|so|right|good|great|and|um|well|then|now|yes|but|alright)[,.]?\ )*
    (?: next\b | finally\b | lastly\b | moving\ on | by\ the\ way | speaking\ of | on\ to\ | any\ other\ business
      | (?:about\ the|what\ about|how\ about|now,?\ (?:about|the))[ ]
      | (?:the\ |our\ |my\ |one\ |an?)?(?:first|second|third|next|last|final|other|more|another)
        \ (?:topic|point|thing|item|question|issue|one)\b
      | let's\ (?:talk\ about|move\ on|turn\ to|start\ with|go\ on)
      | (?:can|could|may)\ (?:i|we)\ (?:talk\ about|bring\ up|say\ something\ about)
      | (?:have\ you|did\ you|has\ anyone)\ thought\ about )""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Costs:
    """What a boundary costs: `per_boundary`, plus `at[i]` for one before sentence i."""

    per_boundary: float
    at: _Floats


def segment(sentences: Sequence[Sentence], embedder: EmbedModel, *, most: int, strength: float = STRENGTH) -> list[int]:
    """First sentences of the chapters, beginning with 0; at least one sentence is needed.

    Args:
        most: at most so many chapters; while there are more, the cost of a boundary rises.
        strength: cost of a boundary, relative to the scatter of the whole.
    """
    vectors = embedder.embed(in_context(sentences)).astype(np.float64)
    weights = np.sqrt([min(sentence.words, _LENGTH_WORDS) for sentence in sentences])
    weights /= weights.mean()
    total = (weights[:, None] * vectors).sum(0)
    scatter = max(1.0 - float(total @ total) / float(weights.sum()) ** 2, 0.0)
    hints = scatter * _hints(sentences)
    while True:
        costs = _Costs(strength * scatter * float(np.log(max(len(sentences), 2))), hints)
        starts = best_segmentation(vectors, weights, costs.per_boundary + costs.at, _SHORTEST)
        if len(starts) <= most:
            return starts
        strength *= 1.25


def in_context(sentences: Sequence[Sentence]) -> list[str]:
    """Each sentence with its neighbours."""
    texts = [sentence.text for sentence in sentences]
    return [" ".join(texts[max(0, i - _CONTEXT) : i + _CONTEXT + 1]) for i in range(len(texts))]


def _hints(sentences: Sequence[Sentence]) -> _Floats:
    """What pauses and speakers add to a boundary's cost, in units of the whole's scatter."""
    hints = np.zeros(len(sentences))
    for index in range(1, len(sentences)):
        before, after = sentences[index - 1], sentences[index]
        pause_s = min(max(after.start_s - before.end_s, 0.0), _PAUSE_S)
        hints[index] -= _PAUSE_BONUS * pause_s / _PAUSE_S
        hints[index] -= _CUE_BONUS * bool(_CUE.match(after.text))
        hints[index] += _SAME_SPEAKER_COST * (before.speaker == after.speaker)
    return hints


def best_segmentation(vectors: _Floats, weights: _Floats, boundary_costs: _Floats, shortest: float) -> list[int]:
    """The optimal segmentation: first rows of the segments.

    O(n^2 d) time and O(n d) memory, from prefix sums: a segment's scatter is its weight minus the squared length of
    its weighted sum over its weight.

    Args:
        vectors: unit rows, shape (n, d).
        weights: shape (n,), positive.
        boundary_costs: cost of a segment that begins at each row, shape (n,); that of row 0 is not counted.
        shortest: least weight of a segment; a whole lighter than that is one segment.
    """
    n = len(vectors)
    sums = np.vstack([np.zeros(vectors.shape[1]), np.cumsum(weights[:, None] * vectors, axis=0)])
    mass = np.concatenate([[0.0], np.cumsum(weights)])
    squares = np.einsum("ij,ij->i", sums, sums)
    starting = np.concatenate([[0.0], boundary_costs[1:]])
    best = np.full(n + 1, np.inf)
    best[0] = 0.0
    origin = np.zeros(n + 1, dtype=int)
    for end in range(1, n + 1):
        weight = mass[end] - mass[:end]
        length = squares[end] + squares[:end] - 2 * (sums[:end] @ sums[end])
        cost = best[:end] + starting[:end] + weight - length / weight
        too_short = weight < shortest
        too_short[0] &= end < n  # the whole may be as short as it is
        cost[too_short] = np.inf
        origin[end] = first_smallest(cost, _SAME_COST)
        best[end] = cost[origin[end]]
    starts = []
    end = n
    while end > 0:
        end = int(origin[end])
        starts.append(end)
    return starts[::-1]
