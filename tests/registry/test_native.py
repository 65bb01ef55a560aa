"""Trying a model's native code in a child process: real crashes, real exits, and what is kept of them."""

import json
import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import CpuUnsupported, ModelConfigError, NativeCodeFails
from modellab.pipeline.readiness import readiness
from modellab.pipeline.system import resolve_system
from modellab.registry import native
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.cpu import Cpu, read_cpuinfo, require_supported, this_cpu
from modellab.registry.models import Models
from modellab.registry.native import NativeProbes, Verdict, instruction_set
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab_dagster.command import main

WriteModel = Callable[..., Path]

EXECUTE = """
import ctypes, mmap
page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("{code}"))
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""
UNDEFINED = "0f0b"
"""`ud2`, which no x86 CPU has."""
AVX_512 = "62f17f087f0748c3"
"""`vmovdqu8 [rdi], xmm0`, the one that Senko's library dies of."""
COUNTED = "from pathlib import Path\nwith Path({path!r}).open('a') as file: file.write('x')\n"
x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="instructions of x86-64")


@pytest.fixture
def write_probed(write_model: WriteModel) -> Callable[..., Path]:
    """Writes a model whose probe is the given code."""

    def write(model_id: str, probe: str, **changes: Any) -> Path:
        place = write_model(model_id, probe=True, **changes)
        (place / "probe.py").write_text(probe)
        return place

    return write


def ref(model_id: str) -> ModelRef:
    return ModelRef(id=model_id, variant="one")


def test_code_that_runs_is_available_and_loads(folder: Path, write_probed: WriteModel, lab: Lab) -> None:
    write_probed("toy", "import numpy")
    with Models(lab, ModelRegistry(folder)) as models:
        assert (models.availability(ref("toy")).ok, models.availability(ref("toy")).missing) == (True, "")
        assert models.acquire(ref("toy")).facts.device == "cpu"


@x86
def test_an_instruction_that_no_cpu_has_is_a_reason_and_what_runs_instead_is_named(
    folder: Path, write_probed: WriteModel, write_model: WriteModel, lab: Lab
) -> None:
    write_probed("toy", EXECUTE.format(code=UNDEFINED))
    write_model("other")
    write_model("listener", surfaces=["asr"])
    with Models(lab, ModelRegistry(folder)) as models:
        found = models.availability(ref("toy"))
        assert (found.ok, found.missing, found.device) == (False, "crashes (SIGILL)", "cpu")
        assert found.reason == (
            f"The native code of toy dies when it is called (SIGILL) on this CPU: {this_cpu()}. "
            "Ready to run now: other:one."
        )
        with pytest.raises(NativeCodeFails) as caught:
            models.acquire(ref("toy"))
        assert str(caught.value) == (
            f"The native code of toy:one dies when it is called (SIGILL) on this CPU: {this_cpu()}. "
            "Ready to run now: other:one."
        )
        assert models.availability(ref("other")).ok


@x86
@pytest.mark.skipif("avx512bw" in this_cpu().flags, reason="this CPU has AVX-512")
def test_the_instruction_set_that_is_missing_is_named(folder: Path, write_probed: WriteModel, lab: Lab) -> None:
    write_probed("toy", EXECUTE.format(code=AVX_512))
    found = Models(lab, ModelRegistry(folder)).availability(ref("toy"))
    assert found.missing == "needs AVX-512"
    assert found.reason == (
        f"The native code of toy needs AVX-512, and this CPU does not have it: {this_cpu()}. "
        "No other model of its kind is ready."
    )


@pytest.mark.parametrize(
    ("code", "has", "expected"),
    [
        ("62f17f087f07", "avx2", "AVX-512"),
        ("c5fd6f07", "sse4_2", "AVX"),
        ("c5fd6f07", "avx", "AVX2"),
        ("c4e2f1b8c2", "avx avx2", None),
        ("66c5fd6f07", "avx", "AVX2"),
        ("0f0b", "avx", None),
        ("", "avx", None),
    ],
)
def test_what_an_instruction_belongs_to(code: str, has: str, expected: str | None) -> None:
    assert instruction_set(bytes.fromhex(code), Cpu("made up", frozenset(has.split()))) == expected


