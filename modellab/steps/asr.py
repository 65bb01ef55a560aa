"""The asr step: what was said, with a time for every word."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import fmean
from typing import Any

from pydantic import Field, field_validator

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.errors import StepFailed
from modellab.media.canonical import CanonicalAudio
from modellab.settings import Settings, language_codes
from modellab.speech.coverage import cover
from modellab.steps.channels import ChannelSpeakers, Voice, voices
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.doubts import (
    cut_short_doubt,
    estimated_times_doubt,
    language_doubt,
    mixed_languages_doubt,
    no_words_doubt,
    said,
    uncovered_doubt,
)
from modellab.steps.packages import SAMPLES
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import SpeechSegments, Transcript

_SECONDS_PER_MINUTE = 60
_FIRST_HEARING = 0.9
"""Of the progress; speech that got no word is heard again after it, which takes nothing where there is none."""


class AsrParameters(StepParameters):
    """What is asked of the model. What is left out is the model's own choice; a model refuses what it can't do."""

    language: str | None = Field(
        None, pattern=r"^[a-z]{2,3}$", description="code such as en, de or yue; left out: detected"
    )
    languages: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="those that may be detected, such as en/de; left out: MODELLAB_LANGUAGES, else all the model knows",
    )
    multilingual: bool | None = Field(None, description="several languages in one recording: ask of every piece")
    beam_size: int | None = Field(None, ge=1, description="hypotheses kept while decoding")
    batch_size: int | None = Field(None, ge=1, description="pieces of audio decoded at once")
    initial_prompt: str | None = Field(None, description="text the model is to believe came before")
    hotwords: str | None = Field(None, description="words to expect, such as names")
    speech_pad_ms: int | None = Field(None, ge=0, description="audio heard around each speech segment")
    retry: bool | None = Field(None, description="decode improbable or repetitive pieces again")

    @field_validator("languages", mode="before")
    @classmethod
    def _languages_in_words(cls, value: object) -> object:
        """A system key can only hold text, and no commas."""
        return language_codes(value) if isinstance(value, str) else value

    @field_validator("languages")
    @classmethod
    def _in_order(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """The order means nothing, so it makes no other result."""
        return None if value is None else tuple(sorted(set(value)))


def lab_defaults(given: Mapping[str, object], known: Sequence[str], settings: Settings) -> Mapping[str, object]:
    """The languages that occur in the lab, where it matters: where one has to be detected.

    Args:
        given: parameters that were asked for.
        known: the languages that the model knows; `*` for many.
    """
    if not settings.languages or "language" in given or "languages" in given:
        return {}
    only_one = len(known) == 1 and known[0] in settings.languages
    return {} if only_one else {"languages": settings.languages}


def run(context: StepContext) -> Mapping[str, Any]:
    """Transcribe the speech that was found. Without any, no model is loaded and no word is made up.

    Where each channel is a speaker's, every channel is transcribed within its own speech, so that nothing said at the
    same time is lost. Speech that gets no word is heard again; what stays without one is named.
    """
    audio = CanonicalAudio.open(context.reads["audio"])
    found = context.reads["speech"]
    speech = found.read(SpeechSegments)
    heard = _by_channel(context, audio, found) if found.holds(ChannelSpeakers) else _mixed(context, audio, speech)
    transcript = heard or Transcript([], audio.original_duration_s)
    save(transcript, context.output)
    warnings = said(
        no_words_doubt(transcript, speech, audio.info, _threshold(found)),
        uncovered_doubt(transcript) if transcript.utterances else None,
        cut_short_doubt(transcript),
        language_doubt(transcript),
        mixed_languages_doubt(transcript),
        estimated_times_doubt(transcript),
    )
    return {**_summary(transcript, speech), "warnings": warnings}


def _threshold(found: Artifact) -> str | None:
    """The parameter from which sound counted as speech, of the step that found it."""
    return f"{found.step}.threshold" if "threshold" in found.manifest["identity"]["parameters"] else None


def _mixed(context: StepContext, audio: CanonicalAudio, speech: SpeechSegments) -> Transcript | None:
    asked = context.parameters.model_dump(exclude_none=True)
    return _transcribe(context, audio, speech, asked, progress=context.progress)


def _by_channel(context: StepContext, audio: CanonicalAudio, found: Artifact) -> Transcript | None:
    """What each channel's speaker says, in order of time; None when nobody says anything.

    A language that is not given is detected in the channel with the most speech and holds for all: a channel with
    little more than "mm-hm" tells none.
    """
    asked = context.parameters.model_dump(exclude_none=True)
    speakers = voices(found)
    _check_channels(audio, context.reads["audio"].step, found.step, speakers)
    total_s = sum(voice.speech.speech_s for voice in speakers)
    done_s = 0.0
    transcripts: list[Transcript] = []
    for voice in speakers:
        share, done = voice.speech.speech_s / total_s, done_s / total_s
        progress = partial(_part_of, context.progress, done, share)
        heard = _transcribe(context, audio, voice.speech, asked, progress=progress, channel=voice.channel)
        done_s += voice.speech.speech_s
        if heard is not None:
            transcripts.append(_said_by(heard, voice.speaker))
            if heard.language and not asked.get("multilingual"):
                asked = {"language": heard.language, **asked}
    if not transcripts:
        return None
    utterances = sorted((u for t in transcripts for u in t.utterances), key=lambda u: (u.start_s, u.end_s))
    uncovered = sorted((s for t in transcripts for s in t.uncovered), key=lambda s: (s.start_s, s.end_s))
    cut_short = sorted((s for t in transcripts for s in t.cut_short), key=lambda s: (s.start_s, s.end_s))
    return replace(transcripts[0], utterances=utterances, uncovered=uncovered, cut_short=cut_short)


def _check_channels(audio: CanonicalAudio, step: str, told_apart_by: str, speakers: Sequence[Voice]) -> None:
    if wanted := [voice.channel for voice in speakers if voice.channel >= audio.info.channels]:
        raise StepFailed(
            f"the step {step} does not give asr the channel of every speaker",
            found=f"{audio.info.channels} channels",
            allowed=f"{max(wanted) + 1} or more",
            hint=f"Put the step {told_apart_by} after {step}.",
        )


def _part_of(progress: Progress, done: float, share: float, fraction: float) -> None:
    progress(done + share * fraction)


def _said_by(transcript: Transcript, speaker: str) -> Transcript:
    return replace(
        transcript,
        utterances=[
            replace(utterance, speaker=speaker, words=[replace(word, speaker=speaker) for word in utterance.words])
            for utterance in transcript.utterances
        ],
    )


def _transcribe(
    context: StepContext,
    audio: CanonicalAudio,
    speech: SpeechSegments,
    asked: Mapping[str, Any],
    *,
    progress: Progress,
    channel: int | None = None,
) -> Transcript | None:
    """The words of the speech in a channel, or in the mix of all; None when none of it is in the processed audio."""
    segments = speech.in_processed_time(audio.time_map)
    if not segments:
        return None
    loaded = context.load()
    waveform = audio.waveform(loaded.sample_rate_hz, channel=channel)
    context.facts = replace(loaded.facts, batch_size=asked.get("batch_size", loaded.facts.batch_size))
    with context.model() as model:
        first = partial(_part_of, progress, 0.0, _FIRST_HEARING)
        heard: Transcript = model.transcribe(waveform, segments, asked, first)
        asked_for = context.parameters.model_dump(exclude_none=True)
        again = partial(_part_of, progress, _FIRST_HEARING, 1 - _FIRST_HEARING)
        # A service would charge for each further hearing.
        heard = cover(model, waveform, segments, heard, asked_for, hear_again=not loaded.is_service, progress=again)
    return heard.in_original_time(audio.time_map)


def _summary(transcript: Transcript, speech: SpeechSegments) -> dict[str, Any]:
    probabilities = [word.probability for word in transcript.words if word.probability is not None]
    minutes = speech.speech_s / _SECONDS_PER_MINUTE
    return {
        "words": len(transcript.words),
        "utterances": len(transcript.utterances),
        "language": transcript.language,
        "language_probability": transcript.language_probability,
        "uncovered_s": round(sum(stretch.duration_s for stretch in transcript.uncovered), 3),
        "words_per_speech_minute": round(len(transcript.words) / minutes, 1) if minutes else None,
        "mean_word_probability": round(fmean(probabilities), 4) if probabilities else None,
    }


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `segments` for each utterance, one of `words` for each word."""
    transcript = artifact.read(Transcript)
    words = [(number, word) for number, utterance in enumerate(transcript.utterances) for word in utterance.words]
    return {
        "segments": [
            {
                "kind": "utterance",
                "position": position,
                "start_s": utterance.start_s,
                "end_s": utterance.end_s,
                "speaker": utterance.speaker,
                "text": utterance.text,
                "average_log_probability": utterance.average_log_probability,
                "no_speech_probability": utterance.no_speech_probability,
                "compression_ratio": utterance.compression_ratio,
            }
            for position, utterance in enumerate(transcript.utterances)
        ],
        "words": [
            {
                "position": position,
                "utterance": number,
                "text": word.text,
                "start_s": word.start_s,
                "end_s": word.end_s,
                "probability": word.probability,
                "space_before": word.space_before,
                "speaker": word.speaker,
                "estimated": word.estimated,
            }
            for position, (number, word) in enumerate(words)
        ],
    }


STEP = StepDefinition(
    name="asr",
    description="Writes down what was said, with a time and a probability for every word.",
    code_version="5",
    reads=(Read("audio", Kind.AUDIO), Read("speech", Kind.SPEECH)),
    gives=(Kind.RECOGNITION, Kind.TRANSCRIPT),
    parameters=AsrParameters,
    run=run,
    packages=SAMPLES,
    surface="asr",
    tables=tables,
    lab_defaults=lab_defaults,
)
