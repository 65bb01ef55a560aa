"""Identifying, loading, keeping and refusing models."""

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.artifacts.fingerprint import ModelIdentity
from modellab.errors import ModelUnavailable, WeightsMissing
from modellab.memory import gc_frozen
from modellab.registry.config import ModelRef
from modellab.registry.loaded import Eviction, LoadedModel
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.registry.threads import torch_threads
from modellab.settings import Lab, Settings

from .conftest import ADAPTER, config_of

WriteModel = Callable[..., Path]
GIB = 1024
IN_A_CIRCLE = """
def load(request):
    model = _load(request)
    model.itself = model
    return model
"""


def models(folder: Path, lab: Lab, **settings: Any) -> Models:
    lab = Lab(Settings(_env_file=None, home=lab.home, **settings))
    return Models(lab, ModelRegistry(folder))


def ref(model_id: str, variant: str = "one") -> ModelRef:
    return ModelRef(id=model_id, variant=variant)


def test_an_identity_holds_all_that_decides_the_output(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    import numpy

    write_model(
        "toy",
        further_packages=["pyyaml"],
        adapter_version=3,
        batch_size={"cpu": 4},
        variants={"one": {"parameters": {"threshold": 0.7}, "further_packages": ["soxr", "pyyaml"]}},
    )
    identity = models(folder, lab).identity(ref("toy"))
    versions = f"numpy {numpy.__version__}, pyyaml {version('pyyaml')}, soxr {version('soxr')}, adapter 3"
    assert identity == ModelIdentity(
        id="toy",
        variant="one",
        weights_sha256=None,
        runtime="onnx",
        runtime_version=versions,
        device="cpu",
        compute_type="float32",
        parameters={"threshold": 0.7},
        sample_rate_hz=8000,
        batch_size=4,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"variants": {"one": {"parameters": {"threshold": 0.1}}}},
        {"variants": {"one": {"further_packages": ["pyyaml"]}}},
        {"sample_rate_hz": 16_000},
        {"batch_size": {"cpu": 4}},
        {"compute_types": {"cpu": "int8"}},
        {"adapter_version": 2},
    ],
)
def test_whatever_decides_the_output_is_another_model(
    folder: Path, write_model: WriteModel, lab: Lab, change: dict[str, Any]
) -> None:
    write_model("toy", variants={"one": {"parameters": {"threshold": 0.7}}})
    before = models(folder, lab).identity(ref("toy"))
    (folder / "toy" / "config.yaml").write_text(
        yaml.safe_dump(config_of("toy", **({"variants": {"one": {"parameters": {"threshold": 0.7}}}} | change)))
    )
    assert models(folder, lab).identity(ref("toy")) != before


