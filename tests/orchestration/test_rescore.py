"""`modellab rescore`: a changed reference changes figures, and no model runs for that."""

import json
import shutil
from dataclasses import replace

import pytest
import yaml

from modellab.cli.main import main
from modellab.runs.rescoring import rescore
from modellab.settings import Lab, Settings
from modellab.steps import catalogue, scorers, vad
from modellab.warehouse.query import query
from modellab_dagster.command import open_launcher

SPEECH = [[1.0, 4.0]]


def _write(lab, recording, version, speech):
    folder = lab.datasets / "mine"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        **{"id": "mine", "version": version, "description": "Mine.", "licence": "mine", "tasks": ["vad"]},
        "cases": [{"id": "one", "source": recording, "language": "en", "reference": {"speech": speech}}],
    }
    (folder / "dataset.yaml").write_text(yaml.safe_dump(manifest))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The home of a lab with one recording, measured once; and the recording."""
    from modellab.files import sha256_file
    from modellab.media.sample import sample_path

    recording = {"package": "pyannote", "file": "audio/sample/sample.wav", "sha256": sha256_file(sample_path())}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_HOME", str(tmp_path_factory.mktemp("made")))
        lab = Lab(Settings(_env_file=None))
        _write(lab, recording, "1", SPEECH)
        assert main(["bench", "-d", "mine", "-m", "silero_vad", "--json"], open_launcher) == 0
    return lab.home, recording


@pytest.fixture
def benched(made, lab):
    """A copy of that lab, to be changed."""
    home, recording = made
    shutil.copytree(home, lab.home, dirs_exist_ok=True)
    return lab, recording


@pytest.fixture
def benched_in_folder(lab, tmp_path):
    """The same, with the reference in a folder that only the command line named."""
    from modellab.files import sha256_file
    from modellab.media.sample import sample_path

    folder = tmp_path / "talks"
    folder.mkdir()
    (folder / "one.txt").write_text("1.0\t4.0\tspeech\n")
    recording = {"package": "pyannote", "file": "audio/sample/sample.wav", "sha256": sha256_file(sample_path())}
    _write(lab, recording, "1", {"folder": "talks", "file": "one.txt"})
    given = ["--folder", f"talks={folder}"]
    assert main(["bench", "-d", "mine", "-m", "silero_vad", "--json", *given], open_launcher) == 0
    return recording, folder


def _errors(lab):
    asked = "SELECT numerator FROM latest_scores WHERE metric = 'detection_error' ORDER BY scored_at DESC"
    return [row[0] for row in query(lab, asked).rows]


def test_a_changed_reference_scores_again_and_says_what_changed(benched, capsys):
    lab, recording = benched
    capsys.readouterr()
    assert rescore(lab, open_launcher).changes == []
    [first] = _errors(lab)
    ran = query(lab, "SELECT count(*) FROM steps WHERE step = 'vad' AND NOT cached").rows
    _write(lab, recording, "2", [[1.0, 9.0]])
    assert main(["rescore", "--json"], open_launcher) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["scored"], found["kept"], found["left"], found["failed"]) == (1, 0, [], {})
    change = next(one for one in found["changes"] if one["metric"] == "detection_error")
    assert (change["dataset"], change["system"], change["changed"]) == ("mine", "silero_vad:v6", 1)
    assert change["before"] != change["after"]
    assert _errors(lab)[0] != first
    assert query(lab, "SELECT count(*) FROM steps WHERE step = 'vad' AND NOT cached").rows == ran


def test_a_reference_in_a_folder_that_is_named_no_more_stays(lab, benched_in_folder, capsys, tmp_path):
    case, folder = benched_in_folder
    folder_given = ["--folder", f"talks={folder}"]
    [first] = _errors(lab)

    def rescored(*given):
        capsys.readouterr()
        code = main(["rescore", "--json", *given], open_launcher)
        return code, json.loads(capsys.readouterr().out)

    code, found = rescored()
    assert (code, found["scored"], found["changes"], found["unavailable"]) == (0, 0, [], [])
    [kept] = found["kept_references"]
    assert (kept["dataset"], kept["case"]) == ("mine", "one")
    assert "give --folder talks=PATH" in kept["why"]
    # Measuring again scores against it, and so does every command that holds figures beside each other.
    assert main(["bench", "-d", "mine", "-m", "silero_vad"], open_launcher) == 0
    assert _errors(lab) == [first]
    assert "Of 1 case a file is missing" in " ".join(capsys.readouterr().out.split())

    (folder / "one.txt").write_text("1.0\t9.0\tspeech\n")
    code, found = rescored(*folder_given)
    assert (code, found["scored"], found["kept_references"]) == (0, 1, [])
    assert _errors(lab)[0] != first

    _write(lab, case, "2", {"folder": "talks", "file": "two.txt"})
    code, found = rescored()
    assert (code, found["scored"], found["kept_references"]) == (1, 0, [])
    assert [one["case"] for one in found["unavailable"]] == ["one"]
    assert main(["rescore"], open_launcher) == 1
    assert "mine, one: it can't be scored: two.txt of the folder talks is missing" in " ".join(
        capsys.readouterr().out.split()
    )


def test_a_manifest_that_broke_is_named_and_stops_no_other(benched, capsys):
    lab, _ = benched
    (lab.datasets / "mine" / "dataset.yaml").write_text("id: [")
    capsys.readouterr()
    assert main(["rescore", "--json"], open_launcher) == 1
    found = json.loads(capsys.readouterr().out)
    assert list(found["broken"]) == ["mine"]
    assert (found["scored"], found["kept"]) == (0, 1)


def test_results_of_an_earlier_code_are_left_and_named(benched, monkeypatch):
    lab, _ = benched

    newer = replace(vad.STEP, code_version="99")
    steps = tuple(newer if step.name == "vad" else step for step in catalogue.STEPS)
    monkeypatch.setattr(catalogue, "STEPS", steps)
    catalogue.steps_by_name.cache_clear()
    try:
        found = rescore(lab, open_launcher, "mine")
    finally:
        monkeypatch.undo()
        catalogue.steps_by_name.cache_clear()
    assert [system for system, _ in found.left] == ["silero_vad:v6"]
    assert (found.scored, found.kept) == (0, 0)
    assert "vad_metrics" in {one.name for one in scorers.SCORERS}
