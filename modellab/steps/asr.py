"""The asr step: what was said, with a time for every word."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from statistics import fmean
from typing import Any

from pydantic import Field

from modellab.artifacts.store import Artifact
from modellab.media.canonical import CanonicalAudio
from modellab.media.timing import restore_times, speech_in_processed_time
from modellab.steps.definition import Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.vad import SPEECH_FILE
from modellab.surfaces.results import SpeechSegments, Transcript, dump, load

TRANSCRIPT_FILE = "transcript.json"
"""`Transcript`, in original time."""

_SECONDS_PER_MINUTE = 60


class AsrParameters(StepParameters):
    """What is asked of the model. What is left out is the model's own choice; a model refuses what it can't do."""

    language: str | None = Field(
        None, pattern=r"^[a-z]{2,3}$", description="code such as en, de or yue; left out: detected"
    )
    multilingual: bool | None = Field(None, description="several languages in one recording")
    beam_size: int | None = Field(None, ge=1, description="hypotheses kept while decoding")
    batch_size: int | None = Field(None, ge=1, description="pieces of audio decoded at once")
    initial_prompt: str | None = Field(None, description="text the model is to believe came before")
    hotwords: str | None = Field(None, description="words to expect, such as names")
    speech_pad_ms: int | None = Field(None, ge=0, description="audio heard around each speech segment")
    retry: bool | None = Field(None, description="decode improbable or repetitive pieces again")


def run(context: StepContext) -> Mapping[str, Any]:
    """Transcribe the speech that the vad step found. Without any, no model is loaded and no word is made up."""
    audio = CanonicalAudio.open(context.reads["audio"])
    speech = load(SpeechSegments, context.reads["speech"].file(SPEECH_FILE))
    segments = speech_in_processed_time(speech, audio.time_map)
    transcript = Transcript([], audio.original_duration_s)
    if segments:
        loaded = context.load()
        waveform = audio.waveform(loaded.sample_rate_hz)
        asked = context.parameters.model_dump(exclude_none=True)
        context.facts = replace(loaded.facts, batch_size=asked.get("batch_size", loaded.facts.batch_size))
        with context.model() as model:
            heard: Transcript = model.transcribe(waveform, segments, asked, context.progress)
        transcript = restore_times(heard, audio.time_map)
    dump(transcript, context.output / TRANSCRIPT_FILE)
    return _summary(transcript, speech)


def _summary(transcript: Transcript, speech: SpeechSegments) -> dict[str, Any]:
    probabilities = [word.probability for word in transcript.words if word.probability is not None]
    minutes = speech.speech_s / _SECONDS_PER_MINUTE
    return {
        "words": len(transcript.words),
        "utterances": len(transcript.utterances),
        "language": transcript.language,
        "language_probability": transcript.language_probability,
        "words_per_speech_minute": round(len(transcript.words) / minutes, 1) if minutes else None,
        "mean_word_probability": round(fmean(probabilities), 4) if probabilities else None,
    }


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `segments` for each utterance, one of `words` for each word."""
    transcript = load(Transcript, artifact.file(TRANSCRIPT_FILE))
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
            }
            for position, (number, word) in enumerate(words)
        ],
    }


STEP = StepDefinition(
    name="asr",
    description="Writes down what was said, with a time and a probability for every word.",
    code_version="1",
    reads=(Read("audio", ("enhance", "separate", "ingest")), Read("speech", ("vad",))),
    parameters=AsrParameters,
    run=run,
    surface="asr",
    tables=tables,
)