@pytest.mark.parametrize(
    ("probe", "signal_name"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import os; os.abort()", "SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "SIGILL"),  # sent: there is no instruction to read
    ],
)
def test_every_way_of_dying_is_a_crash(
    probe: str, signal_name: str, folder: Path, write_probed: WriteModel, lab: Lab
) -> None:
    write_probed("toy", probe)
    assert Models(lab, ModelRegistry(folder)).availability(ref("toy")).missing == f"crashes ({signal_name})"


def test_an_error_is_not_taken_for_a_crash_and_is_tried_again(
    folder: Path, write_probed: WriteModel, lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tries = tmp_path / "tries"
    write_probed("toy", COUNTED.format(path=str(tries)) + "raise OSError('libtoy.so: cannot open shared object file')")
    registry = ModelRegistry(folder)
    found = Models(lab, registry).availability(ref("toy"))
    assert (found.ok, found.missing) == (False, "fails when tried")
    assert found.reason.startswith(
        "The native code of toy was tried and failed: OSError: libtoy.so: cannot open shared object file."
    )
    Models(lab, registry).availability(ref("toy"))
    assert tries.read_text() == "x"
    monkeypatch.setattr(native, "_FAILED_FOR_S", 0.0)
    Models(lab, registry).availability(ref("toy"))
    assert tries.read_text() == "xx"


def test_a_package_that_is_not_installed_is_said_and_nothing_is_tried(
    folder: Path, write_probed: WriteModel, lab: Lab, tmp_path: Path
) -> None:
    tries = tmp_path / "tries"
    write_probed("toy", COUNTED.format(path=str(tries)), package="no-such-package")
    found = Models(lab, ModelRegistry(folder)).availability(ref("toy"))
    assert found.missing == "package missing"
    assert "needs the package no-such-package" in found.reason
    assert not tries.exists()


def test_a_probe_that_hangs_is_ended_with_all_it_started(
    folder: Path, write_probed: WriteModel, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "_LONGEST_S", 0.5)
    write_probed(
        "toy", "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(900)'])"
    )
    found = Models(lab, ModelRegistry(folder)).availability(ref("toy"))
    assert (found.ok, found.missing) == (False, "fails when tried")
    assert "did not end within 0.5 s" in found.reason


def test_a_probe_that_is_promised_and_not_there_is_the_folders_mistake(
    folder: Path, write_model: WriteModel, lab: Lab
) -> None:
    write_model("toy", probe=True)
    models = Models(lab, ModelRegistry(folder))
    available = models.availability(ref("toy"))
    assert (available.ok, available.missing) == (False, "folder broken")
    with pytest.raises(ModelConfigError, match="model toy has no probe of its native code"):
        models.acquire(ref("toy"))


def _config(folder: Path, **changes: Any) -> ModelConfig:
    config = ModelRegistry(folder).get("toy")
    return ModelConfig.model_validate(config.model_dump() | changes)


def test_a_verdict_is_kept_for_this_cpu_and_these_packages_only(
    folder: Path, write_probed: WriteModel, tmp_path: Path
) -> None:
    tries, kept = tmp_path / "tries", tmp_path / "kept"
    place = write_probed("toy", COUNTED.format(path=str(tries)))

    def times(cpu: Cpu | None = None, **changes: Any) -> int:
        assert NativeProbes(kept, cpu).verdict(_config(folder, **changes), place).outcome == "runs"
        return len(tries.read_text())

    assert [times(), times()] == [1, 1]
    assert times(Cpu(this_cpu().model, frozenset({"sse2"}))) == 2  # a home moved to another machine
    assert times(Cpu("another", this_cpu().flags)) == 3
    assert times() == 3
    assert times(package="pyyaml") == 4  # other packages, or the same ones after an upgrade
    assert times(further_packages=["pydantic"]) == 5
    (place / "probe.py").write_text("\n" + (place / "probe.py").read_text())
    assert [times(), times()] == [6, 6]
    for file in kept.iterdir():
        file.write_bytes(b"\x00{")
    assert [times(), times()] == [7, 7]
    for file in kept.iterdir():
        file.write_text(json.dumps({"verdict": {"outcome": "runs", "of": "a later version"}}))
    assert times() == 8
    assert NativeProbes(None).verdict(_config(folder), place).outcome == "runs"
    assert len(tries.read_text()) == 9


def test_a_build_of_ones_own_is_another_package(
    folder: Path, write_probed: WriteModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    info = site / "toy_native-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-native\nVersion: 1.0\n")
    (info / "RECORD").write_text("toy_native/lib.so,sha256=aaaa,10\n")
    monkeypatch.syspath_prepend(str(site))
    tries = tmp_path / "tries"
    place = write_probed("toy", COUNTED.format(path=str(tries)), package="toy-native")
    for _ in range(2):
        NativeProbes(tmp_path / "kept").verdict(_config(folder), place)
    assert tries.read_text() == "x"
    (info / "RECORD").write_text("toy_native/lib.so,sha256=bbbb,10\n")
    NativeProbes(tmp_path / "kept").verdict(_config(folder), place)
    assert tries.read_text() == "xx"


def test_several_who_ask_at_once_agree(folder: Path, write_probed: WriteModel, tmp_path: Path) -> None:
    place = write_probed("toy", "import os; os.abort()")
    config = _config(folder)
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda _: NativeProbes(tmp_path / "kept").verdict(config, place), range(4)))
    assert {(verdict.outcome, verdict.signal) for verdict in verdicts} == {("crashes", "SIGABRT")}
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_looking_makes_no_home(folder: Path, write_probed: WriteModel, tmp_path: Path, monkeypatch: Any) -> None:
    write_probed("toy", "pass")
    monkeypatch.setenv("MODELLAB_HOME", str(tmp_path / "home"))
    assert Models(Lab.from_environment(), ModelRegistry(folder)).availability(ref("toy")).ok
    assert not (tmp_path / "home").exists()


