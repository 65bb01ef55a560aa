"""Known voices: who is recognised, and that nobody is below the threshold; what the book keeps and deletes."""

import stat
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from modellab.artifacts.store import Artifact
from modellab.errors import LabError, UnknownName, UsageError
from modellab.settings import Lab
from modellab.steps.known_voices import THRESHOLD, recognise
from modellab.steps.voice_book import KnownVoice, Space, VoiceBook, people_in, space_of
from modellab.surfaces.known_voices import KnownVoices, RecognisedVoice
from modellab.surfaces.sounds import SoundVector, SoundVectors

SPACE = Space("campplus:zh-en", "ab" * 32)


def at(degrees: float) -> list[float]:
    """A unit vector of two numbers; the cosine of two is that of the angle between them."""
    return [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))]


def known(name: str, vector: Sequence[float], source: str = "a", speaker: str | None = None) -> KnownVoice:
    return KnownVoice(name, *SPACE, list(vector), 9.0, source, speaker, datetime(2026, 11, 30, tzinfo=UTC))


def heard(**degrees: float) -> list[SoundVector]:
    return [SoundVector(at(angle), 9.0, speaker) for speaker, angle in degrees.items()]


def test_the_nearest_known_person_is_named_and_nobody_below_the_threshold() -> None:
    people = {"Ann": [known("Ann", at(0))], "Bob": [known("Bob", at(90))]}
    found = recognise(heard(A=10, B=60, C=45.1, D=200), people, float(np.cos(np.radians(30))) - 1e-9)
    assert found == [RecognisedVoice("A", "Ann", 0.9848), RecognisedVoice("B", "Bob", 0.866)]
    assert recognise(heard(A=10), people, 0.99) == [] == recognise(heard(A=10), {}, 0.1)


def test_of_several_vectors_of_a_person_their_mean_counts() -> None:
    people = {"Ann": [known("Ann", at(-40)), known("Ann", at(40))]}
    [one] = recognise(heard(A=0), people, 0.99)
    assert one.cosine == 1.0
    assert recognise(heard(A=40), people, 0.99) == []


def test_of_two_speakers_only_the_nearer_is_the_person_and_the_recordings_own_vector_is_nobodys() -> None:
    people = {"Ann": [known("Ann", at(0))]}
    found = recognise([SoundVector(at(0), 9.0), *heard(A=6, B=5)], people, 0.9)
    assert [(one.speaker, one.name) for one in found] == [("B", "Ann")]


def test_names_belong_to_the_result_that_told_the_speakers_apart() -> None:
    found = KnownVoices([RecognisedVoice("A", "Ann", 0.9)], "f" * 64, 0.65, 1)
    assert found.names_for("f" * 64) == {"A": "Ann"}
    assert found.names_for("e" * 64) == {} == found.names_for(None) == replace(found, told_apart=None).names_for(None)


def test_the_book_keeps_adds_replaces_and_deletes(tmp_path: Path) -> None:
    book = VoiceBook(tmp_path / "voices")
    assert book.all() == [] and book.digest() is None and not (tmp_path / "voices").exists()
    for voice in (known("Bob", at(1)), known("Ann Lee", at(2)), known("Ann Lee", at(3), "b")):
        book.add(voice)
    assert [voice.name for voice in book.all()] == ["Ann Lee", "Ann Lee", "Bob"]
    before = book.digest()
    book.add(known("Ann Lee", at(4), "b"))  # the same recording again
    assert [voice.vector for voice in book.all()] == [at(2), at(4), at(1)] and book.digest() != before
    assert stat.S_IMODE((tmp_path / "voices").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "voices").iterdir()} == {0o600}
    assert book.remove("ann lee") == 2 and [voice.name for voice in book.all()] == ["Bob"]
    with pytest.raises(UnknownName, match="Ann Lee"):
        book.remove("Ann Lee")
    assert book.remove("Bob") == 1 and list((tmp_path / "voices").iterdir()) == []


@pytest.mark.parametrize("name", ["", "Speaker 2", "SPEAKER_00", "left", "x" * 81, "a\x00b"])
def test_names_that_are_none_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        VoiceBook(tmp_path).add(known(name, at(0)))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_voice_is_named(tmp_path: Path) -> None:
    (tmp_path / "ff.json").write_text('[{"name": "Ann"}]')
    with pytest.raises(LabError, match=r"ff\.json can't be read"):
        VoiceBook(tmp_path).all()


def test_vectors_of_another_model_are_not_compared() -> None:
    other = replace(known("Bob", at(0)), model="resemblyzer:pretrained")
    assert list(people_in([known("Ann", at(0)), other], SPACE)) == ["Ann"]


STEPS = ("ingest", "diarization", "embed", "known_voices")
MODELS = {"diarization": "heuristic_diarization", "embed": "campplus"}


def test_results_follow_the_book_by_their_fingerprint(
    run_steps: Callable[..., dict[str, Artifact]], sample_wav: Path, lab: Lab
) -> None:
    def run() -> dict[str, Artifact]:
        return run_steps(sample_wav, *STEPS, models=MODELS)

    nobody = run()
    assert nobody["known_voices"].read(KnownVoices).recognised == []
    assert "voices" not in nobody["known_voices"].manifest["identity"]["reads"]
    speakers = nobody["embed"].read(SoundVectors).speakers
    assert len(speakers) >= 2
    first = speakers[0]
    book = VoiceBook(lab.voices)
    space = space_of(nobody["embed"])
    book.add(replace(known("Ann", first.vector), model=space.model, weights_sha256=space.weights_sha256))
    made = run()
    found = made["known_voices"].read(KnownVoices)
    assert found.recognised == [RecognisedVoice(str(first.speaker), "Ann", pytest.approx(1.0, abs=1e-4))]
    assert found.threshold == THRESHOLD
    assert found.told_apart == made["diarization"].fingerprint and found.known == 1
    assert "for the voice alone" in made["known_voices"].summary["warnings"][0]
    # The vectors are found again; what depends on the book is another result, and no vector of the book is in it.
    assert made["embed"].fingerprint == nobody["embed"].fingerprint
    assert made["known_voices"].fingerprint != nobody["known_voices"].fingerprint
    assert str(first.vector[0]) not in (made["known_voices"].path / KnownVoices.FILE).read_text()
    book.remove("Ann")
    assert run()["known_voices"].fingerprint == nobody["known_voices"].fingerprint
