"""The index of all transcripts (`warehouse/fulltext.sql`), brought up to date in the builder's copy of the database.

Every transcript is in it, also those that a later one replaced: which count, the views say when somebody searches.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

import duckdb
import numpy as np

from modellab.search.words import VERSION, composed, stems, words_of
from modellab.settings import PROJECT_ROOT

TABLES = PROJECT_ROOT / "warehouse" / "fulltext.sql"
_TRANSCRIPTS_AT_ONCE = 100
_UTTERANCES_AT_ONCE = 20_000
"""Both bound the memory it takes: an hour of a meeting has about a thousand."""

_NEW = """
SELECT DISTINCT fingerprint FROM segments
WHERE kind = 'utterance' AND fingerprint NOT IN (SELECT fingerprint FROM fulltext.transcripts)
"""

_ABOUT = """
WITH RECURSIVE
    wanted AS (SELECT unnest($fingerprints) AS fingerprint),
    -- Alignment says no language: it is that of the transcript it read.
    sources AS (
        SELECT fingerprint, fingerprint AS part, 0 AS depth FROM wanted
        UNION
        SELECT sources.fingerprint, json_extract_string(artifacts.reads, '$.transcript'), depth + 1
        FROM sources JOIN artifacts ON artifacts.fingerprint = sources.part
        WHERE json_extract_string(artifacts.reads, '$.transcript') IS NOT NULL
    ),
    languages AS (
        SELECT sources.fingerprint, arg_min(json_extract_string(artifacts.summary, '$.language'), depth) AS language
        FROM sources JOIN artifacts ON artifacts.fingerprint = sources.part
        WHERE json_extract_string(artifacts.summary, '$.language') IS NOT NULL
        GROUP BY sources.fingerprint
    )
SELECT fingerprint, languages.language, list((segments.position, segments.speaker, segments.text) ORDER BY position)
FROM wanted JOIN segments USING (fingerprint) LEFT JOIN languages USING (fingerprint)
WHERE segments.kind = 'utterance'
GROUP BY ALL ORDER BY fingerprint
"""
"""Fingerprint, language, and position, speaker and text of each utterance."""


def is_stale(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the attached database has no index, or one that this version would make otherwise."""
    try:
        return bool(connection.execute("SELECT digest FROM fulltext.made").fetchall() != [(_digest(),)])
    except duckdb.CatalogException:
        return True


def refresh(connection: duckdb.DuckDBPyConnection, *, new: Sequence[str], forgotten: Sequence[str]) -> None:
    """Bring the index of the attached database up to date; make all of it where there is none of this version.

    Args:
        new: fingerprints of results that may have utterances and not be in it.
        forgotten: of results whose rows were taken out of the tables, or are others now.
    """
    if is_stale(connection):
        _start_over(connection)
        missing = [fingerprint for (fingerprint,) in connection.execute(_NEW).fetchall()]
    else:
        _forget(connection, forgotten)
        wanted = sorted({*new, *forgotten})
        found = connection.execute(f"{_NEW} AND list_contains($wanted, fingerprint)", {"wanted": wanted})
        missing = [fingerprint for (fingerprint,) in found.fetchall()] if wanted else []
    if missing:
        _Writer(connection).add(sorted(missing))


