"""A folder of datasets while it is made: media beside manifests, each file with its digest."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from scripts import Utterance
from sound import Sound, read, sha256_of, write

SHIPPED = Path(__file__).parents[1]
SPEECH = "media/speech"
LICENCE = "CC0-1.0"
Given = dict[str, Any]
"""A mapping as it stands in a manifest."""


class Corpus:
    """Datasets made in a folder, from the speech that is shipped.

    Args:
        folder: where manifests and media go; the speech is read from `SHIPPED`, wherever this is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, name: str, sound: Sound) -> Given:
        """Write a sound as `media/<name>.flac`; gives it as a manifest's source."""
        write(self._folder / f"media/{name}.flac", sound)
        return self.made(name)

    def place(self, name: str) -> Path:
        """Where to write `media/<name>`; its folder is there."""
        path = self._folder / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def made(self, name: str) -> Given:
        """A sound that `save` wrote for another set, as a manifest's source."""
        file = f"media/{name}.flac"
        return {"file": file, "sha256": sha256_of(self._folder / file)}

    def document(self, name: str, content: Given) -> str:
        """Write a document as `media/<name>.json`; gives its place for manifests."""
        file = f"media/{name}.json"
        path = self._folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return file

    def manifest(
        self, name: str, description: str, tasks: Sequence[str], cases: Sequence[Given], licence: str = LICENCE
    ) -> None:
        """Write the manifest of a dataset."""
        document = {
            "id": name,
            "version": "1",
            "description": description,
            "licence": licence,
            "tasks": list(tasks),
            "language": "en",
            "cases": list(cases),
        }
        head = "# Written by datasets/make/build.py: change that, not this.\n"
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
        (self._folder / f"{name}.yaml").write_text(head + text, encoding="utf-8")


@cache
def speech_of(utterance: Utterance) -> Sound:
    """An utterance as its voice said it, with its edges of silence."""
    return read(SHIPPED / SPEECH / f"{utterance.id}.flac")


def speech_source(utterance: Utterance) -> Given:
    """The file of an utterance as a manifest's source."""
    file = f"{SPEECH}/{utterance.id}.flac"
    return {"file": file, "sha256": sha256_of(SHIPPED / file)}


def case(name: str, source: Given, reference: Given, tags: Mapping[str, str], speakers: Sequence[str] = ()) -> Given:
    """A case as it stands in a manifest."""
    found: Given = {"id": name, "source": source}
    if speakers:
        found["speakers"] = list(speakers)
    return found | {"tags": dict(tags), "reference": reference}
