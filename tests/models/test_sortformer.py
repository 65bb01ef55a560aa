"""Sortformer: turns from frames, and in its own environment tiny random networks, held against the package."""

import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modellab.conformance.examination import examine
from modellab.errors import LabError, StepFailed, UsageError
from modellab.media.audio import Waveform
from modellab.registry import torchaudio_cpu
from modellab.registry.environments import Environment
from modellab.registry.models import Models
from modellab.registry.random_weights import RandomRegistry, random_lab
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.surfaces.contracts import untold
from modellab.surfaces.results import Turn
from models._nemo.file import WEIGHTS
from models.sortformer.adapter import turns_of

MODEL = "sortformer"
RATE = 16_000
FRAME_S = 0.08
OwnEnvironment = Callable[[str], tuple[Lab, Environment]]
REGISTRY = ModelRegistry()
AUDIO = Waveform(np.random.default_rng(0).normal(0, 0.1, 70 * RATE + 77).astype(np.float32), RATE)
"""Longer than two chunks of the streaming ones."""
STREAMING, WHOLE = f"{MODEL}:streaming-4spk-v2.1", f"{MODEL}:4spk-v1"


def test_turns_begin_and_end_with_their_frames() -> None:
    active = np.array([[0, 1], [1, 1], [1, 0], [0, 0], [1, 1]], dtype=bool)
    assert turns_of(active, 0.5) == [
        Turn(0.0, 1.0, "1"),
        Turn(0.5, 1.5, "0"),
        Turn(2.0, 2.5, "0"),
        Turn(2.0, 2.5, "1"),
    ]
    assert turns_of(np.zeros((0, 4), dtype=bool), 0.5) == []


@given(arrays(np.bool_, st.tuples(st.integers(0, 30), st.integers(1, 4))))
def test_turns_say_which_frames_are_whose(active: npt.NDArray[np.bool_]) -> None:
    turns = turns_of(active, 1.0)
    frames = np.zeros_like(active)
    for turn in turns:
        frames[int(turn.start_s) : int(turn.end_s), int(turn.speaker)] = True
    np.testing.assert_array_equal(frames, active)
    assert [turn.start_s for turn in turns] == sorted(turn.start_s for turn in turns)


@pytest.fixture(scope="module", params=[STREAMING, WHOLE])
def tried(
    own_environment: OwnEnvironment, request: pytest.FixtureRequest
) -> Iterator[tuple[str, Models, Path, Environment]]:
    """A variant's name, models whose weights are random, the file with these, and the environment."""
    lab, environment = own_environment(MODEL)
    with random_lab(lab, REGISTRY, REGISTRY.resolve(request.param)[1]) as (there, ref):
        assert there.settings.weights is not None
        with Models(there, RandomRegistry(places=REGISTRY.places)) as models:
            [file] = (there.settings.weights / MODEL / ref.variant).iterdir()
            yield request.param, models, file, environment


PACKAGE = """
import json, runpy, sys
runpy.run_path(sys.argv[1])["make_importable"]()
import numpy as np
from nemo.collections.asr.models import SortformerEncLabelModel
model = SortformerEncLabelModel.restore_from(sys.argv[2], map_location="cpu").eval()
modules = model.sortformer_modules
modules.chunk_len, modules.chunk_right_context, modules.fifo_len = 340, 40, 40
modules.spkcache_update_period, modules.spkcache_len = 300, 188
audio = [np.load(sys.argv[3])]
found, likely = model.diarize(audio=audio, batch_size=1, sample_rate=16000, include_tensor_outputs=True)
said = {"turns": found[0], "frames": (likely[0].squeeze(0) > 0.5).int().tolist()}
open(sys.argv[4], "w").write(json.dumps(said))
"""


