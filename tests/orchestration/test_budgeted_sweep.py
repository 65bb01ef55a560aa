"""`modellab sweep`: real runs in rounds, a system that is left out, a budget that ends, and going on afterwards."""

import importlib.util
import json
import sys

import pytest

from modellab.cli.main import main
from modellab.experiments.sweeping import Asked, sweep
from modellab.settings import PROJECT_ROOT
from modellab.warehouse.query import query
from modellab_dagster.command import open_launcher

from .test_bench import Silent

GOOD, BAD = "silero_vad:v6", "silero_vad:v6+vad.threshold=0.99"
CASES = 14
LOADS = "SELECT count(*) FROM steps WHERE first_inference"
COMPUTED = "SELECT count(*) FROM steps WHERE status = 'completed' AND NOT cached"


class Watching(Silent):
    """Notes what is left out, and what is expected of the time."""

    def __init__(self):
        self.left_out, self.pace = [], None

    def paced(self, pace):
        self.pace = pace

    def leaves_out(self, found, not_run):
        self.left_out.append((found.system, found.cases, not_run))


@pytest.fixture
def dataset(lab, monkeypatch):
    """Recordings that are speech throughout."""
    spec = importlib.util.spec_from_file_location("kill", PROJECT_ROOT / "benchmarks" / "kill.py")
    kill = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = kill
    spec.loader.exec_module(kill)
    monkeypatch.setattr(kill, "CLIPS", CASES)
    return kill.make_dataset(lab.home, 6, 2.0)  # stretches in which somebody speaks


def test_what_is_surely_worse_is_left_out_and_a_second_sweep_computes_nothing(lab, dataset, capsys):
    asked = ["sweep", "-d", dataset, "-m", "silero_vad", "--grid", "vad.threshold=0.5,0.99", "--budget", "30m"]
    assert main([*asked, "--json"], open_launcher) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["complete"], document["budget_s"]) == (True, 1800)
    [found] = document["datasets"]
    assert found["stopping"] == {
        "metric": "detection_error",
        "protocol": "collar 0 s",
        "rounds": [10, CASES],
        "looks": 1,
        "level": 0.05,
        "risk": 0.05,
    }
    good, bad = found["fates"]
    assert (good["system"], good["fate"], good["inputs"], good["ruled_out"]) == (GOOD, "measured", CASES, None)
    assert (bad["system"], bad["fate"], bad["inputs"], bad["of"], bad["look"]) == (BAD, "ruled out", 10, CASES, 1)
    stop = bad["ruled_out"]
    assert (stop["against"], stop["cases"]) == (GOOD, 10)
    assert stop["difference"] > 0
    assert stop["low"] > 0
    assert stop["p"] <= 0.05
    assert [one["cases"] for one in found["systems"]] == [CASES, 10]
    assert query(lab, LOADS).rows == [(1,)]
    [[computed]] = query(lab, COMPUTED).rows
    kept = query(lab, "SELECT system, fate, inputs, inputs_of, look, against FROM sweep_systems ORDER BY ALL").rows
    assert kept == [(GOOD, "measured", CASES, CASES, None, None), (BAD, "ruled out", 10, CASES, 1, GOOD)]

    assert main(asked, open_launcher) == 0
    said = capsys.readouterr().out
    assert f"! {BAD} was left out after 10 cases: {GOOD} is better by" in said
    assert "4 cases not run" in said
    assert "At most 5% of such sweeps leave out a system that is as good as the others" in said
    assert query(lab, COMPUTED).rows == [(computed,)]


def test_a_budget_that_ends_keeps_what_is_done_and_the_next_sweep_goes_on(lab, dataset, capsys):
    asked = Asked([dataset], [GOOD, BAD], budget_s=1e-9)
    found = sweep(lab, asked, open_launcher, Watching())
    assert not found.complete
    assert [(one.fate, one.inputs, one.of) for one in found.datasets[0].fates] == [("not finished", 0, CASES)] * 2

    def stop_after_the_first():
        if (lab.artifacts / "vad").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(
            lab, Asked([dataset], [GOOD], budget_s=600.0), open_launcher, Watching(), check_stopped=stop_after_the_first
        )
    made = {path: path.stat().st_mtime_ns for path in lab.artifacts.glob("vad/*/*/manifest.json")}
    assert len(made) == 1  # of a system that nothing is known of, one case is measured first
    watching = Watching()
    done = sweep(lab, Asked([dataset], [GOOD]), open_launcher, watching)
    assert done.complete
    assert [(one.fate, one.inputs) for one in done.datasets[0].fates] == [("measured", CASES)]
    assert watching.pace.left_s == 0.0
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert len(list(lab.artifacts.glob("vad/*/*/manifest.json"))) == CASES


def test_what_can_not_be_swept_is_refused_before_anything_runs(lab, capsys):
    for wrong, said in (
        (["-m", "silero_vad", "--budget", "soon"], "no budget"),
        (["-m", "silero_vad", "--metric", "wers"], "metric 'wers'"),
        (["-m", "silero_vad", "--grid", "vad.threshold"], "not understood"),
        ([], "needs a system"),
    ):
        assert main(["sweep", "-d", "vad_smoke_v1", *wrong, "--json"], open_launcher) == 2
        assert said in json.loads(capsys.readouterr().out)["error"]["message"]
    assert not lab.artifacts.exists()
