"""Launching as the UI does, through the GraphQL of a real webserver: what runs, what is recorded, what is refused."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import dagster as dg
import pytest

from assets.partitions import partition_key
from modellab.inputs.store import InputStore
from modellab.warehouse.query import query
from modellab_dagster.home import open_instance
from modellab_dagster.partitions import register_partitions

SYSTEMS = ("fast_asr_only+asr.hotwords=Köln", "fast_asr_only+asr.initial_prompt=Hello%20world")
"""Keys that are not on offer by themselves, with all that a key may have: registered together they are side by side."""


@pytest.fixture(scope="module")
def launched(ui):
    """Everything is launched at once, and looked at when all of it has ended."""
    names = ("job_1", "job_2"), ("asset_1", "asset_2"), ("single",)
    job, asset, [single] = ([ui.input(name) for name in group] for group in names)
    single = _as_of_a_lab_from_before(ui, single)
    with open_instance(ui.lab) as instance:
        register_partitions(instance, inputs=[source.key for source in job], systems=SYSTEMS)
        register_partitions(instance, inputs=[source.key for source in asset])
        register_partitions(instance, inputs=[single.key])
    rectangles = [sorted(itertools.product([source.key for source in group], SYSTEMS)) for group in (job, asset)]
    keys = [[partition_key(*pair) for pair in pairs] for pairs in rectangles]
    from_job = ui.backfill(keys[0], ["ingest"], job="ingest")
    from_asset = ui.backfill(keys[1], ["ingest"])
    one = ui.launch("ingest", ["ingest"], _tags(single.key, "ingest"))
    unknown = ui.launch("ingest", ["ingest"], _tags(single.key, "meting"))
    text = _text(ui)
    with open_instance(ui.lab) as instance:
        register_partitions(instance, inputs=[text.key])
    spoken = ui.launch("tts", ["tts"], _tags(text.key, "tts"))
    mistaken = ui.launch("ingest", ["ingest"], _tags(text.key, "ingest"))
    return SimpleNamespace(
        rectangles=rectangles,
        keys=[set(map(str, group)) for group in keys],
        runs=[ui.runs_of(from_job, 2), ui.runs_of(from_asset, 2)],
        single=(single, *ui.runs(one)),
        unknown=(single, *ui.runs(unknown)),
        spoken=(text, *ui.runs(spoken)),
        mistaken=(text, *ui.runs(mistaken)),
    )


def _text(ui):
    path = ui.folder / "greeting.txt"
    path.write_text("Good evening.")
    return InputStore(ui.lab).register(path)


def _as_of_a_lab_from_before(ui, source):
    """The input with the digits alone for a key."""
    description = ui.lab.inputs / source.digits / "input.json"
    description.write_text(description.read_text().replace(f'"{source.key}"', f'"{source.digits}"'))
    return replace(source, key=source.digits)


def _tags(source, system):
    return {
        "dagster/partition": f"{source}|{system}",
        "dagster/partition/input": source,
        "dagster/partition/model": system,
    }


def _rows(ui, runs, columns="input, system"):
    """What the lab recorded of the steps of these runs, sorted, with repetitions."""
    ids = ", ".join(f"'{run['runId']}'" for run in runs)
    return sorted(
        tuple(row) for row in query(ui.lab, f"SELECT {columns} FROM steps WHERE dagster_run_id IN ({ids})").rows
    )


def _evaluated(instance, check):
    key = dg.AssetCheckKey(dg.AssetKey("ingest"), check)
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
    events = [record.event.dagster_event for record in records]
    return {
        event.asset_check_evaluation_data.partition
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    }


@pytest.mark.parametrize("page", [0, 1], ids=["job", "asset"])
def test_a_backfill_runs_every_partition_it_was_launched_for_once(ui, launched, page):
    runs = launched.runs[page]
    assert [run["status"] for run in runs] == ["SUCCESS", "SUCCESS"]
    assert _rows(ui, runs) == launched.rectangles[page]
    with open_instance(ui.lab) as instance:
        assert launched.keys[page] <= instance.get_materialized_partitions(dg.AssetKey("ingest"))
        assert launched.keys[page] <= _evaluated(instance, "decodes_whole")


def test_a_single_partition_runs_and_is_recorded_as_that(ui, launched):
    source, run = launched.single
    assert run["status"] == "SUCCESS"
    assert _rows(ui, [run], "input, system, status") == [(source.key, "ingest", "completed")]
    with open_instance(ui.lab) as instance:
        assert partition_key(source.key, "ingest") in instance.get_materialized_partitions(dg.AssetKey("ingest"))


def test_a_text_is_spoken_and_not_taken_for_a_recording(ui, launched):
    source, run = launched.spoken
    assert run["status"] == "SUCCESS"
    [(step, status, seconds)] = _rows(ui, [run], "step, status, audio_s")
    assert (step, status) == ("tts", "completed") and 1.0 < seconds < 3.0
    with open_instance(ui.lab) as instance:
        assert partition_key(source.key, "tts") in instance.get_materialized_partitions(dg.AssetKey("tts"))
    source, run = launched.mistaken
    assert run["status"] == "FAILURE"
    [error] = ui.errors(run["runId"])
    assert "greeting.txt is a text" in error and "Allowed: a recording" in error


def test_the_ui_calls_inputs_by_names_that_people_know(ui, launched):
    asked = """{ assetNodeOrError(assetKey: {path: ["asr"]}) {
      ... on AssetNode { partitionKeysByDimension { name partitionKeys } } } }"""
    dimensions = ui.ask(asked)["assetNodeOrError"]["partitionKeysByDimension"]
    keys = {one["name"]: set(one["partitionKeys"]) for one in dimensions}
    digits = {source.name: source.digits for source in InputStore(ui.lab).all()}
    readable = {f"{slug}-{digits[name]}" for slug, name in (("job-1", "job_1.wav"), ("asset-2", "asset_2.wav"))}
    assert readable | {digits["single.wav"]} <= keys["input"]


def test_an_unknown_system_is_refused_in_the_labs_words_and_recorded(ui, launched):
    source, run = launched.unknown
    assert run["status"] == "FAILURE"
    [error] = ui.errors(run["runId"])
    assert "there is no pipeline or model 'meting'.\n→ Did you mean meeting?\nAllowed: " in error
    assert "Nonexistent partition keys" not in error
    found = query(
        ui.lab, f"SELECT input, system, status, error FROM run_history WHERE dagster_run_id = '{run['runId']}'"
    )
    [(where, system, status, why)] = found.rows
    assert (where, system, status) == (source.key, "meting", "failed")
    assert why.startswith("there is no pipeline or model 'meting'; allowed: ")
    assert why.endswith(" Did you mean meeting?")
