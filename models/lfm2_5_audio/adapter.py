"""LFM2.5-Audio by its makers' package `liquid-audio`: one model that writes down, speaks and answers.

It gives tokens of text and frames of eight audio codes. A second network of the same folder makes sound of the codes;
the package builds it for CUDA alone, so it is built here, for whichever device there is.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from modellab.media.audio import Audio, Samples, Waveform
from modellab.media.tempo import change_tempo
from modellab.registry.loaded import LoadRequest
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard, transcribe_pieces
from modellab.surfaces.contracts import Progress, untold
from modellab.surfaces.replies import Reply
from modellab.surfaces.results import Segment, Transcript

HEARD_HZ = 16_000
SPOKEN_HZ = 24_000
FRAMES_A_SECOND = 12.5
"""Of eight codes each."""
_SAMPLES_A_FRAME = 1920
_NO_CODE = 2048
"""In place of codes: the end of what is spoken. Codes are below it."""
_LONGEST_PIECE_S = 30.0
_MOST_WORDS = 512
"""Tokens of text for one piece of speech."""
_SLOWEST_S_A_LETTER, _SPARE_S = 0.25, 2.0
"""Speech that takes longer than this babbles, and is cut off: what the check `is_plausibly_long` of tts allows."""
_VOICES = {
    "us_female": "Perform TTS. Use the US female voice.",
    "us_male": "Perform TTS. Use the US male voice.",
    "uk_female": "Perform TTS. Use the UK female voice.",
    "uk_male": "Perform TTS. Use the UK male voice.",
}
"""The four system prompts that the package's README lists."""
_TRANSCRIBE = "Perform ASR."
_CONVERSE = "Respond with interleaved text and audio."


