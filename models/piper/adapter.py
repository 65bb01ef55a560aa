"""Speech through Piper: espeak-ng turns the text into phonemes, a VITS network these into sound."""

from pathlib import Path
from typing import Any

import numpy as np

from modellab.media.audio import Waveform
from modellab.outside import read_json
from modellab.registry.loaded import LoadRequest


class Piper:
    """One voice, loaded; offers the surface `tts`.

    Args:
        network: the voice's network; its description lies beside it, with `.json` behind its name.
        languages: those it speaks.
        threads: of the network.
    """

    def __init__(self, network: Path, languages: list[str], threads: int) -> None:
        import onnxruntime
        from piper import PiperConfig, PiperVoice

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        described = read_json(network.with_name(f"{network.name}.json"))
        self._voice = PiperVoice(
            config=PiperConfig.from_dict(described),
            session=onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"]),
        )
        self.voices = (str(described.get("dataset") or network.name.split("-")[1]),)
        self.languages = tuple(languages)

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        """The text at the voice's rate, sentence after sentence.

        The network's noise comes from within it and follows no seed, so there is none: the same text, the same samples.
        """
        from piper import SynthesisConfig

        # Left to itself the package brings every sentence to full scale, a whispered one like a shouted one.
        asked = SynthesisConfig(length_scale=1 / speed, noise_scale=0.0, noise_w_scale=0.0, normalize_audio=False)
        chunks: list[Any] = [chunk.audio_float_array for chunk in self._voice.synthesize(text, asked)]
        samples = np.concatenate(chunks) if chunks else np.zeros(0, dtype=np.float32)
        return Waveform(samples, self._voice.config.sample_rate)


def load(request: LoadRequest) -> Piper:
    """Load a voice: each variant is one, with a network of its own."""
    if request.weights is None:
        raise ValueError("a voice has a network")
    [network] = [request.weights / name for name in request.variant.files if name.endswith(".onnx")]
    return Piper(network, request.config.languages_of(request.ref.variant), request.facts.threads)
