from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from modellab.artifacts.store import Artifact, describe_files
from modellab.errors import ArtifactCorrupt, ArtifactMissing, InputDamaged, InputRefused, StepFailed
from modellab.inputs.store import InputStore
from modellab.media.audio import Samples
from modellab.media.canonical import CanonicalAudio
from modellab.settings import Lab
from modellab.steps.definition import StepContext, Timings
from modellab.steps.ingest import STEP, IngestParameters

RATE_HZ = 16_000
Ingest = Callable[..., Artifact]


@pytest.fixture
def ingest(lab: Lab, tmp_path: Path) -> Ingest:
    """Ingest a file with parameters as a system key gives them; progress has to rise to 1."""

    def run(path: Path, **parameters: Any) -> Artifact:
        output = tmp_path / f"out{len(list(tmp_path.glob('out*')))}"
        output.mkdir()
        progress: list[float] = []
        context = StepContext(
            input=InputStore(lab).register(path),
            system="ingest",
            parameters=IngestParameters.model_validate(parameters),
            reads={},
            absent={},
            output=output,
            progress=progress.append,
            timings=Timings(),
        )
        summary = STEP.run(context)
        assert progress == sorted(progress) and progress[-1] == 1.0
        files = describe_files(output)
        return Artifact(output, {"step": "ingest", "fingerprint": "f" * 64, "files": files, "summary": summary})

    return run


def tone(seconds: float, hz: float = 440.0, amplitude: float = 0.5, rate_hz: int = RATE_HZ) -> Samples:
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def write(path: Path, samples: Samples, rate_hz: int = RATE_HZ, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples.T, rate_hz, subtype=subtype)
    return path


@pytest.mark.parametrize(("channels", "times"), [(1, 1), (2, 2)])
def test_a_recording_is_opened_once_and_again_only_to_tell_its_channels_apart(
    ingest: Ingest, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channels: int, times: int
) -> None:
    path = write(tmp_path / "tone.wav", np.tile(tone(0.5), (channels, 1)))
    InputStore(lab).register(path)  # a known file is looked at once, and its bytes compared
    opened: list[object] = []
    real = av.open
    monkeypatch.setattr("av.open", lambda *given, **options: opened.append(given) or real(*given, **options))
    ingest(path)
    assert len(opened) == 1 + times


def test_sixteen_bit_speech_at_sixteen_kilohertz_comes_out_bit_for_bit(ingest: Ingest, sample_wav: Path) -> None:
    artifact = ingest(sample_wav)
    before, _ = soundfile.read(sample_wav, dtype="int16")
    after, rate_hz = soundfile.read(artifact.file("audio.flac"), dtype="int16")
    assert rate_hz == RATE_HZ and np.array_equal(before, after)
    canonical = CanonicalAudio.open(artifact)
    assert canonical.duration_s == canonical.original_duration_s == 30.0
    assert canonical.time_map.is_identity
    waveform = canonical.waveform(RATE_HZ)
    assert np.array_equal(waveform.samples, before / np.float32(32_768))
    assert waveform.samples.dtype == np.float32 and waveform.samples.flags.c_contiguous
    assert artifact.summary["warnings"] == [] and not artifact.summary["is_silent"]
    assert canonical.envelope().overview.shape == (2, 2_000)


def test_the_same_input_gives_the_same_bytes(ingest: Ingest, sample_wav: Path) -> None:
    parameters = {"trim_silence": "true", "normalize_loudness": "true"}
    first, second = (ingest(sample_wav, **parameters) for _ in range(2))
    assert first.manifest["files"] == second.manifest["files"]
    assert set(first.manifest["files"]) == {"audio.flac", "ingest.json", "peaks.npz"}


def test_stereo_at_another_rate_is_mixed_and_resampled(ingest: Ingest, tmp_path: Path) -> None:
    samples = np.stack([tone(3.0, rate_hz=44_100), tone(3.0, 880.0, rate_hz=44_100)])
    canonical = CanonicalAudio.open(ingest(write(tmp_path / "a.wav", samples, 44_100, "FLOAT")))
    expected = (tone(3.0) + tone(3.0, 880.0)) / 2
    assert canonical.info.mix == [0.5, 0.5]
    assert np.abs(canonical.waveform(RATE_HZ).samples[300:-300] - expected[300:-300]).max() < 1e-4
    assert canonical.waveform(8_000).duration_s == 3.0


