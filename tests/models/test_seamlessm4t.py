"""SeamlessM4T: speech written down and translated, with tiny random models in the repositories' files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import UnknownName, UsageError
from modellab.media.audio import Waveform
from modellab.registry.registry import ModelRegistry
from modellab.surfaces.results import Segment
from models._transformers.loading import import_transformers
from models.seamlessm4t.languages import MODEL_CODES

RandomModel = Callable[[str], tuple[Any, Path]]
RATE = 16_000
SPEECH = [Segment(0.5, 1.5)]


def test_every_language_of_its_config_has_a_code_of_the_model_s() -> None:
    assert sorted(ModelRegistry().get("seamlessm4t").languages) == sorted(MODEL_CODES)
    assert (MODEL_CODES["de"], MODEL_CODES["zh"], len(set(MODEL_CODES.values()))) == ("deu", "cmn", len(MODEL_CODES))


@pytest.fixture(scope="module")
def audio() -> Waveform:
    return Waveform(np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32), RATE)


def told(fraction: float) -> None:
    """Progress that nobody follows."""


@pytest.mark.random_weights
@pytest.mark.parametrize(("variant", "kind"), [("v1-medium", "SeamlessM4T"), ("v2-large", "SeamlessM4Tv2")])
def test_what_it_writes_is_what_transformers_writes(
    random_model: RandomModel, audio: Waveform, variant: str, kind: str
) -> None:
    transformers = import_transformers()
    model, folder = random_model(f"seamlessm4t:{variant}")
    asked: Mapping[str, Any] = {"speech_pad_ms": 0}
    german = model.translate(audio, SPEECH, "de", asked, told)
    french = model.translate(audio, SPEECH, "fr", asked, told)
    spoken = model.transcribe(audio, SPEECH, {**asked, "language": "fr"}, told)

    own = getattr(transformers, f"{kind}ForSpeechToText").from_pretrained(folder).eval()
    processor = transformers.SeamlessM4TProcessor.from_pretrained(folder)
    heard = audio.samples[RATE // 2 : 3 * RATE // 2]
    inputs = processor(audio=[heard], sampling_rate=RATE, return_tensors="pt")

    def written(language: str) -> list[str]:
        tokens = own.generate(**inputs, tgt_lang=language, max_new_tokens=16, do_sample=False, num_beams=1)
        return str(processor.batch_decode(tokens, skip_special_tokens=True)[0]).split()

    assert (german.text.split(), french.text.split()) == (written("deu"), written("fra"))
    assert spoken.text.split() == written("fra") != []
    assert (german.language, german.source_language, spoken.language) == ("de", None, "fr")
    assert [(one.start_s, one.end_s) for one in french.utterances] == [(0.5, 1.5)]


@pytest.mark.random_weights
def test_it_says_what_it_can_not_do(random_model: RandomModel, audio: Waveform) -> None:
    model, _ = random_model("seamlessm4t:v2-large")
    assert list(model.target_languages) == ["de", "en", "fr"]
    with pytest.raises(UsageError, match="can't tell which language is spoken"):
        model.transcribe(audio, SPEECH, {}, told)
    with pytest.raises(UnknownName, match="no language that seamlessm4t:v2-large writes: 'ja'"):
        model.translate(audio, SPEECH, "ja", {}, told)
    with pytest.raises(UsageError, match="has nothing to translate"):
        model.translate(audio, SPEECH, "de", {"language": "de"}, told)
