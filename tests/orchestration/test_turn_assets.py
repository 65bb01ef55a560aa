"""What the UI shows and checks of pauses, through Dagster, on a call whose turns are known."""

from importlib.util import find_spec

import dagster as dg
import pytest

from assets.end_of_turn import next_speaker
from assets.partitions import partition_key
from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.formats.rttm import read_rttm
from modellab.inputs.store import InputStore
from modellab.surfaces.results import Turn
from modellab.surfaces.turn_ends import Pause
from modellab.warehouse.query import query
from modellab_dagster.home import open_instance
from modellab_dagster.launch import Launcher


def shown(lab, asset, key):
    with open_instance(lab) as instance:
        events = instance.fetch_materializations(dg.AssetKey(asset), limit=9).records
    [event] = [event for event in events if event.partition_key == key]
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def checked(result, asset):
    return {check.check: (check.passed, check.description) for check in result.checks[asset]}


def test_who_speaks_next_is_who_speaks_already_or_first():
    turns = [Turn(0.0, 2.0, "A"), Turn(1.5, 3.0, "B"), Turn(4.0, 5.0, "A")]
    assert next_speaker(Pause(2.0, 0.9, True, 1.0, "A"), turns) == "B"
    assert next_speaker(Pause(3.0, 0.9, True, 1.0, "B"), turns) == "A"
    assert next_speaker(Pause(5.0, 0.9, True, 1.0, "A"), turns) is None
    assert next_speaker(Pause(1.0, 0.9, True, 1.0, None), []) is None


@pytest.mark.skipif(find_spec("pipecat") is None, reason="pip install --no-deps pipecat-ai==1.14.0")
def test_pauses_of_a_call_are_shown_checked_scored_and_found_in_sql(lab, sample_wav):
    source = InputStore(lab).register(sample_wav)
    turns = read_rttm(sample_wav.with_suffix(".rttm"))["sample"]
    References(lab.references).enrol("calls", "1", [EnrolledCase("one", source.sha256, Reference(turns=turns))])
    with Launcher(lab) as launcher:
        result = launcher.run("end_of_turn+diarization=heuristic_diarization", source)
    assert result.status == "completed", result.error
    page = shown(lab, "end_of_turn", partition_key(source.key, result.system))
    assert page["waveform"].startswith("![waveform](<data:image/svg+xml,")
    assert "%3Eover%3C" in page["waveform"] and "%3Egoes on%3C" in page["waveform"].replace("%20", " ")
    header, _, *rows = page["pauses"].splitlines()
    assert header == "| stops at | who | probability | said | speaks next | heard |"
    [counted] = query(lab, "SELECT count(*) AS n, sum(is_over::INTEGER) AS over FROM pauses").as_records()
    assert len(rows) == counted["n"] and page["over"] == f"{counted['over']} of {counted['n']} pauses"
    checks = checked(result, "end_of_turn")
    assert {name: passed for name, (passed, _) in checks.items()} == {"pauses_in_place": True, "some_turn_ends": True}
    assert checked(result, "end_of_turn_metrics") == {"figures_computed": (True, "4 figures")}
