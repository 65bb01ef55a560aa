"""Hours that come out of kilobytes, and recordings with several sound tracks, some of which nobody can decode."""

import struct
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from modellab import memory
from modellab.documents import load
from modellab.errors import InputRefused, StepFailed
from modellab.inputs.store import InputStore
from modellab.media.audio import Samples
from modellab.media.canonical import CanonicalAudio
from modellab.media.decode import PassedOver
from modellab.settings import Lab, Settings
from modellab.steps.definition import StepContext, Timings
from modellab.steps.ingest import STEP, IngestParameters

MIB = 1 << 20
RATE_HZ = 16_000
Ingest = Callable[..., CanonicalAudio]


@pytest.fixture
def ingest(lab: Lab, tmp_path: Path) -> Ingest:
    """Ingest a file; gives the canonical audio."""

    def run(path: Path, longest_s: float | None = None, **parameters: object) -> CanonicalAudio:
        from modellab.artifacts.store import Artifact, describe_files

        output = tmp_path / f"out{len(list(tmp_path.glob('out*')))}"
        output.mkdir()
        context = StepContext(
            input=InputStore(lab).register(path),
            system="ingest",
            parameters=IngestParameters.model_validate(parameters),
            reads={},
            absent={},
            output=output,
            progress=lambda share: None,
            timings=Timings(),
            longest_s=longest_s,
        )
        summary = STEP.run(context)
        manifest = {"step": "ingest", "fingerprint": "f" * 64, "files": describe_files(output), "summary": summary}
        return CanonicalAudio.open(Artifact(output, manifest))

    return run


