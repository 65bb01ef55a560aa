"""`manifest.json` of a pack: what is in it, what it rests on, what that warns of, and what is missing.

Everything in it follows from what the pack was made from: no clock, no host, no run. The same results give the same
manifest, whichever pipeline asked for the pack; runs, with their times, are the warehouse's matter.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab.artifacts.fingerprint import ABSENT, told_to_others
from modellab.artifacts.store import Artifact
from modellab.bundle.meeting import Meeting
from modellab.errors import ArtifactCorrupt, TextRefused
from modellab.files import sha256_file
from modellab.inputs.registered import RegisteredInput
from modellab.outside import read_json

NAME = "manifest.json"
FORMAT = "modellab.meeting_pack/1"


def provenance(artifact: Artifact) -> dict[str, Any]:
    """What one result depends on: its step and code, parameters, model, and the results that it read itself.

    A pack goes to others: places on this machine are named by their last part, and of what failed only a short sentence
    is told.
    """
    identity = artifact.manifest["identity"]
    reads = {
        role: f"{ABSENT}{told_to_others(read)}" if read and read.startswith(ABSENT) else read
        for role, read in identity["reads"].items()
    }
    return {
        "step": artifact.step,
        "fingerprint": artifact.fingerprint,
        "code_version": identity["code_version"],
        "parameters": {name: _without_folders(value) for name, value in identity["parameters"].items()},
        "model": identity["model"],
        "reads": reads,
    }


def _without_folders(value: Any) -> Any:
    is_place = isinstance(value, str) and (value.startswith("~") or Path(value).is_absolute())
    return Path(value).name if is_place else value


def write_manifest(
    folder: Path,
    *,
    meeting: Meeting,
    source: RegisteredInput,
    code_version: str,
    files: Mapping[str, str],
    reads: Sequence[Artifact],
) -> None:
    """Write a pack's manifest, which lists every other file of it.

    Args:
        files: name -> what it is; all lie in `folder`.
        reads: the artifacts the pack was made from; one that fills several roles is listed once.
    """
    once = {artifact.fingerprint: artifact for artifact in reads}
    content = {
        "format": FORMAT,
        "title": meeting.title,
        "input": {"name": source.name, "sha256": source.sha256, "duration_s": round(source.duration_s, 3)},
        "files": {
            name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_file(folder / name), "what": what}
            for name, what in files.items()
        },
        "absent": [{"what": absence.what, "why": absence.why} for absence in meeting.absent],
        "warnings": [{"step": doubt.step, "text": doubt.text} for doubt in meeting.doubts],
        "made_by": {"step": "bundle", "code_version": code_version},
        "made_from": [provenance(artifact) for artifact in once.values()],
    }
    (folder / NAME).write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def listed_files(manifest: Path) -> list[str]:
    """Names of a pack's files, the manifest first.

    Raises:
        ArtifactCorrupt: it is not a pack's manifest, or lists a name that is not a plain file name.
    """
    try:
        content = read_json(manifest)
        names = list(content["files"])
    except (OSError, TextRefused, KeyError, TypeError) as error:
        raise ArtifactCorrupt(f"{manifest} is not the manifest of a Meeting Pack", found=str(error)) from error
    if unsafe := [name for name in names if Path(name).name != name or name.startswith(".")]:
        raise ArtifactCorrupt(f"{manifest} lists names that are not plain file names", found=", ".join(unsafe))
    return [NAME, *names]
