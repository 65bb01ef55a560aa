"""What the warehouse costs: recording a step, building after a run, and asking, as the database grows.

    python benchmarks/warehouse.py --rows 10000 100000 1000000

For each size a lab of its own is filled with as many rows in `steps`, in `words` and in `scores` (through the lake,
merged files): twenty systems on cases of five datasets, scored by ten metrics, each result made twice.
Times are the quickest of several, which leaves out most of what else the machine did; what counts are the ratios to the
smallest size, measured in the same run.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb

from modellab.pipeline.record import StepRecord
from modellab.settings import Lab, Settings
from modellab.warehouse.builder import build
from modellab.warehouse.database_file import copy_file
from modellab.warehouse.query import connect
from modellab.warehouse.recorder import Recorder
from modellab.warehouse.schema import create_tables

REPEATS = 7
STEPS_PER_RUN = 5
WORDS_PER_ARTIFACT = 500

STEPS = f"""
SELECT
    md5(i::VARCHAR) AS id,
    md5((i // {STEPS_PER_RUN})::VARCHAR)[:16] AS run,
    md5('d' || i // {STEPS_PER_RUN}) AS dagster_run_id,
    md5('i' || i // {STEPS_PER_RUN} % 1000)[:16] AS input,
    'meeting' AS system,
    ['ingest', 'vad', 'asr', 'diarization', 'alignment'][i % {STEPS_PER_RUN} + 1] AS step,
    'model:variant' AS model,
    CASE WHEN i % 97 = 0 THEN 'failed' ELSE 'completed' END AS status,
    i % 3 = 0 AS cached,
    sha256((i // 2)::VARCHAR) AS fingerprint,
    'artifacts/asr/' || sha256((i // 2)::VARCHAR) AS artifact,
    TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL 1 SECOND * i AS started_at,
    started_at + INTERVAL 1 SECOND AS ended_at,
    0.1 AS load_s, 0.5 + i % 10 AS inference_s, 0.1 AS other_s, 30.0 AS audio_s,
    'cpu' AS device, 'int8' AS compute_type, 2 AS threads, 8 AS batch_size, 300.0 AS peak_memory_mib,
    NULL::BOOLEAN AS reproduced,
    i % 5 = 0 AS first_inference,
    CASE WHEN i % 97 = 0 THEN 'StepFailed' END AS error_type,
    CASE WHEN i % 97 = 0 THEN 'no words' END AS error,
    i + 1 AS sequence,
    id AS source
FROM range(?) AS numbers (i)
"""

RUNS = f"""
SELECT
    ['started', 'ended'][i % 2 + 1] AS event,
    md5((i // 2)::VARCHAR)[:16] AS run,
    md5('d' || i // 2) AS dagster_run_id,
    CASE WHEN i % 2 = 0 THEN md5('i' || i // 2 % 1000)[:16] END AS input,
    CASE WHEN i % 2 = 0 THEN 'meeting' END AS system,
    CASE WHEN i % 2 = 0 THEN 'meeting' END AS template,
    CASE WHEN i % 2 = 1 THEN 'completed' END AS status,
    NULL::VARCHAR AS error,
    TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL 1 SECOND * (i // 2 * {STEPS_PER_RUN} + i % 2 * {STEPS_PER_RUN})
        AS occurred_at,
    'host' AS host, 1 AS pid, md5('p' || i // 20) AS process,
    i + 1 AS sequence,
    md5('r' || i) AS source
FROM range(? * 2 // {STEPS_PER_RUN}) AS numbers (i)
"""

WORDS = f"""
SELECT
    sha256((i // {WORDS_PER_ARTIFACT})::VARCHAR) AS fingerprint,
    (i % {WORDS_PER_ARTIFACT})::INTEGER AS position,
    (i % {WORDS_PER_ARTIFACT} // 10)::INTEGER AS utterance,
    'word' || i % 5000 AS text,
    i % {WORDS_PER_ARTIFACT} * 0.3 AS start_s, start_s + 0.2 AS end_s,
    0.9 AS probability, true AS space_before, 'SPEAKER_0' || i // 20 % 2 AS speaker,
    fingerprint AS source
FROM range(?) AS numbers (i)
"""

SYSTEMS, METRICS, GENERATIONS, DATASETS = 20, 10, 2, 5

RESULTS = f"""
SELECT
    i // {SYSTEMS * GENERATIONS} AS number,
    'case-' || number AS case_id, md5('c' || number)[:16] AS input, 'set-' || number % {DATASETS} AS dataset,
    'system-' || i % {SYSTEMS} AS system, i // {SYSTEMS} % {GENERATIONS} AS generation,
    sha256('s' || i) AS fingerprint,
    TIMESTAMPTZ '2026-06-01 00:00:00+00' + INTERVAL 1 DAY * (generation * 10) + INTERVAL 1 SECOND * i AS ended_at,
    'model-' || i % {SYSTEMS} || ':v' AS model, 10_000_000 + i AS sequence
FROM range(? // {METRICS}) AS numbers (i)
"""
"""A row for each result that is scored."""

SCORED_STEPS = f"""
SELECT
    fingerprint[:32] AS id, fingerprint[:16] AS run, fingerprint[:16] AS dagster_run_id, input, system, 'asr' AS step,
    model,
    'completed' AS status, false AS cached, fingerprint, 'artifacts/asr/' || fingerprint AS artifact,
    ended_at - INTERVAL 1 SECOND AS started_at, ended_at, 0.1 AS load_s, 0.5 AS inference_s, 0.1 AS other_s,
    30.0 AS audio_s, 'cpu' AS device, 'm' AS machine, sequence, id AS source
FROM ({RESULTS}) WHERE number % 100 > 0 OR system <> 'system-3'
UNION ALL BY NAME
SELECT
    fingerprint[:32] AS id, fingerprint[:16] AS run, fingerprint[:16] AS dagster_run_id, input, system, 'asr' AS step,
    model,
    'failed' AS status, false AS cached, ended_at AS started_at, ended_at, 0.0 AS load_s, 0.0 AS inference_s,
    0.1 AS other_s, 30.0 AS audio_s, 'cpu' AS device, 'StepFailed' AS error_type, 'no memory' AS error, sequence,
    id AS source
FROM ({RESULTS}) WHERE number % 100 = 0 AND system = 'system-3'
"""

SCORED_ARTIFACTS = f"""
SELECT
    fingerprint, 'c' AS content_sha256, 'asr' AS step, 'asr' AS surface, '1' AS code_version, input, model,
    'cpu' AS device, 'm' AS machine, '{{}}' AS parameters, '{{}}' AS reads, '{{}}' AS summary, 1 AS files, 1 AS bytes,
    'artifacts/asr/' || fingerprint AS path, ended_at AS made_at, fingerprint AS source
FROM ({RESULTS}) WHERE number % 100 > 0 OR system <> 'system-3'
"""

SCORES = f"""
SELECT
    fingerprint, 'c' AS content_sha256, dataset, '1' AS dataset_version, case_id, 'metric-' || nth AS metric,
    'ratio' AS unit, 'lower' AS better, '' AS protocol, '1' AS scorer_version,
    20 + number % 50 AS denominator,
    hash(fingerprint, nth) % (3 + sequence % {SYSTEMS}) :: DOUBLE AS numerator, numerator / denominator AS value,
    MAP {{'errors': numerator, 'length': denominator}} AS components, ended_at AS scored_at,
    sha256('scorer' || fingerprint) AS source
FROM ({RESULTS}), range({METRICS}) AS metrics (nth) WHERE number % 100 > 0 OR system <> 'system-3'
"""

CASES = f"""
SELECT DISTINCT
    dataset, '1' AS version, case_id, input, 'en' AS language, ['speaker-' || number // 4] AS speakers,
    json_object('noise', ['clean', 'street', 'babble'][number % 3 + 1], 'accent', 'a' || number % 4) AS tags,
    TIMESTAMPTZ '2026-06-01 00:00:00+00' AS recorded_at, dataset AS source
FROM ({RESULTS})
"""

QUERIES = {
    "one run's steps": "FROM steps WHERE run = md5('7')[:16] ORDER BY started_at",
    "the last hour's runs": (
        "FROM runs_since(TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL 1 SECOND * ({rows} - 3600)) "
        "ORDER BY started_at DESC LIMIT 20"
    ),
    "the last runs of all": "FROM run_history ORDER BY started_at DESC LIMIT 20",
    "one input's runs": "FROM run_history WHERE input = md5('i7')[:16]",
    "one transcript's words": "FROM words WHERE fingerprint = sha256('7') ORDER BY position",
    "speed by model": "FROM step_speed",
    "the last 20 failures": "FROM failures ORDER BY occurred_at DESC LIMIT 20",
    "seconds by step": "SELECT step, sum(inference_s) FROM steps WHERE NOT cached GROUP BY ALL",
    "seconds by step and day": (
        "SELECT step, date_trunc('day', started_at) AS day, sum(inference_s) FROM steps WHERE NOT cached GROUP BY ALL"
    ),
    "words by speaker": "SELECT speaker, count(*) FROM words GROUP BY ALL",
    "leaderboard": "FROM leaderboard",
    "leaderboard of two": "FROM leaderboard_of(['system-1', 'system-2'])",
    "scorecard": "FROM scorecard WHERE system = 'system-1'",
    "compare two": "FROM case_pairs('set-1', 'metric-1', 'system-1', 'system-2')",
    "slices": "FROM slices_of('set-1', 'metric-1')",
    "history": "FROM history_of('set-1', 'metric-1')",
}


def milliseconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The quickest of several times some work took."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) * 1000


def fill(lab: Lab, rows: int) -> None:
    """As many rows of steps and words, in the lake."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        create_tables(connection)
        contents = {
            "steps": (STEPS, SCORED_STEPS),
            **{"runs": (RUNS,), "words": (WORDS,)},
            **{"artifacts": (SCORED_ARTIFACTS,), "scores": (SCORES,), "cases": (CASES,)},
        }
        for table, statements in contents.items():
            target = lab.lake / table / f"merged.4.{'0' * 32}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            for sql in statements:
                connection.execute(f"INSERT INTO {table} BY NAME {sql}", [rows] * sql.count("range(?"))
            connection.table(table).write_parquet(str(target))


def step(number: int) -> StepRecord:
    """A step that no other number gives."""
    now = "2026-12-31T00:00:00.000+00:00"
    record = StepRecord(
        *(f"new-{number}", "r" * 16, "d", "i" * 16, "meeting", "asr", "model:variant", "completed", False, None, None),
        *(now, now, 0.1, 1.0, 0.1, 30.0),
    )
    return replace(record, device="cpu", compute_type="int8", threads=2)


def measure(rows: int) -> dict[str, float]:
    """Milliseconds (and MiB) with so many rows in a lab of its own."""
    with tempfile.TemporaryDirectory() as home:
        lab = Lab(Settings(home=Path(home), _env_file=None))
        fill(lab, rows)
        figures = {"first build": milliseconds(lambda: build(lab), repeats=1)}
        recorder = Recorder(lab)
        recorder.step(step(0), None)
        numbers = iter(range(1, 1_000_000))
        figures["record a step"] = milliseconds(lambda: recorder.step(step(next(numbers)), None))
        build(lab)

        def record_and_build() -> None:
            recorder.step(step(next(numbers)), None)
            build(lab)

        figures["record a step and build"] = milliseconds(record_and_build)
        figures["build with nothing new"] = milliseconds(lambda: build(lab))
        figures["copy the database"] = milliseconds(lambda: copy_file(lab.database, lab.home / "copy"))
        figures["database, MiB"] = lab.database.stat().st_size / 2**20
        figures["open and close"] = milliseconds(lambda: connect(lab).__enter__().close())
        with connect(lab) as connection:
            for name, sql in QUERIES.items():
                figures[name] = milliseconds(partial(fetch, connection, sql.format(rows=rows)))
    return figures


def fetch(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Run a statement to its last row."""
    connection.execute(sql).fetchall()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    sizes = sorted(arguments.rows)
    figures = {rows: measure(rows) for rows in sizes}
    if arguments.json:
        print(json.dumps(figures))
        return
    print(f"{'milliseconds':<26}" + "".join(f"{rows:>14,}" for rows in sizes) + f"{'largest/smallest':>18}")
    for name in figures[sizes[0]]:
        values = [figures[rows][name] for rows in sizes]
        ratio = values[-1] / values[0] if values[0] else float("nan")
        print(f"{name:<26}" + "".join(f"{value:>14,.1f}" for value in values) + f"{ratio:>18.1f}")


if __name__ == "__main__":
    main()
