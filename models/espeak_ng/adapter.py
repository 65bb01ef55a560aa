"""eSpeak NG through its library, which the package espeakng-loader brings; each text has a process of its own."""

import subprocess
import sys
from collections.abc import Sequence

import numpy as np

from modellab.errors import ModelUnavailable, StepFailed
from modellab.installed import inside_package
from modellab.media.audio import Waveform
from modellab.registry.loaded import LoadRequest
from models.espeak_ng import speak as program

_WORDS_PER_MINUTE = 175
"""The library's own pace."""
_FULL_SCALE = np.float32(32768.0)
_LIMIT_S = 120.0
"""A text of a few sentences takes hundredths of a second."""
_PACKAGE = "espeakng_loader"
_VOICES = {"standard": "", "man": "+m3", "woman": "+f2"}
"""Name -> the library's variant of its voice, which it has for every language."""
_DIALECTS = {"en": "en-us"}
"""What the library calls a language, where it is not the code."""


class ESpeak:
    """The library, ready to speak; offers the surface `tts`."""

    def __init__(self, languages: Sequence[str]) -> None:
        library, data = (inside_package(_PACKAGE, name) for name in ("libespeak-ng.so", "espeak-ng-data"))
        if library is None or data is None:
            raise ModelUnavailable(
                "the package espeakng-loader has no library for this machine",
                hint="It brings one for Linux; take another voice, such as hibari_tts.",
            )
        self._command = [sys.executable, "-I", program.__file__, str(library), str(data)]
        self.voices: Sequence[str] = tuple(_VOICES)
        self.languages = tuple(languages)
        self.speak("a", self.voices[0], self.languages[0], 1.0, 0)  # a library that can't be opened says so here

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        """The text at 22.05 kHz. Nothing in it is random: the seed changes nothing.

        Raises:
            StepFailed: the library can't say it.
        """
        name = _DIALECTS.get(language, language) + _VOICES[voice]
        asked = [*self._command, name, str(round(_WORDS_PER_MINUTE * speed))]
        said = text.replace("\0", " ").encode()
        try:
            done = subprocess.run(asked, input=said, capture_output=True, timeout=_LIMIT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise StepFailed(f"eSpeak NG did not say a text within {_LIMIT_S:.0f} s") from error
        if done.returncode:
            last = (done.stderr.decode(errors="replace").strip().splitlines() or [f"it ended with {done.returncode}"])[
                -1
            ]
            raise StepFailed("eSpeak NG can't say a text", found=last)
        samples = np.frombuffer(done.stdout, dtype="<i2").astype(np.float32) / _FULL_SCALE
        # Of a text without a sound the library gives a few milliseconds of nothing.
        return Waveform(samples if samples.any() else samples[:0], program.RATE_HZ)


def load(request: LoadRequest) -> ESpeak:
    """Find the library and its data."""
    return ESpeak(request.config.languages_of(request.ref.variant))
