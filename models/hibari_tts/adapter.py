"""English speech through the package hibari-tts, which brings a voice and its rules from spelling to sound."""

from pathlib import Path

from modellab.media.audio import Waveform
from modellab.registry.loaded import LoadRequest


class HibariVoice:
    """One voice, loaded; offers the surface `tts`.

    Args:
        voice: the package's name of it, which decides between American and British pronunciation.
        network: the voice's network.
        threads: of the network alone; what follows it runs on one.
    """

    def __init__(self, voice: str, network: Path, threads: int) -> None:
        from hibari import Hibari

        # Without a path the package would look for a voice in a cache of its own, and download it.
        self._tts = Hibari(voice=voice, model=str(network), threads=threads)
        self._tts.phonemize("Ready.")  # the dictionaries are read at the first word: that is loading, not speaking
        self.voices = (voice,)
        self.languages = ("en",)

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        """The text at 24 kHz; the noise in breath and consonants follows from the seed."""
        return Waveform(self._tts(text, speed=speed, seed=seed), self._tts.sample_rate)


def load(request: LoadRequest) -> HibariVoice:
    """Load a voice: each variant is one, with a network of its own."""
    if request.weights is None:
        raise ValueError("a voice has a network")
    return HibariVoice(request.ref.variant, request.weights / request.variant.files[0], request.facts.threads)