def test_channels_and_rate_can_be_kept(ingest: Ingest, tmp_path: Path) -> None:
    samples = np.stack([tone(1.0, rate_hz=44_100), np.zeros(44_100, np.float32)])
    artifact = ingest(write(tmp_path / "a.wav", samples, 44_100), channels="keep", sample_rate_hz="none")
    canonical = CanonicalAudio.open(artifact)
    assert (canonical.info.channels, canonical.info.sample_rate_hz) == (2, 44_100)
    assert np.abs(canonical.channels_at(44_100).samples - samples).max() <= 1 / 32_767
    assert canonical.channels_at(22_050).samples.shape == (2, 22_050)
    assert np.abs(canonical.waveform(44_100).samples - samples[0]).max() <= 1 / 32_767, "the silent channel is left out"
    assert artifact.summary["warnings"] == []


def test_opposite_phase_is_not_mixed_to_silence(ingest: Ingest, tmp_path: Path) -> None:
    artifact = ingest(write(tmp_path / "a.wav", np.stack([tone(1.0), -tone(1.0)])))
    assert np.abs(CanonicalAudio.open(artifact).waveform(RATE_HZ).samples - tone(1.0)).max() <= 1 / 32_767
    assert artifact.summary["warnings"] == ["the channels cancel each other; channel 1 is used alone"]


def test_times_stay_the_original_recordings(ingest: Ingest, tmp_path: Path) -> None:
    samples = np.concatenate([tone(1.0), np.zeros(80_000, np.float32), tone(1.0, 880.0)])
    artifact = ingest(write(tmp_path / "a.wav", samples), trim_silence="true")
    canonical = CanonicalAudio.open(artifact)
    assert (canonical.duration_s, canonical.original_duration_s) == (3.0, 7.0)
    onset_s = np.flatnonzero(np.abs(canonical.waveform(RATE_HZ).samples[20_000:]) > 0.1)[0] / RATE_HZ + 1.25
    assert canonical.time_map.to_original(onset_s) == pytest.approx(6.0, abs=0.001)
    overview = canonical.envelope().overview[1]
    assert np.flatnonzero(overview > 0.1)[[0, -1]] == pytest.approx([0, 1_999], abs=2)
    assert canonical.info.operators[0].facts == {"shortened_silences": 1, "removed_s": 4.0}
    assert artifact.summary["operators"] == ["trim_silence"]


def test_operators_run_in_the_order_given_with_their_parameters(ingest: Ingest, sample_wav: Path) -> None:
    louder = {"name": "normalize_loudness", "parameters": {"target_lufs": -16}}
    canonical = CanonicalAudio.open(ingest(sample_wav, operators=["trim_silence", louder]))
    assert [operator.name for operator in canonical.info.operators] == ["trim_silence", "normalize_loudness"]
    assert canonical.info.operators[1].parameters == {"target_lufs": -16.0, "max_peak_dbfs": -1.0, "max_gain_db": 60.0}
    facts = canonical.info.operators[1].facts
    expected_lufs = float(facts["loudness_before_lufs"]) + float(facts["gain_db"])
    assert canonical.info.levels.loudness_lufs == pytest.approx(expected_lufs, abs=0.1)


def test_beyond_full_scale_is_turned_down_and_not_clipped(ingest: Ingest, tmp_path: Path) -> None:
    artifact = ingest(write(tmp_path / "a.wav", tone(1.0, amplitude=2.0), subtype="FLOAT"))
    canonical = CanonicalAudio.open(artifact)
    assert canonical.info.attenuation_db == pytest.approx(6.02, abs=0.01)
    assert np.abs(canonical.waveform(RATE_HZ).samples - tone(1.0, amplitude=1.0)).max() < 1e-4
    assert canonical.info.source.full_scale_fraction == pytest.approx(2 / 3, abs=0.01)


def test_quiet_speech_keeps_its_detail(ingest: Ingest, tmp_path: Path) -> None:
    quiet = tone(1.0, amplitude=1e-4)
    artifact = ingest(write(tmp_path / "a.wav", quiet, subtype="PCM_24"))
    assert soundfile.info(artifact.file("audio.flac")).subtype == "PCM_24"
    assert np.abs(CanonicalAudio.open(artifact).waveform(RATE_HZ).samples - quiet).max() < 2e-7