def _start_over(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("DROP SCHEMA IF EXISTS fulltext CASCADE")
    connection.execute(TABLES.read_text())
    connection.execute("INSERT INTO fulltext.made VALUES (?)", [_digest()])


def _forget(connection: duckdb.DuckDBPyConnection, fingerprints: Sequence[str]) -> None:
    if not fingerprints:
        return
    wanted = {"gone": list(fingerprints)}
    transcripts = "SELECT transcript FROM fulltext.transcripts WHERE list_contains($gone, fingerprint)"
    utterances = f"SELECT utterance FROM fulltext.utterances WHERE transcript IN ({transcripts})"
    connection.execute(f"DELETE FROM fulltext.postings WHERE utterance IN ({utterances})", wanted)
    connection.execute(f"DELETE FROM fulltext.utterances WHERE transcript IN ({transcripts})", wanted)
    connection.execute("DELETE FROM fulltext.transcripts WHERE list_contains($gone, fingerprint)", wanted)


def _digest() -> str:
    parts = (TABLES.read_text(), VERSION, version("snowballstemmer"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(slots=True)
class _Block:
    """Rows that are written together."""

    transcripts: list[tuple[int, str, str | None, bool]] = field(default_factory=list)
    utterances: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    words: dict[tuple[str, str], int] = field(default_factory=dict)
    """Language and word -> its number among those of this block."""
    word_of: list[int] = field(default_factory=list)
    """Of each posting, the word's number in this block."""
    place_of: list[int] = field(default_factory=list)
    utterance_of: list[int] = field(default_factory=list)


class _Writer:
    """Adds transcripts to the index."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._next_transcript = self._number("SELECT coalesce(max(transcript) + 1, 0) FROM fulltext.transcripts")
        self._next_utterance = self._number("SELECT coalesce(max(utterance) + 1, 0) FROM fulltext.utterances")
        self._next_place = self._number("SELECT coalesce(max(first_place + words) + 1, 0) FROM fulltext.utterances")

    def add(self, fingerprints: Sequence[str]) -> None:
        """Add transcripts that are not in it."""
        block = _Block()
        for start in range(0, len(fingerprints), _TRANSCRIPTS_AT_ONCE):
            wanted = {"fingerprints": list(fingerprints[start : start + _TRANSCRIPTS_AT_ONCE])}
            for fingerprint, language, utterances in self._connection.execute(_ABOUT, wanted).fetchall():
                self._add(block, fingerprint, language, utterances)
            if len(block.utterances) >= _UTTERANCES_AT_ONCE:
                self._write(block)
                block = _Block()
        self._write(block)

    def _number(self, sql: str) -> int:
        [(number,)] = self._connection.execute(sql).fetchall()
        return int(number)

    def _add(
        self,
        block: _Block,
        fingerprint: str,
        language: str | None,
        utterances: Iterable[tuple[int, str | None, str | None]],
    ) -> None:
        has_speakers = False
        for position, speaker, text in utterances:
            has_speakers = has_speakers or speaker is not None
            first = self._next_place
            for spot in words_of(composed(text or "")):
                key = (language or "", spot.word.lower())
                block.word_of.append(block.words.setdefault(key, len(block.words)))
                block.place_of.append(self._next_place)
                block.utterance_of.append(self._next_utterance)
                self._next_place += 1
            numbers = (self._next_utterance, self._next_transcript)
            block.utterances.append((*numbers, position, first, self._next_place - first))
            self._next_utterance += 1
        self._next_place += 1
        block.transcripts.append((self._next_transcript, fingerprint, language, has_speakers))
        self._next_transcript += 1

    def _write(self, block: _Block) -> None:
        self._insert("transcripts", block.transcripts)
        self._insert("utterances", block.utterances)
        terms = self._terms(block)
        postings = {
            "term": terms[np.array(block.word_of, np.int64)],
            "place": np.array(block.place_of, np.int64),
            "utterance": np.array(block.utterance_of, np.int32),
        }
        self._connection.register("new_postings", postings)
        self._connection.execute("INSERT INTO fulltext.postings BY NAME FROM new_postings")
        self._connection.unregister("new_postings")

    def _terms(self, block: _Block) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
        """The term of each of a block's words; those that are new are added."""
        known = self._connection.execute(
            "SELECT number, term FROM (SELECT unnest($languages) AS language, unnest($words) AS word, "
            "unnest($numbers) AS number) JOIN fulltext.terms USING (language, word)",
            {
                "languages": [language for language, _ in block.words],
                "words": [word for _, word in block.words],
                "numbers": list(block.words.values()),
            },
        ).fetchall()
        terms = np.full(len(block.words), -1, np.int32)
        for number, term in known:
            terms[number] = term
        next_term = self._number("SELECT coalesce(max(term) + 1, 0) FROM fulltext.terms")
        new = [key for key, number in block.words.items() if terms[number] < 0]
        for term, key in enumerate(new, next_term):
            terms[block.words[key]] = term
        rows = [
            (term, language, word, *stems(word, language or None))
            for term, (language, word) in enumerate(new, next_term)
        ]
        self._insert("terms", rows)
        return terms

    def _insert(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            marks = ", ".join("unnest(?)" for _ in columns)
            self._connection.execute(f"INSERT INTO fulltext.{table} SELECT {marks}", columns)