def test_a_model_is_loaded_once_and_load_time_is_told_once(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("toy", max_threads=1)
    kept = models(folder, lab, threads=2)
    first = kept.acquire(ref("toy"))
    second = kept.acquire(ref("toy"))
    assert second.model is first.model
    assert first.load_s > 0
    assert second == LoadedModel(first.model, 0.0, first.facts, 8000)
    assert (first.facts.device, first.facts.compute_type, first.facts.threads) == ("cpu", "float32", 1)
    assert first.model.request.ref == ref("toy")


def test_the_model_used_longest_ago_makes_room(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    for model_id in "abc":
        write_model(model_id, memory_mib=400)
    kept = models(folder, lab, model_memory_gib=800 / GIB)
    a, b = kept.acquire(ref("a")).model, kept.acquire(ref("b")).model
    assert kept.loaded == [ref("a"), ref("b")]
    kept.acquire(ref("a"))
    kept.acquire(ref("c"))
    assert kept.loaded == [ref("a"), ref("c")]
    assert b.closed
    assert not a.closed
    assert kept.acquire(ref("b")).load_s > 0
    assert a.closed


def test_who_loads_a_model_is_told_which_ones_went_for_it_and_why(
    folder: Path, write_model: WriteModel, lab: Lab
) -> None:
    for model_id in "abc":
        write_model(model_id, memory_mib=400)
    write_model("giant", memory_mib=5000, adapter="def load(request):\n    raise ValueError('no')\n")
    kept = models(folder, lab, model_memory_gib=800 / GIB)
    told: list[Eviction] = []

    def take(model_id: str) -> None:
        with kept.lease(ref(model_id), evicted=told.append):
            pass

    for model_id in "abab":
        take(model_id)
    assert told == []
    take("c")
    assert told == [Eviction("a:one", "budget", "cpu", 400, "c:one", 400, 800, 800)]
    with pytest.raises(ModelUnavailable):
        take("giant")
    assert told[1:] == [
        Eviction("b:one", "budget", "cpu", 400, "giant:one", 5000, 800, 800),
        Eviction("c:one", "budget", "cpu", 400, "giant:one", 5000, 400, 800),
    ]
    assert kept.loaded == []


def test_the_memory_of_what_makes_room_is_free_before_the_next_is_loaded(
    folder: Path, write_model: WriteModel, lab: Lab
) -> None:
    write_model("a", memory_mib=600, adapter=ADAPTER + "\n_load = load\n" + IN_A_CIRCLE)
    write_model("b", memory_mib=600)
    kept = models(folder, lab, model_memory_gib=1)
    a = weakref.ref(kept.acquire(ref("a")).model)
    assert a() is not None
    kept.acquire(ref("b"))
    assert a() is None


def test_a_variant_can_state_its_own_memory_and_a_giant_is_loaded_alone(
    folder: Path, write_model: WriteModel, lab: Lab
) -> None:
    write_model("a", memory_mib=100)
    write_model("b", memory_mib=100, variants={"one": {"memory_mib": 5000}})
    kept = models(folder, lab, model_memory_gib=1)
    kept.acquire(ref("a"))
    kept.acquire(ref("b"))
    assert kept.loaded == [ref("b")]


def test_closing_lets_every_model_go(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("a")
    with models(folder, lab) as kept:
        model = kept.acquire(ref("a")).model
    assert model.closed
    assert kept.loaded == []


def test_a_model_that_breaks_its_contract_is_refused_and_not_kept(
    folder: Path, write_model: WriteModel, lab: Lab
) -> None:
    write_model("toy", adapter="def load(request):\n    return object()\n")
    kept = models(folder, lab)
    with pytest.raises(ModelUnavailable, match="model toy:one can't stand behind the surface 'vad': its adapter gave"):
        kept.acquire(ref("toy"))
    assert kept.loaded == []


def test_a_missing_package_names_what_to_install(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("toy", package="no-such-package", extra="toys")
    kept = models(folder, lab)
    for ask in (kept.identity, kept.acquire):
        with pytest.raises(ModelUnavailable, match=r"needs the package no-such-package.*pip install -e '\.\[toys\]'"):
            ask(ref("toy"))
    availability = kept.availability(ref("toy"))
    assert not availability.ok
    assert "no-such-package" in availability.reason


def test_an_import_that_fails_inside_the_adapter_is_explained(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("toy", adapter="def load(request):\n    import no_such_module\n")
    with pytest.raises(ModelUnavailable, match="can't be imported; found No module named 'no_such_module'"):
        models(folder, lab).acquire(ref("toy"))


def test_missing_weights_name_the_models_that_are_ready_instead(
    folder: Path, write_model: WriteModel, lab: Lab
) -> None:
    away = {"hub": {"repository": "makers/toy"}}
    write_model("toy", variants={"one": away, "two": {}})
    write_model("other")
    write_model("elsewhere", variants={"one": away})
    write_model("deaf", surfaces=["tts"])
    write_model("broken", runtime="steam")
    kept = models(folder, lab, offline=True)
    with pytest.raises(WeightsMissing, match=r"Ready to run now: other:one, toy:two\.$"):
        kept.identity(ref("toy"))
    availability = kept.availability(ref("toy"))
    assert (availability.ok, availability.weights, availability.device) == (False, "not found", "cpu")
    assert kept.availability(ref("toy", "two")) == type(availability)(True, "", "has none", "cpu")


def test_availability_downloads_nothing_but_says_what_would_be(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("toy", variants={"one": {"hub": {"repository": "makers/toy"}}})
    availability = models(folder, lab, offline=False).availability(ref("toy"))
    assert availability.ok
    assert availability.weights == "to be downloaded from the Hugging Face hub, when it can be reached"
    assert availability.to_download


def test_shipped_weights_are_found_in_their_wheels(lab: Lab) -> None:
    kept = Models(lab, ModelRegistry())
    found = {name: kept.availability(kept.registry.resolve(name)[1]) for name in ("silero_vad", "faster_whisper:base")}
    assert found["silero_vad"].weights == "Python package silero-vad"
    assert found["faster_whisper:base"].ok
    missing = kept.availability(kept.registry.resolve("faster_whisper:large-v3")[1])
    assert not missing.ok
    assert "Systran/faster-whisper-large-v3" in missing.reason


def test_loading_leaves_torchs_threads_alone(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    adapter = (
        "class M:\n    def detect(self, audio, parameters, progress): pass\n"
        "def load(request):\n    import torch\n    torch.set_num_threads(1)\n    return M()\n"
    )
    write_model("toy", adapter=adapter)
    code = (
        "import sys; from pathlib import Path; from modellab.registry.models import Models, ModelRef\n"
        "from modellab.registry.registry import ModelRegistry; from modellab.settings import Lab\n"
        "import torch; torch.set_num_threads(3)\n"
        "kept = Models(Lab.from_environment(), ModelRegistry(Path(sys.argv[1])))\n"
        "kept.acquire(ModelRef(id='toy', variant='one')); print(torch.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "3"


SLOW = """
import threading, time
loads = []
def load(request):
    loads.append(threading.get_ident())
    time.sleep(0.2)
    return Detector(request)
"""


def test_threads_that_want_a_model_get_one_that_is_loaded_once(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("toy", adapter=ADAPTER + SLOW)
    kept = models(folder, lab)
    barrier = threading.Barrier(4)

    def acquire() -> LoadedModel:
        barrier.wait()
        return kept.acquire(ref("toy"))

    with ThreadPoolExecutor(4) as pool:
        got = [future.result() for future in [pool.submit(acquire) for _ in range(4)]]
    assert len(kept.registry.adapter("toy").loads) == 1
    assert len({id(loaded.model) for loaded in got}) == 1
    assert sorted(loaded.load_s > 0 for loaded in got) == [False, False, False, True]


def test_a_model_loaded_ahead_tells_its_time_to_whoever_has_it_first(
    folder: Path, write_model: WriteModel, lab: Lab
) -> None:
    write_model("toy", adapter=ADAPTER + SLOW)
    kept = models(folder, lab)
    kept.load_ahead(ref("toy"))
    kept.load_ahead(ref("toy"))
    assert kept.loaded == [ref("toy")]
    first, second = kept.acquire(ref("toy")), kept.acquire(ref("toy"))
    assert len(kept.registry.adapter("toy").loads) == 1
    assert first.load_s > 0
    assert 0 < first.ahead_s <= first.load_s
    assert (second.model, second.load_s, second.ahead_s) == (first.model, 0.0, 0.0)
    assert first.begin_inference()


def test_nothing_makes_room_for_a_model_that_is_loaded_ahead(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    for model_id in "abc":
        write_model(model_id, memory_mib=400)
    kept = models(folder, lab, model_memory_gib=800 / GIB)
    kept.acquire(ref("a"))
    kept.load_ahead(ref("b"))
    kept.load_ahead(ref("c"))
    assert kept.loaded == [ref("a"), ref("b")]
    kept.acquire(ref("c"))
    assert kept.loaded == [ref("b"), ref("c")]


def test_a_kept_model_is_had_while_another_is_loaded(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("a")
    waiting = (
        "\nimport threading\nbegun, go_on = threading.Event(), threading.Event()\n"
        "def load(request):\n    begun.set()\n    assert go_on.wait(60)\n    return Detector(request)\n"
    )
    write_model("b", adapter=ADAPTER + waiting)
    kept = models(folder, lab)
    a = kept.acquire(ref("a")).model
    b = kept.registry.adapter("b")
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(kept.acquire, ref("b"))
        assert b.begun.wait(60)
        assert kept.acquire(ref("a")).model is a
        assert not loading.done()
        b.go_on.set()
        assert loading.result().load_s > 0


def test_a_model_in_use_is_not_dropped(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    for model_id in "abc":
        write_model(model_id, memory_mib=400)
    kept = models(folder, lab, model_memory_gib=400 / GIB)
    with kept.lease(ref("a")) as a:
        kept.acquire(ref("b"))
        assert not a.model.closed
        assert kept.loaded == [ref("a"), ref("b")]
        kept.acquire(ref("c"))
        assert kept.loaded == [ref("a"), ref("c")]
    kept.acquire(ref("b"))
    assert a.model.closed
    assert kept.loaded == [ref("b")]


def test_the_first_inference_after_a_load_is_known(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    for model_id in "ab":
        write_model(model_id, memory_mib=400)
    kept = models(folder, lab, model_memory_gib=400 / GIB)
    assert [kept.acquire(ref("a")).begin_inference() for _ in range(3)] == [True, False, False]
    kept.acquire(ref("b"))
    assert kept.acquire(ref("a")).begin_inference()


def test_loading_freezes_nothing_unless_that_is_chosen(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("a")
    write_model("b")
    gc.unfreeze()
    models(folder, lab).acquire(ref("a"))
    assert gc.get_freeze_count() == 0
    try:
        Models(lab, ModelRegistry(folder), while_loading=gc_frozen).acquire(ref("b"))
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_torchs_threads_are_put_back_when_blocks_of_threads_overlap() -> None:
    import torch

    before = torch.get_num_threads()
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with torch_threads(1):
            inside.set()
            assert leave.wait(60)

    torch.set_num_threads(3)
    try:
        with ThreadPoolExecutor(1) as pool:
            with torch_threads(5):
                done = pool.submit(other)
                assert inside.wait(60)
            leave.set()
            done.result()
            assert pool.submit(torch.get_num_threads).result() == 3
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
