"""PocketSphinx as a recogniser: what it hears of a clear voice, and when."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from modellab.errors import LabError
from modellab.media.audio import Audio, Waveform
from modellab.media.resampling import resample
from modellab.surfaces.results import Segment, Transcript, Word

pytest.importorskip("pocketsphinx", reason="the extra `align` is not installed")
LoadModel = Callable[[str], Any]
SILENCE_S = 3.0


@pytest.fixture(scope="module")
def spoken(load_model: LoadModel) -> Waveform:
    """Two sentences by hibari, 3 s of silence between them."""
    voice = load_model("hibari_tts")
    parts = [
        voice.speak(text, "heart", "en", 1.0, 0).samples for text in ("Good morning everybody.", "The house is old.")
    ]
    silence = np.zeros(round(SILENCE_S * 24_000), dtype=np.float32)
    sound = resample(Audio(np.concatenate([parts[0], silence, parts[1]])[np.newaxis], 24_000), 16_000)
    return Waveform(sound.samples[0], 16_000)


def transcribe(load_model: LoadModel, audio: Waveform, speech: Sequence[Segment], **parameters: object) -> Transcript:
    found: Transcript = load_model("pocketsphinx").transcribe(audio, speech, parameters, lambda fraction: None)
    return found


def test_it_hears_a_clear_voice_where_it_speaks(load_model: LoadModel, spoken: Waveform) -> None:
    found = transcribe(load_model, spoken, [Segment(0.0, spoken.duration_s)])
    said = {word.text: word for word in found.words}
    assert len({"good", "morning", "everybody", "house", "old"} & set(said)) >= 4
    assert found.language == "en" and not any(word.estimated for word in found.words)
    assert all(word.text.replace("'", "").isalpha() or "." in word.text for word in found.words)
    # 3 s without a word between "everybody" and "the", as there is in the sound.
    gaps = [after.start_s - before.end_s for before, after in zip(found.words, found.words[1:], strict=False)]
    assert SILENCE_S - 0.5 < max(gaps) < SILENCE_S + 1.5


def test_a_stretch_comes_out_the_same_whatever_was_heard_before(load_model: LoadModel, spoken: Waveform) -> None:
    first, second = Segment(0.0, 1.6), Segment(spoken.duration_s - 1.6, spoken.duration_s)

    def alone() -> list[Word]:
        return transcribe(load_model, spoken, [second], speech_pad_ms=0).words

    before = alone()
    assert before and before[0].start_s >= second.start_s
    transcribe(load_model, spoken, [first])
    assert alone() == before


@pytest.mark.parametrize("asked", [{"language": "de"}, {"beam_size": 2}])
def test_what_it_can_not_do_is_refused(load_model: LoadModel, spoken: Waveform, asked: dict[str, object]) -> None:
    with pytest.raises(LabError, match="pocketsphinx:en-us"):
        transcribe(load_model, spoken, [Segment(0.0, 1.0)], **asked)
