"""The code location as a whole: what it offers, and that it loads the way the UI loads it."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import dagster as dg
import pytest
import yaml

from modellab.inputs.store import InputStore
from modellab.pipeline.attached import with_attached
from modellab.pipeline.system import scorers_of
from modellab.pipeline.template import shipped_templates
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab
from modellab.steps.catalogue import STEPS, can_fill, get_step
from modellab.upkeep.dagster_settings import is_outdated, missing_needs
from modellab.warehouse.builder import build
from modellab.warehouse.recorder import Recorder
from modellab_dagster.definitions import defs
from modellab_dagster.home import open_instance, prepare_home
from modellab_dagster.jobs import STEPS_BY_JOB
from modellab_dagster.launch import Launcher
from modellab_dagster.left_out import nothing_yet
from modellab_dagster.partitions import register_partitions
from modellab_dagster.sensors import partitions_on_offer
from modellab_dagster.ui import command, environment
from resources.devices import DeviceChoice, DevicesResource
from resources.models import ModelsResource


def test_every_step_is_an_asset_that_says_what_it_is():
    graph = defs.resolve_asset_graph()
    assert {step.name for step in STEPS} <= {key.to_user_string() for key in graph.materializable_asset_keys}
    partitions = {graph.get(dg.AssetKey(step.name)).partitions_def for step in STEPS}
    assert len(partitions) == 1, "a run can't mix partitions definitions"
    for step in STEPS:
        node = graph.get(dg.AssetKey(step.name))
        assert node.description == step.description
        assert node.code_version == step.code_version
        assert node.group_name in ("media", "speech", "meeting")
        assert node.owners and node.kinds and node.check_keys
        reads = {name for read in step.reads for name in can_fill(read, step)}
        assert {key.to_user_string() for key in node.parent_keys} == reads


def test_every_template_is_a_job_of_its_steps_and_of_what_scores_them():
    for name, template in shipped_templates().items():
        job = defs.resolve_job_def(name)
        selected = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
        steps = {step.step for step in with_attached(template).steps}
        assert selected == steps | {one.name for one in scorers_of([get_step(step) for step in steps])}


def test_it_loads_as_the_ui_loads_it_from_the_checkout_without_shadowing_packages(tmp_path):
    [entry] = yaml.safe_load((PROJECT_ROOT / "workspace.yaml").read_text())["load_from"]
    module = entry["python_module"]
    assert not list((PROJECT_ROOT / module["working_directory"]).glob("*.py"))
    code = (
        "import sys; sys.path.insert(0, '')\n"
        f"import dagster as dg, {module['module_name']} as location\n"
        f"dg.Definitions.validate_loadable(location.{module['attribute']})\n"
        "import importlib.util\n"
        "spec = importlib.util.find_spec('datasets')\n"
        "assert spec is None or spec.origin is not None, spec\n"
        "assert not {'torch', 'pandas', 'jiwer', 'scipy.optimize', 'scipy.stats'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-W", "error::dagster.BetaWarning", "-c", code], check=True, cwd=PROJECT_ROOT)


def _offer(instance, cursor=None):
    models = ModelsResource(devices=DevicesResource())
    with dg.build_sensor_context(instance=instance, resources={"models": models}, cursor=cursor) as context:
        result = partitions_on_offer(context)
    if isinstance(result, dg.SensorResult):
        for request in result.dynamic_partitions_requests:
            if isinstance(request, dg.AddDynamicPartitionsRequest):
                instance.add_dynamic_partitions(request.partitions_def_name, request.partition_keys)
            else:
                for key in request.partition_keys:
                    instance.delete_dynamic_partition(request.partitions_def_name, key)
        for event in result.asset_events:
            instance.report_runless_asset_event(event)
    return result


def test_the_sensor_offers_what_can_run_here_and_nothing_else(lab, sample_wav):
    source = InputStore(lab).register(sample_wav)
    text = lab.home / "spoken.txt"
    text.write_text("No step reads this yet.")
    InputStore(lab).register(text)
    models = Models(lab, ModelRegistry())
    with dg.DagsterInstance.ephemeral() as instance:
        first = _offer(instance)
        assert instance.get_dynamic_partitions("input") == [source.key]
        offered = instance.get_dynamic_partitions("model")
        assert {"fast_asr_only", "faster_whisper:tiny.en", "silero_vad:v6"} <= set(offered)
        by_themselves = [key for key in offered if ":" in key]
        for key in by_themselves:
            state = models.availability(models.registry.resolve(key)[1])
            assert state.ok and not state.to_download, key
        assert not {"all_minilm:l6-v2", "local_chat:transformers"} & set(offered), "helpers are no systems"
        # A gated model without a token, and the large ones, whose weights no test machine has.
        assert not {"pyannote_diarization:3.1", "faster_whisper:large-v3"} & set(offered)
        page = instance.get_latest_materialization_event(dg.AssetKey("systems")).asset_materialization.metadata
        assert page["on offer"].value == len(offered)
        [row] = [line for line in page["systems"].value.splitlines() if line.startswith("| `pyannote_diarization:3.1`")]
        assert "✗ pyannote_diarization:3.1: weights missing" in row
        [row] = [line for line in page["systems"].value.splitlines() if line.startswith("| `fast_asr_only`")]
        assert row == "| `fast_asr_only` | ✓ | fast_asr_only, ingest | ingest → vad → asr → hallucinations |"
        assert isinstance(_offer(instance, first.cursor), dg.SkipReason)


def test_the_sensor_takes_back_what_cannot_run_here_unless_it_was_run(lab, sample_wav):
    gone, used, own = "pyannote_diarization:3.1", "faster_whisper:large-v3", "fast_asr_only+asr.language=de"
    source = InputStore(lab).register(sample_wav)
    with Launcher(lab) as launcher:
        assert launcher.run(used, source).status == "failed"
    with open_instance(lab) as instance:
        register_partitions(instance, systems=[gone, used, own])
        run = instance.create_run_for_job(defs.resolve_job_def("ingest"), tags={})
        cursor = _offer(instance).cursor
        assert {gone, used, own} <= set(instance.get_dynamic_partitions("model")), "something may be about to run it"
        instance.report_run_canceled(run)
        cursor = _offer(instance, cursor).cursor
        assert {gone, used, own} & set(instance.get_dynamic_partitions("model")) == {used, own}
        # What a person adds by hand stays, runnable here or not.
        register_partitions(instance, systems=[gone])
        assert isinstance(_offer(instance, cursor), dg.SkipReason)
        assert instance.has_dynamic_partition("model", gone)


def test_the_sensor_says_what_is_promoted_whenever_that_changes(lab):
    def decided(event, system, after):
        about = {
            "subject_kind": "system",
            "use_case": "live_caption_vad",
            "system_before": None,
            "reason": "by ear | me",
        }
        evidence = {"verdict": "overridden" if event == "promoted" else ""}
        Recorder(lab).lifecycle_event(
            {"event": event, "subject": system, "system_after": after, "evidence": evidence, **about}
        )
        build(lab)

    def page():
        event = instance.get_latest_materialization_event(dg.AssetKey("promotions"))
        return event and event.asset_materialization.metadata

    with dg.DagsterInstance.ephemeral() as instance:
        cursor = _offer(instance).cursor
        assert page() is None
        decided("promoted", "silero_vad:v6", "silero_vad:v6")
        cursor = _offer(instance, cursor).cursor
        found = page()
        assert (found["use cases with a system"].value, found["overridden"].value) == (1, 1)
        row = found["in use"].value.splitlines()[2]
        assert row.startswith("| live_caption_vad | silero_vad:v6 | 20") and "by ear \\| me | overridden |" in row
        assert isinstance(_offer(instance, cursor), dg.SkipReason)
        decided("demoted", "silero_vad:v6", None)
        cursor = _offer(instance, cursor).cursor
        assert page()["use cases with a system"].value == 0
        assert len(page()["decisions"].value.splitlines()) == 4


def test_no_launch_of_a_job_would_warn_of_steps_that_its_pipeline_leaves_out(lab):
    graph = defs.resolve_asset_graph()
    with dg.DagsterInstance.ephemeral() as instance:
        for event in nothing_yet(instance, STEPS_BY_JOB):
            instance.report_runless_asset_event(event)
        assert nothing_yet(instance, STEPS_BY_JOB) == []
        for steps in STEPS_BY_JOB.values():
            parents = {key for step in steps for key in graph.get(dg.AssetKey(step)).parent_keys}
            for key in parents - set(map(dg.AssetKey, steps)):
                assert instance.get_latest_materialization_event(key) is not None, key
        for step in STEPS:
            assert instance.get_materialized_partitions(dg.AssetKey(step.name)) == set()
        assert instance.get_latest_materialization_event(dg.AssetKey("bundle")) is None, "no other step reads it"


def test_a_new_home_has_the_projects_settings(lab):
    home = prepare_home(lab)
    assert (home / "dagster.yaml").read_bytes() == (PROJECT_ROOT / "dagster.yaml").read_bytes()
    assert missing_needs(lab) == []
    with open_instance(lab) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_monitoring_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 3
        assert instance.managed_python_loggers == ["modellab", "assets", "resources"]


@pytest.mark.parametrize("runs_here", [False, True])
def test_settings_that_the_labs_user_made_stay_and_what_they_lack_is_said(lab, runs_here):
    assert missing_needs(lab) == []
    path = prepare_home(lab) / "dagster.yaml"
    path.write_text("telemetry: {enabled: true}\npython_logs: {managed_python_loggers: [modellab]}\n")
    with open_instance(lab, runs_here=runs_here) as instance:
        assert instance.telemetry_enabled
        assert instance.managed_python_loggers == ["modellab"]
    assert path.read_text() == "telemetry: {enabled: true}\npython_logs: {managed_python_loggers: [modellab]}\n"
    begins = f"{path} differs from {PROJECT_ROOT / 'dagster.yaml'} in what Model Lab needs: without "
    assert missing_needs(lab) == [
        f"{begins}run_launcher, Terminate in the UI leaves a model in the middle of its work alone, and runs of the"
        " command line altogether.",
        f"{begins}run_monitoring.enabled: true, runs of the UI whose process was killed are shown as running for ever.",
        f"{begins}modellab/one_at_a_time in tag_concurrency_limits, two regression sweeps may run at once.",
        f"{begins}assets, resources in python_logs.managed_python_loggers, what they log is not shown with their runs.",
    ]
    path.write_text("run_monitoring: [")
    [said] = missing_needs(lab)
    assert said.startswith(f"{path} can't be read, and Dagster won't start: ")


def test_settings_that_nobody_changed_are_brought_up_to_date(lab):
    path = prepare_home(lab) / "dagster.yaml"
    now = path.read_text()
    first_blocks = re.sub(
        r"    # Runs with the same.*?(?=\n\n)\n|# Dagster's own, whose.*?\n\n", "", now, flags=re.DOTALL
    )
    path.write_text(first_blocks)
    assert "run_launcher" not in first_blocks and is_outdated(path)
    assert prepare_home(lab) == path.parent and path.read_text() == now
    path.write_text(f"{first_blocks}# mine\n")
    prepare_home(lab)
    assert path.read_text() == f"{first_blocks}# mine\n"


def test_the_kept_event_log_takes_the_place_of_sqlite_alone(lab, tmp_path):
    settings = prepare_home(lab) / "dagster.yaml"
    elsewhere = tmp_path / "elsewhere"
    settings.write_text(f"storage: {{sqlite: {{base_dir: {elsewhere}}}}}\n")
    with open_instance(lab, runs_here=True) as instance:
        instance.add_dynamic_partitions("input", ["a"])
        assert type(instance.event_log_storage).__name__ == "KeptSqliteEventLogStorage"
    with open_instance(lab) as stock:
        assert stock.get_dynamic_partitions("input") == ["a"]
    assert (elsewhere / "history" / "runs" / "index.db").is_file()
    assert not (lab.dagster_home / "history").exists()
    settings.write_text(
        "event_log_storage: {module: dagster._core.storage.event_log, class: InMemoryEventLogStorage}\n"
    )
    with open_instance(lab, runs_here=True) as instance:
        assert type(instance.event_log_storage).__name__ == "InMemoryEventLogStorage"


def test_a_new_home_can_be_opened_by_several_at_once(lab):
    errors = []

    def opening() -> None:
        try:
            with open_instance(lab, runs_here=True) as instance:
                instance.get_runs_count()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=opening) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_the_ui_serves_the_lab_on_loopback_only(lab, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    arguments = command(3456)
    assert arguments[arguments.index("--host") + 1] == "127.0.0.1"
    assert arguments[arguments.index("--port") + 1] == "3456"
    assert Path(arguments[0]).is_file()
    settings = environment(lab)
    assert settings["DAGSTER_HOME"] == str(lab.home / "dagster")
    assert settings["MODELLAB_HOME"] == str(lab.home)
    assert settings["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(
    ("resource", "device", "threads"),
    [
        (DevicesResource(), "auto", 0),
        (DevicesResource(device=DeviceChoice.cpu), "cpu", 0),
        (DevicesResource(threads=2), "auto", 2),
    ],
)
def test_a_run_can_ask_for_a_device_and_threads(lab, monkeypatch, resource, device, threads):
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    found: Lab = resource.lab()
    assert (found.settings.device, found.settings.threads) == (device, threads)
    assert found.home == lab.home
    assert found.settings.hf_token.get_secret_value() == "hf_x"


def test_a_cpu_that_cant_run_the_lab_is_refused_before_anything_is_imported(tmp_path: Path) -> None:
    """As another CPU would see it: without the refusal, importing DuckDB ends the process without a word."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model name : Intel Core i7-2600\nflags : sse2 sse4_2 avx\n")
    for module in ("modellab_dagster.ui", "modellab_dagster.definitions"):
        code = (
            "import sys; from pathlib import Path; from modellab.registry import cpu; "
            f"cpu._CPUINFO = Path({str(cpuinfo)!r})\n"
            f"try: import {module}\nexcept Exception as error: print(type(error).__name__, error)\n"
            "print(sorted({'dagster', 'duckdb', 'torch'} & set(sys.modules)))"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        refused, imported = ran.stdout.splitlines()
        assert refused.startswith("CpuUnsupported this CPU lacks AVX2, FMA, BMI2"), module
        assert imported == "[]", module
