"""What counts as a recording that did not decode whole, and what is only worth a word."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

Call = Callable[..., tuple[int, str, str]]
RATE_HZ = 16_000


def _tone(seconds: float) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    samples = np.sin(np.arange(round(seconds * RATE_HZ)) * 0.2) * 8_000
    return samples.astype(np.int16)[np.newaxis]


def _matroska(path: Path, tracks: list[float], start_s: int = 0) -> None:
    """A file with a sound track of each length, all beginning at one time."""
    with av.open(path, "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono") for _ in tracks]
        for stream, seconds in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(_tone(seconds), "s16", "mono")
            frame.sample_rate, frame.pts = RATE_HZ, start_s * RATE_HZ
            container.mux([*stream.encode(frame), *stream.encode(None)])


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    _matroska(folder / "1-two-tracks.mka", [3.0, 2.0])
    _matroska(folder / "2-late.mka", [3.0], start_s=660)
    soundfile.write(folder / "3-cut.wav", _tone(3.0)[0], RATE_HZ)
    whole = (folder / "3-cut.wav").read_bytes()
    (folder / "3-cut.wav").write_bytes(whole[:-2_000])
    soundfile.write(folder / "4-nan.wav", np.array([0.1, np.nan] * RATE_HZ, dtype=np.float32), RATE_HZ, subtype="FLOAT")
    return folder


def test_only_what_could_not_be_had_fails_the_check(call: Call, recordings: Path) -> None:
    code, out, _ = call("ingest", recordings, "--json")
    assert code == 0
    found = {}
    for entry in json.loads(out)["inputs"]:
        (step,) = entry["steps"]
        (check,) = [each for each in step["checks"] if each["check"] == "decodes_whole"]
        found[Path(entry["path"]).name] = (check["passed"], check["description"], step["warnings"])
    tracks = "the file has 2 audio streams, of which number 0 is used; ingest.audio_stream chooses another"
    late = "the file's clock begins at 0:11:00.000; times here count from the first sound, as 0:00"
    cut = "the file is cut off: 2,000 bytes fewer than its header promises"
    no_numbers = "16,000 samples were not numbers and were set to 0"
    assert found == {
        "1-two-tracks.mka": (True, "0:03.0 decoded of 0:03.0", [tracks]),
        "2-late.mka": (True, "0:03.0 decoded of 0:03.0", [late]),
        "3-cut.wav": (False, cut, [cut]),
        "4-nan.wav": (False, no_numbers, [no_numbers]),
    }


def test_another_track_than_was_registered_is_no_loss(call: Call, recordings: Path) -> None:
    path = recordings / "1-two-tracks.mka"
    code, out, _ = call("run", path, "-p", "ingest", "--set", "ingest.audio_stream=1", "--json")
    (step,) = json.loads(out)["inputs"][0]["steps"]
    assert (code, [check["check"] for check in step["checks"] if not check["passed"]]) == (0, [])
    assert step["warnings"] == [
        "the file has 2 audio streams, of which number 1 is used; ingest.audio_stream chooses another",
        "the sound ends at 2.00 s, before the file's other streams do",
    ]
