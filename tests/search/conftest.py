"""Transcripts made by hand, in a lab that the builder builds."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from modellab.search.finding import Found, find
from modellab.search.ranking import Scope
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import connect

MOMENT = "2026-03-01T10:00:00+00:00"


class Transcripts:
    """Results of a lab, straight into its lake."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._number = 0
        self._inputs: set[str] = set()

    def add(
        self,
        source: str,
        *said: str | tuple[str, str],
        system: str = "meeting",
        step: str = "asr",
        language: str | None = "en",
        reads: dict[str, str] | None = None,
        day: str = "2026-03-01",
        words: bool = False,
    ) -> str:
        """A transcript by a system: utterances of 10 s, each a text or (speaker, text); returns its fingerprint."""
        self._number += 1
        fingerprint, lake = f"{self._number:064x}", Lake(self.lab.lake)
        if source not in self._inputs:
            self._inputs.add(source)
            row: dict[str, Any] = {"input": source, "kind": "media", "sha256": source, "name": f"{source}.wav"}
            row |= {"path": "p", "format": "wav", "bytes": 1, "warnings": [], "registered_at": f"{day}T10:00:00+00:00"}
            lake.write("inputs", f"input-{source}", [row])
        attempt = {"id": f"s{self._number}", "run": f"{source} {system}", "dagster_run_id": "d", "input": source}
        attempt |= {"system": system, "step": step, "status": "completed", "cached": False, "sequence": self._number}
        spent = {"load_s": 0.0, "inference_s": 0.0, "other_s": 0.0, "audio_s": 30.0, "started_at": MOMENT}
        place = {"gives": ["transcript"], "place": 5 if step == "alignment" else 4, "ended_at": MOMENT}
        lake.write("steps", f"s{self._number}", [{**attempt, **spent, **place, "fingerprint": fingerprint}])
        made = {"fingerprint": fingerprint, "content_sha256": "c", "step": step, "code_version": "1", "parameters": {}}
        made |= {"reads": reads or {}, "summary": {"language": language} if language else {}, "files": 1, "bytes": 1}
        lake.write("artifacts", fingerprint, [{**made, "path": "p", "made_at": MOMENT}])
        pairs = [(None, each) if isinstance(each, str) else each for each in said]
        segments = [
            {"fingerprint": fingerprint, "kind": "utterance", "position": position, "start_s": 10.0 * position}
            | {"end_s": 10.0 * position + 9.0, "speaker": speaker, "text": text}
            for position, (speaker, text) in enumerate(pairs)
        ]
        lake.write("segments", fingerprint, segments)
        spoken = [
            {"fingerprint": fingerprint, "utterance": position, "text": word, "space_before": True}
            | {"estimated": False}
            | {"start_s": 10.0 * position + nth, "end_s": 10.0 * position + nth + 0.5}
            for position, (_, text) in enumerate(pairs)
            for nth, word in enumerate(text.split())
        ]
        if words:
            lake.write("words", fingerprint, [{**word, "position": place} for place, word in enumerate(spoken)])
        return fingerprint


@pytest.fixture
def transcripts(lab: Lab) -> Transcripts:
    return Transcripts(lab)


@pytest.fixture
def search(lab: Lab) -> Callable[..., Found]:
    """`search(text, **scope)`: what is found after a build."""

    def searched(text: str, limit: int = 50, **scope: Any) -> Found:
        build(lab)
        with connect(lab) as connection:
            return find(connection, text, Scope(**scope), limit)

    return searched


@pytest.fixture(scope="session")
def marked() -> Callable[[Found], list[str]]:
    """Each hit's text, with what is marked in [brackets]."""
    return lambda found: [_with_marks(hit.text, hit.marks) for hit in found.hits]


def _with_marks(text: str, marks: Sequence[tuple[int, int]]) -> str:
    for start, end in reversed(marks):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text
