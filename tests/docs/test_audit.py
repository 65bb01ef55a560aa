"""`make audit`'s judgement: what counts as found, and that what was not looked up is never taken for clean."""

import importlib.util
from importlib.metadata import Distribution, distributions
from pathlib import Path
from types import ModuleType

import pytest

from modellab.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", PROJECT_ROOT / "tools" / "audit.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _install(site: Path, name: str, *lines: str, licence_file: str = "") -> None:
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines, ""]))
    (folder / "RECORD").write_text(f"{folder.name}/LICENSE,,\n" if licence_file else "")
    if licence_file:
        (folder / "LICENSE").write_text(licence_file)


def test_licences_that_ask_for_more_or_are_not_stated_are_named(audit: ModuleType, tmp_path: Path) -> None:
    _install(tmp_path, "plain", "License-Expression: MIT")
    _install(tmp_path, "lesser", "License-Expression: LGPL-2.1-or-later")
    _install(
        tmp_path,
        "strong",
        "License: GPLv3",
        "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
    )
    _install(tmp_path, "network", "License-Expression: AGPL-3.0-only")
    _install(tmp_path, "silent")
    _install(tmp_path, "infile", "License: UNKNOWN", licence_file="\nMIT License\n\nCopyright\n")
    packages: list[Distribution] = list(distributions(path=[str(tmp_path)]))
    assert list(audit.to_look_at(packages)) == [
        "network 1.0: AGPL-3.0-only",
        "silent 1.0: states no licence",
        "strong 1.0: GNU General Public License v3 (GPLv3)",
    ]


def test_what_was_not_looked_up_is_not_clean(audit: ModuleType) -> None:
    found = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}, {"id": "CVE-2"}]}
    clean = {"name": "b", "version": "1", "vulns": []}
    skipped = {"name": "c", "skip_reason": "Dependency not found on PyPI"}
    known, without, checked = audit.vulnerabilities({"dependencies": [found, clean, skipped]})
    assert known == ["a 1: CVE-1 (fixed in 2)", "a 1: CVE-2 (fixed in no version yet)"]
    assert (without, checked) == (["c: Dependency not found on PyPI"], 1 + 1)
    assert audit.vulnerabilities({"dependencies": [skipped]})[2] == 0
