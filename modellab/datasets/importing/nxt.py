"""NXT's XML as the AMI corpus has it: each speaker's words with their times, and who the speakers are."""

import xml.parsers.expat
from pathlib import Path
from typing import Any

from modellab.errors import LabError
from modellab.formats.lines import span
from modellab.outside import Limits, read_bytes
from modellab.surfaces.results import Word

_XML = Limits(bytes=64 << 20)


def read_words(path: Path, speaker: str) -> list[Word]:
    """A speaker's words in order of time, each with the punctuation that follows it; laughs and noises are left out,
    and words without times.

    Raises:
        LabError: the file is not XML; says which line.
    """
    words: list[Word] = []
    current: dict[str, str] | None = None
    said: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal current
        current = attributes if name == "w" else None
        said.clear()

    def end(name: str) -> None:
        nonlocal current
        if name != "w" or current is None:
            return
        text, begins, ends = "".join(said).strip(), current.get("starttime"), current.get("endtime")
        if current.get("punc") == "true":
            if words:
                words[-1] = Word(words[-1].text + text, words[-1].start_s, words[-1].end_s, speaker=speaker)
        elif text and begins and ends:
            words.append(Word(text, *span(begins, ends), speaker=speaker))
        current = None

    _parse(path, start, end, said.append)
    return sorted(words, key=lambda word: word.start_s)


def read_speakers(path: Path) -> dict[str, dict[str, str]]:
    """Meeting -> letter of a speaker in its files -> the speaker's name in the whole corpus, of `meetings.xml`.

    Raises:
        LabError: the file is not XML; says which line.
    """
    found: dict[str, dict[str, str]] = {}
    meeting = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal meeting
        if name == "meeting":
            meeting = attributes.get("observation", "")
        elif name == "speaker" and (letter := attributes.get("nxt_agent")):
            found.setdefault(meeting, {})[letter] = attributes.get("global_name", letter)

    _parse(path, start, lambda _: None, lambda _: None)
    return found


def _parse(path: Path, start: Any, end: Any, text: Any) -> None:
    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text

    def refuse(*_: object) -> None:
        # Entities make much of little, or lead to other files.
        raise ValueError("a document type of its own, which is not read")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(read_bytes(path, _XML), True)
    except (OSError, LabError) as error:
        raise LabError(f"{path} can't be read as NXT's XML", found=str(error)) from error
    except (ValueError, xml.parsers.expat.ExpatError) as error:
        raise LabError(f"line {parser.CurrentLineNumber} of {path} is not NXT's XML", found=str(error)) from error
