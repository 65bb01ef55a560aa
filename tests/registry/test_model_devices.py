"""Which device, how many threads, and torch's global thread count put back."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.errors import ModelUnavailable
from modellab.registry import devices
from modellab.registry.config import ModelConfig
from modellab.registry.threads import torch_threads

from .conftest import config_of

CPU = ModelConfig.model_validate(config_of("small", max_threads=2))
BOTH = ModelConfig.model_validate(
    config_of("big", devices=["cpu", "cuda"], compute_types={"cpu": "int8", "cuda": "float16"}, runtime="pytorch")
)
GPU = ModelConfig.model_validate(config_of("huge", devices=["cuda"], compute_types={"cuda": "float16"}))


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(devices, "_CUDA_NODES", (tmp_path / "nvidiactl",))


@pytest.mark.usefixtures("no_gpu")
def test_auto_falls_to_the_cpu_without_importing_torch() -> None:
    assert devices.choose_device(BOTH) == "cpu"
    code = (
        "import sys; from modellab.registry import devices; devices._CUDA_NODES = ();"
        "print(devices.present('cuda', 'pytorch'), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.usefixtures("no_gpu")
def test_a_device_the_model_lacks_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match=r"model small does not run on cuda; allowed: cpu\. Set MODELLAB_DEVICE"):
        devices.choose_device(CPU, "cuda")


@pytest.mark.usefixtures("no_gpu")
def test_a_device_the_machine_lacks_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match=r"model big is to run on cuda, which its runtime \(pytorch\)"):
        devices.choose_device(BOTH, "cuda")
    with pytest.raises(ModelUnavailable, match="model huge finds no device"):
        devices.choose_device(GPU)


def test_a_gpu_beside_a_cpu_build_of_the_runtime_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    node = tmp_path / "nvidiactl"
    node.touch()
    monkeypatch.setattr(devices, "_CUDA_NODES", (node,))
    assert not devices.present("cuda", "native")
    assert devices.present("cuda", "onnx") == (
        "CUDAExecutionProvider" in __import__("onnxruntime").get_available_providers()
    )


@pytest.mark.parametrize(
    ("text", "cores"),
    [("max 100000\n", None), ("150000 100000\n", 2), ("50000 100000\n", 1), ("400000 100000", 4), ("", None)],
)
def test_a_control_groups_limit_is_read(tmp_path: Path, text: str, cores: int | None) -> None:
    path = tmp_path / "cpu.max"
    path.write_text(text)
    assert devices._cgroup_cores(path) == cores
    assert devices._cgroup_cores(tmp_path / "none") is None


def test_threads_follow_the_setting_the_process_and_the_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(devices, "_CGROUP_CPU_MAX", tmp_path / "none")
    assert devices.usable_cores() == len(os.sched_getaffinity(0))
    assert devices.choose_threads(BOTH) == devices.usable_cores()
    assert devices.choose_threads(BOTH, 5) == 5
    assert devices.choose_threads(CPU, 5) == 2
    assert devices.choose_threads(CPU, 1) == 1
    (tmp_path / "one").write_text("100000 100000")
    monkeypatch.setattr(devices, "_CGROUP_CPU_MAX", tmp_path / "one")
    assert devices.usable_cores() == 1


def test_torch_has_its_threads_back_whatever_the_block_did() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        with torch_threads(2):
            assert torch.get_num_threads() == 2
            torch.set_num_threads(1)
        assert torch.get_num_threads() == 3
        with pytest.raises(ValueError, match="inside"), torch_threads(1):
            raise ValueError("inside")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_a_package_that_sets_torchs_threads_on_import_is_undone() -> None:
    code = (
        "import sys; from modellab.registry.threads import torch_threads\n"
        "from modellab.registry.devices import usable_cores\n"
        "with torch_threads(4): assert 'torch' not in sys.modules; import silero_vad\n"
        "import torch; print(torch.get_num_threads() == usable_cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
