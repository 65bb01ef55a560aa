"""How often a sweep leaves out a system early: one that is as good as the others (a mistake), and one that is worse.

    python benchmarks/early_stopping.py [--sweeps 1000] [--json FILE]

Recordings and errors are those of `calibration.py`. Each sweep looks after 10, 20, 40 ... cases in an order drawn by
lot, as `modellab sweep --budget` does, through the same code (`modellab.statistics.stopping`).
"""

import argparse
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from calibration import RATE, drawn  # type: ignore[import-not-found]  # beside this file, which is run as a script
from rich.console import Console
from rich.table import Table

from modellab.statistics.cases import Amounts, Case
from modellab.statistics.stopping import Rule, ruled_out

DESIGNS = ((100, 100, 3), (100, 25, 3), (320, 320, 3), (100, 100, 8), (40, 40, 2))
"""Cases, speakers, systems."""
WORSE = (0.20, 0.25, 0.30)
"""Errors per word of the worse system; the others have `calibration.RATE`."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was found in one design; shares of all sweeps, in percent."""

    cases: int
    speakers: int
    systems: int
    worse_rate: float | None
    """None: all are equal."""
    wrong: float
    """Sweeps that left out a system which is as good as the best; at most 5 promised."""
    found: float | None
    """Sweeps that left out the worse one."""
    after: float | None
    """Cases it was left out after, the mean of those."""


def swept(random: np.random.Generator, cases: int, speakers: int, rates: Sequence[float], seed: int) -> dict[str, int]:
    """One sweep: systems that are left out, by their numbers, and after how many cases."""
    words, errors = drawn(random, cases, speakers, rates)
    order = random.permutation(cases)
    every = {
        str(number): [
            Case(f"{place:04}", Amounts(int(of.flat[place]), int(words.flat[place])), f"{place // words.shape[1]:03}")
            for place in order
        ]
        for number, of in enumerate(errors)
    }
    rule, left_out = Rule(len(rates), cases), {}
    for end in rule.rounds[:-1]:
        still = {name: of[:end] for name, of in every.items() if name not in left_out}
        found = ruled_out(still, rule, better="lower", unit="ratio", seed=seed)
        left_out.update({one.system: one.cases for one in found})
    return left_out


def measured(cases: int, speakers: int, systems: int, worse_rate: float | None, sweeps: int) -> Row:
    """Simulates so many sweeps; where one system is worse, it is the last."""
    random = np.random.Generator(np.random.PCG64([cases, speakers, systems, round(100 * (worse_rate or 0))]))
    rates = [RATE] * systems if worse_rate is None else [*[RATE] * (systems - 1), worse_rate]
    worse = None if worse_rate is None else str(systems - 1)
    wrong, after = 0, []
    for number in range(sweeps):
        left_out = swept(random, cases, speakers, rates, number)
        wrong += any(name != worse for name in left_out)
        if worse in left_out:
            after.append(left_out[worse])
    share = None if worse is None else round(100 * len(after) / sweeps, 1)
    return Row(
        cases,
        speakers,
        systems,
        worse_rate,
        round(100 * wrong / sweeps, 1),
        share,
        round(float(np.mean(after)), 1) if after else None,
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--sweeps", type=int, default=1_000, help="in each design")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    arguments = parser.parse_args()
    started = time.perf_counter()
    rows = [
        measured(*design, worse_rate, arguments.sweeps)
        for design in DESIGNS
        for worse_rate in ((None, *WORSE) if design == DESIGNS[0] else (None, WORSE[1]))
    ]
    table = Table("cases", "speakers", "systems", "worse one's rate", "wrongly left out %", "worse left out %", "after")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in asdict(row).values()))
    Console().print(table)
    print(f"{arguments.sweeps} sweeps each, {time.perf_counter() - started:.0f} s, {platform.processor()}")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
