"""This machine's CPU: its name and what it can do, as the system tells it."""

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from modellab.errors import CpuUnsupported

_CPUINFO = Path("/proc/cpuinfo")
_SETS: Mapping[str, str] = {
    "sse4_2": "SSE4.2",
    "avx": "AVX",
    "f16c": "F16C",
    "fma": "FMA",
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "amx_tile": "AMX",
    "asimd": "NEON",
    "asimddp": "dot product",
    "sve": "SVE",
}
"""Flag of Linux -> the name people know, for those that compiled code is likely to ask for; the newer the later."""
_X86 = ("x86_64", "AMD64", "i686")
_NEEDED = {"avx2": "AVX2", "fma": "FMA", "bmi2": "BMI2"}
"""Of x86-64-v3, what DuckDB's wheel is compiled for: without them importing it ends the process."""
WIDEST_X86 = ("AVX-512", "AVX2", "AVX", "SSE4.2")
"""Those that contain the ones after them."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """One CPU."""

    model: str
    """As its maker calls it, such as `AMD EPYC`."""
    flags: frozenset[str]
    """Everything it can do, in the system's own words; empty where the system does not say."""
    vendor: str = ""
    """Its maker (`GenuineIntel`), by which some libraries choose their kernels; empty where unknown."""

    @property
    def instruction_sets(self) -> list[str]:
        """The named ones among what it can do, such as `AVX2`; the newer the later."""
        return [name for flag, name in _SETS.items() if flag in self.flags]

    @property
    def widest(self) -> str | None:
        """The set that contains its others, such as `AVX2`; None of a CPU that is not x86, or says nothing."""
        return next((name for name in WIDEST_X86 if name in self.instruction_sets), None)

    def __str__(self) -> str:
        """Such as `AMD EPYC, which has AVX2`."""
        best = self.widest or (", ".join(self.instruction_sets) or None)
        return f"{self.model}, which has {best}" if best else self.model


@cache
def this_cpu() -> Cpu:
    """The CPU of this machine; the first one where they differ."""
    if sys.platform == "darwin":
        model = _sysctl("machdep.cpu.brand_string") or platform.machine()
        return Cpu(model, _darwin_flags(), _sysctl("machdep.cpu.vendor"))
    try:
        return read_cpuinfo(_CPUINFO.read_text(errors="replace"))
    except OSError:
        return Cpu(platform.processor() or platform.machine(), frozenset())


def read_cpuinfo(text: str) -> Cpu:
    """The first CPU of a `/proc/cpuinfo`."""
    facts: dict[str, str] = {}
    for line in text.split("\n\n", 1)[0].splitlines():
        name, separator, value = line.partition(":")
        if separator:
            facts.setdefault(name.strip(), value.strip())
    arm = [facts[name] for name in ("CPU implementer", "CPU part") if name in facts]
    model = facts.get("model name") or " ".join([platform.machine(), *arm])
    flags = frozenset((facts.get("flags") or facts.get("Features") or "").split())
    return Cpu(model, flags, facts.get("vendor_id", ""))


def require_supported(cpu: Cpu) -> None:
    """Refuse a CPU on which the lab's database can't be loaded; one that does not say what it has is not refused.

    Raises:
        CpuUnsupported: an x86 CPU lacks what every command needs.
    """
    if "sse2" not in cpu.flags:  # another kind of CPU, or nothing known
        return
    missing = [name for flag, name in _NEEDED.items() if flag not in cpu.flags]
    if missing:
        raise CpuUnsupported(
            f"this CPU lacks {', '.join(missing)}, for which the database (DuckDB) is compiled",
            found=str(cpu),
            allowed="x86-64 with AVX2, FMA and BMI2 (Intel from 2013, AMD from 2015), or ARM",
            hint="Run Model Lab on another machine; of a virtual one, let it have its host's CPU.",
        )


def _darwin_flags() -> frozenset[str]:
    said = " ".join(_sysctl(f"machdep.cpu.{name}") for name in ("features", "leaf7_features")).lower()
    flags = {word.replace(".", "_").replace("avx1_0", "avx") for word in said.split()}
    return frozenset(flags or ({"asimd"} if platform.machine() == "arm64" else ()))


def _sysctl(name: str) -> str:
    import subprocess

    found = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False)
    return found.stdout.strip()
