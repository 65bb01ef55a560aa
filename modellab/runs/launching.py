"""What runs pipelines, as the library sees it: who has one hands it in, so that the library imports no orchestrator."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self

from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.events import Event, RunEnded, StepEnded, StepJudged
from modellab.pipeline.record import CheckRecord, StepRecord
from modellab.settings import Lab


@dataclass(frozen=True, slots=True)
class LaunchResult:
    """How a run ended for one input under one system."""

    input: str
    system: str
    run: str | None
    """Run key, the same for the same input, system and code; None when the run failed before its first step."""
    dagster_run_id: str
    """The same for all that ran together."""
    status: Literal["completed", "failed"]
    error: str | None
    error_page: str | None = None
    """The same in several lines, where a step failed."""
    records: list[StepRecord] = field(default_factory=list)
    """One a step that ran, in order."""
    checks: Mapping[str, tuple[CheckRecord, ...]] = field(default_factory=dict)
    """Step -> what its checks said of its result."""


class Told:
    """What runs tell while they go on, kept for their results: an observer of events."""

    def __init__(self) -> None:
        self._records: defaultdict[tuple[str, str], list[StepRecord]] = defaultdict(list)
        self._checks: defaultdict[tuple[str, str], dict[str, tuple[CheckRecord, ...]]] = defaultdict(dict)
        self._ended: dict[tuple[str, str], RunEnded] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case StepEnded(record=record):
                self._records[record.input, record.system].append(record)
            case StepJudged(record=record):
                self._checks[record.input, record.system][record.step] = event.checks
            case RunEnded():
                self._ended[event.input, event.system] = event

    def result(self, input_key: str, system_key: str, dagster_run_id: str, otherwise: str = "") -> LaunchResult:
        """How the run ended for an input under a system.

        Args:
            otherwise: why it failed, where the run ended without telling so.
        """
        pair = input_key, system_key
        records, ended = self._records[pair], self._ended.get(pair)
        completed = ended is not None and ended.status == "completed"
        failed = [record for record in records if record.status == "failed"]
        return LaunchResult(
            input=input_key,
            system=system_key,
            run=records[0].run if records else None,
            dagster_run_id=dagster_run_id,
            status="completed" if completed else "failed",
            error=None if completed else (ended and ended.error) or otherwise,
            error_page="\n".join(f"{record.step} failed: {record.error_page}" for record in failed) or None,
            records=records,
            checks=self._checks[pair],
        )


def ignore_waiting(most: int) -> None:
    """For whom it makes no difference that a run has to wait."""


class RunLauncher(Protocol):
    """Runs systems on inputs; models stay loaded from one run to the next. A context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def run(self, system_key: str, source: RegisteredInput, force: bool = False) -> LaunchResult:
        """Run a system on an input to its end: the smallest sweep."""

    def sweep(
        self,
        systems: Sequence[str],
        inputs: Sequence[RegisteredInput],
        *,
        force: bool = False,
        only: Set[str] | None = None,
        waits: Callable[[int], None] = ignore_waiting,
        retry_of: str | None = None,
        experiment: str | None = None,
    ) -> list[LaunchResult]:
        """Run every system on every input, as one run in one process: each model is loaded once.

        Step by step: all inputs are through with a model before the next one begins. What fails for one input stops
        neither the others nor what it can do without.

        Args:
            systems: keys of what is run.
            inputs: on what, in this order.
            force: run steps although their results are there.
            only: names of the steps and scorers that run; what these read of others must be there.
            waits: told once, with how many runs may be at work at once, when so many are and this one has to wait.
            retry_of: Dagster run that this one is another attempt at: it does those steps that the other was to do.
            experiment: whose run this is; the run says so.

        Returns:
            One result for each input under each system: the systems of the first input, then of the next.

        Raises:
            LabError: it can't be begun; what fails in it is in the results.
            KeyboardInterrupt: someone stopped it. What was finished was told as `RunEnded`, and is found by the next.
        """


OpenLauncher = Callable[[Lab], RunLauncher]
"""Makes the launcher of a lab. Importing what it needs may take seconds, so it is called when there is work."""
