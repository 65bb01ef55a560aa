"""Searching the transcripts of a lab, with exact hits; ranks against BM25 worked out one utterance after the other."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from modellab.errors import UnknownName
from modellab.search import index
from modellab.search.finding import Found
from modellab.search.ranking import K1, B
from modellab.settings import Lab
from modellab.steps.speaker_names import SpeakerNames
from modellab.warehouse.builder import build
from modellab.warehouse.query import connect

Search = Callable[..., Found]
Marked = Callable[[Found], list[str]]


def test_words_in_all_forms_are_found_and_marked(transcripts: Any, search: Search, marked: Marked) -> None:
    transcripts.add("monday", "We talk of Budgets.", "Lunch?", "Budgeting, again: the BUDGET!")
    assert marked(search("budget")) == ["[Budgeting], again: the [BUDGET]!", "We talk of [Budgets]."]


def test_a_phrase_goes_on_in_the_next_utterance_but_not_in_the_next_recording(
    transcripts: Any, search: Search, marked: Marked
) -> None:
    transcripts.add("monday", ("A", "We talk of the budget."), ("A", "..."), ("B", "For next year, say"))
    transcripts.add("tuesday", "We talk of the budget")
    transcripts.add("wednesday", "for next year")
    found = search('"the budget for next year"')
    assert marked(found) == ["We talk of [the] [budget]. ... [For] [next] [year], say"]
    [hit] = found.hits
    assert (hit.input, hit.start_s, hit.end_s, hit.speaker, found.total, found.recordings) == (
        *("monday", 0.0, 29.0, "A"),
        *(1, 3),
    )


def test_what_is_in_quotation_marks_must_be_there_and_the_rest_may(
    transcripts: Any, search: Search, marked: Marked
) -> None:
    transcripts.add("monday", "budget", "next year", "next year the budget", "year next budget")
    assert marked(search('"next year" budget')) == ["[next] [year] the [budget]", "[next] [year]"]
    assert search("nobody budget").total == 3
    assert search("nobody").hits == []


def test_languages_without_spaces_are_searched_by_characters(transcripts: Any, search: Search, marked: Marked) -> None:
    transcripts.add("zh", "我们讨论预算。", "算一算", language="zh")
    transcripts.add("ja", "こんにちは、世界", "です。", language="ja")
    transcripts.add("ko", "예산은 내년에", language="ko")
    assert marked(search("预算")) == ["我们讨论[预算]。"]
    assert marked(search("世界です")) == ["こんにちは、[世界です]。"]
    assert marked(search("예산")) == ["[예산]은 내년에"]


def test_stems_go_by_the_language_of_the_transcript(transcripts: Any, search: Search, marked: Marked) -> None:
    transcripts.add("de", "Die Häuser sind verkauft.", language="de")
    heard = transcripts.add("fr", "Les décisions économiques", language="fr")
    transcripts.add(
        "fr", ("A", "Les décisions économiques"), step="alignment", language=None, reads={"transcript": heard}
    )
    transcripts.add("nobody-knows", "houses", language=None)
    assert marked(search("haus")) == ["Die [Häuser] sind verkauft."]
    assert marked(search("economique")) == ["Les décisions [économiques]"]
    assert (search("house").total, search("HOUSES").total) == (0, 1)


def test_of_each_recording_one_transcript_is_searched(transcripts: Any, search: Search) -> None:
    """The newest that says who speaks; an asr's words are not found twice where alignment has them."""
    heard = transcripts.add("monday", "the budget")
    transcripts.add("monday", ("A", "the budget"), step="alignment", reads={"transcript": heard})
    transcripts.add("monday", "the budget", system="other")
    transcripts.add("tuesday", "budget old", system="old")
    transcripts.add("tuesday", "budget new", system="new")
    assert {(hit.input, hit.system) for hit in search("budget").hits} == {("monday", "meeting"), ("tuesday", "new")}
    everywhere = search("budget", all_systems=True)
    assert sorted((hit.input, hit.system, hit.speaker) for hit in everywhere.hits) == [
        *(("monday", "meeting", "A"), ("monday", "other", None)),
        *(("tuesday", "new", None), ("tuesday", "old", None)),
    ]
    assert [hit.text for hit in search("budget", systems=["old"]).hits] == ["budget old"]


