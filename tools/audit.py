"""What is installed: known vulnerabilities, licences, and a bill of materials. `make audit` runs it.

Run by the Python of an environment of its own, with pip-audit and cyclonedx-bom in it, so that what is looked at stays
as it is. Exit codes: 0 nothing found, 1 a vulnerability or a licence to look at, 3 vulnerabilities could not be looked
up, which is never the same as none.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

FOUND, NOT_CHECKED = 1, 3
BILL = "sbom.cdx.json"
_SHORT = 60
"""Characters: a longer `License` field is the text of a licence, not its name."""
_TO_LOOK_AT = ("GPL", "GNU GENERAL", "GNU AFFERO", "PROPRIETARY", "NONCOMMERCIAL", "NON-COMMERCIAL", "-NC-")
_FINE = ("LGPL", "LESSER GENERAL")
_OWN = "modellab"


def vulnerabilities(report: Mapping[str, Any]) -> tuple[list[str], list[str], int]:
    """What a report of pip-audit says: known vulnerabilities, packages that were not looked up, and how many were."""
    known: list[str] = []
    skipped: list[str] = []
    checked = 0
    for package in report["dependencies"]:
        if "vulns" not in package:
            skipped.append(f"{package['name']}: {package.get('skip_reason', 'no reason given')}")
            continue
        checked += 1
        for vulnerability in package["vulns"]:
            fixed = ", ".join(vulnerability.get("fix_versions", [])) or "no version yet"
            known.append(f"{package['name']} {package['version']}: {vulnerability['id']} (fixed in {fixed})")
    return known, skipped, checked


def licence(distribution: Distribution) -> str:
    """The licence that a package states, else that its licence file begins with; empty when it says nothing."""
    metadata = distribution.metadata
    classifiers = (line.split(" :: ") for line in metadata.get_all("Classifier") or [])
    classified = [parts[-1] for parts in classifiers if parts[0] == "License" and len(parts) > 2]
    field = (metadata["License"] or "").strip()
    stated = metadata["License-Expression"] or "; ".join(classified) or (field if len(field) <= _SHORT else "")
    return stated if stated and stated.upper() != "UNKNOWN" else _of_file(distribution)


def _of_file(distribution: Distribution) -> str:
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")) and path.is_file():
            lines = (line.strip() for line in path.read_text("utf-8", "replace").splitlines())
            return next((line for line in lines if line), "")[:_SHORT]
    return ""


def to_look_at(packages: Sequence[Distribution]) -> Iterator[str]:
    """Packages whose licence asks more than to be named, or that state none."""
    for package in sorted(packages, key=lambda one: one.metadata["Name"].lower()):
        stated = licence(package)
        loud = stated.upper()
        for fine in _FINE:
            loud = loud.replace(fine, "")
        if not stated or any(word in loud for word in _TO_LOOK_AT):
            yield f"{package.metadata['Name']} {package.version}: {stated or 'states no licence'}"


def main(python: Path, folder: Path) -> int:
    """Look at what the given Python has; writes the bill of materials and the lists into the folder."""
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    packages = [one for one in distributions(path=[site]) if one.metadata["Name"] not in (None, _OWN)]
    folder.mkdir(parents=True, exist_ok=True)
    licences = "".join(f"{one.metadata['Name']}\t{one.version}\t{licence(one)}\n" for one in packages)
    (folder / "licences.tsv").write_text(licences, "utf-8")
    beside = Path(sys.executable).parent
    bill = folder / BILL
    subprocess.run([beside / "cyclonedx-py", "environment", python, "--of", "JSON", "-o", bill], check=True)
    print(f"Bill of materials (CycloneDX) of {len(packages)} packages: {bill}")
    code = _say("licence to look at", list(to_look_at(packages)))
    asked: list[str | Path] = [
        beside / "pip-audit",
        "--path",
        site,
        "--format",
        "json",
        "--desc",
        "off",
        "--progress-spinner",
        "off",
    ]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    try:
        known, skipped, checked = vulnerabilities(json.loads(done.stdout))
    except (ValueError, KeyError):
        known, skipped, checked = [], [(done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]], 0
    code = _say("known vulnerability", known) or code
    skipped = [one for one in skipped if not one.startswith(f"{_OWN}:")]
    if not checked:
        print(f"✗ vulnerabilities were NOT looked up: no network reaches the vulnerability service ({skipped[0]})")
        return NOT_CHECKED
    print(f"{checked} packages were looked up; not: {', '.join(skipped) or 'none'}")
    return code


def _say(what: str, found: Sequence[str]) -> int:
    for one in found:
        print(f"! {what}: {one}")
    return FOUND if found else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