@pytest.mark.environments
@pytest.mark.random_weights
def test_its_turns_are_those_of_the_package(tried: tuple[str, Models, Path, Environment], tmp_path: Path) -> None:
    name, models, file, environment = tried
    np.save(tmp_path / "audio.npy", AUDIO.samples)
    places = [torchaudio_cpu.__file__, str(file), str(tmp_path / "audio.npy"), str(tmp_path / "said.json")]
    subprocess.run([*environment.interpreter, "-c", PACKAGE, *places], check=True, stdin=subprocess.DEVNULL)
    expected = json.loads((tmp_path / "said.json").read_text())
    frames = np.array(expected["frames"], dtype=bool)
    told: list[float] = []
    model: Any = models.acquire(REGISTRY.resolve(name)[1]).model
    found = model.diarize(AUDIO, {}, told.append)
    # The package's own list, but for its last frame, which it ends 10 ms early.
    listed = sorted(tuple(map(float, line.split()[:2])) for line in expected["turns"])
    turns = sorted((min(turn.start_s, AUDIO.duration_s), turn.end_s) for turn in turns_of(frames, FRAME_S))
    np.testing.assert_allclose(listed, turns, atol=0.0101)
    assert len(found.speakers) > 1 and len(found.turns) > 10
    assert sum(turn.end_s - turn.start_s for turn in found.turns) == pytest.approx(FRAME_S * frames.sum(), abs=0.4)
    assert told == sorted(told) and told[-1] == 1.0 and len(told) == (3 if name == STREAMING else 1)
    assert model.diarize(AUDIO, {}, untold) == found


@pytest.mark.environments
@pytest.mark.random_weights
def test_it_keeps_what_its_surface_promises(tried: tuple[str, Models, Path, Environment]) -> None:
    name, models, _, _ = tried
    found = examine(models, REGISTRY.resolve(name)[1], quality=False)
    assert [answer for answer in found.answers if not answer.passed] == []


@pytest.mark.environments
@pytest.mark.random_weights
def test_what_it_can_not_do_is_refused(tried: tuple[str, Models, Path, Environment]) -> None:
    name, models, _, _ = tried
    model: Any = models.acquire(REGISTRY.resolve(name)[1]).model
    with pytest.raises(UsageError, match="takes no parameter num_speakers"):
        model.diarize(AUDIO, {"num_speakers": 2}, untold)
    plain = model.diarize(AUDIO, {}, untold).turns
    assert len(model.diarize(AUDIO, {"min_duration_off_s": 0.4}, untold).turns) < len(plain)
    if name == WHOLE:
        hour = Waveform(np.zeros(601 * RATE, dtype=np.float32), RATE)
        with pytest.raises(StepFailed, match=r"found 10:01; allowed: 10:00 at most.*streaming-4spk-v2\.1"):
            model.diarize(hour, {}, untold)


@pytest.mark.environments
@pytest.mark.random_weights
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("lacks", "holds only a part of what its description tells of; found no weights named encoder."),
        ("differs", "are of another network; found "),
    ],
)
def test_other_weights_are_refused(
    tried: tuple[str, Models, Path, Environment], tmp_path: Path, change: str, said: str
) -> None:
    import torch

    name, _, file, environment = tried
    folder = tmp_path / MODEL / file.parent.name
    folder.mkdir(parents=True)
    with tarfile.open(file) as old, tarfile.open(folder / file.name, "w:") as new:
        for info in old.getmembers():
            held = old.extractfile(info)
            content = held.read() if held else b""
            if info.name.endswith(WEIGHTS):
                tensors = torch.load(io.BytesIO(content), weights_only=True)
                first = next(key for key in tensors if key.startswith("encoder."))
                if change == "lacks":
                    del tensors[first]
                else:
                    tensors[first] = torch.zeros(1, 1, 1)
                written = io.BytesIO()
                torch.save(tensors, written)
                content = written.getvalue()
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))
    settings = Settings(
        _env_file=None, home=environment.folder.parents[1], weights=tmp_path, offline=True, device="cpu"
    )
    with Models(Lab(settings), RandomRegistry(places=REGISTRY.places)) as models, pytest.raises(LabError) as caught:
        models.acquire(REGISTRY.resolve(name)[1])
    assert said in str(caught.value)
