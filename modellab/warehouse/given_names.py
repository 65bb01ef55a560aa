"""The table `speaker_names`: unlike every other it follows files that change, those with the names people give."""

import hashlib
from dataclasses import dataclass, field

import duckdb

from modellab.errors import LabError
from modellab.files import canonical_json
from modellab.settings import Lab
from modellab.steps.speaker_names import SpeakerNames


@dataclass(slots=True)
class GivenNames:
    """All names there are."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)
    """Fingerprint of the result, speaker's label, name."""
    problems: list[str] = field(default_factory=list)
    """Files that can't be read."""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(canonical_json({"names": self.rows}).encode()).hexdigest()


def read_names(lab: Lab) -> GivenNames:
    """The names as they are now."""
    found, names = GivenNames(), SpeakerNames(lab)
    for fingerprint in names.fingerprints():
        try:
            found.rows += [(fingerprint, speaker, name) for speaker, name in sorted(names.of(fingerprint).items())]
        except LabError as error:
            found.problems.append(str(error))
    return found


def replace_names(connection: duckdb.DuckDBPyConnection, names: GivenNames) -> None:
    """Make the table of the attached database hold these names and no others."""
    connection.execute("DELETE FROM speaker_names; DELETE FROM bookkeeping.names")
    connection.execute(
        "INSERT INTO speaker_names (fingerprint, speaker, name, source) "
        "SELECT fingerprint, speaker, name, fingerprint "
        "FROM (SELECT unnest($fingerprints) AS fingerprint, unnest($speakers) AS speaker, unnest($names) AS name)",
        {
            "fingerprints": [row[0] for row in names.rows],
            "speakers": [row[1] for row in names.rows],
            "names": [row[2] for row in names.rows],
        },
    )
    connection.execute("INSERT INTO bookkeeping.names VALUES (?)", [names.sha256])
