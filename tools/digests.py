"""Digests of the code that decides results, kept in `digests.txt`, so that none changes it unnoticed.

    python tools/digests.py                      record what has a new version, and say what else changed
    python tools/digests.py --confirm steps/asr  record that too, with its old version: no result is another one
    python tools/digests.py --confirm all

A step's `code_version` and an adapter's `adapter_version` belong to the identity of what they give. When code that one
of them reaches (`reach.py`) has changed, either that version is raised or somebody confirms that all results stay what
they were; `tests/docs/test_digests.py` fails until then.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

from reach import Code, Place
from rooms import ROOT

from modellab.registry.registry import MODELS, ModelRegistry
from modellab.steps import scorers
from modellab.steps.catalogue import STEPS

TOOL = "tools/digests.py"
KEPT = "tools/digests.txt"
HEAD = f"# step or model, its version, digest of the code it reaches; written by: python {TOOL}\n"
ALL = "all"
_KINDS = ("steps/", "models/")
_DIGITS = 16
_LEFT_OUT = {"Field": {"description"}, "StepDefinition": {"description", "tables"}}
"""Words for people, and rows that are worked out from a result."""
_ENDS = frozenset(
    {
        "modellab.errors",
        "modellab.redaction",
        "modellab.registry.config",
        "modellab.registry.loaded",
        "modellab.settings",
        "modellab.steps.definition",
    }
)
"""What all steps and adapters are handed, and how things are refused. What of it decides a result is in the result's
identity (parameters, reads, models) or concerns all results alike, for which there is `SCHEME` in `fingerprint.py`."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where the code of a step or model begins, and the version it has."""

    place: Place
    version: str
    raised_in: str
    """Where the version is raised."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded of a step or model."""

    version: str
    code: str
    """First 16 hex digits of the SHA-256 of its code."""


def starts() -> dict[str, Start]:
    """Every step and model there is."""
    found = {
        f"steps/{step.name}": Start(
            (step.run.__module__, "STEP"), step.code_version, f"code_version of the step {step.name}"
        )
        for step in STEPS
    } | {
        f"steps/{one.name}": Start(
            (scorers.__name__, one.name.upper()),
            one.code_version,
            f"code_version of {one.name} in modellab/steps/scorers.py",
        )
        for one in scorers.SCORERS
    }
    registry = ModelRegistry(MODELS)
    for model in registry.ids():
        version = str(registry.get(model).adapter_version)
        raised_in = f"adapter_version in models/{model}/config.yaml"
        found[f"models/{model}"] = Start((f"models.{model}.adapter", "load"), version, raised_in)
    return found


class Digests:
    """The digests of one checkout.

    Args:
        root: the checkout.
        known: name -> where its code begins, and its version.
    """

    def __init__(self, root: Path, known: Mapping[str, Start]) -> None:
        self._root, self._known = root, known
        self._code = code(root)
        self._file = root / KEPT

    @cached_property
    def recorded(self) -> dict[str, Recorded]:
        """What was recorded, by name; what a merge wrote between the lines is passed over."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        rows = (line.split() for line in lines if line.startswith(_KINDS))
        return {name: Recorded(version, code) for name, version, code in rows}

    @cached_property
    def now(self) -> dict[str, Recorded]:
        """What would be recorded now, in order."""
        return {
            name: Recorded(start.version, _digest(self._code.reached(*start.place)))
            for name, start in sorted(self._known.items())
        }

    def unexplained(self) -> list[str]:
        """Names of those whose code has changed and whose version has not."""
        before = self.recorded
        return [
            name
            for name, now in self.now.items()
            if name in before and before[name].version == now.version and before[name].code != now.code
        ]

    def problems(self) -> list[str]:
        """What does not hold of what was recorded, and what to do about it."""
        changed = self.unexplained()
        others = {name for name, _ in self.recorded.items() ^ self.now.items()} - set(changed)
        return [
            *map(self._changed_code, changed),
            *(f"{name} is new, is gone or has a new version.\n  → Record it: python {TOOL}" for name in sorted(others)),
        ]

    def record(self, but: Collection[str]) -> None:
        """Write down what holds now; of the names in `but`, what was written before."""
        rows = {**self.now, **{name: self.recorded[name] for name in but}}
        self._file.write_text(
            HEAD + "".join(f"{name} {one.version} {one.code}\n" for name, one in sorted(rows.items()))
        )

    def _changed_code(self, name: str) -> str:
        return (
            f"{name}: code that it reaches has changed, and its version is still {self.now[name].version}.\n"
            f"  Changed: {self._where(name)}\n"
            f"  → Where what is cached may come out otherwise now: raise the {self._known[name].raised_in}, "
            f"then run python {TOOL}\n"
            f"  → Where every result stays what it was: python {TOOL} --confirm {name}"
        )

    def _where(self, name: str) -> str:
        """The definitions that are not what they were in the commit that recorded a digest."""
        place, recorded = self._known[name].place, self.recorded[name]
        line = f"{name} {recorded.version} {recorded.code}"
        commit = self._git("log", "-1", "--format=%h", f"-S{line}", "--", KEPT).decode().strip()
        if not commit:
            return "not known, for git has no commit that recorded it"
        then, now = self._reached_at(commit, place), self._code.reached(*place)
        if _digest(then) != recorded.code:
            return f"not known, for {commit}, which recorded it, has other code"
        differ = sorted(one for one in then.keys() | now.keys() if then.get(one) != now.get(one))
        return "; ".join(
            f"{module}: {', '.join(one or 'its statements' for _, one in places)}"
            for module, places in groupby(differ, lambda each: each[0])
        )

    def _reached_at(self, commit: str, place: Place) -> dict[Place, str]:
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(fileobj=io.BytesIO(self._git("archive", commit))) as files:
                files.extractall(folder, filter="data")
            then = code(Path(folder))
            return then.reached(*place) if place[0] in then.files else {}

    def _git(self, *command: str) -> bytes:
        """What git answers; nothing where there is no git, or no repository."""
        try:
            return subprocess.run(["git", *command], cwd=self._root, capture_output=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return b""


def code(root: Path) -> Code:
    """The code of a checkout, as far as it decides results."""
    return Code(root, left_out=_LEFT_OUT, ends=_ENDS)


def _digest(reached: Mapping[Place, str]) -> str:
    """By what is said alone, so that code may move from module to module."""
    return hashlib.sha256("".join(sorted(reached.values())).encode()).hexdigest()[:_DIGITS]


def main(arguments: Sequence[str], digests: Digests) -> int:
    """Record what is explained, and print what is not; 1 where something is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--confirm", nargs="+", default=[], metavar="NAME", help="steps/NAME, models/NAME, or all")
    confirmed = set(parser.parse_args(arguments).confirm)
    if unknown := confirmed - {ALL, *digests.now}:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are: all, {', '.join(digests.now)}")
    left = [name for name in digests.unexplained() if not confirmed & {ALL, name}]
    for problem in digests.problems() if left else ():
        print(problem)
    digests.record(but=left)
    return 1 if left else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], Digests(ROOT, starts())))
