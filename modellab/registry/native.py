"""Whether a model's native code runs on this machine: tried once in a child process, and the verdict kept on disk.

A compiled library may be built for CPUs that this one is not; calling it then ends the process, and nothing in Python
can catch that. So a model whose config says `probe: true` has a script `probe.py` that calls the library a little. A
verdict holds for the CPU, the versions of the packages as they are installed and the script: on another machine, or
after an upgrade, the code is tried again.
"""

import hashlib
import importlib.metadata
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from modellab.errors import ModelConfigError, TextRefused
from modellab.files import canonical_json, write_atomic
from modellab.outside import read_json
from modellab.registry.config import ModelConfig
from modellab.registry.cpu import Cpu, this_cpu
from modellab.registry.environments import Environment
from modellab.registry.probe_process import REPORT

PROBE = "probe.py"
_CHILD = Path(__file__).with_name("probe_process.py")
_LONGEST_S = 120.0
"""A probe takes less than a second; on a busy machine it may take long to import what it calls."""
_FAILED_FOR_S = 600.0
"""How long a failure counts that is not the code's own death: without memory, say, it may do better later."""
_FATAL = ("SIGILL", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGABRT", "SIGTRAP", "SIGSYS")
"""Signals that a process gets for what its own code did."""
_PREFIXES = frozenset({0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3, *range(0x40, 0x50)})
_EVEX, _VEX = 0x62, (0xC4, 0xC5)
"""First bytes of the encodings that AVX-512, and AVX and AVX2, brought (Intel SDM, volume 2, 2.3 and 2.7)."""

Outcome = Literal["runs", "crashes", "fails"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of trying a model's native code."""

    outcome: Outcome
    """`fails`: it raised an error, was killed from outside or did not end, which another time may go better."""
    signal: str | None = None
    """What it died of, such as SIGILL."""
    needs: str | None = None
    """The instruction set it asked for, such as AVX-512, where that is known."""
    said: str = ""
    """The last line it wrote to standard error."""
    tried_at_s: float = 0.0
    """Seconds since 1970."""

    @property
    def short(self) -> str:
        """A few words for a table; empty when it runs."""
        if self.outcome == "crashes":
            return f"needs {self.needs}" if self.needs else f"crashes ({self.signal})"
        return "fails when tried" if self.outcome == "fails" else ""

    def reason(self, model: str, cpu: Cpu) -> str:
        """One sentence that says what is missing; empty when it runs."""
        if self.outcome == "crashes" and self.needs:
            return f"The native code of {model} needs {self.needs}, and this CPU does not have it: {cpu}."
        if self.outcome == "crashes":
            return f"The native code of {model} dies when it is called ({self.signal}) on this CPU: {cpu}."
        if self.outcome == "fails":
            return f"The native code of {model} was tried and failed: {self.said or self.signal}."
        return ""


class NativeProbes:
    """Verdicts on the models of one lab, kept as one small JSON file each, for any number of processes.

    Args:
        folder: where they are kept; None keeps them in this object only.
    """

    def __init__(self, folder: Path | None, cpu: Cpu | None = None) -> None:
        self._folder = folder
        self._cpu = cpu or this_cpu()
        self._known: dict[str, Verdict] = {}

    def verdict(self, config: ModelConfig, model_folder: Path, environment: Environment | None = None) -> Verdict:
        """Whether a model's native code runs; tried now if nobody did yet. Never raises for what the code does.

        Args:
            environment: the model's own, where it has one.

        Raises:
            ModelConfigError: the config says that there is a probe, and there is none.
        """
        if not config.probe:
            return Verdict("runs")
        script = model_folder / PROBE
        try:
            code = script.read_bytes()
        except OSError as error:
            raise ModelConfigError(
                f"model {config.id} has no probe of its native code", found=str(error), hint=f"Write {script}."
            ) from error
        key = hashlib.sha256(canonical_json(self._circumstances(config, code, environment)).encode()).hexdigest()
        verdict = self._known.get(key) or self._kept(key)
        if verdict is None:
            verdict = _try(script, environment)
            self._keep(key, config, verdict)
        self._known[key] = verdict
        return verdict

    def _circumstances(self, config: ModelConfig, code: bytes, environment: Environment | None) -> dict[str, object]:
        packages = (config.package, *config.further_packages)
        return {
            "model": config.id,
            "probe": hashlib.sha256(code).hexdigest(),
            "cpu": [self._cpu.model, sorted(self._cpu.flags), platform.machine(), platform.system()],
            "python": [platform.python_version(), str(environment.folder) if environment else sys.prefix],
            "packages": {package: _installed(package, environment) for package in packages},
        }

    def _kept(self, key: str) -> Verdict | None:
        if self._folder is None:
            return None
        try:
            verdict = Verdict(**read_json(self._folder / f"{key}.json")["verdict"])
        except (OSError, TextRefused, ValueError, KeyError, TypeError):
            return None  # not there, or not what we write: it is found out again
        age_s = time.time() - verdict.tried_at_s
        return verdict if verdict.outcome != "fails" or 0 <= age_s < _FAILED_FOR_S else None

    def _keep(self, key: str, config: ModelConfig, verdict: Verdict) -> None:
        if self._folder is None:
            return
        kept = {"model": config.id, "cpu": self._cpu.model, "verdict": asdict(verdict)}
        try:
            write_atomic(self._folder / f"{key}.json", canonical_json(kept))
        except OSError:
            return  # a home that can't be written is reported by whoever must write there


def _installed(package: str, environment: Environment | None) -> str:
    """Names a package as it is installed: its list of files holds their digests, so a build of one's own differs."""
    try:
        found = environment.distribution(package) if environment else importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
    return f"{found.version} {hashlib.sha256((found.read_text('RECORD') or '').encode()).hexdigest()}"


def _try(script: Path, environment: Environment | None) -> Verdict:
    """Run a probe in a child process to its end, or for two minutes."""
    python = [sys.executable] if environment is None else environment.interpreter
    now_s = time.time()
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [*python, str(_CHILD), str(script)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            # The child's own folder, full of modules of ours, is none of the probe's.
            env={**os.environ, "PYTHONSAFEPATH": "1"},
            start_new_session=True,
        )
        try:
            returncode = child.wait(_LONGEST_S)
        except BaseException as interruption:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            if not isinstance(interruption, subprocess.TimeoutExpired):
                raise
            return Verdict("fails", said=f"it did not end within {_LONGEST_S:g} s", tried_at_s=now_s)
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
    return _verdict(returncode, lines, now_s)


def _verdict(returncode: int, lines: Sequence[str], now_s: float) -> Verdict:
    if returncode == 0:
        return Verdict("runs", tried_at_s=now_s)
    name = signal_name(returncode)
    if name not in _FATAL:
        return Verdict("fails", signal=name, said=lines[-1] if lines else "", tried_at_s=now_s)
    codes = [bytes.fromhex(line.removeprefix(REPORT)) for line in lines if line.startswith(REPORT)]
    needs = instruction_set(codes[-1], this_cpu()) if codes else None
    return Verdict("crashes", signal=name, needs=needs, tried_at_s=now_s)


def signal_name(returncode: int) -> str | None:
    """The name of the signal that a child process with this return code died of; None when it ended by itself."""
    if returncode >= 0:
        return None
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return f"signal {-returncode}"


def instruction_set(code: Sequence[int], cpu: Cpu) -> str | None:
    """What an x86 instruction that this CPU refused belongs to; None where its encoding does not tell.

    Args:
        code: the bytes from its beginning on.
    """
    first = next((byte for byte in code if byte not in _PREFIXES), None)
    if first == _EVEX:
        return "AVX-512"
    if first in _VEX:
        return "AVX" if "avx" not in cpu.flags else "AVX2" if "avx2" not in cpu.flags else None
    return None
