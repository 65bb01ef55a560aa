"""The known_voices step: which speakers are people whose voices the user made known.

It names nobody whose voice is farther from a known one than the threshold, and says nothing of who they might be.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from modellab.artifacts.fingerprint import ABSENT
from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.errors import StepFailed
from modellab.steps.definition import Kind, OutsideRead, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.voice_book import KnownVoice, VoiceBook, people_in, space_of
from modellab.surfaces.known_voices import KnownVoices, RecognisedVoice
from modellab.surfaces.sounds import SoundVector, SoundVectors

THRESHOLD = 0.65
"""Measured with CAM++ on read English (docs/known-voices.md): 17 pairs of clips of one speaker had 0.69 or more, 173 of
two speakers 0.57 or less."""
_BOOK = "voices"
_DIGITS = 4


class KnownVoicesParameters(StepParameters):
    """When a voice counts as known."""

    threshold: float = Field(
        THRESHOLD, gt=0, le=1, description="cosine of two vectors from which they count as one person's; of CAM++"
    )


BOOK = OutsideRead(_BOOK, "the voices that you made known", lambda outside: VoiceBook(outside.lab.voices).digest())


def run(context: StepContext) -> Mapping[str, Any]:
    """Compare each speaker's vector with the known voices of the same model.

    Raises:
        StepFailed: the known voices changed since the step's identity was worked out.
    """
    assert isinstance(context.parameters, KnownVoicesParameters)
    vectors = context.reads["vectors"]
    book = VoiceBook(context.voices)
    voices = book.all()
    if book.digest() != context.outside.get(_BOOK):
        raise StepFailed("the known voices changed meanwhile", hint="Run it again.")
    people = people_in(voices, space_of(vectors))
    turns = vectors.manifest["identity"]["reads"].get("turns")
    found = KnownVoices(
        recognise(vectors.read(SoundVectors).speakers, people, context.parameters.threshold),
        turns if turns and not turns.startswith(ABSENT) else None,
        context.parameters.threshold,
        len(people),
    )
    save(found, context.output)
    return {
        "known": found.known,
        "recognised": len(found.recognised),
        "warnings": [
            f"{one.speaker} is called {one.name} for the voice alone (cosine {one.cosine:.2f}): listen first."
            for one in found.recognised
        ],
    }


def recognise(
    speakers: Sequence[SoundVector], people: Mapping[str, Sequence[KnownVoice]], threshold: float
) -> list[RecognisedVoice]:
    """The speakers whose voice is near enough to a known person's, each by the name of the nearest.

    Of two speakers nearest to one person only the nearer gets the name: at most one of them is that person, unless
    whoever told them apart took one person for two, and a name too few is better than a wrong one.

    Args:
        people: name -> vectors, of the model of the speakers' vectors. Of several the direction of their mean counts.
        threshold: least cosine.
    """
    directions = {name: _direction([voice.vector for voice in voices]) for name, voices in people.items()}
    found: list[RecognisedVoice] = []
    for one in speakers:
        near = {name: float(np.dot(one.vector, direction)) for name, direction in directions.items()}
        name = max(near, key=lambda name: (near[name], name), default=None)
        if one.speaker is not None and name is not None and near[name] >= threshold:
            found.append(RecognisedVoice(one.speaker, name, round(near[name], _DIGITS)))
    nearest = {one.name: one for one in sorted(found, key=lambda one: one.cosine)}
    return [one for one in found if nearest[one.name] is one]


def _direction(vectors: Sequence[Sequence[float]]) -> "np.ndarray[Any, Any]":
    mean = np.mean(vectors, axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `recognised_voices` for each speaker who was recognised, where something told speakers apart."""
    found = artifact.read(KnownVoices)
    return {
        "recognised_voices": [
            {"told_apart": found.told_apart, "speaker": one.speaker, "name": one.name, "cosine": one.cosine}
            for one in found.recognised
            if found.told_apart is not None
        ]
    }


STEP = StepDefinition(
    name="known_voices",
    description="Gives speakers the names of people whose voices you made known.",
    code_version="1",
    reads=(Read("vectors", Kind.VECTORS),),
    gives=(Kind.KNOWN_VOICES,),
    parameters=KnownVoicesParameters,
    run=run,
    packages=("numpy",),
    outside=(BOOK,),
    tables=tables,
)
