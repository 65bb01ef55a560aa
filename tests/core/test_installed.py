"""Versions of installed packages, read without parsing all that their metadata say."""

import importlib.metadata
from pathlib import Path

import pytest

from modellab.installed import version_of


def test_versions_are_those_that_the_library_reads() -> None:
    found = list(importlib.metadata.distributions())
    assert {one.metadata["Name"]: version_of(one) for one in found} == {
        one.metadata["Name"]: one.version for one in found
    }
    assert len(found) > 100


@pytest.mark.parametrize(
    "header",
    ["Version: 2.0\n", "version: 2.0\n", "Version:2.0\n", "Summary: a\n  Version: 3.0\nVersion: 2.0\n"],
)
def test_only_the_header_counts_however_it_is_written(header: str, tmp_path: Path) -> None:
    folder = tmp_path / "toy-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: toy\n{header}\nVersion: 9.0 was bad.\n")
    [toy] = importlib.metadata.distributions(path=[str(tmp_path)])
    assert version_of(toy) == toy.version == "2.0"
