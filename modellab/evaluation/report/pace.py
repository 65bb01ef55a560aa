"""How fast systems are on a dataset's recordings, with an interval: seconds of inference for each second of sound."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from modellab.settings import Lab
from modellab.statistics.cases import Amounts, Case
from modellab.statistics.intervals import Interval, interval
from modellab.steps.catalogue import only_measuring
from modellab.warehouse.query import query

_WORK = """
SELECT
    latest.system, cases.case_id, latest.step,
    arg_max(
        {'device': done.device, 'threads': done.threads, 'machine': done.machine, 'inference_s': done.inference_s,
         'audio_s': done.audio_s},
        (coalesce(done.sequence, 0), done.ended_at)
    ) AS work
FROM latest_artifacts AS latest
JOIN current_cases AS cases USING (input)
-- Work that two systems share is done once: its speed is that of whoever did it. Results of the cache have none.
LEFT JOIN (FROM counted_steps WHERE status = 'completed' AND NOT cached) AS done
    ON done.step = latest.step AND done.fingerprint = latest.fingerprint
WHERE cases.dataset = $dataset AND cases.version = $version AND list_contains($systems, latest.system)
    AND latest.model IS NOT NULL
GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed of one system: all its models together, on one machine and under one setting."""

    interval: Interval
    """Seconds of inference for each second of sound."""
    devices: tuple[str, ...]
    threads: tuple[int, ...]
    left_out: int
    """Recordings that were done in another way, or whose work nobody measured."""

    @property
    def times_real_time(self) -> float | None:
        """Seconds of sound in a second; None where nothing was inferred."""
        return 1 / self.interval.value if self.interval.value else None


def paces(lab: Lab, dataset: str, version: str, systems: Sequence[str]) -> dict[str, Pace]:
    """System -> its speed, without steps that only measure what it gives.

    Of several settings it is the one with the most recordings: they are never averaged.
    """
    rows = query(lab, _WORK, {"dataset": dataset, "version": version, "systems": list(systems)}).as_records()
    work: defaultdict[str, defaultdict[str, list[tuple[str, dict[str, float] | None]]]]
    work = defaultdict(lambda: defaultdict(list))
    for row in rows:
        work[row["system"]][row["case_id"]].append((row["step"], row["work"]))
    for cases in work.values():
        for case, steps in cases.items():
            # A recogniser that hears a voice is no part of how fast the voice is.
            measuring = only_measuring(step for step, _ in steps)
            cases[case] = [one for one in steps if one[0] not in measuring]
    found = {system: _pace(cases) for system, cases in work.items()}
    return {system: pace for system, pace in found.items() if pace is not None}


def _pace(cases: "dict[str, list[tuple[str, dict[str, float] | None]]]") -> Pace | None:
    whole = {
        case: [(step, work) for step, work in steps if work is not None and work["inference_s"] is not None]
        for case, steps in cases.items()
    }
    whole = {case: steps for case, steps in whole.items() if len(steps) == len(cases[case])}
    settings = {
        case: tuple((step, work["device"], work["threads"], work["machine"]) for step, work in steps)
        for case, steps in whole.items()
    }
    # A model that was not needed (nobody speaks) has no threads; such a case goes with the others.
    needed = {case: tuple(one for one in setting if one[2] is not None) for case, setting in settings.items()}
    counted = Counter(needed.values())
    if not counted:
        return None
    usual = max(counted, key=lambda one: (counted[one], str(one)))
    taken = [
        Case(case, Amounts(sum(work["inference_s"] for _, work in steps), max(work["audio_s"] for _, work in steps)))
        for case, steps in whole.items()
        if set(needed[case]) <= set(usual)
    ]
    devices = tuple(sorted({str(one[1]) for one in usual}))
    threads = tuple(sorted({int(one[2]) for one in usual}))
    return Pace(interval(taken, unit="s"), devices, threads, len(cases) - len(taken))
