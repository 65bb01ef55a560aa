"""Models in environments of their own: built by the real pip from wheels made here, without a network."""

import base64
import hashlib
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from modellab.errors import (
    EnvironmentFailed,
    EnvironmentMissing,
    EnvironmentOutdated,
    ModelConfigError,
    StorageError,
    UnknownName,
    UsageError,
    WorkerDied,
)
from modellab.leftovers import leftovers, remove_leftovers
from modellab.media.audio import Waveform
from modellab.registry.config import ModelRef
from modellab.registry.devices import present
from modellab.registry.environment_builder import install, remove, size_bytes
from modellab.registry.environments import Environment, Environments, is_held
from modellab.registry.models import Models
from modellab.registry.places import Place
from modellab.registry.pythons import find_python
from modellab.registry.random_weights import random_lab
from modellab.registry.registry import ModelRegistry
from modellab.registry.requirements import OF_THE_HOST
from modellab.settings import PROJECT_ROOT, Lab, Settings

from .conftest import config_of

WriteModel = Callable[..., Path]
REF = ModelRef(id="toy", variant="one")
OWN = {"host": "worker", "environment": "own", "environment_mib": 1, "package": "clashing"}
HOST = ("numpy", "pydantic", "pydantic-settings", "pyyaml")
ADAPTER = """
import sys
from modellab.surfaces.results import Segment, SpeechSegments

class Model:
    def __init__(self):
        import clashing
        self.version = clashing.VERSION

    def detect(self, audio, parameters, progress):
        if parameters.get("do") == "die":
            sys.stderr.write("cannot go on in " + sys.prefix + "\\n")
            sys.stderr.flush()
            import os
            os._exit(7)
        return SpeechSegments([Segment(float(self.version), float(audio.samples.sum()))], 1.0)

def load(request):
    return Model()
"""


def write_wheel(folder: Path, name: str, number: str, files: dict[str, str], requires: str = "") -> None:
    """A wheel as pip takes it (binary distribution format, PyPA)."""
    stem = f"{name.replace('-', '_')}-{number}"
    held = files | {
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n{requires}",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},"
        for path, text in held.items()
    ]
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        for path, text in held.items():
            archive.writestr(path, text)
        archive.writestr(f"{stem}.dist-info/RECORD", "\n".join([*lines, f"{stem}.dist-info/RECORD,,"]))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of a package, and what the host needs: the lab's own packages by way of a `.pth` file."""
    folder = tmp_path_factory.mktemp("wheels")
    for number in ("1.0", "3.0"):
        write_wheel(folder, "clashing", number, {"clashing.py": f"VERSION = {number}\n"})
    needs = "Requires-Dist: not-to-be-had==1\n"
    write_wheel(folder, "needy", "1.0", {"needy.py": "VERSION = 1.0\n"}, needs)
    # The folder of numpy itself: an environment may have been given the packages of another one.
    packages = sorted({str(importlib.metadata.distribution(name).locate_file("")) for name in HOST})
    for name in HOST:
        links = {"lab.pth": "\n".join(packages)} if name == "numpy" else {}
        write_wheel(folder, name, version(name), links)
    return folder


