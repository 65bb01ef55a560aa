"""What of a machine the numbers of a system depend on: its CPU, its GPUs, and the kernels chosen for them.

Compiled kernels sum in another order, or in other widths, on another CPU; a search over words amplifies that: one
Whisper in int8 gave one recording a word error rate of 0.107 with AVX kernels and 0.302 with AVX2.
"""

import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from modellab.files import canonical_json
from modellab.registry.cpu import Cpu, this_cpu

_FORCING = (
    "ATEN_CPU_CAPABILITY",
    "CT2_FORCE_CPU_ISA",
    "CT2_USE_MKL",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
)
"""Environment variables by which kernels are chosen that the CPU alone would not get, in order."""
_NVIDIA = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine, as far as numbers depend on it. Two of the same kind are the same machine."""

    platform: str
    """Operating system and architecture, such as `Linux x86_64`."""
    cpu: str
    """As its maker calls it, such as `AMD EPYC`."""
    instruction_sets: tuple[str, ...]
    """Those that compiled code asks for, such as `AVX2`; the newer the later. Empty where the system does not say."""
    gpus: tuple[str, ...]
    """As their maker calls them, in the driver's order."""
    blas: tuple[str, ...]
    """Numpy's linear algebra and the kernels it chose, such as `openblas 0.3.30 Haswell`."""
    ctranslate2: str
    """The kernels that CTranslate2 chooses on this CPU and its matrix products' library, such as `AVX2, oneDNN`."""
    forced: Mapping[str, str]
    """Environment variables that choose kernels -> their values; those that are set."""

    @property
    def id(self) -> str:
        """16 hex digits that the same facts always give."""
        return hashlib.sha256(canonical_json(asdict(self)).encode()).hexdigest()[:16]


_met: dict[str, Machine] = {}


def meet(machine: Machine) -> str:
    """Remember another machine, on which models of this process run; gives its id."""
    _met[machine.id] = machine
    return machine.id


def known_machine(machine_id: str) -> Machine | None:
    """This machine or one that was met, by its id."""
    own = this_machine()
    return own if own.id == machine_id else _met.get(machine_id)


@cache
def this_machine() -> Machine:
    """The machine this process runs on, as it was when first asked."""
    cpu = this_cpu()
    forced = {name: value for name in _FORCING if (value := os.environ.get(name))}
    return Machine(
        platform=f"{platform.system()} {platform.machine()}",
        cpu=cpu.model,
        instruction_sets=tuple(cpu.instruction_sets),
        gpus=nvidia_gpus(_NVIDIA),
        blas=_numpy_blas(),
        ctranslate2=ctranslate2_kernels(cpu, forced),
        forced=forced,
    )


def nvidia_gpus(folder: Path) -> tuple[str, ...]:
    """Names of the GPUs that NVIDIA's driver lists below `folder`, a folder with a file `information` for each."""
    told = (path.read_text(errors="replace").splitlines() for path in sorted(folder.glob("*/information")))
    return tuple(
        line.partition(":")[2].strip() for lines in told for line in lines if line.partition(":")[0].strip() == "Model"
    )


def ctranslate2_kernels(cpu: Cpu, forced: Mapping[str, str]) -> str:
    """What CTranslate2 chooses, by its own rules (src/cpu/cpu_isa.cc, src/cpu/backend.cc), without importing it.

    Its own kernels for AVX-512 are used only where they are asked for; matrix products take what their library finds.

    Args:
        forced: environment variables that are set.
    """
    arm = "asimd" in cpu.flags
    automatic = "NEON" if arm else next((name for name in ("AVX2", "AVX") if name.lower() in cpu.flags), "GENERIC")
    asked_for_mkl = forced.get("CT2_USE_MKL", "").lower()
    if asked_for_mkl in ("1", "true", "t", "on", "yes", "y") or (not asked_for_mkl and cpu.vendor == "GenuineIntel"):
        products = "MKL"
    elif arm:
        products = "Accelerate and Ruy" if sys.platform == "darwin" else "OpenBLAS and Ruy"
    else:
        products = "oneDNN"
    return f"{forced.get('CT2_FORCE_CPU_ISA', automatic)}, {products}"


def _numpy_blas() -> tuple[str, ...]:
    """That of numpy alone: what else is loaded by now depends on what ran before, which must not change a machine."""
    import numpy
    from threadpoolctl import threadpool_info

    places = (Path(numpy.__file__).parent, Path(numpy.__file__).parent.parent / "numpy.libs")
    own = [
        library
        for library in threadpool_info()
        if library["user_api"] == "blas" and set(places) & set(Path(library["filepath"]).parents)
    ]
    return tuple(
        " ".join(str(part) for key in ("internal_api", "version", "architecture") if (part := library.get(key)))
        for library in own
    )
