"""Whether verdicts and intervals hold what they promise: `benchmarks/calibration.py`, smaller."""

import importlib.util
import sys
from types import ModuleType

import numpy as np
import pytest

from modellab.settings import PROJECT_ROOT
from modellab.statistics.comparing import compare

PAIRS = 500


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("calibration", PROJECT_ROOT / "benchmarks" / "calibration.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("recordings", "speakers"), [(8, 8), (8, 4), (20, 10)])
def test_equal_systems_are_seldom_called_different_and_intervals_hold_the_truth(
    simulation: ModuleType, recordings: int, speakers: int
) -> None:
    random = np.random.Generator(np.random.PCG64([recordings, speakers]))
    called = covered = found = wrong = 0
    for number in range(PAIRS):
        equal = simulation.simulated(random, recordings, speakers, (simulation.RATE, simulation.RATE))
        called += compare(equal, seed=number).verdict != "not separable"
        planted = compare(simulation.simulated(random, recordings, speakers, (simulation.FEWER, simulation.RATE)))
        covered += simulation.holds(planted.low, planted.high, simulation.FEWER - simulation.RATE)
        found += planted.verdict == "better"
        wrong += planted.verdict == "worse"
    assert 0.03 <= called / PAIRS <= 0.07
    assert 0.92 <= covered / PAIRS <= 0.98
    assert found > 3 * wrong and wrong / PAIRS <= 0.025


def test_the_plain_bootstrap_over_eight_would_call_twice_as_many_different(simulation: ModuleType) -> None:
    random = np.random.Generator(np.random.PCG64(1))
    rate = (simulation.RATE, simulation.RATE)
    called = sum(simulation.percentile_differs(simulation.simulated(random, 8, 8, rate), 0) for _ in range(PAIRS))
    assert called / PAIRS > 0.07
