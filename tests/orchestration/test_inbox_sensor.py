"""What a look of the sensor asks for; under the real daemon it is in `test_inbox_served.py`."""

import shutil

import dagster as dg
import numpy as np
import pytest
import soundfile

from modellab.drops.inboxes import InboxOptions, add_inbox, inboxes_of
from modellab.drops.state import DropState
from modellab.drops.taking import Taker
from modellab.inputs.store import InputStore
from modellab_dagster.home import open_instance
from modellab_dagster.inbox import audio_drops, inbox_job
from resources.tags import DEFER_TAG, RANGE_END_TAG, RANGE_START_TAG


@pytest.fixture
def instance(lab):
    with open_instance(lab) as found:
        yield found


@pytest.fixture
def box(lab, tmp_path):
    folder = (tmp_path / "box").resolve()
    folder.mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).normal(0, 0.1, 1600).astype(np.float32)
        soundfile.write(folder / f"{number}.wav", noise, 16_000)
    return folder


def _look(instance):
    return audio_drops.evaluate_tick(dg.build_sensor_context(instance=instance))


def _take(lab):
    with DropState(lab) as state:
        return Taker(lab, state, inboxes_of(lab).usable, lambda _source: None).take_all()


def test_nothing_is_done_while_no_folder_is_watched(lab, instance):
    assert _look(instance).skip_message.startswith("No folder is watched: modellab inbox add FOLDER")
    assert not lab.drops.exists()


def test_complete_files_are_one_job_and_then_one_run(lab, instance, box):
    add_inbox(lab, "box", InboxOptions(folder=box, pipeline="ingest", steady_s=0.0))
    assert "3 files may still be written to" in _look(instance).skip_message
    [asked] = _look(instance).run_requests
    assert (asked.job_name, asked.run_key) == ("inbox", None)
    # While that job has not ended it is not asked for again.
    waiting = instance.create_run_for_job(inbox_job)
    assert _look(instance).run_requests == []
    instance.delete_run(waiting.run_id)
    _take(lab)
    [asked] = _look(instance).run_requests
    keys = [source.key for source in sorted(InputStore(lab).all(), key=lambda source: source.name)]
    assert asked.job_name == "ingest"
    assert asked.run_config == {"resources": {"selection": {"config": {"inputs": keys, "systems": ["ingest"]}}}}
    assert {RANGE_START_TAG, RANGE_END_TAG, DEFER_TAG} <= set(asked.tags)
    assert [key.to_user_string() for key in asked.asset_selection] == ["ingest"]
    # As long as there is no such run it is asked for under the same key, which Dagster starts once.
    assert [again.run_key for again in _look(instance).run_requests] == [asked.run_key]


def test_a_model_by_itself_runs_in_the_job_that_has_every_step(lab, instance, box):
    add_inbox(lab, "box", InboxOptions(folder=box, pipeline="silero_vad:v6", steady_s=0.0))
    _look(instance), _look(instance), _take(lab)
    [asked] = _look(instance).run_requests
    assert asked.job_name == "any_steps"
    assert {"ingest", "vad"} <= {key.to_user_string() for key in asked.asset_selection}
    assert "asr" not in {key.to_user_string() for key in asked.asset_selection}


def test_an_input_that_is_gone_fails_alone(lab, instance, box):
    add_inbox(lab, "box", InboxOptions(folder=box, pipeline="ingest", steady_s=0.0))
    _look(instance), _look(instance), _take(lab)
    gone = next(source for source in InputStore(lab).all() if source.name == "1.wav")
    shutil.rmtree(gone.path.parent)
    requests = {one.job_name: one for one in _look(instance).run_requests}
    assert set(requests) == {"ingest", "inbox"}  # the job, to say what came of it
    assert len(requests["ingest"].run_config["resources"]["selection"]["config"]["inputs"]) == 2
    with DropState(lab) as state:
        [drop] = state.drops("status = 'failed'")
        assert drop.path == b"1.wav" and "there is no input" in drop.reason


def test_files_wait_while_their_pipeline_is_not_there_and_the_sensor_says_so(lab, instance, box):
    add_inbox(lab, "box", InboxOptions(folder=box, pipeline="later", steady_s=0.0))
    _look(instance)
    assert "3 ready" in _look(instance).skip_message


def test_a_folder_that_is_away_is_said_and_costs_no_file(lab, instance, box):
    add_inbox(lab, "box", InboxOptions(folder=box, pipeline="ingest", steady_s=0.0))
    _look(instance), _look(instance)
    away = box.rename(box.with_name("away"))
    assert "can't be looked into" in _look(instance).skip_message
    with DropState(lab) as state:
        assert [drop.status for drop in state.drops()] == ["ready"] * 3
    away.rename(box)
    assert _take(lab).registered == 3
