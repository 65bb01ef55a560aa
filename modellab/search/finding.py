"""Searching all transcripts of a lab: ranked hits, with the words that were found marked in what was said."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import duckdb

from modellab.names import unknown_name
from modellab.search.question import parts_of
from modellab.search.ranking import CHOSEN, Match, Scope, ranked, scope_parameters
from modellab.search.words import composed, is_cut_into_characters, words_of


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a question is answered."""

    rank: int
    """From 1."""
    score: float
    """BM25; to be compared within one search alone."""
    input: str
    name: str
    """File name the recording was first registered under."""
    system: str
    fingerprint: str
    """The transcript."""
    speaker: str | None
    """The name that people gave, else that of the known voice they were taken for, else the label."""
    at_s: float
    """When the first of the words is said, seconds in the recording; of a transcript whose words have no times, when
    its utterance begins."""
    start_s: float
    """When the utterance begins."""
    end_s: float
    """When it ends."""
    text: str
    """The utterance; where a phrase goes on in the next ones, those too."""
    marks: list[tuple[int, int]]
    """Where in the text the words are that were found: first character, and the one after the last."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    hits: list[Hit]
    """The best first."""
    total: int
    """How many there are, shown or not."""
    recordings: int
    """How many recordings were searched."""
    seconds: float
    """What the search itself took."""


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    end_s: float


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start_s: float


def find(connection: duckdb.DuckDBPyConnection, text: str, scope: Scope, limit: int) -> Found:
    """Search transcripts.

    Args:
        connection: to a lab's database (`modellab.warehouse.query.connect`).
        text: words, any of which may be there, and phrases in quotation marks, all of which must.
        limit: hits that are given at most.

    Raises:
        UsageError: the text has no words, too many, or an open quotation mark.
        UnknownName: no transcript that is searched has such a system or speaker.
    """
    started = time.perf_counter()
    parts = parts_of(text)
    if scope.systems is not None:
        _check("system with a transcript", scope.systems, _systems(connection))
    matches, total = ranked(connection, parts, scope, limit)
    if not matches and scope.speaker is not None:
        _check_speaker(connection, scope)
    said, words = _said(connection, matches), _words(connection, matches)
    hits = list(map(_hit, range(1, len(matches) + 1), matches, said, words))
    count = f"WITH {CHOSEN} SELECT count(DISTINCT input) FROM chosen"
    [(recordings,)] = connection.execute(count, scope_parameters(scope)).fetchall()
    return Found(hits, total, recordings, time.perf_counter() - started)


def _systems(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("SELECT DISTINCT system FROM latest_results WHERE kind = 'transcript'").fetchall()
    return [system for (system,) in rows]


def _check(kind: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise unknown_name(kind, name, known)


def _check_speaker(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    rows = connection.execute(
        f"WITH {CHOSEN} "
        "SELECT DISTINCT speaker FROM segments JOIN chosen USING (fingerprint) "
        "WHERE kind = 'utterance' AND speaker IS NOT NULL "
        "UNION SELECT name FROM speakers",
        scope_parameters(scope),
    ).fetchall()
    known = [speaker for (speaker,) in rows]
    if scope.speaker is not None and scope.speaker.lower() not in map(str.lower, known):
        raise unknown_name("speaker", scope.speaker, known)


def _hit(rank: int, match: Match, said: Sequence[_Said], words: Sequence[_Word]) -> Hit:
    text, marks = _marked([composed(each.text) for each in said], match)
    return Hit(
        rank,
        match.score,
        match.input,
        match.name,
        match.system,
        match.fingerprint,
        match.speaker,
        _time_of(match, words),
        match.start_s,
        max(each.end_s for each in said),
        text,
        marks,
    )


_WANTED = (
    "WITH wanted AS (SELECT unnest($hits::INTEGER[]) AS hit, unnest($fingerprints::VARCHAR[]) AS fingerprint, "
    "unnest($firsts::INTEGER[]) AS first, unnest($lasts::INTEGER[]) AS last) "
)


def _wanted(matches: Sequence[Match]) -> Mapping[str, Sequence[Any]]:
    return {
        "hits": list(range(len(matches))),
        "fingerprints": [match.fingerprint for match in matches],
        "firsts": [match.first for match in matches],
        "lasts": [match.last for match in matches],
    }


def _said(connection: duckdb.DuckDBPyConnection, matches: Sequence[Match]) -> list[list[_Said]]:
    """The utterances of each match."""
    rows = connection.execute(
        f"{_WANTED} SELECT hit, coalesce(text, ''), end_s FROM segments JOIN wanted USING (fingerprint) "
        "WHERE kind = 'utterance' AND position BETWEEN first AND last ORDER BY hit, position",
        _wanted(matches),
    ).fetchall()
    said: list[list[_Said]] = [[] for _ in matches]
    for hit, text, end_s in rows:
        said[hit].append(_Said(text, end_s))
    return said


def _words(connection: duckdb.DuckDBPyConnection, matches: Sequence[Match]) -> list[list[_Word]]:
    """The words of the first utterance of each match."""
    rows = connection.execute(
        f"{_WANTED} SELECT hit, text, start_s FROM words JOIN wanted USING (fingerprint) "
        "WHERE utterance = first ORDER BY hit, position",
        _wanted(matches),
    ).fetchall()
    words: list[list[_Word]] = [[] for _ in matches]
    for hit, text, start_s in rows:
        words[hit].append(_Word(text, start_s))
    return words


def _marked(texts: Sequence[str], match: Match) -> tuple[str, list[tuple[int, int]]]:
    """Utterances as one text, and where in it the words are that were found; neighbours in a phrase are one mark."""
    wanted = {place - match.first_place for place in match.places}
    whole, marks, number = "", list[tuple[int, int]](), 0
    for text in texts:
        # Languages that are written without spaces have none between utterances either.
        apart = bool(whole) and not (text and is_cut_into_characters(text[0]) and is_cut_into_characters(whole[-1]))
        whole += " " if apart else ""
        for spot in words_of(text):
            if number in wanted:
                start, end = len(whole) + spot.start, len(whole) + spot.end
                joins = bool(marks) and marks[-1][1] == start
                marks = [*marks[:-1], (marks[-1][0], end)] if joins else [*marks, (start, end)]
            number += 1
        whole += text
    return whole, marks


def _time_of(match: Match, words: Sequence[_Word]) -> float:
    """When the first word that was found is said."""
    nth = match.places[0] - match.first_place
    behind = accumulate(sum(1 for _ in words_of(composed(word.text))) for word in words)
    return next((word.start_s for word, count in zip(words, behind, strict=True) if count > nth), match.start_s)
