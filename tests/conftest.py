"""What every test may need: a lab of its own, the real recordings where they are, the two-speaker sample."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from modellab.settings import Lab, Settings

TEST_DATA_VARIABLE = "MODELLAB_TEST_DATA"

# Several workers share the cores. Threads of torch that spin while they wait for each other would keep the others'
# from running: Demucs' small networks then take four times as long. Set before torch is loaded, and for children too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# On a busy machine a first import or a pause is longer than Hypothesis gives an example: that is no failure.
settings.register_profile("lab", deadline=None)
settings.load_profile("lab")
_SERVED = (
    *("tests/orchestration/test_launched_from_ui.py", "tests/orchestration/test_ui_in_browser.py"),
    *("tests/orchestration/test_stopping_served.py", "tests/orchestration/test_retried_from_ui.py"),
)
"""Files whose tests share one served UI, which takes half a minute to start."""
_LONGEST = (
    *("tests/docs/test_readme.py", "tests/docs/test_evaluating_a_model.py"),
    *("tests/orchestration/test_inbox_served.py", "tests/orchestration/test_alerts_served.py", *_SERVED),
)
"""Files that take minutes, the longest first: begun last, they would keep one worker busy when the others are done."""


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""
    place = {file: number for number, file in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(_file(item.nodeid), len(place)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile`, files go to workers whole, in the order of `pytest_collection_modifyitems`, and those of
    `_SERVED` to the same one."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = _file(nodeid)
            return _SERVED[0] if file in _SERVED else file

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test may touch the user's lab: the environment names a fresh home, no token and no server."""
    monkeypatch.setenv("MODELLAB_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("MODELLAB_OFFLINE", "true")
    hub = ("HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    for name in (*hub, "MODELLAB_MODELS", "MODELLAB_REMOTE_MODELS", "MODELLAB_SERVE_TOKEN", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    yield


@pytest.fixture
def lab() -> Lab:
    """A lab on an empty home."""
    return Lab(Settings(_env_file=None))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk of some size, or changes the one that is there: `small_disk("size=1m")`."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        again = ["remount,"] if place.is_mount() else [""]
        command = ["mount", "-t", "tmpfs", "-o", f"{again[0]}{options}", "tmpfs", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no mount command here")
        if done.returncode:
            pytest.skip(f"this user may not mount a small disk: {done.stderr.strip()}")
        return place

    yield mount
    if place.is_mount():
        # This process keeps the mark of its runs open for as long as it lives.
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real recordings, from the environment; tests that need it skip elsewhere."""
    folder = os.environ.get(TEST_DATA_VARIABLE)
    if not folder:
        pytest.skip(f"{TEST_DATA_VARIABLE} names no folder of real recordings")
    path = Path(folder)
    if not (path / "index.csv").is_file():
        pytest.fail(f"{TEST_DATA_VARIABLE}={folder} has no index.csv")
    return path


@pytest.fixture(scope="session")
def sample_wav() -> Path:
    """The 30 s two-speaker recording inside the pyannote.audio package."""
    from modellab.media.sample import sample_path

    return sample_path()


@pytest.fixture(scope="session")
def demucs_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with every variant of Demucs: its own classes and file layout, tiny networks, random numbers."""
    pytest.importorskip("demucs", reason="the extra `separate` is not installed")
    from modellab.registry.registry import ModelRegistry
    from models.demucs.random_weights import write

    root = tmp_path_factory.mktemp("weights")
    for name in ModelRegistry().get("demucs").variants:
        folder = root / "demucs" / name
        folder.mkdir(parents=True)
        write(folder, name)
    return root


@pytest.fixture
def chat_folder() -> Callable[[Path, dict[str, str]], Path]:
    """Writes a language model: `chat_folder(folder, {prompt: answer})`, the prompts of different lengths."""
    return _write_chat_model


def _write_chat_model(folder: Path, answers: dict[str, str]) -> Path:
    """A tiny GPT-2 that knows some answers by heart: real classes, real files.

    Attention and MLPs are zero, so the next token depends on the position alone: from a prompt's end on, position after
    position says a character of its answer.
    """
    import torch
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    from modellab.registry.torchaudio_cpu import make_importable

    make_importable()
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    characters = sorted({chr(c) for c in range(32, 127)} | {c for answer in answers.values() for c in answer} | {"\n"})
    vocabulary = {c: i for i, c in enumerate([*characters, "<end>", "<unk>"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", unk_token="<unk>")  # type: ignore[no-untyped-call]
    wrapped.save_pretrained(folder)
    config = GPT2Config(
        vocab_size=len(vocabulary), n_positions=4096, n_embd=len(vocabulary), n_layer=1, n_head=1,
        eos_token_id=vocabulary["<end>"], bos_token_id=vocabulary["<end>"], tie_word_embeddings=False,
    )  # fmt: skip
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.transformer.ln_f.weight.fill_(1.0)
        model.lm_head.weight.copy_(torch.eye(len(vocabulary)))
        for prompt, answer in answers.items():
            length = len(wrapped(prompt, add_special_tokens=False)["input_ids"])
            said = [*wrapped(answer, add_special_tokens=False)["input_ids"], vocabulary["<end>"]]
            for place, token in enumerate(said):
                model.transformer.wpe.weight[length - 1 + place, token] = 1.0
    model.save_pretrained(folder)
    return folder
