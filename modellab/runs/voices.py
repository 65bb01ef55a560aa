"""Making voices known from what the lab has heard, and finding where else a voice speaks."""

from collections.abc import Sequence
from dataclasses import dataclass

from modellab.artifacts.store import Artifact
from modellab.errors import ArtifactMissing, UsageError
from modellab.names import unknown_name
from modellab.runs.past import PastRun, attempt_with, find_run, past_results, records_of
from modellab.settings import Lab
from modellab.steps.definition import Kind
from modellab.steps.voice_book import KnownVoice, Space, VoiceBook, space_of
from modellab.surfaces.sounds import SoundVector, SoundVectors
from modellab.wall_clock import now
from modellab.warehouse.query import query

PIPELINE = "embed"
"""Makes vectors of a recording's voices."""
ENOUGH_S = 3.0
"""Less of a voice is not made known: a vector of a word or two is near to many."""

_SAY_MORE = "Take a recording in which the person says more."

_ELSEWHERE = """
WITH alike AS (
    SELECT
        a.input, a.reads ->> 'turns' AS told_apart, v.speaker, v.heard_s, a.made_at,
        list_cosine_similarity(v.vector, $vector::FLOAT[]) AS cosine
    FROM vectors AS v JOIN artifacts AS a ON a.fingerprint = v.fingerprint
    WHERE a.model = $model AND a.weights_sha256 IS NOT DISTINCT FROM $weights AND a.input <> $input
        AND (v.speaker IS NOT NULL OR NOT EXISTS (
            SELECT 1 FROM vectors AS o WHERE o.fingerprint = v.fingerprint AND o.speaker IS NOT NULL))
)
SELECT alike.input, any_value(coalesce(inputs.name, alike.input)) AS name, alike.speaker,
    arg_max(people.name, (made_at, cosine)) AS called,
    arg_max(alike.heard_s, (made_at, cosine)) AS heard_s, arg_max(cosine, (made_at, cosine)) AS cosine
FROM alike
LEFT JOIN inputs ON inputs.input = alike.input
LEFT JOIN (
    SELECT fingerprint, speaker, arg_min(name, named_by) AS name FROM named_speakers GROUP BY ALL
) AS people ON people.fingerprint = alike.told_apart AND people.speaker = alike.speaker
GROUP BY alike.input, alike.speaker
ORDER BY cosine DESC, alike.input, speaker
LIMIT $most
"""
"""Of a recording's speakers each once, by the newest result; of one whose speakers nobody told apart, the whole."""


@dataclass(frozen=True, slots=True)
class HeardVoice:
    """One voice of a run."""

    run: PastRun
    vectors: Artifact
    one: SoundVector

    @property
    def space(self) -> Space:
        return space_of(self.vectors)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A voice of another recording, and how near it is."""

    input: str
    name: str
    """Of the recording."""
    speaker: str | None
    """None where nobody told its speakers apart."""
    called: str | None
    """The name that people gave the speaker, else that of the known voice they were taken for."""
    heard_s: float
    cosine: float


def voice_of(lab: Lab, called: str, speaker: str | None) -> HeardVoice:
    """A voice that the lab has a vector of.

    Args:
        called: names the run, as for `find_run`.
        speaker: its label; None: the only one, or all that is said where nobody told speakers apart.

    Raises:
        ArtifactMissing: no attempt at the run made vectors.
        UnknownName: there is no such run, or speaker.
        UsageError: several speak, and none is named.
    """
    run = attempt_with(lab, called, Kind.VECTORS)
    vectors = past_results(lab, records_of(lab, run))(Kind.VECTORS) if run else None
    if run is None or vectors is None:
        without = find_run(lab, called)
        raise ArtifactMissing(
            f"run {without.run} ({without.name}, {without.system}) made no vectors of voices",
            hint=f"Make them: modellab run {without.input} --pipeline {PIPELINE}",
        )
    found = vectors.read(SoundVectors)
    labels = [one.speaker for one in found.speakers if one.speaker is not None]
    if speaker is not None:
        wanted = [one for one in found.speakers if (one.speaker or "").casefold() == speaker.casefold()]
        if not wanted:
            raise unknown_name(f"speaker of run {run.run} with a vector:", speaker, labels)
        return HeardVoice(run, vectors, wanted[0])
    if len(labels) > 1:
        most = max((one for one in found.speakers if one.speaker), key=lambda one: one.heard_s)
        raise UsageError(
            f"{len(labels)} people speak in run {run.run} ({run.name})",
            found=", ".join(f"{one.speaker} ({one.heard_s:.0f} s)" for one in found.speakers if one.speaker),
            hint=f"Say whose voice is meant: --speaker {most.speaker}",
        )
    one = found.speakers[0] if found.speakers else found.recording
    if one is None:
        raise ArtifactMissing(
            f"too little is heard in run {run.run} ({run.name}) for a vector of a voice", hint=_SAY_MORE
        )
    return HeardVoice(run, vectors, one)


def make_known(lab: Lab, name: str, voice: HeardVoice) -> KnownVoice:
    """Keep a voice under a person's name.

    Raises:
        UsageError: too little of it was heard, or the name is none.
    """
    if voice.one.heard_s < ENOUGH_S:
        raise UsageError(
            f"too little is heard of the voice to know it again: {voice.one.heard_s:.1f} s",
            allowed=f"{ENOUGH_S:g} s or more, while nobody else speaks",
            hint=_SAY_MORE,
        )
    known = KnownVoice(
        " ".join(name.split()),
        voice.space.model,
        voice.space.weights_sha256,
        voice.one.vector,
        voice.one.heard_s,
        voice.run.input,
        voice.one.speaker,
        now(),
    )
    VoiceBook(lab.voices).add(known)
    return known


def elsewhere(lab: Lab, voice: HeardVoice, most: int) -> Sequence[Elsewhere]:
    """Voices of the lab's other recordings, the nearest first, as far as the same model made vectors of them."""
    values = {
        "vector": voice.one.vector,
        "model": voice.space.model,
        "weights": voice.space.weights_sha256,
        "input": voice.run.input,
        "most": most,
    }
    return [Elsewhere(**row) for row in query(lab, _ELSEWHERE, values).as_dicts()]
