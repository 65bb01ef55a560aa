"""What the builder works out stays what a build from nothing would work out, however the rows come in."""

from random import Random
from types import ModuleType
from typing import Any

import pytest

from modellab.settings import Lab
from modellab.warehouse import derived
from modellab.warehouse.builder import build
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import connect, query
from modellab.warehouse.recorder import Recorder

SOURCES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MOMENT = "2026-03-01T10:00:00+00:00"


def step(number: int, system: str, source: str, **values: Any) -> dict[str, Any]:
    return {
        **{
            "id": f"s{number:03}",
            "run": f"r{number}",
            "dagster_run_id": "d",
            "input": source,
            "system": system,
            "step": "asr",
        },
        **{"status": "completed", "cached": False, "started_at": MOMENT, "ended_at": MOMENT, "load_s": 0.0},
        **{"inference_s": 0.0, "other_s": 0.0, "audio_s": 30.0, "device": "cpu", "sequence": number},
        **{"source": f"s{number:03}", **values},
    }


def artifact(fingerprint: str, device: str) -> dict[str, Any]:
    return {
        **{"fingerprint": fingerprint, "content_sha256": "c", "step": "asr", "code_version": "1", "parameters": {}},
        **{"reads": {}, "summary": {}, "files": 1, "bytes": 1, "path": "p", "made_at": MOMENT, "device": device},
        **{"machine": f"m-{device}", "source": fingerprint},
    }


def score(source: str, fingerprint: str, dataset: str | None, case: str, errors: int, metric: str) -> dict[str, Any]:
    of = {"dataset": dataset, "dataset_version": "1" if dataset else None, "case_id": case if dataset else None}
    return {
        **{"fingerprint": fingerprint, "content_sha256": "c", "metric": metric, "unit": "ratio", "better": "lower"},
        **{"protocol": "", "scorer_version": "1", "value": errors / 10, "numerator": errors, "denominator": 10},
        **{"components": {}, "scored_at": MOMENT, "source": source, **of},
    }


def case(source: str, dataset: str, name: str, moment: str = MOMENT) -> dict[str, Any]:
    tags = {"noise": "street" if name in ("one", "two") else "clean"}
    return {
        **{"dataset": dataset, "version": "1", "case_id": name, "input": name, "speakers": [f"of {name}"]},
        **{"tags": tags, "recorded_at": moment, "source": source},
    }


def derived_of(lab: Lab) -> dict[str, list[tuple[Any, ...]]]:
    with connect(lab) as connection:
        return {
            table: sorted(connection.execute(f"FROM derived.{table}").fetchall(), key=repr)
            for table in ("outcomes", "standings", "doubted", "left_out")
        }


def decision(number: int, event: str, fingerprints: list[str]) -> dict[str, Any]:
    """About the run of the attempt of that number, whose step is asr."""
    evidence = {"steps": ["asr"], "fingerprints": fingerprints} if event == "quarantined" else {}
    return {
        **{"event": event, "subject_kind": "run", "subject": f"r{number}/d", "reason": "wrong weights"},
        **{"evidence": evidence, "occurred_at": MOMENT},
    }


def resting_on(reads: dict[str, str | None], doubted: set[str]) -> set[str]:
    """Results, and those that rest on them; the slow way."""
    while more := {one for one, read in reads.items() if read in doubted} - doubted:
        doubted = doubted | more
    return doubted


@pytest.mark.parametrize("seed", range(3))
def test_build_by_build_it_is_what_a_build_from_nothing_gives(lab: Lab, seed: int, monkeypatch: Any) -> None:
    random = Random(seed)
    lake = Lake(lab.lake)
    asked: list[bool] = []
    refresh = derived.refresh

    def counted(connection: Any, *, everything: bool) -> None:
        asked.append(everything)
        refresh(connection, everything=everything)

    monkeypatch.setattr(derived, "refresh", counted)
    number = 0
    late: list[tuple[str, str, dict[str, Any]]] = []
    reads: dict[str, str | None] = {}
    attempts: dict[int, str | None] = {}
    quarantined: set[int] = set()
    for round_ in range(6):
        come = late
        late = []
        if round_ in (1, 4):
            # The second time a case is left out.
            names = SOURCES[:9] if round_ == 1 else SOURCES[2:9]
            lake.write(
                "cases",
                f"enrolled{round_}",
                [case(f"enrolled{round_}", "set", one, f"2026-03-0{round_}T10:00:00+00:00") for one in names],
            )
        for _ in range(5):
            number += 1
            system, source = random.choice("ab"), random.choice(SOURCES)
            attempts[number] = None
            if random.random() < 0.3:
                failed = step(
                    number, system, source, status="failed", error="no memory", device=random.choice((None, "cpu"))
                )
                come.append(("steps", failed["source"], failed))
                continue
            fingerprint, device = f"f{number:03}", random.choice(("cpu", "cuda"))
            made = step(number, system, source, fingerprint=fingerprint, device=device)
            attempts[number] = fingerprint
            reads[fingerprint] = random.choice([None, *reads])
            result = {**artifact(fingerprint, device), "reads": {"audio": reads[fingerprint]}}
            come += [("steps", made["source"], made), ("artifacts", fingerprint, result)]
            if random.random() < 0.8:
                dataset = "set" if source in SOURCES[:9] else None
                rows = score(
                    f"j{number:03}", fingerprint, dataset, source, random.randrange(9), random.choice(("wer", "cer"))
                )
                come.append(("scores", rows["source"], rows))
        if round_ in (2, 3, 4):
            about = random.choice(list(attempts))
            event = "released" if about in quarantined else "quarantined"
            quarantined ^= {about}
            made_there = [name for name in (attempts[about],) if name]
            decided = {**decision(about, event, made_there), "sequence": 1000 + round_, "source": f"e{round_}"}
            lake.write("lifecycle_events", f"e{round_}", [decided])
        for table, source, row in come:
            # Some rows come a build later than what they belong to.
            if random.random() < 0.25 and round_ < 5:
                late.append((table, source, row))
            else:
                lake.write(table, source, [row])
        build(lab)
    kept = derived_of(lab)
    assert asked == [True] + [False] * 5
    doubted = resting_on(reads, {name for one in quarantined if (name := attempts[one])})
    out = {f"s{one:03}" for one, name in attempts.items() if one in quarantined or name in doubted}
    assert quarantined and (set(kept["doubted"]), set(kept["left_out"])) == (
        {(one,) for one in doubted},
        {(one,) for one in out},
    )
    assert not {row[20] for row in kept["outcomes"]} & doubted
    assert kept["outcomes"] and kept["standings"]
    assert {row[19] for row in kept["outcomes"]} == {None, "no memory"}
    lab.database.unlink()
    build(lab)
    assert derived_of(lab) == kept


