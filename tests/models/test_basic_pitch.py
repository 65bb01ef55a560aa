"""Basic Pitch: notes that were played, by the second and by its makers' own way from frames to notes."""

import importlib.metadata
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from modellab.errors import WeightsCorrupt
from modellab.formats.midi import read_midi
from modellab.media.audio import Waveform
from modellab.settings import PROJECT_ROOT
from modellab.steps.music_transcription import MusicTranscriptionParameters
from modellab.surfaces.contracts import MusicTranscriptionModel
from modellab.surfaces.sounds import Notes
from models.basic_pitch.adapter import WEIGHTS, BasicPitch, frame_times_s
from models.basic_pitch.notes import find_notes

try:
    importlib.metadata.version("basic-pitch")
except importlib.metadata.PackageNotFoundError:
    pytest.skip("pip install --no-deps basic-pitch==0.4.0", allow_module_level=True)

RATE_HZ = 22_050
MUSIC = PROJECT_ROOT / "datasets" / "media" / "music"
DEFAULTS = MusicTranscriptionParameters().model_dump()


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], BasicPitch]) -> BasicPitch:
    loaded = load_model("basic_pitch")
    assert isinstance(loaded, MusicTranscriptionModel)
    return loaded


def transcribe(model: BasicPitch, samples: object, **changes: float) -> Notes:
    audio = Waveform(np.asarray(samples, dtype=np.float32), RATE_HZ)
    return model.transcribe_notes(audio, DEFAULTS | changes, lambda fraction: None)


def played(*pitches: int) -> np.ndarray:
    """A second of each note: three harmonics that die away."""
    time = np.arange(RATE_HZ) / RATE_HZ
    hertz = [440 * 2 ** ((pitch - 69) / 12) for pitch in pitches]
    parts = [sum(np.sin(2 * np.pi * hz * k * time) / k for k in (1, 2, 3)) * np.exp(-2 * time) for hz in hertz]
    return 0.2 * np.concatenate(parts)


def test_c_e_g_are_heard_as_they_are_played(model: BasicPitch) -> None:
    found = transcribe(model, played(60, 64, 67))
    assert [note.pitch for note in found.notes] == [60, 64, 67]
    assert [note.start_s for note in found.notes] == pytest.approx([0.0, 1.0, 2.0], abs=0.05)
    assert [note.end_s for note in found.notes] == pytest.approx([1.0, 2.0, 3.0], abs=0.06)
    assert all(0.0 < note.velocity <= 1.0 for note in found.notes) and found.duration_s == 3.0


def test_times_hold_over_many_windows_and_to_the_end(model: BasicPitch) -> None:
    """The makers' package takes 86 frames for a second, of which there are 86.6: of a minute it leaves out the end."""
    found = transcribe(model, np.tile(played(60, 64, 67), 20))
    assert [note.pitch for note in found.notes] == [60, 64, 67] * 20
    assert [note.start_s for note in found.notes] == pytest.approx(list(range(60)), abs=0.05)
    assert found.notes[-1].end_s == pytest.approx(60.0, abs=0.06)


@pytest.mark.parametrize("name", ["scale", "tune", "tune-noise"])
def test_shipped_tunes_are_heard_note_by_note(model: BasicPitch, name: str) -> None:
    samples, rate = soundfile.read(MUSIC / f"{name}.flac", dtype="float32")
    found = transcribe(model, soxr.resample(samples, rate, RATE_HZ))
    expected = read_midi(MUSIC / f"{name}.mid")
    assert [note.pitch for note in found.notes] == [note.pitch for note in expected]
    assert [note.start_s for note in found.notes] == pytest.approx([note.start_s for note in expected], abs=0.05)


@pytest.mark.parametrize("samples", [0, 1, 255, 22_050, 44_100])
def test_silence_of_any_length_has_no_notes(model: BasicPitch, samples: int) -> None:
    assert transcribe(model, np.zeros(samples)) == Notes([], samples / RATE_HZ)


def test_parameters_decide_and_progress_rises_to_one(model: BasicPitch) -> None:
    sound = played(60, 64, 67)
    assert transcribe(model, sound, min_note_ms=2000.0).notes == []
    assert len(transcribe(model, 0.3 * np.random.default_rng(0).normal(size=RATE_HZ), frame_threshold=0.05).notes) > 3
    seen: list[float] = []
    model.transcribe_notes(Waveform(np.tile(sound, 10).astype(np.float32), RATE_HZ), DEFAULTS, seen.append)
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) > 1


def test_frames_follow_each_other_and_each_window_begins_where_it_is_cut() -> None:
    times = frame_times_s(142 * 3)
    assert times[0] == 0.0 and times[142] == 36_164 / RATE_HZ and times[143] == (36_164 + 256) / RATE_HZ
    assert (np.diff(times) > 0).all() and np.diff(times).max() == pytest.approx(256 / RATE_HZ)


@pytest.fixture(scope="module")
def original() -> Iterator[ModuleType]:
    """The makers' own module, with stand-ins for two packages that only its other functions use."""
    with pytest.MonkeyPatch.context() as patch:
        for name, has in (("pretty_midi", "PrettyMIDI"), ("resampy", "resample")):
            stand_in = ModuleType(name)
            setattr(stand_in, has, object)
            patch.setitem(sys.modules, name, stand_in)
        from basic_pitch import note_creation

        yield note_creation


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(3, 160), st.integers(0, 12), st.floats(0.9, 0.999))
@example(159, 159, 0, 0.9765625)  # a rise that is a tie in single precision
def test_notes_are_those_of_the_makers_own_rule(
    original: ModuleType, seed: int, frames: int, shortest: int, smooth: float
) -> None:
    """On energies that come and go as notes do, in sixty-fourths so that both see the same numbers."""
    random = np.random.default_rng(seed)
    noise = random.uniform(0, 1, (frames, 88))
    for row in range(1, frames):
        stays = random.random(88) < smooth
        noise[row, stays] = noise[row - 1, stays]
    energy = (np.round(noise * 64) / 64).astype(np.float32)
    energy[:, random.random(88) < 0.8] = 0.0
    onsets = (np.round(random.uniform(0, 1, (frames, 88)) ** 4 * 64) / 64).astype(np.float32)
    assume(np.diff(energy[2:], axis=0).max(initial=0.0) > 0)
    expected = original.output_to_notes_polyphonic(
        *(energy.copy(), onsets.copy()),
        onset_thresh=0.5,
        frame_thresh=0.3,
        min_note_len=shortest,
        infer_onsets=True,
        max_freq=None,
        min_freq=None,
    )
    found = find_notes(energy, onsets, 0.5, 0.3, shortest)
    theirs = sorted((int(start), int(end), int(pitch), float(strength)) for start, end, pitch, strength in expected)
    ours = sorted((one.start, one.end, one.pitch, one.strength) for one in found)
    assert [one[:3] for one in ours] == [one[:3] for one in theirs]
    assert [one[3] for one in ours] == pytest.approx([one[3] for one in theirs], abs=1e-6)


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes(b"no network")
    with pytest.raises(WeightsCorrupt, match=r"nmp\.onnx is not a network that can be run"):
        BasicPitch(tmp_path / WEIGHTS, 1)
