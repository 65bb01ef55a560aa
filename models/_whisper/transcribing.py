"""Speech through a Whisper that decodes one piece after the other: packed, its language found, put back into its time.

What differs between packages is a `Decoder`; all else is here. (faster-whisper decodes in batches of its own.)
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, Literal, Protocol

from pydantic import Field

from modellab.errors import UsageError
from modellab.media.audio import Samples, Waveform
from modellab.names import unknown_name
from modellab.speech.asked import Asked
from modellab.speech.pieces import pack
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript, Utterance
from models._whisper.languages import SpokenLanguages
from models._whisper.words import DecodedSegment, utterances_of

WINDOW_S = 30.0
SAMPLE_RATE_HZ = 16_000

# A segment that is likely no speech and improbable is none (openai/whisper, whisper/transcribe.py).
NO_SPEECH = 0.6
LEAST_LOG_PROBABILITY = -1.0


class Options(Asked):
    """Parameters of a transcription, piece by piece. Decoding is greedy: nothing is left to chance."""

    batch_size: Literal[1] | None = Field(None, description="it hears one piece at a time")
    multilingual: bool | None = Field(
        None, description="detect the language anew for every 30 s of speech; None: where a look finds two"
    )
    initial_prompt: str | None = Field(None, description="text the model is to believe came before")


class Decoder(Protocol):
    """A loaded Whisper, in whichever package."""

    @property
    def languages(self) -> Sequence[str]:
        """ISO 639-1 codes of those that it knows; one of an English-only Whisper."""

    def detect_language(self, samples: Samples) -> tuple[str, float, list[tuple[str, float]]]:
        """The likeliest language of 16 kHz audio of at most 30 s, its probability, and every language with its own."""

    def decode(self, samples: Samples, language: str, prompt: str | None) -> Sequence[DecodedSegment]:
        """What is said in 16 kHz audio of at most 30 s, with words; times are from its start."""


class PieceByPiece:
    """A Whisper as a model of the surface `asr`.

    One call at a time decodes: packages keep what they are at inside the network.
    """

    def __init__(self, name: str, decoder: Decoder) -> None:
        self._name, self._decoder, self._one_call = name, decoder, Lock()

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech in 16 kHz audio, each with its time and probability.

        Args:
            parameters: the fields of `Options`.

        Raises:
            UsageError: a parameter that is not allowed, or a language this variant does not know.
        """
        asked = Options.parse(self._name, parameters)
        known = self._decoder.languages
        allowed = self._allowed(asked, known)
        pieces = pack(audio.samples, audio.sample_rate_hz, speech, pad_s=asked.speech_pad_ms / 1000, longest_s=WINDOW_S)
        with self._one_call:
            languages = SpokenLanguages(self._decoder, audio.samples, allowed)
            detect = bool(pieces) and asked.language is None and len(allowed) > 1
            detected = languages.candidates(pieces) if detect else []
            language = detected[0].language if detected else asked.language or next(iter(allowed))
            spoken = languages.of_each(pieces, language, asked.multilingual if detect else False)
            total = sum(piece.samples for piece in pieces)
            done = 0
            utterances: list[Utterance] = []
            for piece, spoken_in in zip(pieces, spoken, strict=True):
                segments = self._decoder.decode(piece.cut(audio.samples), spoken_in, asked.initial_prompt)
                heard = utterances_of(piece, [one for one in segments if not _is_silence(one)], 0.0)
                utterances += heard if spoken_in == language else [replace(u, language=spoken_in) for u in heard]
                done += piece.samples
                progress(done / total)
        return Transcript(
            utterances,
            audio.duration_s,
            language,
            detected[0].probability if detected else None,
            language_candidates=detected,
        )

    def _allowed(self, asked: Options, known: Sequence[str]) -> Collection[str]:
        """The languages that may be spoken.

        Raises:
            UsageError: one that this Whisper does not know; of one that knows one only, another is not missed.
        """
        only = len(known) == 1
        wanted = (asked.language,) if asked.language else asked.languages or tuple(known)
        if only and known[0] in wanted:
            return known
        for language in wanted:
            if language in known:
                continue
            if only:
                raise UsageError(
                    f"model {self._name} can't transcribe the language {language!r}",
                    allowed=known[0],
                    hint="Take a variant for many languages, or leave the language out.",
                )
            raise unknown_name("language", language, known)
        return wanted


def _is_silence(segment: DecodedSegment) -> bool:
    likely = segment.no_speech_prob is not None and segment.no_speech_prob > NO_SPEECH
    return likely and segment.avg_logprob < LEAST_LOG_PROBABILITY