def test_filters(transcripts: Any, search: Search) -> None:
    said = [("SPEAKER_00", "budget one"), ("SPEAKER_01", "budget two"), ("SPEAKER_00", "budget three")]
    transcripts.add("monday", *said, step="alignment", day="2026-03-01")
    transcripts.add("tuesday", "budget four", day="2026-03-02")

    def texts(**scope: Any) -> list[str]:
        return sorted(hit.text.split()[1] for hit in search("budget", **scope).hits)

    assert texts(speaker="speaker_00") == ["one", "three"]
    assert texts(inputs=["tuesday"]) == ["four"]
    assert texts(from_s=15.0, inputs=["monday"]) == ["three", "two"]
    assert texts(to_s=10.5, inputs=["monday"]) == ["one", "two"]
    assert texts(registered_from="2026-03-02T00:00:00+01:00") == ["four"]
    assert texts(registered_before="2026-03-02T00:00:00+01:00") == ["one", "three", "two"]
    few = search("budget", limit=2)
    assert ([hit.rank for hit in few.hits], few.total) == ([1, 2], 4)


def test_speakers_go_by_the_names_that_people_gave_them(lab: Lab, transcripts: Any, search: Search) -> None:
    told = transcripts.add("monday", ("SPEAKER_00", "budget"), ("SPEAKER_01", "budget"), step="alignment")
    SpeakerNames(lab).write(told, {"SPEAKER_01": "Anna"})
    assert [(hit.speaker, hit.start_s) for hit in search("budget", speaker="anna").hits] == [("Anna", 10.0)]
    assert search("budget", speaker="SPEAKER_01").total == 1


def test_names_that_do_not_exist_are_errors_and_those_without_a_hit_are_not(transcripts: Any, search: Search) -> None:
    transcripts.add("monday", ("Anna", "budget"), ("Ben", "lunch"), step="alignment")
    with pytest.raises(UnknownName, match=r"no speaker 'Ana'.*Anna"):
        search("budget", speaker="Ana")
    with pytest.raises(UnknownName, match=r"no system with a transcript 'meting'.*meeting"):
        search("budget", systems=["meting"])
    assert search("budget", speaker="Ben").hits == []


def test_a_hit_is_at_the_time_of_its_word_where_words_have_times(transcripts: Any, search: Search) -> None:
    transcripts.add("timed", "well", "let us - talk budget now", words=True)
    transcripts.add("untimed", "let us talk budget now")
    assert {hit.input: hit.at_s for hit in search("budget").hits} == {"timed": 14.0, "untimed": 0.0}


def test_an_empty_lab_has_no_hits(search: Search) -> None:
    found = search("budget")
    assert (found.hits, found.total, found.recordings) == ([], 0, 0)


VOCABULARY = [f"w{number}" for number in range(12)]


@pytest.mark.parametrize("seed", range(6))
def test_ranks_and_scores_are_those_of_bm25(seed: int, transcripts: Any, search: Search) -> None:
    rng = random.Random(seed)
    said = {
        f"call{number}": [" ".join(rng.choices(VOCABULARY, k=rng.randint(0, 9))) for _ in range(rng.randint(1, 8))]
        for number in range(4)
    }
    for source, utterances in said.items():
        transcripts.add(source, *utterances)
    word, (first, second) = rng.choice(VOCABULARY), rng.choices(VOCABULARY, k=2)
    for text, parts, required in (
        (f"{word} {first}", [[word], [first]], [False] * 2),
        (f'"{first} {second}" {word}', [[first, second], [word]], [True, False]),
    ):
        unlike = {tuple(part): need for part, need in zip(parts, required, strict=True)}
        expected = _bm25(said, [list(part) for part in unlike], list(unlike.values()))
        found = {(hit.input, hit.start_s): hit.score for hit in search(text, limit=1000).hits}
        assert found == pytest.approx(expected)
        assert [hit.score for hit in search(text, limit=1000).hits] == sorted(found.values(), reverse=True)


