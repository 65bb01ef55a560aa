"""Names that people give to a recording's speakers, kept by the result that tells the speakers apart.

A file `names/<fingerprint>.json` in the lab's home for each such result: a diarization, or a transcript that carries
speakers. Whatever reads the result reads its names, under any system. They are the user's own words and can't be worked
out from anything else: nothing in the lab removes them but the user.
"""

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from modellab.bundle.naming import clean
from modellab.errors import LabError, TextRefused, UsageError
from modellab.files import canonical_json, write_atomic
from modellab.outside import read_json
from modellab.settings import Lab

LONGEST_NAME = 80
"""Characters: more does not fit beside what someone says."""
_NAMES = TypeAdapter(dict[str, str])


class SpeakerNames:
    """The names of a lab's speakers."""

    def __init__(self, lab: Lab) -> None:
        self._folder = lab.names

    def of(self, fingerprint: str) -> Mapping[str, str]:
        """Speaker's label -> name, for those speakers of a result that were given one.

        Raises:
            LabError: the file with the names can't be read.
        """
        path = self._path(fingerprint)
        try:
            return _NAMES.validate_python(read_json(path), strict=True)
        except FileNotFoundError:
            return {}
        except (OSError, TextRefused, ValidationError) as error:
            raise LabError(
                f"the names of speakers in {path} can't be read",
                found=str(error).splitlines()[0],
                hint="Correct the file, or delete it and name the speakers again.",
            ) from error

    def fingerprints(self) -> list[str]:
        """The results whose speakers have names, in order."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def write(self, fingerprint: str, names: Mapping[str, str]) -> None:
        """Keep the names of a result's speakers in place of what there was; no names at all leave no file."""
        if names:
            write_atomic(self._path(fingerprint), json.dumps(names, ensure_ascii=False, indent=1, sort_keys=True))
        else:
            self._path(fingerprint).unlink(missing_ok=True)

    def _path(self, fingerprint: str) -> Path:
        return self._folder / f"{fingerprint}.json"


def checked_name(speaker: str, name: str) -> str:
    """A name fit to be shown, white space at its ends left out.

    Args:
        speaker: whose it is to be, for errors.

    Raises:
        UsageError: it is empty, too long, or has characters that can't be shown.
    """
    shown = clean(name)
    if any(unicodedata.category(character) == "Cc" for character in name) or shown != " ".join(name.split()):
        raise UsageError(f"the name for {speaker} has characters that can't be shown", found=ascii(name))
    if not any(character.isprintable() for character in shown):
        raise UsageError(
            f"the name for {speaker} is empty", hint="Leave the speaker out, or use --clear to take names away."
        )
    if len(shown) > LONGEST_NAME:
        raise UsageError(
            f"the name for {speaker} is too long",
            found=f"{len(shown)} characters",
            allowed=f"{LONGEST_NAME}",
        )
    return shown


def as_text(names: Mapping[str, str]) -> str:
    """Names as an identity states them."""
    return canonical_json(dict(names))


def from_text(text: str | None) -> dict[str, str]:
    """The names that an identity states; none where it states nothing."""
    return _NAMES.validate_json(text) if text else {}
