"""What a model must offer to stand behind a surface. An adapter's loaded model implements one or more of these.

Audio given to a model is at the rate its config names (`sample_rate_hz`), mono unless the surface says otherwise.
Times in and out of a model are seconds from the start of the samples it was given; the step turns them into
original-recording times. The surfaces of `TEXT_SURFACES` (of_texts.py) are those of helper models.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, get_type_hints, runtime_checkable

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Audio, Samples, Waveform
from modellab.surfaces.replies import Reply
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Transcript
from modellab.surfaces.sounds import ClassScores, Notes
from modellab.surfaces.streams import Heard
from modellab.surfaces.translations import Translation

Vectors = npt.NDArray[np.float32]
"""Shape `(things, width)`, each row of length 1."""

Progress = Callable[[float], None]
"""Called with the fraction of the work done, 0 to 1, never falling."""


def untold(fraction: float) -> None:
    """Progress that nobody follows."""


@runtime_checkable
class VadModel(Protocol):
    """Finds speech."""

    def detect(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> SpeechSegments: ...


@runtime_checkable
class AsrModel(Protocol):
    """Transcribes the given stretches of speech, with word times. Never called without speech."""

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript: ...


class AsrStream(Protocol):
    """One live stream on its way through a recogniser, which keeps nothing of others.

    `modellab.streaming.stream` is the only caller: in this order, never two calls at once, nothing after `close`.
    """

    def hear(self, samples: Samples) -> Sequence[Heard]:
        """Take in more audio, float32 of shape `(samples,)`, at least one; what there is to say now, often nothing."""
        ...

    def end_segment(self) -> Heard:
        """What there is to say of all audio so far, at once: the speaker came to an end, or nobody waits longer.

        What it gives is final, `unstable` too. The next audio is that of a new segment.
        """
        ...

    def close(self) -> None:
        """Let go of everything. Called once, last, whatever happened before."""
        ...


@runtime_checkable
class AsrStreamModel(Protocol):
    """Transcribes speech while it is spoken."""

    @property
    def finds_ends(self) -> bool:
        """Whether it hears by itself that a speaker came to an end, and says so (`Heard.ended`)."""
        ...

    def open_stream(self, parameters: Mapping[str, Any]) -> AsrStream:
        """A new stream that neither disturbs others nor waits for them.

        Args:
            parameters: `language`, an ISO 639-1 code, where it is known; and what else the model can be asked.

        Raises:
            UsageError: a parameter that it does not know.
        """
        ...


@runtime_checkable
class AlignModel(Protocol):
    """Finds when the words of a short stretch of speech were said."""

    @property
    def languages(self) -> Sequence[str]:
        """ISO 639-1 codes of the languages it knows."""
        ...

    def knows(self, word: str) -> bool:
        """Whether it can tell how a word, as a transcript writes it, is pronounced."""
        ...

    def align(self, audio: Waveform, words: Sequence[str]) -> Sequence[Segment] | None:
        """The span of each word, in order and without overlap; None when the words don't fit the audio.

        From a model that can tell how well each word fits they are of the kind `FittedWord`, all of them.

        Args:
            audio: seconds to half a minute, with a little around the words.
            words: at least one, all of them known.
        """
        ...


@runtime_checkable
class DiarizationModel(Protocol):
    """Says who speaks when."""

    def diarize(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Diarization: ...


@runtime_checkable
class TtsModel(Protocol):
    """Says texts."""

    @property
    def voices(self) -> Sequence[str]:
        """Names of the voices it has here; the first is the one it takes by itself."""
        ...

    @property
    def languages(self) -> Sequence[str]:
        """ISO 639-1 codes of the languages it speaks."""
        ...

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        """What it says, one channel at the rate that its config names; empty where it can say none of the text.

        Args:
            text: a few sentences with at least one letter or digit: the step takes longer texts apart.
            voice: one of `voices`.
            language: one of `languages`.
            speed: 1.0 is the voice's own pace, 1.25 takes a fifth less time.
            seed: whatever is random in it follows from this: the same arguments, the same samples.
        """
        ...


@runtime_checkable
class TranslateModel(Protocol):
    """Writes speech of one language down in another."""

    @property
    def target_languages(self) -> Sequence[str]:
        """ISO 639-1 codes of the languages that it writes; `*` where they are not listed."""
        ...

    def translate(
        self,
        audio: Waveform,
        speech: Sequence[Segment],
        target: str,
        parameters: Mapping[str, Any],
        progress: Progress,
    ) -> Translation:
        """The given stretches of speech, translated. Never called without speech.

        Args:
            target: ISO 639-1 code.
            parameters: `language`, the code of what is spoken, where it is known; and what else the step asks.

        Raises:
            UsageError: it can't translate into that, or from that, or must be told what is spoken.
        """
        ...


class EnhanceStream(Protocol):
    """One channel on its way through an enhancing model.

    All outputs together are exactly as long as all inputs and in their place in time: the model's delay is taken out.
    """

    def push(self, samples: Samples) -> Samples:
        """Take in float32 samples of any number, shape `(samples,)`; gives what is known of the output so far."""
        ...

    def finish(self) -> Samples:
        """The rest of the output. Called once, last."""
        ...


@runtime_checkable
class EnhanceModel(Protocol):
    """Makes speech clearer."""

    def stream(self) -> EnhanceStream:
        """A new stream that remembers nothing of others."""
        ...


@runtime_checkable
class SeparateModel(Protocol):
    """Takes a mixture of sounds apart. The stems together are the mixture, but for the model's error."""

    @property
    def stems(self) -> Sequence[str]:
        """Their names, in order."""
        ...

    def separate(self, audio: Audio, progress: Progress) -> Iterator[Samples]:
        """Stems of stereo audio, as they become known.

        Yields:
            Blocks of shape `(stems, channels, samples)`, float32, together exactly as long as the audio.
        """
        ...


