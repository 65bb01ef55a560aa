"""NB-Whisper's loader and decoding with tiny random networks in optimum's layout: nothing of what it hears."""

from pathlib import Path

import numpy as np
import pytest

from modellab.errors import UnknownName, WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.registry.loaded import ExecutionFacts, LoadRequest
from modellab.registry.registry import ModelRegistry
from modellab.surfaces.results import Segment

pytest.importorskip("onnx")

from models.nb_whisper_small_onnx.adapter import NbWhisper, load
from models.nb_whisper_small_onnx.random_weights import write

pytestmark = pytest.mark.random_weights
RATE = 16_000


@pytest.fixture(scope="module")
def request_of(tmp_path_factory: pytest.TempPathFactory) -> LoadRequest:
    folder = tmp_path_factory.mktemp("nb")
    write(folder, "small")
    config, ref = ModelRegistry().resolve("nb_whisper_small_onnx")
    return LoadRequest(config, ref, config.variants[ref.variant], folder, ExecutionFacts("cpu", "float32", 1))


@pytest.fixture(scope="module")
def model(request_of: LoadRequest) -> NbWhisper:
    return load(request_of)


AUDIO = Waveform(np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32), RATE)


def test_the_cache_changes_nothing_that_is_written(model: NbWhisper) -> None:
    whisper = model._whisper
    hidden = np.random.default_rng(1).normal(size=(1, 1500, 8)).astype(np.float32)
    prompt = [50258, 50288, 50359, 50363]
    told: list[float] = []
    written = whisper.write(hidden, prompt, told.append)
    assert 0 < len(written.tokens) <= 20
    assert told == sorted(told)
    slow: list[int] = []  # every token anew from the whole text before it, without the cache
    likelihoods = []
    for _ in range(20):
        logits, _ = whisper._step(hidden, [*prompt, *slow], None)
        likely = logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
        logits[whisper._suppressed] = -np.inf
        if not slow:
            logits[whisper._suppressed_first] = -np.inf
        token = int(logits.argmax())
        likelihoods.append(likely[token])
        if token == 50257:
            break
        slow.append(token)
    assert written.tokens == slow
    assert written.average_log_probability == pytest.approx(np.mean(likelihoods), abs=1e-4)
    assert len(set(slow)) > 1


def test_words_have_estimated_times_and_a_language(model: NbWhisper) -> None:
    speech = [Segment(0.5, 2.5)]
    found = model.transcribe(AUDIO, speech, {"language": "nn"}, lambda fraction: None)
    assert found.language == "nn"
    assert found == model.transcribe(AUDIO, speech, {"language": "nn"}, lambda fraction: None)
    assert all(word.estimated and 0.3 <= word.start_s <= word.end_s <= 2.7 for word in found.words)
    detected = model.transcribe(AUDIO, speech, {"languages": ("no", "en")}, lambda fraction: None)
    assert detected.language in ("no", "en", None)
    with pytest.raises(UnknownName, match="'de'"):
        model.transcribe(AUDIO, speech, {"language": "de"}, lambda fraction: None)


def test_it_stops_in_the_middle_of_a_piece(model: NbWhisper) -> None:
    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.transcribe(AUDIO, [Segment(0.5, 2.5)], {"language": "no"}, stop)


def test_files_of_another_layout_are_refused(request_of: LoadRequest, tmp_path: Path) -> None:
    folder = request_of.weights
    assert folder is not None
    for path in folder.rglob("*"):
        if path.is_file():
            place = tmp_path / path.relative_to(folder)
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(path.read_bytes())
    broken = LoadRequest(request_of.config, request_of.ref, request_of.variant, tmp_path, request_of.facts)
    encoder = (tmp_path / "onnx" / "encoder_model.onnx").read_bytes()
    (tmp_path / "onnx" / "decoder_model_merged.onnx").write_bytes(encoder)
    with pytest.raises(WeightsCorrupt, match="is not a merged decoder of Whisper; found input_features"):
        load(broken)
    (tmp_path / "onnx" / "encoder_model.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsCorrupt, match=r"encoder_model\.onnx is not an ONNX network"):
        load(broken)
    (tmp_path / "generation_config.json").write_text("{}")
    with pytest.raises(WeightsCorrupt, match=r"generation_config\.json is not that of a Whisper"):
        load(broken)
