"""LibriSpeech: `<speaker>/<chapter>/<speaker>-<chapter>.trans.txt` beside the utterances; `SPEAKERS.TXT` above."""

import posixpath
from collections.abc import Iterator

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout
from modellab.datasets.importing.tables import lines
from modellab.datasets.importing.words import gender

_TRANSCRIPTS = ".trans.txt"
_SPEAKERS = "SPEAKERS.TXT"
_FOLDERS = 2
"""Speaker and chapter; what is above them is a part of the corpus, such as test-other."""
_ENDINGS = (".flac", ".wav", ".ogg", ".opus", ".mp3")
"""Other corpora in this layout have their recordings in other formats (LibriTTS, MLS)."""


def _cases(given: Given) -> Iterator[FoundCase]:
    genders = _genders(given)
    for table in given.folder.ending_with(_TRANSCRIPTS):
        folder = posixpath.dirname(table)
        for place, line in lines(given, table):
            name, _, text = line.strip().partition(" ")
            there = [f"{folder}/{name}{ending}".lstrip("/") for ending in _ENDINGS]
            media = next((file for file in there if file in given.media.known), None) or given.find_media(
                there[0], place
            )
            if media:
                speaker = name.split("-")[0]
                tags = {"gender": genders[speaker]} if speaker in genders else {}
                if len(above := folder.split("/")) > _FOLDERS:
                    tags["split"] = above[-_FOLDERS - 1]
                yield FoundCase(name, media, place, speakers=[speaker], tags=tags, text=text.strip())


def _genders(given: Given) -> dict[str, str]:
    """Speaker -> gender, of the corpus' list: `id | sex | subset | minutes | name`, `;` begins a comment."""
    found = {}
    for table in (file for file in given.folder.files if posixpath.basename(file) == _SPEAKERS):
        for _, line in lines(given, table):
            fields = [part.strip() for part in line.split("|")]
            if not line.startswith(";") and len(fields) > 1:
                found[fields[0]] = gender(fields[1])
    return found


def _detects(folder: Folder) -> bool:
    return bool(folder.ending_with(_TRANSCRIPTS))


LAYOUT = Layout(
    "librispeech", "LibriSpeech layout", "speaker/chapter/*.trans.txt beside the utterances", _detects, _cases
)