def test_what_belongs_to_no_case_and_has_no_score_is_not_worked_out(
    lab: Lab, life: ModuleType, recorder: Recorder, monkeypatch: Any
) -> None:
    build(lab)
    ran: list[str] = []

    class Spied:
        @staticmethod
        def read_text() -> str:
            ran.append("refresh")
            return "SELECT 1"

    monkeypatch.setattr(derived, "REFRESH", Spied)
    life.record_step(lab, recorder, "a")
    build(lab)
    assert ran == []
    Lake(lab.lake).write("cases", "enrolled", [case("enrolled", "set", "one")])
    build(lab)
    assert ran == ["refresh"]


@pytest.fixture
def scored(lab: Lab) -> Lab:
    lake = Lake(lab.lake)
    lake.write("cases", "enrolled", [case("enrolled", "set", one) for one in ("one", "two", "three")])
    for number, (system, source, errors) in enumerate(
        [("a", "one", 1), ("a", "two", 2), ("a", "three", 3), ("b", "one", 4), ("b", "two", 6)]
    ):
        fingerprint = f"f{number}"
        lake.write("steps", f"s{number:03}", [step(number, system, source, fingerprint=fingerprint)])
        made = artifact(fingerprint, "cpu") | {"made_at": f"2026-03-0{1 + number // 3}T10:00:00+00:00"}
        lake.write("artifacts", fingerprint, [made])
        lake.write("scores", f"j{number}", [score(f"j{number}", fingerprint, "set", source, errors, "wer")])
    lake.write("steps", "s009", [step(9, "b", "three", status="failed", error="no memory")])
    build(lab)
    return lab


def test_a_case_that_a_dataset_leaves_out_is_no_failure_any_more(scored: Lab) -> None:
    failed = "SELECT system, case_id FROM case_outcomes WHERE error IS NOT NULL"
    Lake(scored.lake).write("steps", "s010", [step(10, "b", "four", status="failed", error="no memory")])
    again = [case("again", "set", one, "2026-03-02T10:00:00+00:00") for one in ("one", "two", "three", "four")]
    Lake(scored.lake).write("cases", "again", again)
    build(scored)
    assert query(scored, f"{failed} ORDER BY ALL").rows == [("b", "four"), ("b", "three")]
    fewer = [case("fewer", "set", one, "2026-03-03T10:00:00+00:00") for one in ("one", "two", "three")]
    Lake(scored.lake).write("cases", "fewer", fewer)
    build(scored)
    assert query(scored, failed).rows == [("b", "three")]


def test_pairs_have_what_a_comparison_needs(scored: Lab) -> None:
    columns = "case_id, speakers, json_extract_string(tags, 'noise'), a_numerator, a_denominator, b_numerator, b_error"
    assert query(scored, f"SELECT {columns} FROM case_pairs('set', 'wer', 'a', 'b') ORDER BY case_id").rows == [
        ("one", ["of one"], "street", 1.0, 10.0, 4.0, None),
        ("three", ["of three"], "clean", 3.0, 10.0, None, "no memory"),
        ("two", ["of two"], "street", 2.0, 10.0, 6.0, None),
    ]


def test_slices_are_sums_over_their_cases(scored: Lab) -> None:
    columns = "system, tag, tag_value, value, cases, failed_cases"
    assert query(scored, f"SELECT {columns} FROM slices_of('set', 'wer') ORDER BY ALL").rows == [
        ("a", "noise", "clean", 0.3, 1, 0),
        ("a", "noise", "street", 0.15, 2, 0),
        ("b", "noise", "clean", None, 1, 1),
        ("b", "noise", "street", 0.5, 2, 0),
    ]


def test_the_history_is_by_the_day_on_which_results_were_made(scored: Lab) -> None:
    columns = "system, day::DATE::VARCHAR, value, cases"
    assert query(scored, f"SELECT {columns} FROM history_of('set', 'wer') ORDER BY ALL").rows == [
        ("a", "2026-03-01", 0.2, 3),
        ("b", "2026-03-02", 0.5, 2),
    ]
