"""Speech by Kyutai's own package pocket-tts: a small language model of sound, and its voices."""

import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Audio, Waveform
from modellab.media.tempo import change_tempo
from modellab.outside import read_yaml
from modellab.registry.loaded import LoadRequest

_DESCRIPTION = "config.yaml"
_FIRST_VOICE = {
    "french": "estelle",
    "german": "juergen",
    "spanish": "lola",
    "italian": "giovanni",
    "portuguese": "rafael",
    "dutch": "daan",
}
"""The package's own choice for a language (`DEFAULT_VOICE_FOR_LANGUAGE`); for the others `alba`."""


class PocketTts:
    """One language's model with its voices; offers the surface `tts`.

    Args:
        folder: with `model.safetensors`, `tokenizer.json` and `embeddings/` somewhere in it. A `config.yaml` in it, in
            the package's own form, takes the place of the package's description of the language.
        language: the package's name of it.
        codes: ISO 639-1 codes of what it speaks.
    """

    def __init__(self, folder: Path, language: str, codes: list[str]) -> None:
        from pocket_tts import TTSModel

        with TemporaryDirectory(prefix="pocket-tts-") as place:
            description = Path(place) / _DESCRIPTION
            description.write_text(yaml.safe_dump(_described(folder, language)), "utf-8")
            self._model: Any = TTSModel.load_model(config=description)
        # As many frames at once as happen to be ready would give other last digits each time.
        self._model.max_decoder_frames_per_call = 1
        found = {path.stem: path for path in sorted(folder.rglob("embeddings/*.safetensors"))}
        first = _FIRST_VOICE.get(language, "alba")
        self._voices = dict(sorted(found.items(), key=lambda voice: voice[0] != first))
        self.voices = tuple(self._voices)
        self.languages = tuple(codes)
        self._states: dict[str, Any] = {}
        self._one_call = threading.Lock()
        """The model keeps what it is at within itself, and its noise comes from the process's generator."""

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        """The text at 24 kHz. The model knows one pace: another one is made of what it said, at the same pitch."""
        import torch

        with self._one_call, torch.random.fork_rng(devices=[]):
            state = self._states.get(voice)
            if state is None:
                state = self._states[voice] = self._model.get_state_for_audio_prompt(self._voices[voice])
            torch.manual_seed(seed)
            samples = np.asarray(self._model.generate_audio(state, text).numpy(), dtype=np.float32)
        sound = Waveform(samples, self._model.sample_rate)
        if speed == 1.0 or not len(samples):
            return sound
        return Waveform(change_tempo(Audio(samples[np.newaxis], sound.sample_rate_hz), speed).samples[0], 24_000)


def _described(folder: Path, language: str) -> dict[str, Any]:
    """What the package is told of a model: nothing in it leads out of the folder.

    Raises:
        WeightsCorrupt: the folder's own description is none.
    """
    from pocket_tts.utils.config import CONFIGS_DIR

    own = folder / _DESCRIPTION
    try:
        told = read_yaml(own if own.exists() else CONFIGS_DIR / f"{language}.yaml")
        told["flow_lm"]["lookup_table"]["tokenizer_path"] = str(_only(folder, "tokenizer.json"))
        told["flow_lm"].pop("weights_path", None)
        told["mimi"].pop("weights_path", None)
    except (KeyError, TypeError, AttributeError) as error:
        raise WeightsCorrupt(f"{own} does not describe a model of Pocket TTS", found=repr(error)) from error
    told["weights_path"] = str(_only(folder, "model.safetensors"))
    told.pop("weights_path_without_voice_cloning", None)
    return dict(told)


def _only(folder: Path, name: str) -> Path:
    [path] = folder.rglob(name)
    return path


def load(request: LoadRequest) -> PocketTts:
    """Load a language."""
    if request.weights is None:
        raise ValueError("Pocket TTS has weights")
    return PocketTts(request.weights, request.ref.variant, request.config.languages_of(request.ref.variant))
