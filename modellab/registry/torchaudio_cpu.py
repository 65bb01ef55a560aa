"""Importing torchaudio where torch has no CUDA.

PyPI's torchaudio wheel is built for CUDA: its extension needs libraries that a CPU build of torch does not bring, and
importing the package raises OSError. pyannote.audio needs only torchaudio's Python code (Kaldi features, resampling),
which never calls the extension. So before the first import the extension module is replaced by one that says it is
absent, which torchaudio's own code knows how to handle. On a CUDA build of torch nothing is replaced.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

_EXTENSION = "torchaudio._extension"


def _fail_if_no_align(function: Callable[..., Any]) -> Callable[..., Any]:
    """Stands for `torchaudio._extension.fail_if_no_align`: forced alignment is the one thing that is missing."""

    def unavailable(*_: Any, **__: Any) -> Any:
        raise RuntimeError(
            f"{function.__name__} needs torchaudio's compiled extension, which a CPU build of torch can't load"
        )

    return unavailable


def make_importable() -> None:
    """Make `import torchaudio` work on a CPU build of torch; does nothing elsewhere or when it is imported already."""
    import torch

    if torch.version.cuda is not None or "torchaudio" in sys.modules:
        return
    extension = ModuleType(_EXTENSION, "Stands in for torchaudio's CUDA extension on a CPU build of torch.")
    extension.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        fail_if_no_align=_fail_if_no_align,
        _check_cuda_version=lambda: None,
    )
    sys.modules[_EXTENSION] = extension
