"""Whether a system got slower: only inferences that were made alike are held against each other.

Alike: on the same machine, device and number of threads, with the same compute type and batch size, not from the
cache, not the first since the model was loaded. Of each recording the fastest of several repeats counts: whatever else
the machine did can only slow an inference down.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from modellab.regression.state import SpeedSample
from modellab.statistics.cases import Amounts, PairedCase
from modellab.statistics.comparing import Comparison, compare
from modellab.units import plural

REPEATS = 3
"""Of each recording, then and now, before anything is said of a step's speed."""

PaceKind = Literal["kept", "faster", "doubtful", "regressed", "not comparable"]


class Conditions(NamedTuple):
    """Under which speeds can be compared."""

    step: str
    model: str | None
    device: str | None
    compute_type: str | None
    threads: int | None
    batch_size: int | None
    machine: str | None


@dataclass(frozen=True, slots=True)
class SpeedFinding:
    """One step's speed, now against then."""

    step: str
    kind: PaceKind
    said: str
    comparison: Comparison | None = None
    """Of seconds of inference for each second of sound; now (a) against then (b)."""


def speed_findings(
    now: Sequence[SpeedSample], then: Sequence[SpeedSample], tolerance: float, seed: int = 0
) -> Iterator[SpeedFinding]:
    """A finding for each step that was timed anew, and more than once, since the baseline; none where nothing was.

    Args:
        now: all samples that there are; those that the baseline has already say nothing new.
        then: those of the baseline.
        tolerance: the part by which inference may get slower.
    """
    last = max((one.sequence for one in then), default=-1)
    fresh, before = _grouped(one for one in now if one.sequence > last), _grouped(then)
    steps_before = {conditions.step: conditions for conditions in before}
    for conditions, samples in fresh.items():
        if all(len(repeats) == 1 for repeats in samples.values()):
            continue  # nobody asked about speed: results that were missing were made
        if conditions in before:
            yield _of(conditions, samples, before[conditions], tolerance, seed)
        elif conditions.step in steps_before:
            said = f"{conditions.step}: speed can't be compared: {_differs(conditions, steps_before[conditions.step])}"
            yield SpeedFinding(conditions.step, "not comparable", said)


def _grouped(samples: Iterable[SpeedSample]) -> Mapping[Conditions, Mapping[str, list[SpeedSample]]]:
    found: defaultdict[Conditions, defaultdict[str, list[SpeedSample]]] = defaultdict(lambda: defaultdict(list))
    for one in samples:
        found[Conditions(*(getattr(one, name) for name in Conditions._fields))][one.input].append(one)
    return found


def _differs(now: Conditions, then: Conditions) -> str:
    return ", ".join(
        f"{name} {was} then, {is_} now"
        for name, was, is_ in zip(Conditions._fields, then, now, strict=True)
        if was != is_
    )


def _of(
    conditions: Conditions,
    now: Mapping[str, list[SpeedSample]],
    then: Mapping[str, list[SpeedSample]],
    tolerance: float,
    seed: int,
) -> SpeedFinding:
    step = conditions.step
    shared = [key for key in now if key in then]
    if not shared:
        return SpeedFinding(step, "not comparable", f"{step}: no recording was timed then and now")
    repeats = min(min(len(now[key]), len(then[key])) for key in shared)
    if repeats < REPEATS:
        said = f"{step}: speed is not judged: {plural(repeats, 'repeat')} of a recording, and {REPEATS} are wanted"
        return SpeedFinding(step, "not comparable", said)
    compared = compare(
        [PairedCase(key, _fastest(now[key]), _fastest(then[key])) for key in shared], unit="s/s", seed=seed
    )
    slower = compared.relative or 0.0
    what = f"{step}: {abs(slower):.0%} {'slower' if slower > 0 else 'faster'}, n = {plural(len(shared), 'recording')}"
    if slower <= tolerance:
        return SpeedFinding(step, "faster" if slower < -tolerance else "kept", what, compared)
    sure = compared.verdict == "worse"
    said = what if sure else f"{what}: too few recordings, or too uneven, to be sure"
    return SpeedFinding(step, "regressed" if sure else "doubtful", said, compared)


def _fastest(samples: Sequence[SpeedSample]) -> Amounts:
    best = min(samples, key=lambda one: one.inference_s / one.audio_s)
    return Amounts(best.inference_s, best.audio_s)
