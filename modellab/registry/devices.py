"""Which device a model runs on, with how many threads. Answers without importing torch where there is no GPU."""

import importlib
import importlib.util
import math
import os
import sys
from pathlib import Path

from modellab.errors import ModelUnavailable
from modellab.registry.config import Device, ModelConfig, Runtime
from modellab.registry.environments import Environment

_PREFERENCE: tuple[Device, ...] = ("cuda", "mps", "cpu")
_CUDA_NODES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""Device files of NVIDIA's driver: on Linux, and inside WSL 2."""
_CGROUP_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def choose_device(config: ModelConfig, wanted: str = "auto", environment: Environment | None = None) -> Device:
    """The kind of device a model runs on; a service on none of this machine's, whatever is wanted.

    Args:
        wanted: `auto` (the best that the model supports and this machine has: cuda, mps, cpu), or one kind.
        environment: the model's own, where it has one: its runtime is that one's.

    Raises:
        ModelUnavailable: the kind wanted is not supported by the model or not present; or, with `auto`, none is.
    """
    if config.service is not None:
        return "service"
    if wanted == "auto":
        for kind in _PREFERENCE:
            if kind in config.devices and present(kind, config.runtime, environment):
                return kind
        raise ModelUnavailable(
            f"model {config.id} finds no device it can run on",
            found=", ".join(kind for kind in _PREFERENCE if present(kind, config.runtime, environment)),
            allowed=", ".join(config.devices),
        )
    for kind in config.devices:
        if kind == wanted:
            if present(kind, config.runtime, environment):
                return kind
            raise ModelUnavailable(
                f"model {config.id} is to run on {wanted}, which its runtime ({config.runtime}) does not find here",
                hint="Set MODELLAB_DEVICE=auto, or install a build of the runtime for that device.",
            )
    raise ModelUnavailable(
        f"model {config.id} does not run on {wanted}",
        allowed=", ".join(config.devices),
        hint="Set MODELLAB_DEVICE=auto: each model then runs on the best device it supports.",
    )


def present(kind: Device, runtime: Runtime, environment: Environment | None = None) -> bool:
    """Whether this machine has such a device and the installed build of the runtime can use it.

    Args:
        environment: where the runtime is installed; None for the lab's own.
    """
    if kind in ("cpu", "service"):
        return True
    if kind == "mps":
        return sys.platform == "darwin" and (_torch_has_mps() if environment is None else environment.has("torch"))
    if not any(node.exists() for node in _CUDA_NODES):
        return False
    return _runtime_has_cuda(runtime) if environment is None else _built_for_cuda(runtime, environment)


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _torch_has_mps() -> bool:
    return _installed("torch") and bool(importlib.import_module("torch").backends.mps.is_available())


def _runtime_has_cuda(runtime: Runtime) -> bool:
    """Asks the runtime itself: a CPU build of torch on a machine with a GPU has no CUDA."""
    if runtime in ("pytorch", "nemo") and _installed("torch"):
        return bool(importlib.import_module("torch").cuda.is_available())
    if runtime == "ctranslate2" and _installed("ctranslate2"):
        return int(importlib.import_module("ctranslate2").get_cuda_device_count()) > 0
    if runtime == "onnx" and _installed("onnxruntime"):
        return "CUDAExecutionProvider" in importlib.import_module("onnxruntime").get_available_providers()
    return False


def _built_for_cuda(runtime: Runtime, environment: Environment) -> bool:
    """What a build was made for, since nothing of a model's own environment is imported to choose a device."""
    if runtime in ("pytorch", "nemo"):
        return environment.torch_has_cuda
    return environment.has({"onnx": "onnxruntime-gpu", "ctranslate2": "ctranslate2"}.get(runtime, runtime))


def usable_cores() -> int:
    """CPU cores this process may use: its affinity, and its control group's limit (Linux, cgroup v2) rounded up."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, _cgroup_cores(_CGROUP_CPU_MAX) or allowed))


def _cgroup_cores(path: Path) -> int | None:
    """`cpu.max` is `quota period` in microseconds, or `max period` for no limit (kernel docs, cgroup-v2, CPU)."""
    try:
        quota, period = path.read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return None


def choose_threads(config: ModelConfig, wanted: int = 0) -> int:
    """CPU threads for a model: as many as wanted (0: all usable cores), at most what the model gains from."""
    threads = wanted or usable_cores()
    return min(threads, config.max_threads or threads)