@contextmanager
def at_most(mebibytes: float) -> Iterator[None]:
    """What Python and NumPy allocate in the block must stay below that."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()
    assert peak < mebibytes, f"{peak:.0f} MiB"


def tone(hz: float, seconds: float = 1.0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def tracks(path: Path, codec: str, frequencies: list[float], default: int | None = None) -> Path:
    """A file with a track for each frequency."""
    with av.open(path, "w") as container:
        added = [container.add_stream(codec, rate=RATE_HZ, layout="mono") for _ in frequencies]
        if default is not None:
            for index, stream in enumerate(added):
                stream.disposition = av.stream.Disposition.default if index == default else av.stream.Disposition.dub
        for stream, hz in zip(added, frequencies, strict=True):
            resampler = av.AudioResampler(stream.format, "mono", RATE_HZ, frame_size=stream.frame_size or 1_000)
            frame = av.AudioFrame.from_ndarray(tone(hz)[np.newaxis], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, 0
            for each in (*resampler.resample(frame), *resampler.resample(None), None):
                container.mux(stream.encode(each))
    return path


def pitch(canonical: CanonicalAudio) -> int:
    samples = canonical.waveform(RATE_HZ).samples[2_000:10_000]
    return int(np.abs(np.fft.rfft(samples)).argmax() * RATE_HZ / len(samples))


def without_decoder(path: Path, number: int) -> Path:
    """Give a track of an MP4 file a codec that nobody knows."""
    content = path.read_bytes()
    for box, other in ((b"mp4a", b"qzfx"), (b"esds", b"free")):
        pieces = content.split(box)
        content = box.join(pieces[: number + 1]) + other + box.join(pieces[number + 1 :])
    path.write_bytes(content)
    return path


def test_the_first_track_that_decodes_is_taken_and_it_is_said(ingest: Ingest, tmp_path: Path) -> None:
    path = without_decoder(tracks(tmp_path / "a.mp4", "aac", [440.0, 1_000.0]), 0)
    for parameters in ({}, {"audio_stream": "1"}):
        canonical = ingest(path, **parameters)
        assert pitch(canonical) == 1_000
        assert canonical.info.source.audio_stream == 1
    why = "can't be decoded: there is no decoder for its codec"
    assert ingest(path).info.source.passed_over_streams == [PassedOver(0, why)]
    assert ingest(path).info.warnings == [
        f"the file has 2 audio streams, of which number 1 is used (number 0 {why}); ingest.audio_stream chooses another"
    ]
    with pytest.raises(InputRefused, match=r"^a\.mp4 has an audio stream 0 in a codec that can't be decoded"):
        ingest(path, audio_stream="0")


def test_where_no_track_decodes_each_is_named(lab: Lab, tmp_path: Path) -> None:
    path = without_decoder(without_decoder(tracks(tmp_path / "a.mp4", "aac", [440.0, 1_000.0]), 0), 0)
    with pytest.raises(InputRefused, match=r"no audio stream that can be decoded; found number 0 .*; number 1 can't"):
        InputStore(lab).register(path)


def test_the_default_track_comes_first(ingest: Ingest, tmp_path: Path) -> None:
    path = tracks(tmp_path / "a.mka", "flac", [440.0, 1_000.0], default=1)
    canonical = ingest(path)
    assert pitch(canonical) == 1_000
    assert canonical.info.warnings == [
        "the file has 2 audio streams, of which number 1 is used (it is marked as the default); "
        "ingest.audio_stream chooses another"
    ]
    assert pitch(ingest(path, audio_stream=0)) == 440
    assert pitch(ingest(path, audio_stream="none")) == 1_000


def test_a_recording_longer_than_the_setting_is_refused_by_name(tmp_path: Path, ingest: Ingest) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros(5 * RATE_HZ), RATE_HZ)
    lab = Lab(Settings(longest_recording_h=4 / 3600, _env_file=None))
    with pytest.raises(InputRefused, match=r"^a\.flac is longer than a recording may be; .*MODELLAB_LONGEST_RECORDING"):
        InputStore(lab).register(path)
    with pytest.raises(InputRefused, match="longer than a recording may be"):
        ingest(path, longest_s=4.0)


def test_a_quarter_of_an_hour_from_kilobytes_takes_no_memory(ingest: Ingest, tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    with soundfile.SoundFile(path, "w", RATE_HZ, 1) as file:
        for _ in range(15):
            file.write(np.zeros(60 * RATE_HZ))
    assert path.stat().st_size < 100_000
    with at_most(30):
        assert ingest(path).duration_s == 900.0


def test_a_length_that_is_only_stated_takes_no_memory(ingest: Ingest, tmp_path: Path) -> None:
    path = tracks(tmp_path / "a.mka", "flac", [440.0])
    content = path.read_bytes()
    place = content.index(b"\x44\x89\x88") + 3
    path.write_bytes(content[:place] + struct.pack(">d", 98 * 3_600_000.0) + content[place + 8 :])
    with at_most(40):
        canonical = ingest(path)
    assert canonical.duration_s == 1.0
    assert canonical.info.warnings == ["the file states a length of 352800.00 s, but holds 1.00 s"]


def test_what_does_not_fit_is_said_before_the_work_starts(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(60 * RATE_HZ), RATE_HZ)
    monkeypatch.setattr(memory, "_machine_available", lambda: 5 * MIB)
    assert ingest(path).duration_s == 60.0
    with pytest.raises(
        StepFailed, match=r"too little memory .*; found 0\.00 GiB available; allowed: 0\.01 GiB or more"
    ):
        ingest(path, trim_silence=True)


def test_what_is_distrusted_is_in_the_result(ingest: Ingest, tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        for second in (0, 1, 50_000):
            frame = av.AudioFrame.from_ndarray((tone(440.0) * 32_767).astype(np.int16)[np.newaxis], "s16", "mono")
            frame.sample_rate, frame.pts = RATE_HZ, second * RATE_HZ
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content = path.read_bytes()
    place = content.index(b"\x44\x89\x88") + 3
    path.write_bytes(content[:place] + struct.pack(">d", 3_000.0) + content[place + 8 :])
    canonical = ingest(path)
    assert canonical.duration_s == 3.0
    assert [(jump.at_s, jump.by_s) for jump in canonical.info.source.doubted_jumps] == [(2.0, 49_998.0)]
    assert [warning for warning in canonical.info.warnings if "at 0:00:02.000 they jump ahead by 13:53:18" in warning]
    assert load(type(canonical.info), canonical._artifact.file("ingest.json")) == canonical.info
