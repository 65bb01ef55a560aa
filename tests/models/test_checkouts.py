"""Models from a checkout of their makers' source: what is said where it is missing, and what their calls are given.

Neither runs here: there is no checkout. Nothing below says that they speak.
"""

import inspect
from pathlib import Path

import pytest

from modellab.errors import EnvironmentMissing, WeightsCorrupt, WeightsMissing
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.registry.weight_sources import FoundWeights
from modellab.registry.weights import WeightStore
from modellab.settings import Lab, Settings
from models._checkout.prompts import Prompt, prompts
from models.cosyvoice.adapter import arguments

REGISTRY = ModelRegistry()
MODELS = ("cosyvoice", "glm_tts")


def store_of(home: Path, **checkouts: Path) -> WeightStore:
    named = ",".join(f"{model}={folder}" for model, folder in checkouts.items())
    return WeightStore(Lab(Settings(_env_file=None, home=home, checkouts=named, offline=True)), REGISTRY)


def write_files(checkout: Path, patterns: list[str]) -> None:
    for number, pattern in enumerate(patterns):
        path = checkout / pattern.replace("*", "x")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))


@pytest.mark.parametrize("model", MODELS)
def test_without_a_checkout_the_error_says_how_to_get_one(model: str, tmp_path: Path) -> None:
    config, ref = REGISTRY.resolve(model)
    with pytest.raises(WeightsMissing) as caught:
        store_of(tmp_path).find(config, ref)
    said = str(caught.value)
    assert f"no checkout for model {ref}" in said and f"MODELLAB_CHECKOUTS names none for {model}" in said
    assert f"git clone --recursive {config.variants[ref.variant].checkout.origin}, and fetch " in said  # type: ignore[union-attr]
    assert f"Then set MODELLAB_CHECKOUTS={model}=<the checkout's folder>." in said


@pytest.mark.parametrize("model", MODELS)
def test_what_a_checkout_lacks_is_named(model: str, tmp_path: Path) -> None:
    config, ref = REGISTRY.resolve(model)
    gone = tmp_path / "gone"
    with pytest.raises(WeightsMissing, match=f"there is no folder {gone}"):
        store_of(tmp_path, **{model: gone}).find(config, ref)
    files = config.variants[ref.variant].files
    write_files(tmp_path / "src", files[:-1])
    with pytest.raises(WeightsMissing) as caught:
        store_of(tmp_path, **{model: tmp_path / "src"}).find(config, ref)
    assert f"checkout: {tmp_path / 'src'} has no {files[-1]}" in str(caught.value)


@pytest.mark.parametrize("model", MODELS)
def test_its_code_and_its_weights_and_its_voices_decide_which_model_it_is(model: str, tmp_path: Path) -> None:
    config, ref = REGISTRY.resolve(model)
    checkout = tmp_path / "src"
    files = config.variants[ref.variant].files
    write_files(checkout, files)
    (checkout / ".git").mkdir()
    digests = []
    for change in (None, ".git/HEAD", files[0], files[-1], "voices/anna.wav"):
        if change:
            path = checkout / change.replace("*", "x")
            path.parent.mkdir(exist_ok=True)
            path.write_text("changed")
        store = store_of(tmp_path, **{model: checkout})
        found = store.find(config, ref)
        assert isinstance(found, FoundWeights) and store.folder(ref, found) == checkout
        digests.append(store.digest(found))
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4


def test_with_a_checkout_and_no_environment_it_says_what_to_install(lab: Lab) -> None:
    with Models(lab, REGISTRY) as models, pytest.raises(EnvironmentMissing, match="modellab models install cosyvoice"):
        models.identity(REGISTRY.resolve("cosyvoice")[1])


def test_the_setting_names_each_model_once(tmp_path: Path) -> None:
    named = f"cosyvoice={tmp_path}/a b, glm_tts=~/GLM-TTS"
    found = Settings(_env_file=None, checkouts=named).checkouts  # type: ignore[arg-type]
    assert found == (("cosyvoice", tmp_path / "a b"), ("glm_tts", Path.home() / "GLM-TTS"))
    for wrong, said in (("cosyvoice", "write ID=FOLDER"), ("a=/x,a=/y", "a is named twice"), ("a=", "write ID=FOLDER")):
        with pytest.raises(ValueError, match=said):
            Settings(_env_file=None, checkouts=wrong)  # type: ignore[arg-type]


def test_voices_are_pairs_of_a_recording_and_what_is_said_in_it(tmp_path: Path) -> None:
    voices = tmp_path / "voices"
    voices.mkdir()
    (voices / "anna.wav").touch()
    with pytest.raises(WeightsCorrupt, match=r"there is no anna\.txt"):
        prompts(tmp_path, {})
    (voices / "anna.txt").write_text("Good\nmorning. \n")
    theirs = {"demo": ("asset/demo.wav", "Hello.")}
    found = prompts(tmp_path, theirs)
    assert found == {
        "demo": Prompt(tmp_path / "asset" / "demo.wav", "Hello."),
        "anna": Prompt(voices / "anna.wav", "Good morning."),
    }
    (voices / "a b.wav").touch()
    (voices / "a b.txt").write_text("No.")
    with pytest.raises(WeightsCorrupt, match="other characters"):
        prompts(tmp_path, theirs)


def test_cosyvoice_is_asked_as_its_source_has_it() -> None:
    # FunAudioLLM/CosyVoice, cosyvoice/cli/cosyvoice.py, as of 2026-09.
    def inference_zero_shot(
        tts_text, prompt_text, prompt_wav, zero_shot_spk_id="", stream=False, speed=1.0, text_frontend=True
    ):  # type: ignore[no-untyped-def]
        """Its parameters."""

    prompt = Prompt(Path("/src/voices/anna.wav"), "Good morning.")
    for third, text in ((False, "Good morning."), (True, "You are a helpful assistant.<|endofprompt|>Good morning.")):
        bound = inspect.signature(inference_zero_shot).bind(**arguments("Bye.", prompt, 1.25, third=third))
        assert bound.arguments == {
            "tts_text": "Bye.",
            "prompt_text": text,
            "prompt_wav": "/src/voices/anna.wav",
            "stream": False,
            "speed": 1.25,
        }
