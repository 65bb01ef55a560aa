"""Kokoro-82M on ONNX Runtime. Phonemes are those of the package hibari-tts, whose rules are Kokoro's own (misaki)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Samples, Waveform
from modellab.outside import read_json
from modellab.registry.loaded import LoadRequest
from modellab.registry.onnx_sessions import open_network
from models.kokoro.phonemes import within

RATE_HZ = 24_000
STYLE_WIDTH = 256
MOST_PHONEMES = 510
"""Kokoro's context is 512, of which one at each end is filling; a voice has a style for each length up to this."""
VOICES = "voices.npz"

Styles = npt.NDArray[np.float32]
"""One voice: shape `(MOST_PHONEMES, STYLE_WIDTH)`, a row for each number of phonemes."""


class Kokoro:
    """A network with its voices, loaded; offers the surface `tts`.

    Args:
        network: takes phonemes, a style and a speed.
        voices: name -> styles, the first the one it takes by itself. The name's first letter is the voice's language,
            as Kokoro has it: `b` for British English, others are read in American English.
        threads: of the network.
    """

    def __init__(self, network: Path, voices: Mapping[str, Styles], threads: int) -> None:
        import hibari
        from hibari.g2p import G2P

        self._session = open_network(network, threads)
        names = [given.name for given in self._session.get_inputs()]
        if len(names) != 3 or names[1:] != ["style", "speed"]:
            raise WeightsCorrupt(f"{network} is not Kokoro", found=f"a network of {', '.join(names)}")
        self._phonemes_name = names[0]
        self._styles = voices
        # Both packages number phonemes alike: the voices of hibari-tts were made from Kokoro's.
        self._numbers: Mapping[str, int] = read_json(Path(hibari.__file__).parent / "assets" / "vocab.json")
        self._sentences = hibari.Hibari.split_sentences
        self._readers = {british: G2P(british=british) for british in {_is_british(name) for name in voices}}
        for reader in self._readers.values():
            reader("Ready.")  # the dictionaries are read at the first word: that is loading, not speaking
        self.voices: Sequence[str] = tuple(voices)
        self.languages: Sequence[str] = ("en",)

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        """The text at 24 kHz, sentence after sentence. Nothing in it is random: the seed changes nothing."""
        pieces = [self._say(numbers, self._styles[voice], speed) for numbers in self._numbered(text, voice)]
        samples = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
        return Waveform(samples, RATE_HZ)

    def _numbered(self, text: str, voice: str) -> Iterator[list[int]]:
        """What the network is given at once, piece by piece; none of a sentence without a letter it can say."""
        reader = self._readers[_is_british(voice)]
        for sentence in self._sentences(text):
            phonemes = "".join(sign for sign in reader(sentence) if sign in self._numbers)
            if any(sign.isalpha() for sign in phonemes):
                for piece in within(phonemes, MOST_PHONEMES):
                    yield [self._numbers[sign] for sign in piece]

    def _say(self, numbers: list[int], styles: Styles, speed: float) -> Samples:
        given: dict[str, Any] = {
            self._phonemes_name: np.array([[0, *numbers, 0]], dtype=np.int64),
            "style": styles[len(numbers) - 1][np.newaxis],
            "speed": np.array([speed], dtype=np.float32),
        }
        [audio] = self._session.run(None, given)
        return np.asarray(audio, dtype=np.float32).reshape(-1)


def _is_british(voice: str) -> bool:
    return voice.startswith("b")


def _voices(folder: Path, names: Sequence[str]) -> dict[str, Styles]:
    """The styles of voices: in one file, or in a file of plain numbers (float32, little-endian) for each.

    Raises:
        WeightsCorrupt: a voice is not there, or not of the shape that the network takes.
    """
    together = folder / VOICES
    try:
        if together.exists():
            with np.load(together, allow_pickle=False) as file:
                found = {name: np.asarray(file[name]) for name in names}
        else:
            found = {name: np.fromfile(folder / "voices" / f"{name}.bin", dtype="<f4") for name in names}
    except (OSError, KeyError, ValueError) as error:
        raise WeightsCorrupt(f"{folder} does not hold the voices {', '.join(names)}", found=str(error)) from error
    wanted = MOST_PHONEMES * STYLE_WIDTH
    for name, styles in found.items():
        if styles.size != wanted or styles.dtype != np.float32:
            raise WeightsCorrupt(
                f"the voice {name} in {folder} is not Kokoro's",
                found=f"{styles.size} numbers ({styles.dtype})",
                allowed=f"{wanted} numbers (float32)",
            )
    return {name: styles.reshape(MOST_PHONEMES, STYLE_WIDTH) for name, styles in found.items()}


def load(request: LoadRequest) -> Kokoro:
    """Load the network and the voices of a variant."""
    if request.weights is None:
        raise ValueError("Kokoro has weights")
    parameters = request.variant.parameters
    voices = _voices(request.weights, str(parameters["voices"]).split(","))
    return Kokoro(request.weights / str(parameters["network"]), voices, request.facts.threads)
