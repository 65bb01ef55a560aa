"""The voice_to_voice step through the engine, with models whose answers are known."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.artifacts.store import Artifact
from modellab.media.audio import Waveform
from modellab.media.canonical import CanonicalAudio
from modellab.pipeline.record import StepRecord
from modellab.registry.config import ModelConfig
from modellab.registry.hosts.codec import decode, encode
from modellab.surfaces.contracts import Progress
from modellab.surfaces.names import can_be_remote
from modellab.surfaces.replies import Reply, SpokenReply

RunSteps = Callable[..., dict[str, Artifact]]
AttemptSteps = Callable[..., dict[str, StepRecord]]
MODELS = {"voice_to_voice": "silero_vad"}
ROUND = Reply("Half past six.", Waveform(np.full(12_000, 0.25, dtype=np.float32), 24_000), True)
_QUIET = 99
"""A seed with which it says almost nothing."""


class Known:
    """Answers everything with the same."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.asked: list[tuple[object, ...]] = []

    def detect(self, *_: object) -> None:
        """Its folder has this surface too."""

    def reply(
        self, audio: Waveform, instructions: str | None, longest_s: float, seed: int, progress: Progress
    ) -> Reply:
        self.asked.append((audio.sample_rate_hz, len(audio.samples), instructions, longest_s, seed))
        progress(1.0)
        return self._reply if seed != _QUIET else Reply(" ", Waveform(np.full(2400, 1e-4, np.float32), 24_000), False)


@pytest.fixture
def use_known(monkeypatch: pytest.MonkeyPatch) -> Callable[[Reply], Known]:
    """The folder of another model answers for this test: with all that a registered model goes through."""
    real = ModelConfig.from_folder.__func__  # type: ignore[attr-defined]

    def with_replies(kind: type[ModelConfig], *given: Any) -> ModelConfig:
        config: ModelConfig = real(kind, *given)
        both = {"surfaces": ["vad", "voice_to_voice"]}
        return config.model_copy(update=both) if config.id == "silero_vad" else config

    def use(reply: Reply) -> Known:
        known = Known(reply)
        monkeypatch.setattr(ModelConfig, "from_folder", classmethod(with_replies))
        monkeypatch.setattr("models.silero_vad.adapter.load", lambda request: known)
        return known

    return use


@pytest.fixture
def question(tmp_path: Path) -> Path:
    path = tmp_path / "question.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 8000), 8000)
    return path


def answered(run_steps: RunSteps, path: Path, **parameters: object) -> Artifact:
    asked = {"voice_to_voice": parameters}
    return run_steps(path, "ingest", "voice_to_voice", models=MODELS, parameters=asked)["voice_to_voice"]


def test_a_reply_is_kept_with_its_words_and_its_sound(
    run_steps: RunSteps, use_known: Callable[[Reply], Known], question: Path
) -> None:
    model = use_known(ROUND)
    done = answered(run_steps, question, longest_s=5, seed=7, instructions="Be short.")
    assert model.asked == [(16_000, 16_000, "Be short.", 5.0, 7)]
    assert done.read(SpokenReply) == SpokenReply(
        "Half past six.", 0.5, 24_000, heard_s=1.0, ended=True, seed=7, instructions="Be short."
    )
    sound = CanonicalAudio.open(done)
    assert (sound.info.sample_rate_hz, sound.info.channels, sound.duration_s) == (24_000, 1, 0.5)
    np.testing.assert_allclose(sound.waveform(24_000).samples, 0.25, atol=1e-4)
    assert (done.summary["text"], done.summary["heard_s"], done.summary["warnings"]) == ("Half past six.", 1.0, [])


def test_what_is_asked_decides_which_result_it_is(
    run_steps: RunSteps, use_known: Callable[[Reply], Known], question: Path
) -> None:
    use_known(ROUND)
    found = [answered(run_steps, question, **asked) for asked in ({}, {"seed": 0}, {"seed": 1}, {"longest_s": 9})]
    assert found[0].fingerprint == found[1].fingerprint
    assert len({artifact.fingerprint for artifact in found}) == 3


def test_samples_that_are_no_numbers_are_silenced_and_counted(
    run_steps: RunSteps, use_known: Callable[[Reply], Known], question: Path
) -> None:
    samples = ROUND.sound.samples.copy()
    samples[:3] = np.nan
    use_known(Reply("", Waveform(samples, 24_000), False))
    done = answered(run_steps, question)
    assert CanonicalAudio.open(done).info.source.non_finite_samples == 3
    assert len(done.summary["warnings"]) == 1 and done.read(SpokenReply).ended is False


@pytest.mark.parametrize(
    ("seconds", "said"), [(1, "the model answers with no sound; found the words: Hm."), (121, "too")]
)
def test_no_sound_and_a_recording_longer_than_a_turn_are_failures(
    attempt_steps: AttemptSteps, use_known: Callable[[Reply], Known], tmp_path: Path, seconds: int, said: str
) -> None:
    model = use_known(Reply("Hm.", Waveform(np.zeros(0, dtype=np.float32), 24_000), True))
    path = tmp_path / "long.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 8000 * seconds), 8000)
    record = attempt_steps(path, "ingest", "voice_to_voice", models=MODELS)["voice_to_voice"]
    assert record.error is not None and said in str(record.error)
    assert len(model.asked) == (seconds == 1)


def test_a_reply_can_come_from_another_process_or_machine() -> None:
    assert can_be_remote("voice_to_voice")
    text, buffers = encode(ROUND)
    found = decode(text, buffers)
    assert (found.text, found.ended, found.sound.sample_rate_hz) == ("Half past six.", True, 24_000)
    assert np.array_equal(found.sound.samples, ROUND.sound.samples)


def test_its_page_and_checks_say_what_came(
    run_steps: RunSteps, use_known: Callable[[Reply], Known], question: Path
) -> None:
    from assets.voice_to_voice import _came_to_an_end, _has_words, _is_all_numbers, _is_heard, page

    use_known(ROUND)
    done = run_steps(question, "ingest", "voice_to_voice", models=MODELS)
    result: Any = SimpleNamespace(artifact=done["voice_to_voice"], read=lambda role: done["ingest"])
    shown = page(result)
    assert shown["words"] == "Half past six." and {"heard", "reply", "sound", "sound_file"} <= set(shown)
    assert "| ended by itself | yes |" in str(shown["sound"].value)
    assert all(check(result).passed for check in (_is_heard, _has_words, _came_to_an_end, _is_all_numbers))
    asked = {"voice_to_voice": {"seed": _QUIET}}
    quiet = run_steps(question, "ingest", "voice_to_voice", models=MODELS, parameters=asked)
    result = SimpleNamespace(artifact=quiet["voice_to_voice"], read=lambda role: None)
    assert "heard" not in page(result)
    failed = [check(result) for check in (_is_heard, _has_words, _came_to_an_end)]
    assert [verdict.passed for verdict in failed] == [False] * 3
    assert failed[2].description == "cut off after 0.1 s"
