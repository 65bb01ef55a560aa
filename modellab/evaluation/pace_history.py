"""How the speed and memory of systems went over time: like beside like, with trends and change points, as the views
`speed_history`, `speed_trends` and `speed_changes` have them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from modellab.settings import Lab
from modellab.warehouse.query import query

SpeedMetric = Literal["real_time_factor", "peak_memory_mib"]

_WANTED = "($system IS NULL OR system = $system) AND ($dataset IS NULL OR dataset = $dataset)"
_FIGURES = f"SELECT * FROM speed_figures() WHERE {_WANTED} AND value > 0 ORDER BY measured_at"
_TRENDS = f"SELECT series, metric, per_month FROM speed_trends WHERE {_WANTED}"
_CHANGES = f"SELECT series, metric, measured_at, before, after, change FROM speed_changes WHERE {_WANTED} ORDER BY 3"
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class SpeedChange:
    """From when on a figure was another."""

    measured_at: datetime
    before: float
    after: float
    change: float
    """The part between them: 0.3 is 30 % more."""


@dataclass(frozen=True, slots=True)
class SpeedSeries:
    """One figure of one step of a system on the recordings of a dataset, always measured alike."""

    dataset: str
    version: str
    system: str
    step: str
    model: str | None
    device: str | None
    compute_type: str | None
    threads: int | None
    batch_size: int | None
    machine: str | None
    recordings: int
    metric: SpeedMetric
    """real_time_factor: seconds of inference for each second of sound."""
    values: tuple[float, ...]
    """In order of time."""
    measured_at: tuple[datetime, ...]
    per_month: float | None
    """The part by which it grows in 30 days; None of fewer than three measurements."""
    changes: tuple[SpeedChange, ...]

    @property
    def conditions(self) -> str:
        """Under which it is measured, in words."""
        said = [self.device, self.compute_type, f"{self.threads} threads" if self.threads else None]
        said += [f"batch of {self.batch_size}" if self.batch_size else None, self.machine and self.machine[:8]]
        return ", ".join(filter(None, said))

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    def bars(self, most: int = 24) -> str:
        """The last values as bars of text, the lowest at the bottom; all in the middle where they hardly differ."""
        shown = self.values[-most:]
        low, high = min(shown), max(shown)
        if high <= 1.02 * low:
            return _BARS[3] * len(shown)
        step = (high - low) / (len(_BARS) - 1)
        return "".join(_BARS[round((value - low) / step)] for value in shown)


def speed_series(lab: Lab, system: str | None = None, dataset: str | None = None) -> list[SpeedSeries]:
    """The series of a system or of all, on a dataset or on all; those with changes first, then by name."""
    asked = {"system": system, "dataset": dataset}
    trends = {(row["series"], row["metric"]): row["per_month"] for row in query(lab, _TRENDS, asked).as_dicts()}
    changes: defaultdict[tuple[str, str], list[SpeedChange]] = defaultdict(list)
    for row in query(lab, _CHANGES, asked).as_dicts():
        key = row.pop("series"), row.pop("metric")
        changes[key].append(SpeedChange(**row))
    rows: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in query(lab, _FIGURES, asked).as_dicts():
        rows[row["series"], row["metric"]].append(row)
    found = [_series(of, trends.get(key), changes[key]) for key, of in rows.items()]
    return sorted(found, key=lambda one: (not one.changes, one.system, one.dataset, one.step, one.metric))


def _series(rows: Sequence[dict[str, Any]], per_month: float | None, changes: list[SpeedChange]) -> SpeedSeries:
    shared = {
        name: value for name, value in rows[-1].items() if name not in ("series", "repeats", "measured_at", "value")
    }
    return SpeedSeries(
        **shared,
        values=tuple(row["value"] for row in rows),
        measured_at=tuple(row["measured_at"] for row in rows),
        per_month=per_month,
        changes=tuple(changes),
    )


def figure_text(metric: SpeedMetric, value: float) -> str:
    """A value with its unit."""
    return f"{value:.3g} s/s" if metric == "real_time_factor" else f"{value:,.0f} MiB"


def change_text(one: SpeedChange) -> str:
    """A change in a few words: `+30 % since 2026-04-19`."""
    return f"{one.change:+.0%} since {one.measured_at:%Y-%m-%d}"
