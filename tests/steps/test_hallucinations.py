"""The hallucinations step on real sound, with words that were said and words that were not."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.artifacts.fingerprint import StepIdentity, fingerprint
from modellab.artifacts.store import Artifact, ArtifactStore, describe_files
from modellab.documents import load, save
from modellab.inputs.store import InputStore
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab
from modellab.speech.hallucinations.flags import FlagKind, Hallucinations
from modellab.steps.definition import StepContext, Timings
from modellab.steps.hallucinations import STEP, HallucinationParameters, run, tables
from modellab.surfaces.results import Diarization, Transcript, Turn, Utterance, Word
from modellab.warehouse.schema import columns_by_table

RunSteps = Callable[..., dict[str, Artifact]]


def kept(lab: Lab, step: str, result: Transcript | Diarization) -> Artifact:
    """A result made by hand, as an artifact."""
    store = ArtifactStore(lab.artifacts)
    identity = StepIdentity(step, "1", {}, None, {})
    with store.staging() as folder:
        save(result, folder)
        files = describe_files(folder)
        made = {"files": files, "identity": asdict(identity), "summary": {}, "made": {}}
        return store.commit(step, fingerprint(identity), folder, **made)


@pytest.fixture
def noise_then_talk(sample_wav: Path, tmp_path: Path) -> Path:
    """Ten seconds of noise, then the two speakers."""
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    noise = np.random.default_rng(3).standard_normal(10 * rate).astype(np.float32) * 0.03
    path = tmp_path / "noise_then_talk.wav"
    soundfile.write(path, np.concatenate([noise, samples]), rate, subtype="PCM_16")
    return path


def test_what_people_said_gets_no_flag(run_steps: RunSteps, sample_wav: Path) -> None:
    artifact = run_steps(sample_wav, "ingest", "vad", "asr", "hallucinations")["hallucinations"]
    found = artifact.read(Hallucinations)
    assert found.words > 60
    assert found.listeners == ["vad", "voicing"]
    assert found.told == []
    assert artifact.summary["flags"] == artifact.summary["flagged_words"] == 0
    assert artifact.summary["warnings"] == []


def test_an_aligner_leaves_what_people_said_alone(run_steps: RunSteps, sample_wav: Path) -> None:
    pytest.importorskip("hama", reason="the extra `align` is not installed")
    asked = {"hallucinations": {"aligner": "hama"}}
    artifact = run_steps(sample_wav, "ingest", "vad", "asr", "hallucinations", parameters=asked)["hallucinations"]
    assert artifact.read(Hallucinations).told == []


@pytest.mark.parametrize(
    ("aligner", "language", "flagged"),
    [("hama", "en", {"unfitting"}), ("hama", "de", set()), (None, "en", set())],
)
def test_words_over_other_words_are_flagged_by_an_aligner(
    run_steps: RunSteps, lab: Lab, tmp_path: Path, aligner: str | None, language: str, flagged: set[str]
) -> None:
    """Somebody speaks there, and says something else; of a language that the aligner does not know it says nothing."""
    pytest.importorskip("hama", reason="the extra `align` is not installed")
    path = PROJECT_ROOT / "datasets" / "media" / "asr" / "joe-meeting.flac"
    before = run_steps(path, "ingest", "vad")
    registry = ModelRegistry()
    words = ["children", "often", "gather", "purple", "mushrooms", "under", "enormous", "oaks"]
    said = [Word(text, 0.4 + n * 0.35, 0.7 + n * 0.35, 0.9) for n, text in enumerate(words)]
    with Models(lab, registry) as models:
        run(
            StepContext(
                input=InputStore(lab).register(path),
                system="test",
                parameters=HallucinationParameters(aligner=aligner),
                reads={
                    "transcript": kept(lab, "asr", Transcript([Utterance(0.4, 3.2, "", said)], 4.0, language)),
                    "audio": before["ingest"],
                    "speech": before["vad"],
                },
                absent={},
                output=tmp_path,
                progress=lambda fraction: None,
                timings=Timings(),
                helpers={"aligner": lambda: models.acquire(registry.resolve("hama")[1])},
            )
        )
    found = load(Hallucinations, tmp_path / Hallucinations.FILE)
    assert {flag.kind.value for flag in found.told} == flagged
    if flagged:
        assert len(found.told_words) >= 6


def test_an_aligner_without_scores_is_refused(attempt_steps: Callable[..., dict[str, Any]], sample_wav: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="the extra `align` is not installed")
    asked = {"hallucinations": {"aligner": "pocketsphinx_aligner"}}
    record = attempt_steps(sample_wav, "ingest", "vad", "asr", "hallucinations", parameters=asked)["hallucinations"]
    assert record.error is not None
    assert "does not say how well words fit" in record.error


def test_words_over_noise_are_flagged_by_everyone_who_hears_nobody(
    run_steps: RunSteps, noise_then_talk: Path, lab: Lab, tmp_path: Path
) -> None:
    before = run_steps(noise_then_talk, "ingest", "vad")
    invented = [Word(text, 2.0 + n, 2.5 + n, 0.9) for n, text in enumerate(["thanks", "for", "watching", "everybody"])]
    true = [Word(text, 20.0 + n * 0.3, 20.2 + n * 0.3, 0.9) for n, text in enumerate(["so", "how", "was", "it"])]
    spoken = [Utterance(2.0, 5.5, "", invented), Utterance(20.0, 22.0, "", true)]
    turns = Diarization([Turn(17.0, 40.0, "SPEAKER_00"), Turn(25.0, 30.0, "SPEAKER_01")], 40.0)
    context = StepContext(
        input=InputStore(lab).register(noise_then_talk),
        system="test",
        parameters=HallucinationParameters(),
        reads={
            "transcript": kept(lab, "asr", Transcript(spoken, 40.0, "en")),
            "audio": before["ingest"],
            "speech": before["vad"],
            "turns": kept(lab, "diarization", turns),
        },
        absent={},
        output=tmp_path,
        progress=lambda fraction: None,
        timings=Timings(),
    )
    summary = run(context)
    store = ArtifactStore(lab.artifacts)
    with store.staging() as folder:
        run(StepContext(**{**vars(context), "output": folder}))
        made = {"files": describe_files(folder), "identity": {}, "summary": {}, "made": {}}
        artifact = store.commit(STEP.name, "0" * 64, folder, **made)
    found = artifact.read(Hallucinations)
    assert found.listeners == ["vad", "diarization", "voicing"]
    outside, phrase = sorted(found.told, key=lambda flag: flag.kind is FlagKind.KNOWN_PHRASE)
    assert (outside.kind, outside.first_word, outside.end_word) == (FlagKind.OUTSIDE_SPEECH, 0, 4)
    assert outside.figures["listeners_that_hear_nobody"] == 3
    assert outside.figures["distance_s"] > 4
    assert (phrase.kind, phrase.first_word, phrase.end_word) == (FlagKind.KNOWN_PHRASE, 0, 3)  # weak, were it alone
    assert (summary["flags"], summary["flagged_words"], summary["weak_flags"]) == (2, 4, 0)
    assert summary["flags_by_kind"] == {"outside_speech": 1, "known_phrase": 1}
    first, second = summary["warnings"]
    assert first.startswith("4 words may never have been said: at 0:02 nobody is heard to speak here")
    assert second.startswith("3 words may never have been said: at 0:02 models are known to make")
    rows = list(tables(artifact)["flags"])
    wanted = set(columns_by_table()["flags"]) - {"fingerprint", "source"}
    assert [set(row) for row in rows] == [wanted, wanted]
    assert [(row["kind"], row["strength"], row["text"]) for row in rows] == [
        ("known_phrase", "strong", "thanks for watching"),
        ("outside_speech", "strong", "thanks for watching everybody"),
    ]


def test_a_sentence_played_six_times_is_a_loop_from_the_sound_on(
    run_steps: RunSteps, sample_wav: Path, tmp_path: Path
) -> None:
    """What somebody plays six times was said; that it is flagged shows the whole way from sound to warning."""
    samples, rate = soundfile.read(sample_wav, dtype="float32", start=round(6.9 * 16000), stop=round(8.3 * 16000))
    path = tmp_path / "again.wav"
    soundfile.write(path, np.tile(np.pad(samples, (0, rate // 4)), 8), rate, subtype="PCM_16")
    artifact = run_steps(path, "ingest", "vad", "asr", "hallucinations")["hallucinations"]
    assert FlagKind.LOOP in {flag.kind for flag in artifact.read(Hallucinations).told}
    assert any("times in a row" in warning for warning in artifact.summary["warnings"])
