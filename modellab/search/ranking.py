"""Which utterances answer a question best: BM25 over the index, in SQL.

The score of an utterance is the sum over what is looked for of
`idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean))` with `idf = ln(1 + (N - n + 0.5) / (n + 0.5))`, where it
is in n of the N utterances that are searched, and tf times in this one; lengths are in words (Robertson and Zaragoza
2009, "The Probabilistic Relevance Framework: BM25 and Beyond", with the 1 that keeps the idf of common words above 0).
A phrase counts as one word, in the utterance where it begins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import duckdb

from modellab.search.question import Part
from modellab.search.words import stems

K1, B = 1.2, 0.75
"""The values that the field uses where nothing was tuned."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is searched."""

    systems: Sequence[str] | None = None
    """Transcripts by these; None: by any."""
    inputs: Sequence[str] | None = None
    """Keys of recordings; None: all."""
    registered_from: str | None = None
    """Recordings registered at this moment or later, ISO 8601 with offset."""
    registered_before: str | None = None
    speaker: str | None = None
    """Label or name, in any case."""
    from_s: float | None = None
    """Utterances that end later, seconds in the recording."""
    to_s: float | None = None
    """Utterances that begin earlier."""
    all_systems: bool = False
    """Every system's transcript of a recording, not one alone."""


@dataclass(frozen=True, slots=True)
class Match:
    """An utterance that answers, with those that a phrase goes on in."""

    input: str
    name: str
    """File name it was first registered under."""
    system: str
    fingerprint: str
    language: str | None
    speaker: str | None
    """The name that people gave, else that of the known voice they were taken for, else the label."""
    first: int
    """segments.position of the utterance."""
    last: int
    first_place: int
    """Of the utterance's first word in the index."""
    start_s: float
    end_s: float
    score: float
    places: tuple[int, ...]
    """Of the words that were found, in order."""


CHOSEN = """
chosen AS MATERIALIZED (
    SELECT
        indexed.transcript, told.input, coalesce(inputs.name, told.input) AS name, told.system, told.fingerprint,
        indexed.language
    FROM latest_results AS told
    JOIN fulltext.transcripts AS indexed USING (fingerprint)
    LEFT JOIN inputs USING (input)
    WHERE
        told.kind = 'transcript'
        AND ($systems IS NULL OR list_contains($systems, told.system))
        AND ($inputs IS NULL OR list_contains($inputs, told.input))
        AND ($registered_from IS NULL OR inputs.registered_at >= $registered_from::TIMESTAMPTZ)
        AND ($registered_before IS NULL OR inputs.registered_at < $registered_before::TIMESTAMPTZ)
    -- One that says who speaks before one that does not, then the newest.
    QUALIFY $all_systems OR row_number() OVER (
        PARTITION BY told.input ORDER BY indexed.has_speakers DESC, told.ended_at DESC, told.system
    ) = 1
),
speakers AS MATERIALIZED (
    SELECT names.input, names.system, names.speaker, names.name
    FROM named_speakers AS names SEMI JOIN chosen USING (input, system)
)
"""
"""The transcripts that are searched, and the names of their speakers: those that people gave, else those of known
voices."""

_RANKED = """
WITH
{chosen},
searched AS MATERIALIZED (
    SELECT utterance, words, transcript, position
    FROM fulltext.utterances SEMI JOIN chosen USING (transcript)
),
about AS MATERIALIZED (SELECT count(*) AS n, avg(words) AS mean FROM searched),
looked_for AS (
    SELECT unnest($parts::INTEGER[]) AS part, unnest($nths::INTEGER[]) AS nth, unnest($terms::INTEGER[]) AS term
),
sizes AS MATERIALIZED (
    SELECT unnest($every_part) AS part, unnest($sizes) AS size, unnest($required) AS is_required
),
said AS MATERIALIZED (
    SELECT part, nth, place, utterance, size
    FROM fulltext.postings AS postings JOIN looked_for USING (term) JOIN sizes USING (part)
),
found AS MATERIALIZED (
    SELECT part, place AS begins, utterance, utterance AS last, size FROM said WHERE size = 1
    UNION ALL
    SELECT part, place - nth AS begins, min(utterance) AS utterance, max(utterance) AS last, size
    FROM said WHERE size > 1
    GROUP BY part, begins, size
    HAVING count(*) = size
),
times AS MATERIALIZED (
    SELECT part, utterance, count(*) AS tf FROM found SEMI JOIN searched USING (utterance) GROUP BY part, utterance
),
weights AS MATERIALIZED (
    SELECT part, ln(1 + (any_value(about.n) - count(*) + 0.5) / (count(*) + 0.5)) AS idf, any_value(about.mean) AS mean,
        any_value(is_required) AS is_required
    FROM times JOIN sizes USING (part), about GROUP BY part
),
scored AS (
    SELECT
        times.utterance, any_value(transcript) AS transcript, any_value(position) AS position,
        sum(idf * tf * ({k1} + 1) / (tf + {k1} * (1 - {b} + {b} * searched.words / mean))) AS score
    FROM times JOIN weights USING (part) JOIN searched USING (utterance)
    GROUP BY times.utterance
    HAVING count_if(is_required) = (SELECT count_if(is_required) FROM sizes)
),
best AS MATERIALIZED (
    SELECT scored.*, chosen.* EXCLUDE (transcript), count(*) OVER () AS total
    FROM scored JOIN chosen USING (transcript)
    {filters}
    ORDER BY score DESC, chosen.input, scored.position, chosen.system
    LIMIT $limit
),
places AS (
    SELECT utterance, max(last) - utterance AS further, list((begins, size)) AS found
    FROM found SEMI JOIN best USING (utterance) GROUP BY utterance
)
SELECT
    best.input, best.name, best.system, best.fingerprint, best.language,
    coalesce(speakers.name, segments.speaker) AS speaker, best.position AS first,
    best.position + places.further AS last, utterances.first_place, segments.start_s, segments.end_s, best.score,
    places.found, best.total
FROM best
JOIN places USING (utterance)
JOIN fulltext.utterances AS utterances USING (utterance)
JOIN segments
    ON segments.fingerprint = best.fingerprint AND segments.kind = 'utterance' AND segments.position = best.position
LEFT JOIN speakers
    ON speakers.input = best.input AND speakers.system = best.system AND speakers.speaker = segments.speaker
ORDER BY best.score DESC, best.input, best.position, best.system
"""

