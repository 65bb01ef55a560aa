"""What is stored, looked at: compare, results, scorecard, coverage, findings, eval after real runs, and before any."""

import json
import shutil

import pytest

from modellab.cli import completion
from modellab.cli.main import main
from modellab.datasets.catalogue import Catalogue
from modellab.datasets.sources import Sources
from modellab.runs.enrolling import enrol
from modellab.settings import PROJECT_ROOT
from modellab.warehouse.query import query
from modellab_dagster.command import open_launcher

A, B = "silero_vad:v6", "silero_vad:v6+vad.threshold=0.9"


@pytest.fixture
def ask(lab, capsys):
    """A command's exit code and document."""

    def run(*arguments):
        capsys.readouterr()
        code = main([*arguments, "--json"], open_launcher)
        return code, json.loads(capsys.readouterr().out)

    return run


def test_what_was_measured_is_shown_compared_and_ranked_and_nothing_runs(lab, ask, capsys):
    code, measured = ask("bench", "-d", "vad_smoke_v1", "-m", A, "-m", B)
    assert code == 0
    figures = [one["metrics"]["detection_error"] for one in measured["systems"]]
    [verdict] = measured["comparisons"]
    runs = set((lab.home / "artifacts" / "records").rglob("*.json"))

    code, compared = ask("compare", "silero_vad", B)
    assert (code, compared["a"], compared["b"], compared["texts"]) == (0, A, B, None)
    assert compared["differs"] == [{"step": "vad", "what": "threshold", "a": 0.5, "b": 0.9}]
    [on] = compared["datasets"]
    assert [one["metrics"]["detection_error"] for one in on["systems"]] == figures
    [told] = on["comparisons"]
    assert {name: told[name] for name in verdict} == verdict
    assert [(one["tag"], one["value"], one["n"]) for one in told["slices"]] == [
        *(("noise", "clean", 1), ("noise", "music", 1), ("noise", "pink", 1))
    ]
    apart = [abs(one["a"]["numerator"] - one["b"]["numerator"]) for one in on["per_case"]]
    assert apart == sorted(apart, reverse=True) and len(apart) == on["cases"]
    assert all(one["audio"].endswith("media.flac") and one["words"] is None for one in on["per_case"])
    assert on["ways"] == []

    _, listed = ask("results")
    assert [(one["system"], one["of"], one["value"]) for one in listed["results"]] == [
        (key, 3, figure["value"]) for key, figure in zip((A, B), figures, strict=True)
    ]
    _, card = ask("scorecard", A)
    errors = next(one for one in card["figures"] if one["metric"] == "detection_error")
    better = figures[0]["value"] < figures[1]["value"]
    assert (errors["value"], errors["systems"], errors["rank"]) == (figures[0]["value"], 2, 1 if better else 2)
    assert card["speed"] == measured["systems"][0]["speed"]
    _, covered = ask("coverage", "--model", "silero_vad", "--surface", "vad")
    assert [(one["dataset"], one["cases"]) for one in covered["coverage"]] == [("vad_smoke_v1", 3)]
    _, scored = ask("eval", "latest")
    assert {one["metric"] for one in scored["scores"]} == set(measured["systems"][0]["metrics"])
    assert scored["ways"] == []
    assert completion.measured_systems() == [(A, "3 recordings scored"), (B, "3 recordings scored")]
    _, found = ask("findings", "-d", "vad_smoke_v1")
    [one] = found["findings"]
    assert (one["kind"], one["figures"]["difference"]) == ("comparison", verdict["difference"])
    rows = query(lab, one["query"]).as_dicts()
    sums = [
        sum(row[part] for row in rows if row["system"] == key)
        for key in (A, B)
        for part in ("numerator", "denominator")
    ]
    assert sums == [pytest.approx(figure[part]) for figure in figures for part in ("numerator", "denominator")]
    assert set((lab.home / "artifacts" / "records").rglob("*.json")) == runs

    path = next((PROJECT_ROOT / "datasets" / "media").rglob("pauses-silence.flac"))
    partly = "silero_vad:v6+vad.threshold=0.7"
    assert ask("run", str(path), "-p", partly)[0] == 0
    _, compared = ask("compare", A, partly, "--cases", "0")
    [on] = compared["datasets"]
    assert [one["cases"] for one in on["systems"]] == [3, 1]
    assert ([one["n"] for one in on["comparisons"]], on["per_case"]) == ([1], [])
    assert on["ways"] == [f"modellab bench --dataset vad_smoke_v1 --models {A},{partly}"]
    capsys.readouterr()
    assert main(["compare", A, partly]) == 0
    assert f"{partly} was put to 1 of 3 cases. To measure the others: {on['ways'][0]}" in capsys.readouterr().out

    for command in (["compare", A, B], ["results"], ["scorecard", A], ["coverage"], ["eval"], ["findings"]):
        assert main(command) == 0
        assert "vad_smoke_v1" in capsys.readouterr().out


def test_without_anything_stored_the_commands_say_what_to_do(lab, ask, tmp_path, capsys):
    assert ask("results") == (0, {"results": []})
    assert ask("findings") == (0, {"findings": []})
    code, refused = ask("compare", A, B, "-d", "vad_smoke_v1")
    assert (code, refused["error"]["hint"]) == (2, f"modellab bench --dataset vad_smoke_v1 --models {A},{B}")
    code, refused = ask("compare", A, "silero_vad")
    assert (code, refused["error"]["what"]) == (2, "a comparison needs two systems")
    code, refused = ask("scorecard", A)
    assert (code, refused["error"]["what"]) == (2, f"there is no measured system '{A}'")

    shutil.copy(next((PROJECT_ROOT / "datasets" / "media").rglob("pauses-silence.flac")), tmp_path / "own.flac")
    assert ask("run", str(tmp_path / "own.flac"), "-p", A)[0] == 0
    code, own = ask("eval", "own")
    assert (code, own["scores"], own["cases"]) == (0, [], [])
    assert own["ways"][0].startswith("modellab datasets create my_dataset /")
    assert own["ways"][1] == f"modellab bench --dataset my_dataset --models {A}"
    enrol(lab, Catalogue(lab).get("vad_smoke_v1"), Sources(lab))
    code, known = ask("eval", "own")
    assert (known["scores"], [one["case_id"] for one in known["cases"]]) == ([], ["pauses-silence"])
    assert known["ways"] == [f"modellab bench --dataset vad_smoke_v1 --models {A}"]
    assert ask("ingest", str(tmp_path / "own.flac"))[0] == 0
    assert main(["eval", "latest"]) == 0
    assert "Its pipeline gives nothing that is held against references." in capsys.readouterr().out
