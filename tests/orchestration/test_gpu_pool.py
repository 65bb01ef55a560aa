"""Steps whose model works on the GPU wait for each other, as Dagster's settings for pools say; others do not."""

import threading
from contextlib import contextmanager

from modellab.inputs.store import InputStore
from modellab.runs.slots import gpu_slot
from modellab_dagster.home import open_instance, prepare_home
from modellab_dagster.launch import Launcher
from resources.engine import GPU_POOL, device_pool, most_on_gpu


def test_the_limit_is_that_of_dagsters_pool(lab):
    with open_instance(lab) as instance:
        assert most_on_gpu(instance) == 1
        instance.event_log_storage.set_concurrency_slots(GPU_POOL, 3)
        instance.event_log_storage.set_concurrency_slots("another", 7)
        assert most_on_gpu(instance) == 3
    settings = prepare_home(lab) / "dagster.yaml"
    settings.write_text(settings.read_text().replace("default_limit: 1", "default_limit: 2"))
    with open_instance(lab) as instance:
        assert most_on_gpu(instance) == 3
        instance.event_log_storage.delete_concurrency_limit(GPU_POOL)
        assert most_on_gpu(instance) == 2
    settings.write_text("telemetry: {enabled: false}\n")
    with open_instance(lab) as instance:
        assert most_on_gpu(instance) == 1


def test_on_the_gpu_one_waits_for_the_other_and_on_the_cpu_none_does(lab):
    waits, entered = threading.Event(), threading.Event()
    pool = device_pool(lab, 1, lambda most: waits.set())

    def work():
        with pool("cuda"):
            entered.set()

    with pool("cpu"), pool("mps"):
        assert not (lab.home / "slots").exists()
    other = threading.Thread(target=work)
    with pool("cuda"), pool("cuda"):  # a step that makes what it reads anew is in it already
        other.start()
        assert waits.wait(30)
        assert not entered.is_set()
        with pool("cpu"):
            pass
    other.join(30)
    assert entered.is_set()
    with gpu_slot(lab, 2), threading_slot(lab):
        pass


@contextmanager
def threading_slot(lab):
    """The second of two slots, held by another thread meanwhile."""
    held, leave = threading.Event(), threading.Event()

    def hold():
        with gpu_slot(lab, 2):
            held.set()
            leave.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    yield
    leave.set()
    thread.join(30)


def test_a_step_enters_the_pool_with_its_models_device_and_only_when_it_computes(lab, sample_wav, monkeypatch):
    entered, inside = [], []

    @contextmanager
    def pool(device):
        entered.append(device)
        inside.append(device)
        yield
        inside.pop()

    monkeypatch.setattr("resources.engine.device_pool", lambda lab, most, waits: pool)
    source = InputStore(lab).register(sample_wav)
    with Launcher(lab) as launcher:
        assert launcher.run("silero_vad", source).status == "completed"
        assert (entered, inside) == (["cpu"], [])
        launcher.run("silero_vad", source)
        launcher.run("ingest", source, force=True)
    assert entered == ["cpu"]
