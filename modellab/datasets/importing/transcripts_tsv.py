"""`transcripts.tsv`: a table of files, speakers, languages and texts. With it what lies beside is taken."""

from collections.abc import Iterator

from modellab.datasets.importing.beside import judged_beside
from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout
from modellab.datasets.importing.tables import columns_of, rows
from modellab.datasets.importing.words import language_code, tags_of

_TABLE = "transcripts.tsv"
_NEEDED = ("file", "text")
_TRANSLATION = "translation_"
"""Columns `translation_de`: what is said, in German."""


def _detects(folder: Folder) -> bool:
    return _TABLE in folder.files and set(_NEEDED) <= set(columns_of(folder, _TABLE))


def _cases(given: Given) -> Iterator[FoundCase]:
    beside = {case.media: case for case in judged_beside(given)}
    for place, row in rows(given, _TABLE, _NEEDED):
        if media := given.find_media(row["file"], place):
            case = beside.pop(media, None) or FoundCase(media, media, place)
            text = " ".join(row["text"].split())
            if case.text not in (None, text):
                given.account.note(f"the text in {place} counts, not the other one beside {media}")
            case.place, case.text = place, text
            case.language, case.tags = language_code(row.get("language")), tags_of(row)
            case.translations |= {
                column.removeprefix(_TRANSLATION): said
                for column, said in row.items()
                if column.startswith(_TRANSLATION) and said
            }
            case.speakers = [speaker] if (speaker := row.get("speaker")) else []
            yield case
    yield from beside.values()


LAYOUT = Layout(
    "transcripts",
    "Recordings with a table of transcripts",
    f"{_TABLE} with the columns file and text, and speaker, language, accent, ... where they are known",
    _detects,
    _cases,
)
