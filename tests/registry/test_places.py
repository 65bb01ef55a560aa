"""Models that lie outside the checkout: in folders that a setting names, and in installed packages."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from modellab.artifacts.fingerprint import ModelIdentity
from modellab.cli import completion
from modellab.errors import ModelConfigError
from modellab.media.audio import Waveform
from modellab.registry import places
from modellab.registry.models import Models
from modellab.registry.registry import MODELS, ModelRegistry
from modellab.settings import PROJECT_ROOT, Address, Lab, Settings, folder_list
from modellab_dagster.command import main
from modellab_dagster.offer import candidates

ADAPTER = """
from {beside}.threshold import LEAST
from {common}.shared import MOST
from modellab.surfaces.results import Segment, SpeechSegments

class Loud:
    def detect(self, audio, parameters, progress):
        loud = (LEAST < abs(audio.samples)) & (abs(audio.samples) < MOST)
        progress(1.0)
        return SpeechSegments([Segment(0.0, audio.duration_s)] if loud.any() else [], audio.duration_s)

def load(request):
    return Loud()
"""
RELATIVE = {"beside": "", "common": ".._common"}
ABSOLUTE = {"beside": "acme_models.loud", "common": "acme_models._common"}
SOUND = Waveform(np.full(8000, 0.5, dtype=np.float32), 8000)

WriteModel = Callable[..., Path]


def write(write_model: WriteModel, model: str = "loud", how: dict[str, str] = RELATIVE, **changes: object) -> Path:
    """A model of two modules, and one beside its folder that several models share."""
    place = write_model(model, ADAPTER.format(**how), **changes)
    (place / "threshold.py").write_text("LEAST = 0.1\n")
    (place.parent / "_common").mkdir(exist_ok=True)
    (place.parent / "_common" / "shared.py").write_text("MOST = 2.0\n")
    return place


@pytest.fixture
def package(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Makes an installed package of what lies in the folder, whose entry point says so; gives where it lies."""

    def install(value: str = "acme_models", name: str = "acme_models") -> Path:
        site = tmp_path / "site-packages"
        shutil.copytree(folder, site / name)
        (site / name / "__init__.py").write_text("")
        facts = site / "acme_models-1.2.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-models\nVersion: 1.2\n")
        (facts / "entry_points.txt").write_text(f"[modellab.models]\nacme = {value}\n")
        monkeypatch.syspath_prepend(str(site))
        places._packages.cache_clear()
        return site / name

    return install


@pytest.fixture(autouse=True)
def _no_package_of_another_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield
    places._packages.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_models"]:
        del sys.modules[name]


def heard(lab: Lab, registry: ModelRegistry, model: str = "loud") -> bool:
    with Models(lab, registry) as models:
        loaded = models.acquire(registry.resolve(model)[1])
        return bool(loaded.model.detect(SOUND, {}, lambda fraction: None).segments)


