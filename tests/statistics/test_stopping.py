"""Leaving systems out early: the rule's numbers, the test it rests on, and how often it is wrong."""

import importlib.util
import sys
from itertools import product
from types import ModuleType

import numpy as np
import pytest

from modellab.settings import PROJECT_ROOT
from modellab.statistics.cases import Amounts, Case
from modellab.statistics.stopping import Rule, ruled_out

SWEEPS = 200


def cases(errors, words=10):
    return [
        Case(f"c{number:02}", None if count is None else Amounts(count, words)) for number, count in enumerate(errors)
    ]


def test_rounds_double_and_a_look_that_would_save_little_is_left_out():
    assert Rule(3, 100).rounds == [10, 20, 40, 100]
    assert Rule(3, 160).rounds == [10, 20, 40, 80, 160]
    assert Rule(3, 13).rounds == [13]
    assert Rule(3, 14).rounds == [10, 14]
    assert [Rule(3, cases).looks for cases in (100, 160, 13, 14)] == [3, 4, 0, 1]


def test_the_risk_is_divided_by_looks_and_pairs():
    assert Rule(3, 100).level == pytest.approx(0.05 / (3 * 3))
    assert Rule(5, 160).level == pytest.approx(0.05 / (4 * 10))
    assert (Rule(1, 100).level, Rule(3, 13).level) == (0.0, 0.0)


def test_a_system_that_is_worse_everywhere_is_left_out_where_so_many_cases_can_say_so():
    systems = {"good": cases([0] * 10), "bad": cases([1] * 10), "same": cases([0] * 10)}
    [found] = ruled_out(systems, Rule(3, 40), better="lower", unit="ratio")
    # Of 2^9 choices of signs, up to their opposites, only one makes so large a difference.
    assert (found.system, found.against, found.p, found.cases) == ("bad", "good", pytest.approx(1 / 512, rel=1e-11), 10)
    assert found.difference == pytest.approx(0.1)
    assert found.low is not None
    assert found.low > 0
    # Ten pairs at three looks ask for a p of 1/600, which ten cases don't have.
    assert ruled_out(systems, Rule(5, 100), better="lower", unit="ratio") == []
    # Where more is better, it is the best.
    assert {one.against for one in ruled_out(systems, Rule(3, 40), better="higher", unit="ratio")} == {"bad"}


def test_ties_count_whole():
    random = np.random.Generator(np.random.PCG64(3))
    for _ in range(20):
        a, b = random.integers(1, 4, 8), random.integers(0, 3, 8)
        systems = {"a": cases([int(x) for x in a]), "b": cases([int(x) for x in b])}
        differences = a - b
        sums = [abs(int(np.dot(signs, differences))) for signs in product((1, -1), repeat=8)]
        p = sum(one >= abs(int(differences.sum())) for one in sums) / len(sums)
        found = ruled_out(systems, Rule(2, 14, risk=0.9), better="lower", unit="ratio")
        told_apart = differences.sum() > 0 and p <= 0.9
        assert [one.p for one in found] == ([pytest.approx(p)] if told_apart else [])


def test_a_failed_case_is_all_wrong_and_of_decibels_only_forbids():
    good, bad = cases([0] * 12), cases([None] * 8 + [0] * 4)
    [found] = ruled_out({"good": good, "bad": bad}, Rule(2, 40), better="lower", unit="ratio")
    assert (found.system, found.difference) == ("bad", pytest.approx(8 / 12))
    # The other has the better figure, and failed more often: nobody is left out.
    loud, failing = cases([5] * 12, 1), cases([None] * 2 + [9] * 10, 1)
    assert ruled_out({"loud": loud, "failing": failing}, Rule(2, 40), better="higher", unit="dB") == []


def test_fewer_units_than_signs_can_speak_of_leave_nothing_out():
    systems = {"good": cases([0] * 5), "bad": cases([9] * 5)}
    assert ruled_out(systems, Rule(2, 40), better="lower", unit="ratio") == []


@pytest.fixture(scope="module")
def simulation(request: pytest.FixtureRequest) -> ModuleType:
    """`benchmarks/early_stopping.py`."""
    folder = PROJECT_ROOT / "benchmarks"
    sys.path.insert(0, str(folder))
    request.addfinalizer(lambda: sys.path.remove(str(folder)))
    spec = importlib.util.spec_from_file_location("early_stopping", folder / "early_stopping.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_equal_systems_are_seldom_left_out_and_a_bad_one_often(simulation: ModuleType) -> None:
    equal = simulation.measured(40, 40, 2, None, SWEEPS)
    assert equal.wrong <= 5.0
    worse = simulation.measured(40, 40, 2, 0.3, SWEEPS)
    assert worse.wrong <= 1.0
    assert worse.found >= 60.0
    assert 10 <= worse.after <= 20
