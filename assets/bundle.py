"""The asset `bundle`: the Meeting Pack."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._page import table
from assets._step import step_asset
from modellab.bundle.manifest import NAME as PACK_MANIFEST
from modellab.bundle.manifest import listed_files
from modellab.bundle.pack import FOLDER, PAGE
from modellab.errors import ArtifactCorrupt
from modellab.outside import read_json
from modellab.steps.bundle import STEP
from modellab.units import plural
from resources.engine import StepResult

_KIB = 1024


def page(result: StepResult) -> Mapping[str, Any]:
    """What is in the pack, what is not and why, and where to open it."""
    content = read_json(result.artifact.file(f"{FOLDER}/{PACK_MANIFEST}"))
    rows = [[name, _size(entry["bytes"]), entry["what"]] for name, entry in content["files"].items()]
    shown: dict[str, Any] = {
        "files": dg.MetadataValue.md(table(["file", "size", "what it is"], rows)),
        "open": dg.MetadataValue.md(
            f"`{FOLDER}/{PAGE}` in the artifact's folder; or take the pack along:  \n"
            f"`modellab runs bundle {result.record.run} --to FOLDER`"
        ),
        "bytes": sum(entry["bytes"] for entry in content["files"].values()),
        "dagster/row_count": len(rows),
    }
    shown["zip"] = f"{result.artifact.summary['zip_name']} ({_size(result.artifact.summary['zip_bytes'])})"
    for name in ("chapters", "summary_lines", "action_items"):
        if (count := result.artifact.summary[name]) is not None:
            shown[name.replace("_", " ")] = count
    if content["absent"]:
        missing_parts = [f"- {absence['what']}: {absence['why']}" for absence in content["absent"]]
        shown["not in it"] = dg.MetadataValue.md("\n".join(missing_parts))
    return shown


def _size(count: int) -> str:
    # With a space that does not break, or the UI spreads a size over two lines.
    return f"{count / _KIB:.1f}\u00a0KiB" if count < _KIB * _KIB else f"{count / _KIB / _KIB:.1f}\u00a0MiB"


def _files_match_manifest(result: StepResult) -> Verdict:
    try:
        result.artifact.verify()
        names = listed_files(result.artifact.file(f"{FOLDER}/{PACK_MANIFEST}"))
    except ArtifactCorrupt as error:
        return Verdict(False, str(error))
    present = {path.name for path in (result.artifact.path / FOLDER).iterdir()}
    return Verdict(
        present == set(names),
        f"{plural(len(names), 'file')} listed, {len(present)} there, all with the digests listed",
        {"not_listed": sorted(present - set(names)), "missing": sorted(set(names) - present)},
    )


BUNDLE = step_asset(
    STEP,
    group="meeting",
    kinds={"python", "file"},
    page=page,
    checks=[
        Check(
            "files_match_manifest",
            "The pack holds exactly the files its manifest lists, byte for byte.",
            _files_match_manifest,
            dg.AssetCheckSeverity.ERROR,
        )
    ],
)
