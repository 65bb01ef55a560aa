"""GLM-TTS from a checkout of its makers' source: the calls are those of its `tools/gradio_app.py`.

Read at glmtts_inference.py: `load_models` and `generate_long`. Both open files by names that begin at the checkout, so
the process, which is this model's own, works there.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from modellab.media.audio import Audio, Samples, Waveform
from modellab.media.tempo import change_tempo
from modellab.registry.loaded import LoadRequest
from models._checkout.prompts import Prompt, importable, prompts

RATE_HZ = 24_000
_THEIRS = {"jiayan_zh": ("examples/prompt/jiayan_zh.wav", "他当时还跟线下其他的站姐吵架，然后，打架进局子了。")}
"""The recording that the makers' own demonstration speaks like, and what is said in it."""


class GlmTts:
    """The model, loaded; offers the surface `tts`."""

    def __init__(self, checkout: Path, languages: list[str]) -> None:
        importable(checkout)
        os.chdir(checkout)
        import glmtts_inference

        self._package: Any = glmtts_inference
        loaded = glmtts_inference.load_models(use_phoneme=False, sample_rate=RATE_HZ)
        self._frontend, self._texts, _, self._llm, self._flow = loaded
        self._prompts = prompts(checkout, _THEIRS)
        self.voices = tuple(self._prompts)
        self.languages = tuple(languages)

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        """The text, as the recording of the voice speaks. The model knows one pace; another is made of what it said."""
        speech, *_ = self._package.generate_long(**self._asked(text, self._prompts[voice], seed))
        samples: Samples = speech.squeeze().cpu().numpy().astype(np.float32)
        if speed == 1.0 or not len(samples):
            return Waveform(samples, RATE_HZ)
        return Waveform(change_tempo(Audio(samples[np.newaxis], RATE_HZ), speed).samples[0], RATE_HZ)

    def _asked(self, text: str, prompt: Prompt, seed: int) -> dict[str, Any]:
        import torch

        sound, device = str(prompt.sound), self._package.DEVICE
        said = self._texts.text_normalize(prompt.text) + " "
        codes = [self._frontend._extract_speech_token([sound]).squeeze().tolist()]
        cache = {
            "cache_text": [said],
            "cache_text_token": [self._frontend._extract_text_token(said)],
            "cache_speech_token": codes,
            "use_cache": True,
        }
        return {
            "frontend": self._frontend,
            "text_frontend": self._texts,
            "llm": self._llm,
            "flow": self._flow,
            "text_info": ["", self._texts.text_normalize(text)],
            "cache": cache,
            "embedding": self._frontend._extract_spk_embedding(sound),
            "flow_prompt_token": torch.tensor(codes, dtype=torch.int32).to(device),
            "speech_feat": self._frontend._extract_speech_feat(sound, sample_rate=RATE_HZ),
            "sample_method": "ras",
            "seed": seed,
            "device": device,
            "use_phoneme": False,
        }


def load(request: LoadRequest) -> GlmTts:
    """Load the model."""
    if request.weights is None:
        raise ValueError("GLM-TTS has weights")
    return GlmTts(request.weights, request.config.languages_of(request.ref.variant))
