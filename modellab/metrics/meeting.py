"""Who said what, held against a reference: cpWER, tcpWER and ORC-WER.

Texts are normalised as for WER. Utterances are in order of start; words that nobody is named for are a speaker of
their own. The definitions are meeteval's (von Neumann et al. 2023). meeteval itself must be compiled on every machine,
so RapidFuzz, SciPy and NumPy do the arithmetic, and tests hold the figures against it.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from modellab.metrics.alignment import align
from modellab.metrics.attributed import Spoken, streams, times_of, tokens_of
from modellab.metrics.combination import few_errors, fewest_errors, is_small
from modellab.metrics.edits import as_numbers, distances, timed_edits
from modellab.metrics.normalisers import Normaliser
from modellab.metrics.pairing import best_pairs
from modellab.metrics.score import Metric, Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Costs = NDArray[np.int64]

SCORER_VERSION = "3"
"""Raise it whenever the same words and times would give other counts."""
COLLAR_S = 5.0
"""Of tcpWER, on each side of a word that was heard: meeteval's advice, for times of words are rarely exact."""

_EDITS: Mapping[str, float] = {"substitutions": 1, "deletions": 1, "insertions": 1}


def _version(package: str) -> str:
    return f"{SCORER_VERSION}+{package}-{version(package)}"


def cp_rate(normaliser: Normaliser) -> Metric:
    """cpWER: errors of all speakers' words, each speaker's as one text, over the reference's words.

    Components: edits and length in words, under the pairing of speakers that makes the edits fewest; `speakers_missed`
    and `speakers_invented`, how many are paired with nobody.
    """
    others = ("speakers_missed", "speakers_invented")
    return Metric("cpwer", "ratio", "lower", normaliser.name, _version("jiwer"), _EDITS, {"length": 1}, others)


def cp_errors(said: Sequence[Spoken], heard: Sequence[Spoken], normaliser: Normaliser) -> Score:
    """Errors of the words or of who said them; a word given to another speaker is missing there and too much here."""
    known, found = ([tokens_of(own) for own in streams(side).values()] for side in (said, heard))
    counts = {"length": 0, "substitutions": 0, "deletions": 0, "insertions": 0}
    for one, other in _pairs(known, found, distances(known, found)):
        reference, hypothesis = [] if one is None else known[one], [] if other is None else found[other]
        for name, count in _counts(reference, hypothesis).items():
            counts[name] += count
    return Score(cp_rate(normaliser), {**counts, **_unpaired(known, found)})


def tcp_rate(normaliser: Normaliser) -> Metric:
    """tcpWER: cpWER in which a word heard can only stand for one that was said within the collar of its middle."""
    protocol = f"{normaliser.name}, collar {COLLAR_S:g} s"
    others = ("speakers_missed", "speakers_invented")
    return Metric("tcpwer", "ratio", "lower", protocol, _version("numpy"), _EDITS, {"length": 1}, others)


def tcp_errors(said: Sequence[Spoken], heard: Sequence[Spoken], normaliser: Normaliser) -> Score:
    """Errors of the words, of who said them, or of when by more than the collar."""
    known, found = (list(streams(side).values()) for side in (said, heard))
    numbers = as_numbers(*(tokens_of(own) for own in [*known, *found]))
    times = [
        *(np.array(times_of(own)).reshape(-1, 2) for own in known),
        *(np.array(times_of(own)).reshape(-1, 2).mean(axis=1)[:, None] + [-COLLAR_S, COLLAR_S] for own in found),
    ]
    edits = {
        (one, other): timed_edits(numbers[one], numbers[len(known) + other], times[one], times[len(known) + other])
        for one in range(len(known))
        for other in range(len(found))
    }
    costs = np.array([total for total, _ in edits.values()], dtype=np.int64).reshape(len(known), len(found))
    lengths = [len(row) for row in numbers]
    counts = {"length": 0, "substitutions": 0, "deletions": 0, "insertions": 0}
    for one, other in best_pairs(costs, lengths[: len(known)], lengths[len(known) :]):
        length, hypothesis = 0 if one is None else lengths[one], 0 if other is None else lengths[len(known) + other]
        if one is None or other is None:
            total, substitutions = length + hypothesis, 0
        else:
            total, substitutions = edits[one, other]
        counts["length"] += length
        counts["substitutions"] += substitutions
        # What is no substitution is one or the other, and their difference is that of the lengths.
        counts["deletions"] += (total - substitutions + length - hypothesis) // 2
        counts["insertions"] += (total - substitutions - length + hypothesis) // 2
    return Score(tcp_rate(normaliser), {**counts, **_unpaired(known, found)})


def orc_rate(normaliser: Normaliser) -> Metric:
    """ORC-WER: errors of the words if every utterance were in the stream where it costs least.

    Components: `errors` and `length` in words; `exact`, recordings small enough for all ways to be gone through (1 or
    0): of the others it is the best way that was found; `recordings`.
    """
    return Metric(
        *("orc_wer", "ratio", "lower", f"{normaliser.name}, exact where small", _version("numpy")),
        *({"errors": 1}, {"length": 1}, ("exact", "recordings")),
    )


def orc_errors(said: Sequence[Spoken], heard: Sequence[Spoken], normaliser: Normaliser) -> Score:
    """Errors of the words whoever said them, where several may talk at once."""
    found = list(streams(heard).values())
    numbers = as_numbers(*(one.tokens for one in said), *(tokens_of(own) for own in found))
    utterances, rows = numbers[: len(said)], numbers[len(said) :]
    if exact := is_small(utterances, rows):
        errors = fewest_errors(utterances, rows)
    else:
        errors = few_errors(utterances, rows, _by_speaker(said, heard))
    length = sum(len(one.tokens) for one in said)
    return Score(orc_rate(normaliser), {"errors": errors, "length": length, "exact": int(exact), "recordings": 1})


def _by_speaker(said: Sequence[Spoken], heard: Sequence[Spoken]) -> list[int]:
    """For each utterance the stream that its speaker's words resemble most, as cpWER pairs them where it does."""
    speakers = streams(said)
    known, found = ([tokens_of(own) for own in side.values()] for side in (speakers, streams(heard)))
    costs = distances(known, found)
    nearest = dict(enumerate(costs.argmin(axis=1).tolist()))
    nearest.update({one: other for one, other in _pairs(known, found, costs) if one is not None and other is not None})
    places = {speaker: nearest[number] for number, speaker in enumerate(speakers)}
    return [places[one.speaker] for one in said]


def _pairs(
    known: Sequence[Sequence[object]], found: Sequence[Sequence[object]], costs: "Costs"
) -> list[tuple[int | None, int | None]]:
    return best_pairs(costs, [len(row) for row in known], [len(row) for row in found])


def _counts(reference: list[str], hypothesis: list[str]) -> dict[str, int]:
    (aligned,) = align([reference], [hypothesis])
    return aligned.counts()


def _unpaired(known: Sequence[object], found: Sequence[object]) -> dict[str, int]:
    return {
        "speakers_missed": max(0, len(known) - len(found)),
        "speakers_invented": max(0, len(found) - len(known)),
    }
