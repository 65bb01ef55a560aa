"""Who is told while a sweep goes on."""

from typing import Protocol

from modellab.experiments.pace import Pace
from modellab.runs.bench import BenchWatcher
from modellab.statistics.stopping import RuledOut


class SweepWatcher(BenchWatcher, Protocol):
    """Whoever shows what goes on."""

    def paced(self, pace: Pace) -> None:
        """By this the time that is left can be told, from now on."""

    def leaves_out(self, found: RuledOut, not_run: int) -> None:
        """A system is left out, with so many inputs that it was not put to."""
