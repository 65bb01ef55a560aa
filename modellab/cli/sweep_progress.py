"""What a terminal shows while a sweep goes on."""

from rich.console import Console

from modellab.cli.bench_progress import Watching
from modellab.cli.console import marked, print_line
from modellab.experiments.documents import left_out_sentence
from modellab.experiments.pace import Pace
from modellab.statistics.stopping import RuledOut
from modellab.units import length


class SweepWatching(Watching):
    """As of a bench, with the time that is left, and what is left out."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._pace: Pace | None = None

    def paced(self, pace: Pace) -> None:
        self._pace = pace

    def leaves_out(self, found: RuledOut, not_run: int) -> None:
        self._all -= not_run
        self._progress.update(self._task, total=self._all)
        print_line(self._console, marked("·", "dim", left_out_sentence(found, not_run)))

    def _left(self) -> str:
        left_s = self._pace.left_s if self._pace else None
        return "" if left_s is None or left_s < 1 else f"about {length(round(left_s))} left"
