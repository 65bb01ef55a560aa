"""Suites: for each kind of result, the metrics that it gets.

A module `suites/NAME.py` has `METRICS`, the names of all metrics that it can give, and `scores(reference, ...)`. What
the reference does not know is left out; what can't be computed of a result is a `Score` with an error. Every metric has
a page in docs/metrics/.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from modellab.names import one_of

SUITES: tuple[str, ...] = tuple(sorted(module.name for module in iter_modules(__path__)))
"""Names of all suites: the modules of this folder."""


def suite(name: str) -> ModuleType:
    """A suite, imported when it is asked for.

    Raises:
        UnknownName: there is none of that name.
    """
    return import_module(f"{__name__}.{one_of('suite of metrics', name, SUITES)}")
