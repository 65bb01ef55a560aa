"""The separate step through the engine: on tiny random networks of Demucs, and on a model whose stems are known."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.artifacts.store import Artifact
from modellab.media.audio import Audio, Samples
from modellab.media.canonical import CanonicalAudio
from modellab.pipeline.record import StepRecord
from modellab.steps.separate import write_stems
from modellab.surfaces.contracts import Progress

from .conftest import Clock

RunSteps = Callable[..., dict[str, Artifact]]
AttemptSteps = Callable[..., dict[str, StepRecord]]
MODELS = {"separate": "demucs", "vad": "silero_vad", "enhance": "rnnoise"}
STEMS = ("drums", "bass", "other", "vocals")
BITS_24 = 2.0**-23


class Known:
    """Stems that are so many times the mixture."""

    stems = STEMS

    def __init__(self, *shares: float) -> None:
        self._shares = np.array(shares, dtype=np.float32)[:, None, None]

    def separate(self, audio: Audio, progress: Progress) -> Iterator[Samples]:
        for start in range(0, audio.samples.shape[1], 10_007):
            block = audio.samples[:, start : start + 10_007]
            yield self._shares * block
            progress((start + block.shape[1]) / audio.samples.shape[1])


@pytest.fixture(autouse=True)
def _weights(demucs_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_WEIGHTS", str(demucs_weights))


@pytest.fixture
def use_known(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(*shares: float) -> None:
        monkeypatch.setattr("models.demucs.adapter.load", lambda request: Known(*shares))

    return use


def song(path: Path, seconds: float = 1.3, channels: int = 2, rate_hz: int = 44_100) -> Path:
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    samples = np.stack([0.4 * np.sin(2 * np.pi * 220 * (1 + index) * times) for index in range(channels)], axis=1)
    soundfile.write(path, samples, rate_hz)
    return path


def read(artifact: Artifact, name: str) -> Samples:
    samples, _ = soundfile.read(artifact.file(name), dtype="float32", always_2d=True)
    return np.asarray(samples.T)


@pytest.mark.parametrize(
    ("channels", "rate_hz", "kept_hz", "expected_channels"),
    [(2, 44_100, 44_100, 2), (1, 16_000, None, 1), (2, 48_000, None, 2), (6, 22_050, None, 1)],
)
def test_every_stem_is_as_long_as_the_mixture(
    run_steps: RunSteps, tmp_path: Path, channels: int, rate_hz: int, kept_hz: int | None, expected_channels: int
) -> None:
    path = song(tmp_path / "song.wav", channels=channels, rate_hz=rate_hz)
    keep = {"ingest": {"sample_rate_hz": kept_hz, "channels": "keep"}}
    done = run_steps(path, "ingest", "separate", models=MODELS, parameters=keep)
    mixture = read(done["ingest"], "audio.flac")
    files = set(done["separate"].manifest["files"])
    assert files == {"ingest.json", "peaks.npz", *(f"{stem}.flac" for stem in STEMS)}
    for stem in STEMS:
        info = soundfile.info(done["separate"].file(f"{stem}.flac"))
        assert (info.frames, info.samplerate, info.channels) == (mixture.shape[1], rate_hz, expected_channels)
        assert info.subtype == "PCM_24"
    audio = CanonicalAudio.open(done["separate"])
    assert audio.info.audio_file == "vocals.flac"
    assert np.array_equal(audio.channels_at(rate_hz).samples, read(done["separate"], "vocals.flac"))


def test_the_networks_stems_reach_the_files(run_steps: RunSteps, tmp_path: Path, demucs_weights: Path) -> None:
    from models.demucs.adapter import Demucs

    path = song(tmp_path / "song.wav")
    keep = {"ingest": {"sample_rate_hz": None, "channels": "keep"}}
    done = run_steps(path, "ingest", "separate", models=MODELS, parameters=keep)
    mixture = read(done["ingest"], "audio.flac")
    model = Demucs(demucs_weights / "demucs" / "htdemucs", "cpu")
    expected = np.concatenate(list(model.separate(Audio(mixture, 44_100), lambda share: None)), axis=-1)
    expected /= max(1.0, float(np.abs(expected).max()))
    for number, stem in enumerate(STEMS):
        np.testing.assert_allclose(read(done["separate"], f"{stem}.flac"), expected[number], atol=1e-5)


def test_stems_add_up_to_the_mixture(run_steps: RunSteps, use_known: Callable[..., None], tmp_path: Path) -> None:
    use_known(0.5, 0.125, 0.125, 0.25)
    keep = {"ingest": {"sample_rate_hz": None, "channels": "keep"}}
    done = run_steps(song(tmp_path / "song.wav"), "ingest", "separate", models=MODELS, parameters=keep)
    total = sum(read(done["separate"], f"{stem}.flac") for stem in STEMS)
    assert np.abs(total - read(done["ingest"], "audio.flac")).max() <= 4 * BITS_24
    summary = done["separate"].summary
    assert summary["residual_db"] is None and summary["turned_down_db"] == 0
    assert summary["rms_dbfs"]["drums"] == pytest.approx(20 * np.log10(0.4 / 2**0.5 / 2), abs=0.02)


def test_beyond_full_scale_all_are_turned_down_alike(
    run_steps: RunSteps, use_known: Callable[..., None], tmp_path: Path
) -> None:
    use_known(5.0, 0.0, -8.0, 4.0)
    keep = {"ingest": {"sample_rate_hz": None, "channels": "keep"}}
    done = run_steps(song(tmp_path / "song.wav"), "ingest", "separate", models=MODELS, parameters=keep)
    mixture = read(done["ingest"], "audio.flac")
    gain = 1 / (8 * np.abs(mixture).max())
    for stem, share in zip(STEMS, (5.0, 0.0, -8.0, 4.0), strict=True):
        np.testing.assert_allclose(read(done["separate"], f"{stem}.flac"), share * gain * mixture, atol=BITS_24)
    assert done["separate"].summary["turned_down_db"] == pytest.approx(-20 * np.log10(gain), abs=0.01)
    assert CanonicalAudio.open(done["separate"]).info.attenuation_db == pytest.approx(-20 * np.log10(gain), abs=0.01)


def test_what_the_stems_leave_out_is_said(tmp_path: Path) -> None:
    mixture = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 44_100)).astype(np.float32), 44_100)
    separated = write_stems(mixture, Known(0.5, 0.2, 0.1, 0.1), 44_100, tmp_path, progress=lambda share: None)
    assert separated.residual_db == pytest.approx(-20, abs=0.01)


def test_the_steps_after_it_hear_the_stem_asked_for(
    run_steps: RunSteps, use_known: Callable[..., None], sample_wav: Path
) -> None:
    use_known(0.0, 0.0, 0.0, 1.0)
    vocals = run_steps(sample_wav, "ingest", "separate", "enhance", "vad", models=MODELS)
    assert vocals["enhance"].manifest["identity"]["reads"] == {"audio": vocals["separate"].fingerprint}
    assert vocals["vad"].manifest["identity"]["reads"] == {"audio": vocals["enhance"].fingerprint}
    assert vocals["vad"].summary["segments"] > 1
    drums = run_steps(
        sample_wav, "ingest", "separate", "vad", models=MODELS, parameters={"separate": {"stem": "drums"}}
    )
    assert drums["vad"].summary["segments"] == 0


def test_times_stay_the_recordings(run_steps: RunSteps, use_known: Callable[..., None], tmp_path: Path) -> None:
    use_known(0.0, 0.0, 0.0, 1.0)
    path = tmp_path / "late.wav"
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(22_050) / 22_050)
    soundfile.write(path, np.concatenate([np.zeros(22_050 * 10), tone]), 22_050)
    trim = {"ingest": {"operators": [{"name": "trim_silence"}]}}
    done = run_steps(path, "ingest", "separate", models=MODELS, parameters=trim)
    before, after = CanonicalAudio.open(done["ingest"]), CanonicalAudio.open(done["separate"])
    assert after.time_map == before.time_map and after.original_duration_s == 11.0
    assert [operator.name for operator in after.info.operators] == ["trim_silence", "separate"]


def test_a_stem_the_model_does_not_have_is_refused(
    attempt_steps: Callable[..., dict[str, StepRecord]], tmp_path: Path
) -> None:
    asked = {"separate": {"stem": "vocal"}}
    records = attempt_steps(song(tmp_path / "song.wav"), "ingest", "separate", models=MODELS, parameters=asked)
    error = records["separate"].error
    assert error is not None
    assert "no stem 'vocal'" in error and "bass, drums, other, vocals" in error and "Did you mean vocals?" in error


def test_memory_holds_the_mixture_and_not_the_stems(tmp_path: Path) -> None:
    mixture = Audio(np.zeros((2, 44_100 * 60), np.float32), 44_100)
    held = mixture.samples.nbytes
    tracemalloc.start()
    try:
        write_stems(mixture, Known(0.25, 0.25, 0.25, 0.25), 44_100, tmp_path, progress=lambda share: None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.3 * held, "four stems would be four times the mixture"


def test_progress_rises(tmp_path: Path) -> None:
    seen: list[float] = []
    mixture = Audio(np.full((1, 50_000), 0.1, np.float32), 16_000)
    write_stems(mixture, Known(0.25, 0.25, 0.25, 0.25), 44_100, tmp_path, progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == 1.0


class Separator:
    """A second for each block of half a second."""

    stems = STEMS

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def separate(self, audio: Audio, progress: Progress) -> Iterator[Samples]:
        for start in range(0, audio.samples.shape[1], 22_050):
            self.clock.work(1.0)
            block = audio.samples[:, start : start + 22_050]
            yield np.stack([block / 4] * 4)


def test_separating_counts_the_models_blocks_and_no_resampling(
    clock: Clock, attempt_steps: AttemptSteps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.demucs.adapter.load", lambda request: Separator(clock))
    record = attempt_steps(
        song(tmp_path / "song.wav", 1.0, rate_hz=16_000), "ingest", "separate", models={"separate": "demucs"}
    )["separate"]
    assert (record.status, record.inference_s, record.first_inference) == ("completed", 2.0, True)