def test_readiness_says_what_is_missing(folder: Path, write_probed: WriteModel, lab: Lab) -> None:
    write_probed("toy", "import os; os.abort()")
    registry = ModelRegistry(folder)
    ready = readiness(resolve_system("toy", registry), Models(lab, registry))
    assert str(ready["vad"].missing).startswith("The native code of toy dies when it is called (SIGABRT)")


def test_senko_runs_just_where_the_cpu_has_what_its_library_is_compiled_for() -> None:
    registry = ModelRegistry()
    verdict = NativeProbes(None).verdict(registry.get("senko"), registry.folder("senko"))
    if platform.machine() == "x86_64" and "avx512bw" not in this_cpu().flags:
        assert verdict == Verdict("crashes", "SIGILL", "AVX-512", tried_at_s=verdict.tried_at_s)
    else:
        assert verdict.outcome == "runs"


def test_the_cpu_of_a_machine() -> None:
    text = (
        "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu sse4_2 avx f16c fma avx2\n\nprocessor\t: 1\nflags: x\n"
    )
    cpu = read_cpuinfo(text)
    assert (cpu.model, cpu.widest) == ("AMD EPYC", "AVX2")
    assert cpu.instruction_sets == ["SSE4.2", "AVX", "F16C", "FMA", "AVX2"]
    assert str(cpu) == "AMD EPYC, which has AVX2"
    arm = read_cpuinfo("processor : 0\nFeatures : fp asimd sve\nCPU implementer : 0x41\nCPU part : 0xd40\n")
    assert (arm.model, arm.widest) == (f"{platform.machine()} 0x41 0xd40", None)
    assert str(arm).endswith("which has NEON, SVE")
    assert str(Cpu("unknown", frozenset())) == "unknown"


def test_a_cpu_without_avx2_is_refused_before_anything_is_imported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Cpu("Intel Core i7-2600", frozenset({"sse2", "sse4_2", "avx"}))
    with pytest.raises(CpuUnsupported) as caught:
        require_supported(old)
    assert str(caught.value) == (
        "this CPU lacks AVX2, FMA, BMI2, for which the database (DuckDB) is compiled; "
        "found Intel Core i7-2600, which has AVX; "
        "allowed: x86-64 with AVX2, FMA and BMI2 (Intel from 2013, AMD from 2015), or ARM. "
        "Run Model Lab on another machine; of a virtual one, let it have its host's CPU."
    )
    for known in (this_cpu(), Cpu("Apple M1", frozenset({"asimd"})), Cpu("unknown", frozenset())):
        require_supported(known)
    monkeypatch.setattr("modellab.cli.main.this_cpu", lambda: old)
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "CpuUnsupported"
