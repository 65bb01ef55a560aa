"""How fast systems were and what memory they took, from runs that did the work: results of the cache have no speed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modellab.settings import Lab
from modellab.warehouse.query import query

SPEED = """
WITH
    -- What the systems made last: an earlier version of a step may have been faster or slower.
    latest AS (
        SELECT system, step, fingerprint
        FROM counted_steps
        WHERE
            list_contains($systems, system) AND status = 'completed'
            AND ($dataset IS NULL OR input IN (
                SELECT input FROM current_cases WHERE dataset = $dataset AND version = $version
            ))
        QUALIFY row_number() OVER (PARTITION BY system, input, step ORDER BY sequence DESC NULLS LAST) = 1
    ),
    wanted AS (SELECT DISTINCT system, step, fingerprint FROM latest),
    -- Work that two systems share is done once: its speed is that of whoever did it.
    done AS (
        SELECT wanted.system, steps.* EXCLUDE (system)
        FROM counted_steps AS steps JOIN wanted USING (step, fingerprint)
        -- What works on a text has no sound to be as fast as.
        WHERE steps.status = 'completed' AND NOT steps.cached AND steps.inference_s > 0 AND steps.audio_s > 0
    )
SELECT
    system, step, model, device, compute_type, threads, batch_size, machine,
    count(*) AS runs, count(*) FILTER (first_inference) AS cold_runs,
    sum(audio_s) AS audio_s, sum(inference_s) AS inference_s, sum(cpu_s) AS cpu_s,
    sum(inference_s) / sum(audio_s) AS real_time_factor,
    regr_slope(inference_s, audio_s) AS slope, regr_intercept(inference_s, audio_s) AS intercept_s,
    max(load_s) AS load_s, max(peak_memory_mib) AS peak_memory_mib
FROM done GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class StepSpeed:
    """One step's speed on one machine, under one protocol: figures of several are never averaged."""

    step: str
    model: str | None
    device: str | None
    compute_type: str | None
    threads: int | None
    batch_size: int | None
    machine: str | None
    """Digest, as in the table `hosts`."""
    runs: int
    cold_runs: int
    """Of those, first calls after the model was loaded, which are slower."""
    audio_s: float
    inference_s: float
    cpu_s: float | None
    """Processor time of the whole steps."""
    real_time_factor: float
    """Seconds of inference for each second of sound; loading apart."""
    slope: float | None
    """Least squares of inference over duration: seconds more for each second of sound; None of equally long ones."""
    intercept_s: float | None
    """And what a recording takes however short it is."""
    load_s: float
    """Longest load of the model; 0 where it was loaded by another step."""
    peak_memory_mib: float | None
    """Highest resident memory of the process, everything that was loaded beside it included."""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def speeds(lab: Lab, dataset: str | None, version: str | None, systems: Sequence[str]) -> dict[str, list[StepSpeed]]:
    """System -> the speed of each of its steps with inference, in order of step: on a dataset's recordings, or on all
    that there are where none is named."""
    rows = query(lab, SPEED, {"dataset": dataset, "version": version, "systems": list(systems)}).as_records()
    found: defaultdict[str, list[StepSpeed]] = defaultdict(list)
    for row in rows:
        found[row.pop("system")].append(StepSpeed(**row))
    return dict(found)
