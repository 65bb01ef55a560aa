"""Whether verdicts and intervals hold what they promise, on simulated recordings whose truth is known.

    python benchmarks/calibration.py [--pairs 500] [--json FILE]

Recordings are like those of speech recognition: their lengths vary (log-normal, a median of 25 words); speakers,
recordings and what a system makes of each differ in how many errors there are (log-normal); errors are counts
(Poisson), and in one recording of fifty the system runs away and half of the words more are wrong. Equal systems have
the same rate; of the others one makes a third fewer errors. For comparison stands how often a plain percentile
bootstrap of the same units calls equal systems different. Everything goes through `modellab.statistics`, as a bench
does.
"""

import argparse
import json
import math
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from modellab.statistics.cases import Amounts, Case, PairedCase
from modellab.statistics.comparing import compare
from modellab.statistics.drawing import resamples
from modellab.statistics.intervals import interval
from modellab.statistics.sums import sums

RATE, FEWER = 0.15, 0.10
"""Errors per word of equal systems, and of the better one."""
BURSTS, BURST_RATE = 0.02, 0.5
WORDS, LENGTHS = 25.0, 0.6
SPEAKERS, RECORDINGS, SYSTEM_SPEAKERS, SYSTEM_RECORDINGS = 0.4, 0.5, 0.15, 0.3
"""Standard deviations of the logarithms: of lengths (above), and of what multiplies the rate."""
DESIGNS = ((8, 8), (20, 20), (100, 100), (8, 4), (20, 10), (100, 25))
"""Recordings, speakers."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was found in one design; shares of all pairs, in percent."""

    recordings: int
    speakers: int
    called_different: float
    """Equal systems with the verdict better or worse; 3 to 7 promised."""
    percentile_called_different: float
    covered_equal: float
    """Intervals that hold the difference of equal systems; 92 to 98 promised."""
    covered_planted: float
    """Intervals that hold the difference that was planted; 92 to 98 promised."""
    found_planted: float
    """Planted differences with the right verdict: the power."""
    wrong_way: float
    """Planted differences with the opposite verdict."""
    covered_figure: float
    """Intervals of one system's figure that hold its rate."""
    half_width: float
    """Of the interval of the difference, the median, in points of 100 words."""


def _spread(random: np.random.Generator, deviation: float, shape: tuple[int, ...]) -> np.ndarray:
    return np.exp(random.normal(-(deviation**2) / 2, deviation, shape))


def drawn(
    random: np.random.Generator, recordings: int, speakers: int, rates: Sequence[float]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The words of so many recordings, each speaker with equally many, and the errors of a system with each rate;
    shape (speakers, recordings of each)."""
    shape = (speakers, recordings // speakers)
    words = np.maximum(3, np.rint(WORDS * np.exp(random.normal(0, LENGTHS, shape))))
    hardness = _spread(random, SPEAKERS, (speakers, 1)) * _spread(random, RECORDINGS, shape)
    errors = []
    for rate in rates:
        own = _spread(random, SYSTEM_SPEAKERS, (speakers, 1)) * _spread(random, SYSTEM_RECORDINGS, shape)
        bursts = random.random(shape) < BURSTS
        errors.append(
            random.poisson((rate - BURSTS * BURST_RATE) * hardness * own * words + bursts * BURST_RATE * words)
        )
    return words, errors


def simulated(
    random: np.random.Generator, recordings: int, speakers: int, rates: tuple[float, float]
) -> list[PairedCase]:
    """So many recordings, and the errors that two systems make on them."""
    words, errors = drawn(random, recordings, speakers, rates)
    return [
        PairedCase(
            f"{speaker:03}-{place:03}",
            Amounts(int(errors[0][speaker, place]), int(words[speaker, place])),
            Amounts(int(errors[1][speaker, place]), int(words[speaker, place])),
            cluster=f"{speaker:03}",
        )
        for speaker, place in np.ndindex(*words.shape)
    ]


def percentile_differs(pairs: Sequence[PairedCase], seed: int) -> bool:
    """Whether the plain paired bootstrap's 95 % interval leaves out 0: what `compare` is held against."""
    added = sums(pairs, None)
    drawn = next(resamples(added.units, 2_000, seed))
    figures = (drawn @ added.numerators) / (drawn @ added.denominators)
    low, high = np.quantile(figures[:, 0] - figures[:, 1], [0.025, 0.975])
    return bool(low > 0 or high < 0)


def measured(recordings: int, speakers: int, pairs: int) -> Row:
    """Simulates so many pairs of equal systems, and as many with a planted difference."""
    random = np.random.Generator(np.random.PCG64([recordings, speakers]))
    counts = dict.fromkeys(("different", "percentile", "equal", "planted", "found", "wrong", "figure"), 0)
    widths = []
    for number in range(pairs):
        equal = simulated(random, recordings, speakers, (RATE, RATE))
        found = compare(equal, seed=number)
        counts["different"] += found.verdict != "not separable"
        counts["equal"] += holds(found.low, found.high, 0.0)
        counts["percentile"] += percentile_differs(equal, number)
        figure = interval([Case(one.case_id, one.a, one.cluster) for one in equal], seed=number)
        counts["figure"] += holds(figure.low, figure.high, RATE)
        planted = compare(simulated(random, recordings, speakers, (FEWER, RATE)), seed=number)
        counts["planted"] += holds(planted.low, planted.high, FEWER - RATE)
        counts["found"] += planted.verdict == "better"
        counts["wrong"] += planted.verdict == "worse"
        widths.append(((found.high or math.inf) - (found.low or -math.inf)) / 2)
    shares = {name: round(100 * count / pairs, 1) for name, count in counts.items()}
    return Row(
        recordings,
        speakers,
        called_different=shares["different"],
        percentile_called_different=shares["percentile"],
        covered_equal=shares["equal"],
        covered_planted=shares["planted"],
        found_planted=shares["found"],
        wrong_way=shares["wrong"],
        covered_figure=shares["figure"],
        half_width=round(100 * float(np.median(widths)), 1),
    )


def holds(low: float | None, high: float | None, truth: float) -> bool:
    """Whether an interval has the truth within it; a limit that is not set is no limit."""
    return (low is None or low <= truth) and (high is None or truth <= high)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--pairs", type=int, default=500, help="pairs of systems in each design")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    given = parser.parse_args()
    started = time.perf_counter()
    rows = [measured(recordings, speakers, given.pairs) for recordings, speakers in DESIGNS]
    table = Table(title=f"{given.pairs} pairs of systems in each design; percent")
    headings = (
        *("recordings", "speakers", "equal: called different", "(percentile bootstrap)", "equal: covered"),
        *("planted: covered", "planted: found", "planted: wrong way", "figure: covered", "half width, points"),
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*(f"{figure:g}" for figure in asdict(row).values()))
    Console(width=150).print(table)
    print(f"took {time.perf_counter() - started:.0f} s on {platform.processor() or platform.machine()}")
    if given.json:
        document = {"pairs": given.pairs, "rows": [asdict(row) for row in rows]}
        given.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