_FILTERS = """
JOIN segments
    ON segments.fingerprint = chosen.fingerprint AND segments.kind = 'utterance' AND segments.position = scored.position
LEFT JOIN speakers
    ON speakers.input = chosen.input AND speakers.system = chosen.system AND speakers.speaker = segments.speaker
WHERE
    ($speaker IS NULL OR lower($speaker) IN (lower(segments.speaker), lower(speakers.name)))
    AND ($from_s IS NULL OR segments.end_s > $from_s)
    AND ($to_s IS NULL OR segments.start_s < $to_s)
"""
"""Of what is said and when; most searches have none, and need not look at the segments of all they find."""


def ranked(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Part], scope: Scope, limit: int
) -> tuple[list[Match], int]:
    """The best matches, the best first, and how many there are in all.

    Args:
        connection: to a database that the builder made.
        parts: what is looked for, at least one.
    """
    within = {"speaker": scope.speaker, "from_s": scope.from_s, "to_s": scope.to_s}
    is_filtered = any(value is not None for value in within.values())
    parameters = {
        **scope_parameters(scope),
        **_terms(connection, parts),
        **(within if is_filtered else {}),
        **{"every_part": list(range(len(parts))), "sizes": [len(part.words) for part in parts], "limit": limit},
        "required": [part.is_required for part in parts],
    }
    sql = _RANKED.format(chosen=CHOSEN, k1=K1, b=B, filters=_FILTERS if is_filtered else "")
    rows = connection.execute(sql, parameters).fetchall()
    names = [field.name for field in fields(Match)]
    matches = [Match(**dict(zip(names, (*row[:-2], _places(row[-2])), strict=True))) for row in rows]
    return matches, rows[0][-1] if rows else 0


def scope_parameters(scope: Scope) -> Mapping[str, Any]:
    """What `CHOSEN` asks for."""
    return {
        "systems": None if scope.systems is None else list(scope.systems),
        "inputs": None if scope.inputs is None else list(scope.inputs),
        "registered_from": scope.registered_from,
        "registered_before": scope.registered_before,
        "all_systems": scope.all_systems,
    }


def _terms(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> Mapping[str, list[int]]:
    """The words of the index that are the same as those looked for, in any language that was spoken: part, place in the
    part, term."""
    languages = [
        language for (language,) in connection.execute("SELECT DISTINCT language FROM fulltext.terms").fetchall()
    ]
    wanted = [
        (number, nth, language, *stems(word, language or None))
        for number, part in enumerate(parts)
        for nth, word in enumerate(part.words)
        for language in languages
    ]
    columns = ("parts", "nths", "languages", "stems", "plain_stems")
    rows = connection.execute(
        "WITH wanted AS (SELECT unnest($parts::INTEGER[]) AS part, unnest($nths::INTEGER[]) AS nth, "
        "unnest($languages::VARCHAR[]) AS language, unnest($stems::VARCHAR[]) AS stem, "
        "unnest($plain_stems::VARCHAR[]) AS plain_stem) "
        "SELECT part, nth, term FROM wanted JOIN fulltext.terms USING (language, stem) "
        "UNION SELECT part, nth, term FROM wanted JOIN fulltext.terms USING (language, plain_stem)",
        {column: [row[place] for row in wanted] for place, column in enumerate(columns)},
    ).fetchall()
    return {column: [row[place] for row in rows] for place, column in enumerate(("parts", "nths", "terms"))}


def _places(found: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """All places of what was found.

    Args:
        found: where each begins, and of how many words it is.
    """
    return tuple(sorted({begin + nth for begin, size in found for nth in range(size)}))
