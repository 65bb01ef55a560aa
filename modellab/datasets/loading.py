"""Manifests from files, and back. A manifest that is not valid is told with everything that is wrong with it.

A long list of cases may lie beside the manifest, a JSON document a line: `cases: {file: cases.jsonl}`.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from modellab.datasets.manifest import Manifest
from modellab.errors import DatasetError, PathRefused, TextRefused
from modellab.files import confine, write_atomic
from modellab.outside import Limits, parse_json, read_text, read_yaml

MANIFEST = "dataset.yaml"
"""A manifest's name in a folder of its own, which then has the dataset's id."""
CASES = "cases.jsonl"
_YAML = Limits(bytes=1 << 20, nodes=200_000)
"""Some three thousand cases, which take the parser two seconds."""
_LINES = Limits(bytes=1 << 30)
_MOST_IN_YAML = 500
"""Cases beyond which they are written as lines of JSON, which are read ten times as fast."""
_FOUND_CHARACTERS = 80
_LINE_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")
"""Characters that YAML takes for a line's end, or leaves out, in a text without quotation marks."""


def read_manifest(path: Path) -> Manifest:
    """A manifest from its file, `<id>.yaml` or `<id>/dataset.yaml`.

    Raises:
        DatasetError: not readable, not YAML, not valid, or its id is not the file's or folder's name. Names every
            problem, with its case and field.
    """
    try:
        content = read_yaml(path, _YAML)
        if isinstance(content, dict):
            content = content | {"cases": _cases(path, content.get("cases"))}
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        raise DatasetError(
            f"{path} is not a valid dataset manifest",
            found=[_problem(each, content) for each in error.errors()],
            hint="docs/datasets.md shows the form.",
        ) from error
    except (TextRefused, PathRefused) as error:
        raise error.become(DatasetError) from error
    except OSError as error:
        raise DatasetError(f"{path} can't be read", found=error.strerror) from error
    if manifest.id != dataset_of(path):
        raise DatasetError(f"{path} names another dataset than its name", found=manifest.id, allowed=dataset_of(path))
    return manifest


def dataset_of(path: Path) -> str:
    """The id that a manifest's place gives it."""
    return path.parent.name if path.name == MANIFEST else path.stem


def write_manifest(manifest: Manifest, folder: Path) -> Path:
    """Write a manifest as `<folder>/dataset.yaml`; gives its place.

    Args:
        folder: beside which its files lie; of the dataset's id, if it is to be found there.

    Raises:
        LabError: the disk refuses.
    """
    document = manifest.document()
    if len(manifest.cases) > _MOST_IN_YAML:
        lines = (json.dumps(case, ensure_ascii=False) + "\n" for case in document["cases"])
        write_atomic(folder / CASES, "".join(lines))
        document["cases"] = {"file": CASES}
    place = folder / MANIFEST
    write_atomic(place, yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120))
    return place


class _Dumper(yaml.SafeDumper):
    """Writes every text so that it is read again as it was."""


def _quoted(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # PyYAML writes these as they are, and reads them as line breaks.
    style = '"' if _LINE_BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _quoted)


def _cases(path: Path, given: Any) -> Any:
    """The cases of a manifest: as they are written there, or from the file that it names."""
    if not isinstance(given, dict) or set(given) != {"file"} or not isinstance(given["file"], str):
        return given
    lines = confine(path.parent / given["file"], path.parent)
    text = read_text(lines, _LINES)
    # Not `splitlines`: a text may hold a character that Unicode calls a line's end.
    return [
        parse_json(line, f"line {number} of {lines}")
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]


def _problem(error: ErrorDetails, content: Any) -> str:
    """One problem: case, field, what is wrong, what stands there."""
    steps = [step for step in error["loc"] if not (isinstance(step, str) and step.startswith("<"))]
    case = ""
    if len(steps) > 1 and steps[0] == "cases" and isinstance(steps[1], int):
        case, steps = f"case {_case_name(content, steps[1])}", steps[2:]
    field = ".".join(map(str, steps))
    where = ", ".join(part for part in (case, field) if part) or "file"
    found = "" if error["type"] == "missing" or isinstance(error["input"], dict | list) else _shown(error["input"])
    # YAML makes numbers of 12 and of 007, truths of no and yes: what was meant can't be told any more.
    quotes = ": write it in quotes" if error["type"] == "string_type" and found else ""
    return f"{where}: {error['msg'].removeprefix('Value error, ')}{quotes}{found}"


def _case_name(content: Any, number: int) -> str:
    case = content["cases"][number]
    name = case.get("id") if isinstance(case, dict) else None
    return str(name) if name is not None else f"number {number + 1}"


def _shown(value: Any) -> str:
    text = repr(value)
    return f" (found {text if len(text) <= _FOUND_CHARACTERS else text[:_FOUND_CHARACTERS] + '…'})"
