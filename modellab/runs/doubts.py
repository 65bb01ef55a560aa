"""What is doubtful about results: checks that failed, and warnings that no failed check repeats."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from modellab.artifacts.store import ArtifactStore
from modellab.pipeline.record import CheckRecord, Severity, StepRecord
from modellab.settings import Lab

Checks = Mapping[str, Sequence[CheckRecord]]
"""Step -> what its checks said."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One line."""

    step: str | None
    """Whose result it is about; None: the file itself."""
    check: str | None
    """The check that failed; None for a warning."""
    severity: Severity
    said: str
    """What was found; empty where another line says it."""


def failed_check(step: str, check: CheckRecord, told: Iterable[str] = ()) -> Doubt:
    """The doubt of a failed check.

    Args:
        told: sentences that were shown before.
    """
    rest = check.description
    for sentence in told:
        rest = rest.replace(sentence, "")
    return Doubt(step, check.check, check.severity, check.description if rest.strip(" ;.,") else "")


def doubts(records: Sequence[StepRecord], checks: Checks, warnings: Mapping[str | None, Sequence[str]]) -> list[Doubt]:
    """All doubts about the results of some steps, in the steps' order.

    Args:
        warnings: step -> what its result warns of; of None, what is wrong with the file.
    """
    by_step: dict[str | None, list[Doubt]] = {None: []}
    for record in records:
        failed = (check for check in checks.get(record.step, ()) if not check.passed)
        by_step[record.step] = [failed_check(record.step, check) for check in failed]
    told = [doubt.said for found in by_step.values() for doubt in found]
    for step, found in by_step.items():
        for warning in warnings.get(step, ()):
            if not any(warning in said for said in told):
                found.append(Doubt(step, None, "warning", warning))
                told.append(warning)
    return [doubt for found in by_step.values() for doubt in found]


NOT_REPRODUCED = "run again, it came out differently; the first result is kept"


def warnings_of(lab: Lab, record: StepRecord) -> list[str]:
    """What the result of a step warns of, and whether it came out the same when it was made again."""
    again = [NOT_REPRODUCED] if record.reproduced is False else []
    return again + _warnings_in_result(lab, record)


def _warnings_in_result(lab: Lab, record: StepRecord) -> list[str]:
    if record.status != "completed" or record.fingerprint is None:
        return []
    store = ArtifactStore(lab.artifacts)
    found = store.find(record.step, record.fingerprint) or store.pruned.read(record.step, record.fingerprint)
    return [str(warning) for warning in found.manifest["summary"].get("warnings") or ()] if found else []


def all_doubts(lab: Lab, records: Sequence[StepRecord], checks: Checks, of_file: Sequence[str]) -> list[Doubt]:
    """`doubts`, with the warnings that the results themselves hold.

    Args:
        of_file: what is wrong with the file.
    """
    return doubts(records, checks, {None: of_file, **{record.step: warnings_of(lab, record) for record in records}})
