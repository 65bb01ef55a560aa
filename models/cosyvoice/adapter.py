"""CosyVoice 2 and 3 from a checkout of their makers' source: the calls are those of its README and `example.py`.

Read at cosyvoice/cli/cosyvoice.py: `AutoModel(model_dir=...)` and `inference_zero_shot`, which gives pieces of speech.
"""

from pathlib import Path
from typing import Any

import numpy as np

from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from models._checkout.prompts import Prompt, importable, prompts

_THEIRS = {"zero_shot_prompt": ("asset/zero_shot_prompt.wav", "希望你以后能够做的比我还好呦。")}
"""The recording that the README speaks like, and what is said in it."""
_INSTRUCTION = "You are a helpful assistant.<|endofprompt|>"
"""Before what is said in a prompt, for the third generation."""


class CosyVoice:
    """A model, loaded; offers the surface `tts`."""

    def __init__(self, checkout: Path, model: str, languages: list[str]) -> None:
        importable(checkout, checkout / "third_party" / "Matcha-TTS")
        from cosyvoice.cli.cosyvoice import AutoModel

        self._prompts = prompts(checkout, _THEIRS)
        self._model: Any = AutoModel(model_dir=str(checkout / "pretrained_models" / model))
        self._is_third = "CosyVoice3" in model
        self.voices = tuple(self._prompts)
        self.languages = tuple(languages)

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        """The text, as the recording of the voice speaks, at the model's rate."""
        from cosyvoice.utils.common import set_all_random_seed

        set_all_random_seed(seed)
        asked = arguments(text, self._prompts[voice], speed, third=self._is_third)
        pieces = [one["tts_speech"].cpu().numpy()[0] for one in self._model.inference_zero_shot(**asked)]
        samples: Samples = np.concatenate([np.zeros(0, dtype=np.float32), *pieces], dtype=np.float32)
        return Waveform(samples, int(self._model.sample_rate))


def arguments(text: str, prompt: Prompt, speed: float, *, third: bool) -> dict[str, Any]:
    """What `inference_zero_shot` is called with."""
    return {
        "tts_text": text,
        "prompt_text": f"{_INSTRUCTION if third else ''}{prompt.text}",
        "prompt_wav": str(prompt.sound),
        "stream": False,
        "speed": speed,
    }


def load(request: LoadRequest) -> CosyVoice:
    """Load a generation."""
    if request.weights is None:
        raise ValueError("CosyVoice has weights")
    model = str(request.variant.parameters["model"])
    return CosyVoice(request.weights, model, request.config.languages_of(request.ref.variant))
