"""SDR, SIR and SAR of separated sources, by mir_eval's BSS Eval (Vincent, Gribonval, Fevotte 2006).

Unit: dB. Higher is better. What was found is split into the source, through any filter of 512 taps (SDR's numerator),
the other sources (interference, SIR) and what none of them explains (artifacts, SAR). What it does not say: how it
sounds. A changed timbre costs nothing here, and figures of whole tracks, of museval's windows of 1 s and of these
pieces are not comparable.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.metrics.libraries import scorer_version
from modellab.metrics.mean import amount_name
from modellab.metrics.piecewise import COUNTS, NotComputable
from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same sound would give other figures."""
MOST_DB = 100.0
"""A source found exactly has no end of decibels, and a mean needs a number."""
RATIOS = ("sdr", "sir", "sar")

Sources = npt.NDArray[np.float64]
"""Shape `(sources, samples)`."""


def over_stems(name: str, protocol: str, stems: Sequence[str], version: str, others: tuple[str, ...] = ()) -> Metric:
    """A figure in dB that is the mean over stems, and over recordings the mean over the stems of all.

    Components: `<name>_db`, the sum over the stems that were judged, over `stems`, their number; and of each stem its
    own decibels (`stem_vocals_db`) and 1 where it was judged, else 0 (`stem_vocals`): their ratio is a corpus's figure
    for that stem.
    """
    return Metric(
        name=name,
        unit="dB",
        better="higher",
        protocol=f"stems {', '.join(stems)}, {protocol}",
        version=version,
        numerator={amount_name(name, "dB"): 1},
        denominator={"stems": 1},
        others=(*others, *(f"stem_{stem}" for stem in stems), *(f"stem_{stem}_db" for stem in stems)),
    )


def over_stems_score(
    metric: Metric, stems: Iterable[str], found: Mapping[str, float], others: Mapping[str, float] | None = None
) -> Score:
    """A score of `over_stems` of the same stems; those that `found` has no decibels of were not judged."""
    if not found:
        return Score(metric, {}, "every stem of the reference is silent")
    [amount] = metric.numerator
    each: dict[str, float] = {}
    for stem in stems:
        each |= {f"stem_{stem}": float(stem in found), f"stem_{stem}_db": found.get(stem, 0.0)}
    return Score(metric, {amount: sum(found.values()), "stems": len(found), **each, **(others or {})})


def bss_eval(true: Sources, found: Sources) -> dict[str, list[float]]:
    """SDR, SIR and SAR of each source found, in dB, within 100; one alone has no SIR.

    Args:
        true: sources that all sound.
        found: the same sources as they were found, in the same order.

    Raises:
        NotComputable: one found is silent.
    """
    from mir_eval.separation import bss_eval_sources

    if not found.any(axis=1).all():
        raise NotComputable("a stem is silent where it should sound: SDR is not defined")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # that the module goes with mir_eval 0.9; it is pinned
        sdr, sir, sar, _ = bss_eval_sources(true, found, compute_permutation=False)
    ratios = {"sdr": sdr, "sar": sar} | ({"sir": sir} if len(true) > 1 else {})
    return {name: np.clip(ratio, -MOST_DB, MOST_DB).tolist() for name, ratio in ratios.items()}


@dataclass(frozen=True, slots=True)
class Match:
    """What is held against which true source."""

    pairs: Mapping[str, tuple[str, ...]]
    """Name of the true source -> of those found whose sum it should be."""
    how: str
    """For the protocol."""


def by_name(true: Sequence[str], found: Sequence[str]) -> Match | None:
    """Match sources of the same name, speech with vocals, and what is left of the reference with the sum of the rest.

    The rest goes to the one true source that has no namesake (an accompaniment), or to `other` where all have one.

    Returns:
        None where no name is shared.

    Raises:
        NotComputable: several true sources have no namesake.
    """
    namesakes = {name: same for name in true if (same := _namesake(name, found))}
    if not namesakes:
        return None
    pairs: dict[str, tuple[str, ...]] = {name: (same,) for name, same in namesakes.items()}
    rest = tuple(name for name in found if name not in namesakes.values())
    unmatched = [name for name in true if name not in namesakes]
    if len(unmatched) > 1 or (unmatched and not rest):
        raise NotComputable(f"the model gives {', '.join(found)}, and nothing for {', '.join(unmatched)}")
    if unmatched:
        pairs[unmatched[0]] = rest
    elif "other" in pairs:
        pairs["other"] += rest
    sums = [f"{name} = {' + '.join(parts)}" for name, parts in pairs.items() if parts != (name,)]
    return Match({name: pairs[name] for name in true}, ", ".join(["matched by name", *sums]))


def _namesake(name: str, found: Sequence[str]) -> str | None:
    if name in found:
        return name
    return next((other for other in found if {name, other} == {"speech", "vocals"}), None)


def best_match(true: Sequence[str], found: Sequence[str], similar: Mapping[tuple[str, str], float]) -> Match:
    """Match as many sources as were found so that their SI-SDR is highest.

    Args:
        similar: SI-SDR in dB of each true source and each found.
    """
    from scipy.optimize import linear_sum_assignment

    fit = np.array([[similar[one, other] for other in found] for one in true])
    rows, columns = linear_sum_assignment(fit, maximize=True)
    return Match({true[row]: (found[column],) for row, column in zip(rows, columns, strict=True)}, "best match")


def ratio_metrics(protocol: str, stems: Sequence[str]) -> dict[str, Metric]:
    """`sdr`, `sir` and `sar` of these stems."""
    version = scorer_version(SCORER_VERSION, "mir_eval")
    return {name: over_stems(name, protocol, stems, version, COUNTS) for name in RATIOS}
