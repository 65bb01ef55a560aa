"""What runs pipelines, as the library sees it: who has one hands it in, so that the library imports no orchestrator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self

from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.record import CheckRecord, StepRecord
from modellab.settings import Lab


@dataclass(frozen=True, slots=True)
class LaunchResult:
    """How a run ended."""

    run: str | None
    """Run key, the same for the same input, system and code; None when the run failed before its first step."""
    dagster_run_id: str
    status: Literal["completed", "failed"]
    error: str | None
    error_page: str | None = None
    """The same in several lines, where a step failed."""
    records: list[StepRecord] = field(default_factory=list)
    """One a step that ran, in order."""
    checks: Mapping[str, tuple[CheckRecord, ...]] = field(default_factory=dict)
    """Step -> what its checks said of its result."""


class RunLauncher(Protocol):
    """Runs systems on inputs; models stay loaded from one run to the next. A context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def run(self, system_key: str, source: RegisteredInput, force: bool = False) -> LaunchResult:
        """Run a system on an input to its end.

        Args:
            system_key: what is run.
            force: run steps although their results are there.

        Raises:
            LabError: it can't be begun; what fails in it is in the result.
            KeyboardInterrupt: someone stopped it.
        """


OpenLauncher = Callable[[Lab], RunLauncher]
"""Makes the launcher of a lab. Importing what it needs may take seconds, so it is called when there is work."""