def _bm25(said: dict[str, list[str]], parts: list[list[str]], required: list[bool]) -> dict[tuple[str, float], float]:
    """Score by input and start, word by word."""
    lengths = {(source, 10.0 * n): len(text.split()) for source, all_ in said.items() for n, text in enumerate(all_)}
    mean = sum(lengths.values()) / len(lengths)
    times: list[dict[tuple[str, float], int]] = []
    for part in parts:
        of_part: dict[tuple[str, float], int] = {}
        for source, utterances in said.items():
            words = [(word, 10.0 * n) for n, text in enumerate(utterances) for word in text.split()]
            for at in range(len(words) - len(part) + 1):
                if [word for word, _ in words[at : at + len(part)]] == part:
                    of_part[source, words[at][1]] = of_part.get((source, words[at][1]), 0) + 1
        times.append(of_part)
    scores: dict[tuple[str, float], float] = {}
    for utterance, length in lengths.items():
        if not any(utterance in of_part for of_part in times):
            continue
        if any(need and utterance not in of_part for need, of_part in zip(required, times, strict=True)):
            continue
        scores[utterance] = 0.0
        for of_part in times:
            tf, n = of_part.get(utterance, 0), len(of_part)
            idf = math.log(1 + (len(lengths) - n + 0.5) / (n + 0.5))
            scores[utterance] += idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / mean))
    return scores


# --- the index


def _content(lab: Lab) -> list[tuple[Any, ...]]:
    """All that is in the index, whatever its numbers are."""
    with connect(lab) as connection:
        return connection.execute(
            "SELECT fingerprint, position, place - first_place, terms.language, word, stem, plain_stem, has_speakers "
            "FROM fulltext.postings JOIN fulltext.terms USING (term) JOIN fulltext.utterances USING (utterance) "
            "JOIN fulltext.transcripts AS transcripts USING (transcript) "
            "WHERE terms.language = coalesce(transcripts.language, '') ORDER BY ALL"
        ).fetchall()


def test_built_bit_by_bit_or_at_once_the_index_is_the_same(lab: Lab, transcripts: Any) -> None:
    transcripts.add("monday", "the budget", ("A", "next year"))
    build(lab)
    transcripts.add("tuesday", "das Budget der Häuser", language="de")
    build(lab)
    # No new word.
    transcripts.add("wednesday", "budget the", "", "the year")
    assert build(lab).started_over is None
    bit_by_bit = _content(lab)
    assert len(bit_by_bit) == 12
    lab.database.unlink()
    build(lab)
    assert _content(lab) == bit_by_bit


def test_an_index_of_another_version_is_made_anew(
    lab: Lab, transcripts: Any, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcripts.add("monday", "the budget")
    build(lab)
    before = _content(lab)
    assert build(lab).changed is False
    monkeypatch.setattr(index, "VERSION", "another")
    report = build(lab)
    assert (report.changed, report.started_over) == (True, None)
    assert _content(lab) == before
    assert build(lab).changed is False


def test_what_became_another_content_is_searched_by_that(lab: Lab, transcripts: Any) -> None:
    """A damaged result that was made anew keeps its fingerprint."""
    fingerprint = transcripts.add("monday", "the old words")
    transcripts.add("tuesday", "the budget")
    build(lab)
    with connect(lab) as connection:
        row = connection.execute("SELECT count(*) FROM fulltext.postings").fetchone()
    assert row == (5,)
    copy = lab.home / "copy.duckdb"
    copy.write_bytes(lab.database.read_bytes())
    import duckdb

    with duckdb.connect(str(copy)) as connection:
        connection.execute("UPDATE segments SET text = 'quite new budget talk' WHERE fingerprint = ?", [fingerprint])
        index.refresh(connection, new=[], forgotten=[fingerprint])
        said = connection.execute(
            "SELECT word FROM fulltext.postings JOIN fulltext.terms USING (term) "
            "JOIN fulltext.utterances USING (utterance) JOIN fulltext.transcripts USING (transcript) "
            "WHERE fingerprint = ? ORDER BY place",
            [fingerprint],
        ).fetchall()
        assert [word for (word,) in said] == ["quite", "new", "budget", "talk"]
        assert connection.execute("SELECT count(*) FROM fulltext.postings").fetchone() == (6,)


def test_a_search_works_while_another_process_builds(lab: Lab, transcripts: Any) -> None:
    """An open connection keeps index and tables of one moment, whatever is swapped in."""
    from modellab.search.finding import find
    from modellab.search.ranking import Scope

    transcripts.add("monday", "the budget")
    build(lab)
    with connect(lab) as connection:
        transcripts.add("tuesday", "the budget")
        build(lab)
        assert find(connection, "budget", Scope(), 10).total == 1
    with connect(lab) as connection:
        assert find(connection, "budget", Scope(), 10).total == 2
