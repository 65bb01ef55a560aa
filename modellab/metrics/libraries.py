"""The packages that do metrics' arithmetic: which version is here, and what to say where one is not."""

from importlib.metadata import PackageNotFoundError, version

_EXTRAS = {"pesq": "bench"}
"""Package -> the extra that brings it, of those that the lab does without."""


def scorer_version(own: str, *packages: str) -> str:
    """Version of a scorer: its own, and those of the packages that do the arithmetic; `absent` where one is not."""
    return "+".join([own, *(f"{package}-{release(package) or 'absent'}" for package in packages)])


def release(package: str) -> str | None:
    """Version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def absent(*packages: str) -> str | None:
    """Why a figure can't be had: the package that is not installed, and what to do; None where all are."""
    for package in packages:
        if release(package) is None:
            extra = _EXTRAS.get(package)
            how = f'pip install -e ".[{extra}]"' if extra else "pip install -e ."
            return f"the package {package} is not installed: {how} in Model Lab's folder brings it"
    return None
