"""The translate step: what was said, in another language."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.media.canonical import CanonicalAudio
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.packages import SAMPLES
from modellab.surfaces.results import SpeechSegments
from modellab.surfaces.translations import Translation


class TranslateParameters(StepParameters):
    """From which language into which. What is left out is the model's own choice; a model refuses what it can't do."""

    target: str = Field("en", pattern=r"^[a-z]{2,3}$", description="code of the language to translate into")
    language: str | None = Field(
        None, pattern=r"^[a-z]{2,3}$", description="code of the language spoken; some models must be told it"
    )
    batch_size: int | None = Field(None, ge=1, description="pieces of audio translated at once")
    speech_pad_ms: int | None = Field(None, ge=0, description="audio heard around each speech segment")


def run(context: StepContext) -> Mapping[str, Any]:
    """Translate the speech that was found. Without any, no model is loaded and nothing is made up."""
    parameters = context.parameters
    assert isinstance(parameters, TranslateParameters)
    audio = CanonicalAudio.open(context.reads["audio"])
    segments = context.reads["speech"].read(SpeechSegments).in_processed_time(audio.time_map)
    translation = Translation([], audio.original_duration_s, parameters.target, parameters.language)
    if segments:
        loaded = context.load()
        waveform = audio.waveform(loaded.sample_rate_hz)
        asked = parameters.model_dump(exclude_none=True, exclude={"target"})
        context.facts = replace(loaded.facts, batch_size=asked.get("batch_size", loaded.facts.batch_size))
        with context.model() as model:
            found: Translation = model.translate(waveform, segments, parameters.target, asked, context.progress)
        translation = found.in_original_time(audio.time_map)
    save(translation, context.output)
    return {
        "utterances": len(translation.utterances),
        "characters": len(translation.text),
        "language": translation.language,
        "source_language": translation.source_language,
    }


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `translations` for each utterance."""
    found = artifact.read(Translation)
    return {
        "translations": [
            {
                "position": position,
                "start_s": utterance.start_s,
                "end_s": utterance.end_s,
                "language": found.language,
                "text": utterance.text,
            }
            for position, utterance in enumerate(found.utterances)
        ]
    }


STEP = StepDefinition(
    name="translate",
    description="Writes down what was said in another language than it was said in.",
    code_version="1",
    reads=(Read("audio", Kind.AUDIO), Read("speech", Kind.SPEECH)),
    gives=(Kind.TRANSLATION,),
    parameters=TranslateParameters,
    run=run,
    packages=SAMPLES,
    surface="translate",
    tables=tables,
)
