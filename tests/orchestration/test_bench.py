"""`modellab bench`: a dataset that comes along, two systems, real runs, figures that agree with what was scored."""

import json

import pytest

from modellab.artifacts.store import ArtifactStore
from modellab.cli.main import main
from modellab.errors import UsageError
from modellab.evaluation.documents import standing_document
from modellab.metrics.scored import Scores
from modellab.runs.bench import bench
from modellab.settings import Lab, Settings
from modellab_dagster.command import open_launcher

SYSTEMS = ["silero_vad:v6", "silero_vad:v6+vad.threshold=0.9"]


class Silent:
    """Watches and says nothing."""

    def enrolled(self, outcome, of):
        """Nothing."""

    def begins(self, enrolment, systems):
        """Nothing."""

    def waits(self, most):
        """Nothing."""

    def observe(self, event):
        """Nothing."""

    def comparing(self):
        """Nothing."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A lab and its bench, which runs once for the tests that look at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_HOME", str(tmp_path_factory.mktemp("lab")))
        lab = Lab(Settings(_env_file=None))
        return lab, bench(lab, "vad_smoke_v1", SYSTEMS, open_launcher, Silent())


@pytest.fixture
def measured(made, monkeypatch):
    monkeypatch.setenv("MODELLAB_HOME", str(made[0].home))
    return made


def test_every_case_is_run_scored_and_compared_and_the_second_time_nothing_runs(measured):
    lab, measured = measured
    cases = len(measured.dataset.manifest.cases)
    assert [run.status for run in measured.runs] == ["completed"] * 2 * cases
    document = measured.document()
    assert [one["system"] for one in document["systems"]] == SYSTEMS
    for one in document["systems"]:
        assert (one["cases"], one["failed"]) == (cases, [])
        figure = one["metrics"]["detection_error"]
        assert figure["n"] == cases
        assert figure["value"] == pytest.approx(figure["numerator"] / figure["denominator"], rel=1e-6)
        assert [step["step"] for step in one["speed"]] == ["vad"]
        assert one["speed"][0]["runs"] == cases
    [compared] = document["comparisons"]
    assert (compared["metric"], compared["a"], compared["b"]) == ("detection_error", *SYSTEMS)
    first, second = (one["metrics"]["detection_error"]["value"] for one in document["systems"])
    assert compared["difference"] == pytest.approx(first - second, abs=1e-6)

    again = bench(lab, "vad_smoke_v1", SYSTEMS, open_launcher, Silent())
    assert all(record.cached for run in again.runs for record in run.records)
    assert standing_document(again.standing, again.speeds) == standing_document(measured.standing, measured.speeds)


def test_its_figures_are_those_that_the_scorers_kept(measured):
    lab, measured = measured
    kept = [artifact.read(Scores) for artifact in ArtifactStore(lab.artifacts).all("vad_metrics")]
    errors = sum(
        score.numerator
        for scores in kept
        for result in scores.results
        for score in result.scores
        if score.metric.name == "detection_error"
    )
    figures = [one.figure("detection_error") for one in measured.standing.systems]
    assert sum(figure.interval.numerator for figure in figures) == pytest.approx(errors, rel=1e-6)


def test_what_can_not_be_measured_is_refused_before_anything_runs(lab, capsys):
    with pytest.raises(UsageError, match="a bench needs a system to measure"):
        bench(lab, "vad_smoke_v1", [], open_launcher, Silent())
    assert main(["bench", "-d", "vad_smoke", "-m", "silero_vad", "--json"], open_launcher) == 2
    assert "vad_smoke_v1" in json.loads(capsys.readouterr().out)["error"]["hint"]
    assert not lab.artifacts.exists()


def test_a_voice_is_not_measured_on_recordings(lab):
    with pytest.raises(UsageError, match="hibari_tts:heart runs on a text, and vad_smoke_v1 has none"):
        bench(lab, "vad_smoke_v1", ["hibari_tts"], open_launcher, Silent())


@pytest.mark.parametrize("written", [["-m", *SYSTEMS], ["-m", ",".join(SYSTEMS)], ["-m", SYSTEMS[0], "-m", SYSTEMS[1]]])
def test_several_systems_are_named_in_any_way_that_people_write(lab, written, monkeypatch):
    asked = []

    def refuse(lab, dataset, systems, *_, **__):
        asked.append((dataset, systems))
        raise UsageError("that is enough")

    monkeypatch.setattr("modellab.runs.bench.bench", refuse)
    assert main(["bench", "-d", "vad_smoke_v1", *written], open_launcher) == 2
    assert asked == [("vad_smoke_v1", SYSTEMS)]