@runtime_checkable
class EmbedModel(Protocol):
    """Turns texts into unit vectors of one width: the closer two are, the more alike what the texts mean."""

    def embed(self, texts: Sequence[str], progress: Progress = untold) -> Vectors:
        """One row for each text."""
        ...


@runtime_checkable
class ChatModel(Protocol):
    """Writes what is asked for."""

    @property
    def name(self) -> str:
        """What it is, for messages and results; follows from its weights alone."""
        ...

    def complete(self, system: str, user: str, answer_tokens: int) -> str:
        """Its answer, the same to the same question.

        Args:
            system: what it is and how it is to answer.
            user: what it is asked.
            answer_tokens: longest answer.

        Raises:
            StepFailed: question and answer are too long for it.
        """
        ...


@runtime_checkable
class EndOfTurnModel(Protocol):
    """Hears whether somebody who pauses has done."""

    @property
    def window_s(self) -> float:
        """Seconds of sound that it goes by, at most: of more, the last."""
        ...

    def end_of_turn(self, heard: Waveform) -> float:
        """Probability, 0 to 1, that the turn of whoever speaks is over where the audio ends.

        Args:
            heard: the last seconds of one person's speech, up to a moment of the pause after it (200 ms, say), one
                channel, of any length but none.
        """
        ...


# What is heard in sound, whether anybody speaks or not.


@runtime_checkable
class ClassifyModel(Protocol):
    """Says of which classes a sound is, moment by moment."""

    def classify(self, audio: Waveform, labels: Sequence[str] | None, progress: Progress) -> ClassScores:
        """Scores of every class; at least one frame, however short the audio.

        Args:
            labels: in words of one's own, two or more, each once: the classes, in this order. None: the model's own.

        Raises:
            UsageError: labels, of a model that has classes of its own and no others.
        """
        ...


@runtime_checkable
class EmbedSoundModel(Protocol):
    """Turns sound into unit vectors of one width: the closer two are, the more alike what is heard (a voice, say).

    A surface of its own beside `embed`, and a method of another name: texts need no audio, rate or stretches, helper
    models of texts are no systems while this one is, and a model may do both.
    """

    @property
    def shortest_s(self) -> float:
        """Least sound, in seconds, that it can make a vector of."""
        ...

    def embed_sound(self, audio: Waveform, heard: Sequence[Sequence[Segment]], progress: Progress) -> Vectors:
        """One row for each of `heard`: stretches of the audio that belong together.

        Args:
            heard: each in order of time, inside the audio, at least `shortest_s` in all.
        """
        ...


@runtime_checkable
class MusicTranscriptionModel(Protocol):
    """Writes music down as notes."""

    def transcribe_notes(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Notes: ...


@runtime_checkable
class VoiceToVoiceModel(Protocol):
    """Hears what somebody says and answers with a voice."""

    def reply(
        self, audio: Waveform, instructions: str | None, longest_s: float, seed: int, progress: Progress
    ) -> Reply:
        """Its answer to one turn of a conversation.

        Args:
            audio: what was said, one channel at the rate that the config names for this surface.
            instructions: what it is told beforehand; None: what its makers tell it.
            longest_s: where a reply that has not ended is cut off, in seconds of its sound.
            seed: whatever is random in it follows from this: the same arguments, the same reply.
        """
        ...


CONTRACTS: Mapping[str, type] = {
    "vad": VadModel,
    "asr": AsrModel,
    "asr_stream": AsrStreamModel,
    "translate": TranslateModel,
    "tts": TtsModel,
    "align": AlignModel,
    "diarization": DiarizationModel,
    "enhance": EnhanceModel,
    "separate": SeparateModel,
    "embed": EmbedModel,
    "chat": ChatModel,
    "classify": ClassifyModel,
    "embed_sound": EmbedSoundModel,
    "music_transcription": MusicTranscriptionModel,
    "end_of_turn": EndOfTurnModel,
    "voice_to_voice": VoiceToVoiceModel,
}
"""Surface -> the protocol a loaded model must satisfy; a surface joins this table with its first model."""


def members(contract: type) -> dict[str, Any]:
    """What a contract asks for, by name: functions and properties."""
    return {name: member for name, member in vars(contract).items() if not name.startswith("_")}


def methods(contract: type) -> dict[str, Callable[..., Any]]:
    """What a contract asks for that can be called, by name."""
    return {name: member for name, member in members(contract).items() if not isinstance(member, property)}


def properties(contract: type) -> list[str]:
    """Names of a contract's properties."""
    return [name for name, member in members(contract).items() if isinstance(member, property)]


@cache
def object_given(method: str) -> type | None:
    """The contract of what a method of a model gives, where that is an object with methods; None for plain data."""
    for contract in CONTRACTS.values():
        if function := methods(contract).get(method):
            returned = get_type_hints(function).get("return")
            return returned if inspect.isclass(returned) and getattr(returned, "_is_protocol", False) else None
    return None