@pytest.mark.parametrize("samples", [1, 160, 6_399])
def test_very_short_recordings(ingest: Ingest, tmp_path: Path, samples: int) -> None:
    path = write(tmp_path / "a.wav", np.stack([tone(1.0, rate_hz=44_100)[:samples]] * 2), 44_100)
    artifact = ingest(path, trim_silence=True, normalize_loudness=True)
    assert len(CanonicalAudio.open(artifact).waveform(RATE_HZ).samples) == max(1, round(samples * 160 / 441))


def test_silence_stays_silence(ingest: Ingest, tmp_path: Path) -> None:
    artifact = ingest(write(tmp_path / "a.wav", np.zeros(RATE_HZ, np.float32)), normalize_loudness=True)
    assert artifact.summary["is_silent"] and artifact.summary["loudness_lufs"] is None
    assert not CanonicalAudio.open(artifact).waveform(RATE_HZ).samples.any()


def test_what_flac_can_not_hold_is_said(ingest: Ingest, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.tile(tone(0.1), (9, 1)))
    with pytest.raises(StepFailed, match=r"found 9 channels at 16000 Hz.*Set ingest\.channels=mono"):
        ingest(path, channels="keep")
    assert CanonicalAudio.open(ingest(path)).info.channels == 1


def test_a_stream_that_is_not_there_is_named_with_the_file(ingest: Ingest, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"^a\.wav has no audio stream 3; found 1 audio streams"):
        ingest(write(tmp_path / "a.wav", tone(0.1)), audio_stream="3")


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"sample_rate_hz": "fast"}, "sample_rate_hz"),
        ({"sample_rate_hz": 100}, "greater than or equal to 4000"),
        ({"channels": "both"}, "'mono' or 'keep'"),
        ({"operators": ["trim"]}, "there is no operator 'trim'.*trim_silence"),
        ({"operators": [{"name": "trim_silence", "parameters": {"keep": 1}}]}, "keep"),
        ({"loud": True}, "Extra inputs"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        IngestParameters.model_validate(parameters)


def test_another_artifact_is_no_canonical_audio(ingest: Ingest, sample_wav: Path) -> None:
    artifact = ingest(sample_wav)
    with pytest.raises(ArtifactMissing, match=r"no file 'ingest\.json'"):
        CanonicalAudio.open(Artifact(artifact.path, {**artifact.manifest, "files": {}}))
    canonical = CanonicalAudio.open(artifact)
    artifact.file("audio.flac").write_bytes(b"no audio")
    with pytest.raises(ArtifactCorrupt, match=r"audio\.flac can't be read"):
        canonical.waveform(RATE_HZ)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("odd-and-corrupt/truncated.mp3", "the file states a length of 9.03 s"),
        ("odd-and-corrupt/nan_inf_float.wav", "32 samples were not numbers"),
        ("odd-and-corrupt/stereo_one_silent.wav", "channel 2 is silent"),
    ],
)
def test_warnings_are_kept_in_the_summary(ingest: Ingest, data: Path, name: str, part: str) -> None:
    artifact = ingest(data / name)
    assert [warning for warning in artifact.summary["warnings"] if part in warning]
    assert artifact.summary["warnings"] == CanonicalAudio.open(artifact).info.warnings


@pytest.mark.realdata
def test_surround_sound_of_a_film(ingest: Ingest, data: Path) -> None:
    canonical = CanonicalAudio.open(ingest(data / "video" / "big_buck_bunny_small.mp4"))
    assert canonical.info.source.layout == ["FL", "FR", "FC", "LFE", "BL", "BR"]
    assert canonical.info.source.has_video and canonical.info.mix[3] == 0.0
    assert sum(canonical.info.mix) == pytest.approx(1.0)


def test_a_damaged_copy_is_not_ingested_under_the_originals_key(lab: Lab, ingest: Ingest, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(1.0), RATE_HZ)
    source = InputStore(lab).register(path)
    content = bytearray(source.path.read_bytes())
    content[-1] ^= 1
    source.path.write_bytes(content)
    context = StepContext(source, "ingest", IngestParameters(), {}, {}, tmp_path, lambda _: None, Timings())
    with pytest.raises(InputDamaged, match=r"the lab's copy of a\.wav is damaged"):
        STEP.run(context)
    with pytest.raises(InputDamaged):
        context.recording()