@pytest.fixture(autouse=True)
def _only_these_wheels(wheels: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No index, and in the lab itself another version of the package."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_CONSTRAINT", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    place = tmp_path / "lab-packages"
    (place / "clashing-2.0.dist-info").mkdir(parents=True)
    (place / "clashing-2.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: clashing\nVersion: 2.0\n")
    (place / "clashing.py").write_text("VERSION = 2.0\n")
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setenv("PYTHONPATH", str(place))
    yield


@pytest.fixture
def toy(folder: Path, write_model: WriteModel) -> Path:
    """The folder of a model that needs version 1.0 where the lab has 2.0."""
    place = write_model("toy", ADAPTER, **OWN)
    (place / "requirements.txt").write_text("# for tests\nclashing==1.0\n")
    return place


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Lab:
    """A lab that has the environment, built once for the tests that leave it as it is."""
    return Lab(Settings(_env_file=None, home=tmp_path_factory.mktemp("built")))


def build(lab: Lab, folder: Path, **options: Any) -> Any:
    registry = ModelRegistry(folder)
    return install(lab, registry.get("toy"), registry.folder("toy"), **options)


def test_models_that_need_the_same_share_its_files(
    lab: Lab, folder: Path, toy: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, wanted in (("twin", "clashing==1.0"), ("other", "clashing==3.0")):
        (write_model(name, ADAPTER, **OWN) / "requirements.txt").write_text(f"{wanted}\n")
    registry = ModelRegistry(folder)
    first = build(lab, folder).environment
    monkeypatch.setenv("PIP_FIND_LINKS", "")  # nothing can be had any more
    told: list[str] = []

    def tell(stage: str, line: str) -> None:
        told.append(stage)

    made = install(lab, registry.get("twin"), registry.folder("twin"), tell)
    assert made.new and told == ["taking the files of the environment of toy, which was built for the same"]
    there = made.environment.packages / "clashing.py"
    assert there.stat().st_ino == (first.packages / "clashing.py").stat().st_ino
    with pytest.raises(EnvironmentFailed, match="installing its packages"):
        install(lab, registry.get("other"), registry.folder("other"))
    with pytest.raises(EnvironmentFailed, match="installing its packages"):
        install(lab, registry.get("twin"), registry.folder("twin"), force=True)
    remove(lab, "toy")
    audio = Waveform(np.ones(8, dtype=np.float32), 16_000)
    with Models(lab, registry) as models:
        found = models.acquire(ModelRef(id="twin", variant="one")).model.detect(audio, {}, lambda fraction: None)
    assert found.segments[0].start_s == 1.0, "it runs without the one whose files it took"


def detect(models: Models, do: str | None = None, samples: int = 8) -> tuple[float, float]:
    audio = Waveform(np.full(samples, 0.5, np.float32), 8000)
    [found] = models.acquire(REF).model.detect(audio, {"do": do}, lambda share: None).segments
    return found.start_s, found.end_s


def test_it_runs_with_its_own_version_and_says_so_without_being_started(built: Lab, toy: Path, folder: Path) -> None:
    with Models(built, ModelRegistry(folder)) as models:
        missing = models.availability(REF)
        assert (missing.ok, missing.missing) == (False, "environment missing")
        assert missing.page == (
            "model toy runs in an environment of its own, which is not installed.\n"
            "→ Install it with: modellab models install toy (about 1 MiB)"
        )
        with pytest.raises(EnvironmentMissing, match="modellab models install toy"):
            models.identity(REF)
        said: list[str] = []
        made = build(built, folder, tell=lambda stage, line: said.append(stage))
        assert (made.new, made.environment.folder) == (True, built.environments / "toy")
        assert list(dict.fromkeys(said)) == ["making the environment", "installing its packages"]
        assert made.environment.versions() == {"clashing": "1.0"} | {name: version(name) for name in HOST}
        assert size_bytes(made.environment.folder) > 1000
        assert models.availability(REF).ok
        assert models.identity(REF).runtime_version == "clashing 1.0, adapter 1"
        assert models.loaded == []
        assert detect(models) == (1.0, 4.0)
        assert detect(models, samples=1_000_000) == (1.0, 500_000.0)
        again = build(built, folder)
        assert (again.new, again.environment) == (False, made.environment)
    assert sorted(path.name for path in built.environments.iterdir()) == [".staging", ".toy.lock", "toy"]
    assert list((built.environments / ".staging").iterdir()) == []


def test_a_package_may_come_without_what_it_asks_for(toy: Path, folder: Path, lab: Lab) -> None:
    (toy / "requirements.txt").write_text("clashing==1.0\nneedy==1.0\n")
    with pytest.raises(EnvironmentFailed, match="No matching distribution found for not-to-be-had==1"):
        build(lab, folder)
    (toy / "requirements.txt").write_text("clashing==1.0\n")
    build(lab, folder)
    (toy / "requirements.no-deps.txt").write_text("needy==1.0  # what it asks for is not to be had\n")
    with Models(lab, ModelRegistry(folder)) as models, pytest.raises(EnvironmentOutdated):
        models.identity(REF)
    made = build(lab, folder)
    assert (made.new, made.environment.version("needy")) == (True, "1.0")
    assert not made.environment.has("not-to-be-had")
    (toy / "requirements.no-deps.txt").write_text("needy>=1.0\n")
    with pytest.raises(ModelConfigError, match=r"no-deps.txt has a line that names no exact version; found needy>=1.0"):
        ModelRegistry(folder).get("toy")


def test_random_weights_are_written_with_its_own_packages(built: Lab, toy: Path, folder: Path) -> None:
    build(built, folder)
    registry = ModelRegistry(folder)
    script = toy / "random_weights.py"
    script.write_text(
        "import clashing\ndef write(folder, variant):\n"
        "    (folder / 'model.bin').write_text(f'{variant} by {clashing.VERSION}')\n"
    )
    with random_lab(built, registry, REF) as (lab, _):
        assert lab.settings.weights is not None
        assert (lab.settings.weights / "toy" / "one" / "model.bin").read_text() == "one by 1.0"
    script.write_text("import absent\n")
    with (
        pytest.raises(ModelConfigError, match="can't write a checkpoint; found ModuleNotFoundError: No module named"),
        random_lab(built, registry, REF),
    ):
        pass


def test_it_may_have_another_python(toy: Path, folder: Path, lab: Lab) -> None:
    import yaml

    other = another_python()
    (toy / "config.yaml").write_text(yaml.safe_dump(config_of("toy", **OWN, python=other)))
    environment = build(lab, folder).environment
    assert environment.packages == lab.environments / "toy" / "lib" / f"python{other}" / "site-packages"
    assert environment.version("clashing") == "1.0"
    asked = [*environment.interpreter, "-c", "import clashing, sys; print(*sys.version_info[:2], sep='.')"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == other
    with Models(lab, ModelRegistry(folder)) as models:
        assert models.identity(REF).runtime_version == "clashing 1.0, adapter 1"
    (toy / "config.yaml").write_text(yaml.safe_dump(config_of("toy", **OWN)))
    with Models(lab, ModelRegistry(folder)) as models, pytest.raises(EnvironmentOutdated):
        models.identity(REF)


def another_python() -> str:
    for other in ("3.12", "3.13", "3.10"):
        try:
            find_python(other)
        except EnvironmentFailed:
            continue
        return other
    pytest.skip("this machine has no Python but the lab's")


def test_pythons_are_tried_and_those_that_do_not_run_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyenv, uv = tmp_path / "pyenv", tmp_path / "uv"
    programs = {
        tmp_path / "shims" / "python3.99": "echo 'pyenv: python3.99: command not found' >&2; exit 127",
        pyenv / "versions" / "3.99.2" / "bin" / "python3.99": "echo 3.98",
    }
    works = uv / "cpython-3.99.1-linux-x86_64-gnu" / "bin" / "python3.99"
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("PYENV_ROOT", str(pyenv))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(uv))
    for path, line in programs.items():
        write_program(path, line)
    with pytest.raises(EnvironmentFailed) as caught:
        find_python("3.99")
    said = str(caught.value)
    assert "there is no Python 3.99 on this machine" in said and "uv python install 3.99" in said
    assert "shims/python3.99: pyenv: python3.99: command not found" in said
    assert "versions/3.99.2/bin/python3.99: it is Python 3.98" in said
    write_program(works, "echo 3.99")
    assert find_python("3.99") == works


def write_program(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def test_a_package_that_brings_the_model_need_not_be_in_its_environment(
    lab: Lab, toy: Path, folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "site" / "brought"
    folder.rename(tmp_path / "away")
    place.parent.mkdir()
    (tmp_path / "away").rename(place)
    (place / "toy" / "adapter.py").write_text(ADAPTER.replace("import clashing", "import clashing, brought.toy.beside"))
    (place / "toy" / "beside.py").write_text("")
    registry = ModelRegistry(places=[Place(place, "package brought 1", "brought")])
    install(lab, registry.get("toy"), registry.folder("toy"))
    with Models(lab, registry) as models:
        assert detect(models) == (1.0, 4.0)


def test_its_last_words_are_in_the_error(built: Lab, toy: Path, folder: Path) -> None:
    build(built, folder)
    with Models(built, ModelRegistry(folder)) as models, pytest.raises(WorkerDied) as caught:
        detect(models, "die")
    assert f"exit code 7 in detect; found its last words: cannot go on in {built.environments / 'toy'}" in str(
        caught.value
    )


def test_what_pip_can_not_have_is_an_error_that_names_it_and_the_log(lab: Lab, toy: Path, folder: Path) -> None:
    (toy / "requirements.txt").write_text("clashing==9.9\n")
    with pytest.raises(EnvironmentFailed) as caught:
        build(lab, folder)
    log = lab.environments / "toy.log"
    assert "installing its packages ended with exit code 1" in str(caught.value)
    assert "No matching distribution found for clashing==9.9" in str(caught.value)
    assert str(caught.value).endswith(f"All that was said: {log}")
    assert "(from versions: 1.0, 3.0)" in log.read_text()
    assert Environments(lab.environments).ids() == list((lab.environments / ".staging").iterdir()) == []


def test_packages_that_decide_the_result_must_be_there(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    place = write_model("toy", ADAPTER, **OWN, further_packages=["absent"])
    (place / "requirements.txt").write_text("clashing==1.0\n")
    with pytest.raises(EnvironmentFailed, match="found absent not installed"):
        build(lab, folder)


def test_a_killed_build_leaves_nothing_that_counts_and_what_it_left_goes(lab: Lab, toy: Path, folder: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from modellab.registry.environment_builder import install\n"
        "from modellab.registry.registry import ModelRegistry\n"
        "from modellab.settings import Lab\n"
        "registry = ModelRegistry(Path(sys.argv[1]))\n"
        "def tell(stage, line):\n"
        "    if stage == 'installing its packages': os.kill(os.getpid(), signal.SIGKILL)\n"
        "install(Lab.from_environment(), registry.get('toy'), registry.folder('toy'), tell)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(folder)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert Environments(lab.environments).ids() == []
    assert [path.parent.name for path in leftovers(lab)] == [".staging"]
    assert remove_leftovers(lab) == 1


def test_an_interrupted_build_leaves_nothing(lab: Lab, toy: Path, folder: Path) -> None:
    def interrupt(stage: str, line: str) -> None:
        if stage == "installing its packages":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(lab, folder, tell=interrupt)
    assert sorted(path.name for path in lab.environments.iterdir()) == [".staging", ".toy.lock"]
    assert list((lab.environments / ".staging").iterdir()) == []


def test_it_ends_with_its_parent(built: Lab, toy: Path, folder: Path) -> None:
    build(built, folder)
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from modellab.registry.config import ModelRef\n"
        "from modellab.registry.environments import is_held\n"
        "from modellab.registry.models import Models\n"
        "from modellab.registry.registry import ModelRegistry\n"
        "from modellab.settings import Lab, Settings\n"
        "models = Models(Lab(Settings(home=sys.argv[2])), ModelRegistry(Path(sys.argv[1])))\n"
        "models.acquire(ModelRef(id='toy', variant='one'))\n"
        "assert is_held(Path(sys.argv[2]) / 'envs' / 'toy')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(folder), str(built.home)], check=False)
    assert killed.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while is_held(built.environments / "toy"):  # the lock that its process has goes with the process
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_python_that_is_gone_counts_as_missing(built: Lab, toy: Path, folder: Path) -> None:
    environment = build(built, folder).environment
    environment.python.rename(environment.python.with_name("gone"))
    with pytest.raises(EnvironmentMissing, match=r"the Python in the environment of model toy is gone"):
        Models(built, ModelRegistry(folder)).identity(REF)
    environment.python.with_name("gone").rename(environment.python)


def test_two_builds_at_once_wait_for_each_other(built: Lab, toy: Path, folder: Path) -> None:
    build(built, folder)
    other = FileLock(built.environments / ".toy.lock")
    other.acquire()
    said: list[str] = []

    def tell(stage: str, line: str) -> None:
        said.append(stage)
        other.release()

    assert not build(built, folder, tell=tell).new
    assert said == ["waiting for another process that builds it"]


def test_what_the_disk_can_not_hold_is_not_begun(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    place = write_model("toy", ADAPTER, **(OWN | {"environment_mib": 1 << 30}))
    (place / "requirements.txt").write_text("clashing==1.0\n")
    with pytest.raises(StorageError, match="the environment of model toy needs "):
        build(lab, folder)
    assert [path.name for path in lab.environments.iterdir()] == [".toy.lock"]


@pytest.mark.parametrize(
    ("changes", "requirements", "words"),
    [
        ({}, None, "needs .*requirements.txt, which is not there"),
        ({}, "clashing>=1.0", "names no exact version; found clashing>=1.0"),
        ({}, "clashing==1.*", "names no exact version"),
        ({}, "--index-url https://example.org/simple", "names no exact version"),
        ({"host": "lab"}, "clashing==1.0", "the model's host must be worker"),
        ({"environment_mib": None}, "clashing==1.0", "needs `environment_mib`"),
        ({"install": "pip install clashing"}, "clashing==1.0", "not in `extra` or `install`"),
        ({"environment": "main", "environment_mib": None}, "clashing==1.0", "is read by nobody"),
        ({"environment": "main"}, None, "and the model's is main"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    changes: dict[str, Any], requirements: str | None, words: str, folder: Path, write_model: WriteModel
) -> None:
    place = write_model("toy", **(OWN | changes))
    if requirements is not None:
        (place / "requirements.txt").write_text(requirements)
    with pytest.raises(ModelConfigError, match=words):
        ModelRegistry(folder).get("toy")


def test_a_model_that_takes_the_labs_packages_has_none(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("toy")
    with pytest.raises(UsageError, match="model toy runs in the lab's own environment"):
        build(lab, folder)
    assert not lab.environments.exists()


@pytest.mark.parametrize(
    ("cuda", "there"), [("cuda: Optional[str] = None", False), ("cuda: Optional[str] = '12.8'", True), ("", False)]
)
def test_a_device_is_what_its_own_torch_was_built_for(
    cuda: str, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modellab.registry.devices._CUDA_NODES", (tmp_path,))
    environment = Environment(tmp_path, "2026-01-01")
    (environment.packages / "torch").mkdir(parents=True)
    (environment.packages / "torch" / "version.py").write_text(f"__version__ = '2.13.0'\n{cuda}\nhip = None\n")
    assert present("cuda", "pytorch", environment) is there
    assert not present("cuda", "onnx", environment)


def test_a_probe_is_tried_in_it(built: Lab, toy: Path, folder: Path) -> None:
    import yaml

    build(built, folder)
    (toy / "config.yaml").write_text(yaml.safe_dump(config_of("toy", **OWN, probe=True)))
    for number, runs in (("1.0", True), ("2.0", False)):
        (toy / "probe.py").write_text(f"import clashing\nassert clashing.VERSION == {number}\n")
        with Models(built, ModelRegistry(folder)) as models:
            assert models.availability(REF).ok is runs


def test_a_worker_imports_no_more_than_is_stated() -> None:
    program = (
        "import json, sys; from importlib.metadata import packages_distributions\n"
        "before = set(sys.modules)\n"  # of what is installed beside: setuptools adds itself at every start
        "import modellab.registry.hosts.process\n"
        "tops, known = {name.partition('.')[0] for name in set(sys.modules) - before}, packages_distributions()\n"
        "print(json.dumps([each.lower().replace('_', '-') for top in tops for each in known.get(top, ())]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT)
    of_pydantic = {"annotated-types", "pydantic-core", "python-dotenv", "typing-extensions", "typing-inspection"}
    assert set(json.loads(done.stdout)) - {"modellab"} == {*HOST, *of_pydantic}
    assert [line.partition(">=")[0] for line in OF_THE_HOST.read_text().splitlines()[1:]] == list(HOST)


def test_other_requirements_make_it_outdated_and_the_next_build_replaces_it(
    built: Lab, toy: Path, folder: Path
) -> None:
    build(built, folder)
    (toy / "requirements.txt").write_text("clashing==1.0  # a remark changes nothing\n")
    with Models(built, ModelRegistry(folder)) as models:
        assert models.identity(REF).runtime_version == "clashing 1.0, adapter 1"
        (toy / "requirements.txt").write_text("clashing==3.0\n")
        assert models.availability(REF).missing == "environment outdated"
        with pytest.raises(EnvironmentOutdated, match="built for other requirements than it has now"):
            models.request(REF)
        assert build(built, folder).new
        assert models.identity(REF).runtime_version == "clashing 3.0, adapter 1"
        assert detect(models) == (3.0, 4.0)
        with pytest.raises(EnvironmentFailed, match="in use by a process in which the model runs"):
            build(built, folder, force=True)
        with pytest.raises(EnvironmentFailed, match="in use by a process in which the model runs"):
            remove(built, "toy")
    assert remove(built, "toy") == built.environments / "toy"
    assert Environments(built.environments).ids() == []
    with pytest.raises(UnknownName, match="there is no environment of a model 'toy'"):
        remove(built, "toy")
