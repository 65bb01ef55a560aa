"""Begins a model's process: `<env>/bin/python bootstrap.py DESCRIPTOR`.

It makes `modellab` and `models` importable there, and nothing else of where they lie: neither the other folders of the
checkout (one is called `datasets`) nor the lab's own packages, which an environment of a model's own has in other
versions.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

_HERE = Path(__file__).resolve()
_ROOT = _HERE.parents[3]


class _OurPackages(MetaPathFinder):
    """Finds the two packages in the checkout; what is inside them Python finds by itself."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, [str(_ROOT)]) if name in ("modellab", "models") else None


if __name__ == "__main__":
    sys.path[:] = [place for place in sys.path if Path(place or ".").resolve() != _HERE.parent]
    sys.meta_path.insert(0, _OurPackages())
    from modellab.registry.hosts.process import main

    main()
