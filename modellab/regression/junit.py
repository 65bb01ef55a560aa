"""What the gate says, as XML that continuous integration reads: a suite for each dataset, a case for each system."""

from collections import defaultdict
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from modellab.files import atomic_path
from modellab.regression.judged import Judged, Sweep

_INVALID = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0xFFFE, 0xFFFF])
"""Characters that XML 1.0 can't hold."""


def write_junit(sweep: Sweep, path: Path) -> None:
    """Write it to a file, whole or not at all.

    A case fails where the command's exit code says so: something in production got worse, or (an error) could not be
    measured. What is a warning, and what was measured for the first time, is skipped and says why.
    """
    suites: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in sweep.judged:
        suites[one.judgement.dataset].append(one)
    document = JUnitXml(name="modellab regress")
    for dataset, judged in suites.items():
        suite = TestSuite(dataset)
        suite.add_testcases([_case(one) for one in judged])
        document.add_testsuite(suite)
    with atomic_path(path) as staged:
        document.write(str(staged), pretty=True)


def _case(one: Judged) -> TestCase:
    found = one.judgement
    case = TestCase(_text(found.system), classname=_text(f"{found.dataset}.{one.status}"))
    if found.verdict == "kept":
        return case
    first = next(iter([*found.regressed, *found.doubtful]), found.why or "there was no baseline; now there is one")
    kind: type[Failure | Error | Skipped] = Skipped
    if one.is_error:
        kind = Failure if found.verdict == "regressed" else Error
    result = kind(_text(f"{found.verdict}: {first}"))
    result.text = _text("\n".join([*found.regressed, *found.doubtful, *found.changed]))
    case.result = [result]
    return case


def _text(said: str) -> str:
    return said.translate(_INVALID)