class LfmAudio:
    """The model, loaded; offers the surfaces `asr`, `tts` and `voice_to_voice`.

    How it is asked, and with which temperatures, is as the package's README has it for each of them.
    """

    def __init__(self, request: LoadRequest, folder: Path) -> None:
        import torch
        from liquid_audio import LFM2AudioModel, LFM2AudioProcessor

        self._name, self._device = str(request.ref), request.facts.device
        self._dtype = getattr(torch, request.facts.compute_type)
        # A Path, not a name: the package would take a name for a repository of the hub.
        self._processor: Any = LFM2AudioProcessor.from_pretrained(folder, device=self._device).eval()
        model = LFM2AudioModel.from_pretrained(folder, dtype=self._dtype, device=self._device)
        self._model: Any = model.to(self._dtype).eval()
        self._codec = _codec(folder / "audio_detokenizer", self._device)
        self.languages = tuple(request.config.languages_of(request.ref.variant))
        self.voices = tuple(_VOICES)

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech; it says no times, so these are estimated."""
        asked = Asked.parse(self._name, parameters)
        language = asked.spoken(self._name, self.languages, detects=False)
        return transcribe_pieces(
            audio,
            speech,
            self._hear,
            longest_s=_LONGEST_PIECE_S,
            pad_s=asked.speech_pad_ms / 1000,
            batch_size=1,
            language=language,
            progress=progress,
            shortest_s=0.2,
        )

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        """The text at 24 kHz. The model knows one pace: another one is made of what it said, at the same pitch."""
        chat = self._told(_VOICES[voice])
        chat.add_text(text)
        self._end_turn(chat)
        most = math.ceil((_SLOWEST_S_A_LETTER * len(text) + _SPARE_S) * FRAMES_A_SECOND)
        asked = {"audio_temperature": 0.8, "audio_top_k": 64}
        generate = partial(self._model.generate_sequential, **chat, **asked)
        _, frames, _ = self._said(generate, most, most + _MOST_WORDS, seed, untold)
        sound = self._sound(frames)
        if speed == 1.0 or not len(sound.samples):
            return sound
        return Waveform(change_tempo(Audio(sound.samples[np.newaxis], SPOKEN_HZ), speed).samples[0], SPOKEN_HZ)

    def reply(
        self, audio: Waveform, instructions: str | None, longest_s: float, seed: int, progress: Progress
    ) -> Reply:
        """Its answer, words and sound in turn."""
        chat = self._told(instructions or _CONVERSE)
        self._add_audio(chat, audio.samples, audio.sample_rate_hz)
        self._end_turn(chat)
        most = math.floor(longest_s * FRAMES_A_SECOND)
        config = self._model.conf
        text_tokens = (math.ceil(most / config.interleaved_n_audio) + 1) * config.interleaved_n_text
        asked = {"audio_temperature": 1.0, "audio_top_k": 4}
        generate = partial(self._model.generate_interleaved, **chat, **asked)
        words, frames, ended = self._said(generate, most, most + text_tokens, seed, progress)
        progress(1.0)
        return Reply(self._written(words), self._sound(frames), ended)

    def _hear(self, sounds: Sequence[Samples], progress: Progress) -> list[Heard]:
        return [Heard(self._heard(samples, progress)) for samples in sounds]

    def _heard(self, samples: Samples, progress: Progress) -> str:
        chat = self._told(_TRANSCRIBE)
        self._add_audio(chat, samples, HEARD_HZ)
        self._end_turn(chat)
        words: list[int] = []
        for number, token in enumerate(self._model.generate_sequential(**chat, max_new_tokens=_MOST_WORDS)):
            progress(number / _MOST_WORDS)
            if token.numel() == 1:
                words.append(int(token))
        return self._written(words)

    def _told(self, instructions: str) -> Any:
        """A conversation in which the user has the word."""
        from liquid_audio import ChatState

        chat = ChatState(self._processor, codebooks=self._model.codebooks, dtype=self._dtype)
        chat.new_turn("system")
        chat.add_text(instructions)
        chat.end_turn()
        chat.new_turn("user")
        return chat

    @staticmethod
    def _end_turn(chat: Any) -> None:
        chat.end_turn()
        chat.new_turn("assistant")

    @staticmethod
    def _add_audio(chat: Any, samples: Samples, sample_rate_hz: int) -> None:
        import torch

        chat.add_audio(torch.from_numpy(np.ascontiguousarray(samples))[None], sample_rate_hz)

    def _said(
        self, generate: Any, most_frames: int, most_tokens: int, seed: int, progress: Progress
    ) -> tuple[list[int], list[Any], bool]:
        """Tokens of text, frames of codes, and whether the model came to an end by itself.

        Args:
            most_tokens: of text and frames together.
        """
        import torch

        torch.manual_seed(seed)
        words: list[int] = []
        frames: list[Any] = []
        taken = 0
        tokens: Iterator[Any] = generate(max_new_tokens=most_tokens)
        for token in tokens:
            taken += 1
            if token.numel() == 1:
                words.append(int(token))
            elif not (token >= _NO_CODE).any():
                if len(frames) == most_frames:
                    return words, frames, False
                frames.append(token)
            progress(len(frames) / (most_frames + 1))
        return words, frames, taken < most_tokens

    def _written(self, tokens: Sequence[int]) -> str:
        text: str = self._processor.text.decode(list(tokens), skip_special_tokens=True)
        return text.replace("<|text_end|>", "").replace("<|im_end|>", "").strip()

    def _sound(self, frames: Sequence[Any]) -> Waveform:
        import torch

        if not frames:
            return Waveform(np.zeros(0, dtype=np.float32), SPOKEN_HZ)
        with torch.inference_mode():
            samples = self._codec(torch.stack(list(frames), 1)[None].to(self._device))[0]
        made: Samples = samples.float().cpu().numpy()
        return Waveform(made[: len(frames) * _SAMPLES_A_FRAME], SPOKEN_HZ)


def _codec(folder: Path, device: str) -> Any:
    """The network that makes sound of codes."""
    from liquid_audio import LFM2AudioDetokenizer
    from safetensors.torch import load_file
    from transformers import Lfm2Config

    config: Any = Lfm2Config.from_pretrained(folder / "config.json")
    # llama.cpp's name for a layer that this network's own mask makes slide (LFM2AudioProcessor.audio_detokenizer).
    config.layer_types = ["full_attention" if kind == "sliding_attention" else kind for kind in config.layer_types]
    network = LFM2AudioDetokenizer(config)
    network.load_state_dict(load_file(folder / "model.safetensors"))
    return network.to(device).eval()


def load(request: LoadRequest) -> LfmAudio:
    """Load the model."""
    if request.weights is None:
        raise ValueError("LFM2.5-Audio has weights")
    return LfmAudio(request, request.weights)
