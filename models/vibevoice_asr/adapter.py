"""VibeVoice-ASR by transformers: one network that says who said what, and when.

It hears up to an hour at once. The times of stretches and their speakers are its own; words within a stretch get
estimated times. Speakers of two hours are not known to be the same, so only what was heard at once has any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field

from modellab.errors import StepFailed, UsageError
from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.speech.asked import Asked
from modellab.speech.pieces import Piece, pack
from modellab.speech.word_times import NOTHING_KNOWN, estimated
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Diarization, Segment, Transcript, Turn, Utterance
from modellab.surfaces.speakers import diarization_of
from modellab.units import clock
from models._audio_llm.writing import token_limit, write
from models._transformers.loading import load as load_checkpoint
from models._transformers.loading import quiet
from models.vibevoice_asr.told import Told, told

LONGEST_S = 3600.0
TOKENS_PER_S = 10.0
"""An hour takes 27,000 tokens of sound; this many more stay below the 64k that it was trained on."""
_SHORTEST_S = 0.5


class Options(Asked):
    """What can be asked of a transcription."""

    hotwords: str | None = Field(None, min_length=1, description="words to expect, or what it is about")


class VibeVoiceAsr:
    """A loaded VibeVoice-ASR; offers the surfaces `asr` and `diarization`."""

    def __init__(self, request: LoadRequest) -> None:
        self._name = str(request.ref)
        self._languages = request.config.languages_of(request.ref.variant)
        self._processor, self._model = load_checkpoint(request, "VibeVoiceAsrForConditionalGeneration")

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """What is said in 24 kHz audio, and by whom.

        Args:
            parameters: the fields of `Options`.

        Raises:
            UsageError: a parameter that is not allowed.
        """
        asked = Options.parse(self._name, parameters)
        language = asked.spoken(self._name, self._languages, detects=True)
        pieces = pack(
            audio.samples, audio.sample_rate_hz, speech, pad_s=asked.speech_pad_ms / 1000, longest_s=LONGEST_S
        )
        utterances: list[Utterance] = []
        cut_short: list[Segment] = []
        total, done = sum(piece.samples for piece in pieces), 0
        for piece in pieces:
            share = _Share(progress, done / total, piece.samples / total)
            heard, likelihood, finished = self._hear(piece.cut(audio.samples), audio.sample_rate_hz, asked, share)
            names = _names(heard) if len(pieces) == 1 else {}
            for each in heard:
                about = replace(
                    NOTHING_KNOWN, average_log_probability=likelihood, speaker=names.get(each.speaker or "")
                )
                utterances += _utterances(piece, each, speech, about)
            cut_short += [] if finished else [piece.around]
            done += piece.samples
            progress(done / total)
        ordered = sorted(utterances, key=lambda utterance: (utterance.start_s, utterance.end_s))
        return Transcript(ordered, audio.duration_s, language, cut_short=cut_short)

    def diarize(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Diarization:
        """Who speaks when in 24 kHz audio of an hour at most.

        Raises:
            UsageError: a parameter is given: it decides by itself.
            StepFailed: the audio is longer, or the model came to no end, which would leave out who spoke after it.
        """
        if parameters:
            raise UsageError(f"{self._name} takes no parameter {', '.join(parameters)}", allowed="none")
        if audio.duration_s > LONGEST_S:
            raise StepFailed(
                f"{self._name} can't tell the speakers of so long a recording",
                found=clock(audio.duration_s),
                allowed=f"{clock(LONGEST_S)} at most",
                hint="Take senko or pyannote_diarization, or cut the recording.",
            )
        heard, _, finished = self._hear(audio.samples, audio.sample_rate_hz, Options(), progress)
        if not finished:
            raise StepFailed(
                f"{self._name} wrote on and on and was stopped, so nobody knows who speaks in the rest",
                hint="Take senko or pyannote_diarization.",
            )
        progress(1.0)
        turns = [Turn(each.start_s, each.end_s, each.speaker) for each in heard if each.speaker is not None]
        return diarization_of(turns, audio.duration_s)

    def _hear(
        self, samples: Samples, rate_hz: int, asked: Options, progress: Progress
    ) -> tuple[list[Told], float | None, bool]:
        """What it says of audio; how likely it finds that; and whether it came to an end."""
        import numpy as np

        duration_s = len(samples) / rate_hz
        sound = np.pad(samples, (0, max(0, int(_SHORTEST_S * rate_hz) - len(samples))))
        with quiet():
            inputs = self._processor.apply_transcription_request(sound, prompt=asked.hotwords)
            # Its makers add noise to what it hears; without it, the same audio gives the same words.
            [written] = write(self._model, inputs, token_limit(duration_s, TOKENS_PER_S), progress, sample=False)
            parsed = self._processor.decode(written.tokens, return_format="parsed")
        return told(parsed, duration_s), written.average_log_probability, written.finished


class _Share:
    """Progress of a part of the work."""

    def __init__(self, progress: Progress, before: float, share: float) -> None:
        self._progress, self._before, self._share = progress, before, share

    def __call__(self, fraction: float) -> None:
        self._progress(self._before + self._share * fraction)


def _names(heard: Sequence[Told]) -> dict[str, str]:
    """The lab's names of the model's speakers, in order of their first words."""
    numbers = dict.fromkeys(each.speaker for each in heard if each.speaker is not None)
    return {number: f"SPEAKER_{index:02d}" for index, number in enumerate(numbers)}


def _utterances(piece: Piece, each: Told, speech: Sequence[Segment], about: Utterance) -> list[Utterance]:
    """The sentences of a stretch, with their words spread over the speech in it."""
    found = estimated(piece.part(each.start_s, each.end_s), each.text, speech, about)
    return [
        replace(utterance, words=[replace(word, speaker=about.speaker) for word in utterance.words])
        for utterance in found
    ]


def load(request: LoadRequest) -> VibeVoiceAsr:
    """Load the model."""
    return VibeVoiceAsr(request)
