"""LFM2.5-Audio in an environment with another Python: package and adapter, with a tiny random model."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.conformance.examination import examine
from modellab.errors import EnvironmentMissing
from modellab.media.audio import Waveform
from modellab.registry.environments import Environment
from modellab.registry.models import Models
from modellab.registry.random_weights import RandomRegistry, random_lab
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.surfaces.results import Segment

MODEL = "lfm2_5_audio"
OwnEnvironment = Callable[[str], tuple[Lab, Environment]]
REGISTRY = ModelRegistry()
AUDIO = Waveform(np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32), 16_000)
_FRAME = 1920
_SPEAK = 128
"""The token `<|audio_start|>`."""
_LETTER = 18
"""The token `e` of the random tokenizer."""


def nothing(fraction: float) -> None:
    """Progress that nobody follows."""


@pytest.fixture(scope="module")
def tried(own_environment: OwnEnvironment) -> Iterator[tuple[Models, Path, Environment]]:
    """Models whose weights are random, where these lie, and the environment."""
    lab, environment = own_environment(MODEL)
    with random_lab(lab, REGISTRY, REGISTRY.resolve(MODEL)[1]) as (there, _):
        assert there.settings.weights is not None
        with Models(there, RandomRegistry(places=REGISTRY.places)) as models:
            yield models, there.settings.weights / MODEL / "base", environment


def model(tried: tuple[Models, Path, Environment]) -> Any:
    return tried[0].acquire(REGISTRY.resolve(MODEL)[1]).model


@pytest.mark.environments
@pytest.mark.random_weights
def test_it_keeps_what_its_surfaces_promise(tried: tuple[Models, Path, Environment]) -> None:
    found = examine(tried[0], REGISTRY.resolve(MODEL)[1], quality=False)
    assert [answer for answer in found.answers if not answer.passed] == []
    assert {answer.surface for answer in found.answers} >= {"asr", "tts", "voice_to_voice"}


@pytest.mark.environments
@pytest.mark.random_weights
def test_a_reply_has_as_many_frames_as_were_allowed_and_follows_the_seed(
    tried: tuple[Models, Path, Environment],
) -> None:
    loaded = model(tried)
    first, same, other = (loaded.reply(AUDIO, None, 1.0, seed, nothing) for seed in (1, 1, 2))
    assert (len(first.sound.samples), first.sound.sample_rate_hz, first.ended) == (12 * _FRAME, 24_000, False)
    assert np.array_equal(first.sound.samples, same.sound.samples) and first.text == same.text
    assert not np.array_equal(first.sound.samples, other.sound.samples)
    told = loaded.reply(AUDIO, "Say nothing but numbers.", 1.0, 1, nothing)
    assert not np.array_equal(first.sound.samples, told.sound.samples)


@contextmanager
def preferring(token: int, tried: tuple[Models, Path, Environment], root: Path) -> Iterator[Any]:
    """The same model, which likes one token of text best."""
    from safetensors.torch import load_file, save_file

    folder = root / MODEL / "base"
    shutil.copytree(tried[1], folder)
    tensors = load_file(folder / "model.safetensors")
    # All tokens have something in common, and this one has most of it: so it always comes next.
    words = tensors["lfm.embed_tokens.weight"]
    words[:, 0], words[token, 0] = 1.0, 9.0
    save_file(tensors, folder / "model.safetensors")
    settings = Settings(_env_file=None, home=tried[2].folder.parents[1], weights=root, offline=True)
    with Models(Lab(settings), RandomRegistry(places=REGISTRY.places)) as models:
        yield models.acquire(REGISTRY.resolve(MODEL)[1]).model


@pytest.mark.environments
@pytest.mark.random_weights
def test_it_speaks_as_the_seed_has_it_and_no_longer_than_speech_takes(
    tried: tuple[Models, Path, Environment], tmp_path: Path
) -> None:
    with preferring(_SPEAK, tried, tmp_path) as voice:
        assert set(voice.voices) == {"us_female", "us_male", "uk_female", "uk_male"}
        first, same, other = (voice.speak("Good.", "us_male", "en", 1.0, seed).samples for seed in (1, 1, 2))
        assert len(first) % _FRAME == 0 and 0 < len(first) <= 41 * _FRAME  # 5 letters of 0.25 s, and 2 s to spare
        assert np.array_equal(first, same) and not np.array_equal(first, other)
        assert len(voice.speak("Good.", "us_male", "en", 2.0, 1).samples) == len(first) // 2


@pytest.mark.environments
@pytest.mark.random_weights
def test_words_have_estimated_times_inside_the_speech(tried: tuple[Models, Path, Environment], tmp_path: Path) -> None:
    with preferring(_LETTER, tried, tmp_path) as recogniser:
        transcript = recogniser.transcribe(AUDIO, [Segment(0.2, 1.4)], {}, nothing)
    assert transcript.language == "en"
    [word] = transcript.words
    assert word.estimated and (word.start_s, word.end_s) == (0.2, 1.4)
    assert set(word.text) == {"e"} and len(word.text) == 512


PACKAGE = """
import sys
from pathlib import Path
import numpy as np, torch
from liquid_audio import ChatState, LFM2AudioModel, LFM2AudioProcessor
folder = Path(sys.argv[1])
processor = LFM2AudioProcessor.from_pretrained(folder, device="cpu").eval()
model = LFM2AudioModel.from_pretrained(folder, dtype=torch.float32, device="cpu").eval()
chat = ChatState(processor, dtype=torch.float32)
chat.new_turn("system"); chat.add_text("Respond with interleaved text and audio."); chat.end_turn()
chat.new_turn("user"); chat.add_audio(torch.from_numpy(np.load(sys.argv[2]))[None], 16_000); chat.end_turn()
chat.new_turn("assistant")
torch.manual_seed(1)
frames = []
for token in model.generate_interleaved(**chat, max_new_tokens=24, audio_temperature=1.0, audio_top_k=4):
    if token.numel() > 1 and not (token == 2048).any():
        frames.append(token)
torch.nn.Module.cuda = lambda self: self  # the package builds this network for CUDA alone
samples = processor.decode(torch.stack(frames[:12], 1).unsqueeze(0))[0]
np.save(sys.argv[3], samples.numpy())
"""


@pytest.mark.environments
@pytest.mark.random_weights
def test_it_says_what_the_package_says(tried: tuple[Models, Path, Environment], tmp_path: Path) -> None:
    np.save(tmp_path / "audio.npy", AUDIO.samples)
    places = [str(tried[1]), str(tmp_path / "audio.npy"), str(tmp_path / "said.npy")]
    subprocess.run([*tried[2].interpreter, "-c", PACKAGE, *places], check=True, stdin=subprocess.DEVNULL)
    expected = np.load(tmp_path / "said.npy")
    found = model(tried).reply(AUDIO, None, 1.0, 1, nothing).sound.samples
    np.testing.assert_allclose(found, expected[: len(found)], atol=1e-5)


def test_without_its_environment_the_error_says_what_to_do(lab: Lab) -> None:
    with Models(lab, REGISTRY) as ready, pytest.raises(EnvironmentMissing) as caught:
        ready.identity(ready.registry.resolve(MODEL)[1])
    assert "Install it with: modellab models install lfm2_5_audio (about 6,000 MiB)" in str(caught.value)