@pytest.mark.parametrize("host", ["lab", "worker"])
def test_a_folder_that_the_setting_names_has_models_like_any(
    lab: Lab, folder: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    write(write_model, host=host)
    monkeypatch.setenv("MODELLAB_MODELS", str(folder))
    registry = ModelRegistry()
    assert set(registry.ids()) - set(ModelRegistry(MODELS).ids()) == {"loud"}
    assert registry.place("loud").said == f"MODELLAB_MODELS ({folder})"
    assert registry.place("silero_vad").said == "Model Lab"
    assert heard(lab, registry)


@pytest.mark.parametrize("how", [RELATIVE, ABSOLUTE])
@pytest.mark.parametrize("host", ["lab", "worker"])
def test_an_installed_package_has_models_like_any_and_may_import_by_its_name(
    lab: Lab, write_model: WriteModel, package: Callable[[], Path], how: dict[str, str], host: str
) -> None:
    write(write_model, how=how, host=host)
    place = package()
    registry = ModelRegistry()
    assert registry.place("loud").said == f"package acme-models 1.2 ({place})"
    # The worker's Python does not know the package: it is found where the lab found it.
    assert heard(lab, registry)


def test_a_models_identity_is_the_same_wherever_it_lies(
    lab: Lab, folder: Path, write_model: WriteModel, package: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(write_model)

    def identity(registry: ModelRegistry) -> ModelIdentity:
        with Models(lab, registry) as models:
            return models.identity(registry.resolve("loud")[1])

    in_folder = identity(ModelRegistry(folder))
    monkeypatch.setenv("MODELLAB_MODELS", str(folder))
    named = identity(ModelRegistry())
    monkeypatch.delenv("MODELLAB_MODELS")
    package()
    assert ModelRegistry().place("loud").package == "acme_models"
    assert in_folder == named == identity(ModelRegistry())


def test_two_models_of_one_id_are_both_refused_and_every_other_goes_on(
    folder: Path, tmp_path: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(write_model)
    write(write_model, "silero_vad")
    copy = tmp_path / "copy"
    shutil.copytree(folder / "loud", copy / "loud")
    monkeypatch.setenv("MODELLAB_MODELS", os.pathsep.join([str(folder), str(copy), str(MODELS)]))
    registry = ModelRegistry()
    with pytest.raises(ModelConfigError) as caught:
        registry.resolve("loud")
    assert caught.value.what == "there are 2 models 'loud', and none of them is taken for another"
    assert caught.value.places == (f"{folder / 'loud'} of MODELLAB_MODELS", f"{copy / 'loud'} of MODELLAB_MODELS")
    with pytest.raises(ModelConfigError, match=rf"{MODELS / 'silero_vad'} of Model Lab; {folder / 'silero_vad'} of"):
        registry.get("silero_vad")
    assert [one.model for one in registry.broken()] == ["loud", "silero_vad"]
    assert registry.select() == sorted(set(ModelRegistry(MODELS).ids()) - {"silero_vad"})


def test_a_place_that_is_none_is_named_and_stops_nothing(
    folder: Path, write_model: WriteModel, package: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(write_model)
    package("acme.nowhere:models", "acme")
    monkeypatch.setenv("MODELLAB_MODELS", os.pathsep.join([str(folder), "beside", "/no/such/folder"]))
    registry = ModelRegistry()
    assert registry.get("loud").id == "loud"
    assert [(one.model, str(one.file)) for one in registry.broken()] == [
        ("", "beside"),
        ("", "/no/such/folder"),
        ("", "acme.nowhere:models"),
    ]
    begins, absent, entry = (one.error for one in registry.broken())
    assert begins.startswith("MODELLAB_MODELS names the folder beside, which begins nowhere. Write its whole path")
    assert absent.startswith("MODELLAB_MODELS names the folder /no/such/folder, and there is none. Make it")
    assert entry.startswith("package acme-models 1.2 says that its models lie in the package acme.nowhere:models, and")


def test_paths_in_the_env_file_begin_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(f"MODELLAB_MODELS=mine{os.pathsep}/theirs\n")
    monkeypatch.chdir("/")
    assert Settings(_env_file=tmp_path / ".env").models == (tmp_path / "mine", Path("/theirs"))
    assert folder_list(f"/a{os.pathsep}~/b{os.pathsep}/a") == (Path("/a"), Path.home() / "b")


def test_every_command_and_the_ui_know_it(
    lab: Lab,
    folder: Path,
    write_model: WriteModel,
    sample_wav: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(write_model)
    monkeypatch.setenv("MODELLAB_MODELS", str(folder))
    assert "loud" in [name for name, _ in completion.model_ids()]
    assert main(["models", "list", "--surface", "vad"]) == 0
    assert f"\nFrom MODELLAB_MODELS ({folder}): loud\n" in capsys.readouterr().out
    assert main(["models", "show", "loud"]) == 0
    assert f"MODELLAB_MODELS ({folder})" in " ".join(capsys.readouterr().out.split())
    assert main(["models", "list", "--surface", "vad", "--json"]) == 0
    told = {one["id"]: (one["from"], one["folder"]) for one in json.loads(capsys.readouterr().out)["models"]}
    assert told["loud"] == ("MODELLAB_MODELS", str(folder / "loud"))
    assert told["silero_vad"] == ("Model Lab", str(PROJECT_ROOT / "models" / "silero_vad"))
    with Models(lab, ModelRegistry()) as models:
        assert "loud:one" in [one.key for one in candidates(lab, models)]
    monkeypatch.setattr("resources.models._registry", ModelRegistry)
    assert main(["run", str(sample_wav), "--pipeline", "loud", "--json"]) == 0
    capsys.readouterr()
    assert main(["sql", "SELECT step, model, status FROM steps WHERE model IS NOT NULL", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [{"step": "vad", "model": "loud:one", "status": "completed"}]


def test_it_is_served_to_other_labs(
    lab: Lab,
    folder: Path,
    write_model: WriteModel,
    monkeypatch: pytest.MonkeyPatch,
    serve: Callable[..., AbstractContextManager[tuple[Address, object]]],
    lab_with: Callable[..., Lab],
) -> None:
    write(write_model)
    monkeypatch.setenv("MODELLAB_MODELS", str(folder))
    with serve("loud") as (address, _):
        assert heard(lab_with(lab.home, loud=address), ModelRegistry())
