from pathlib import Path

import numpy as np
import pytest

from modellab.errors import ArtifactCorrupt
from modellab.media.audio import Audio, TimeMap
from modellab.media.envelope import OVERVIEW_BINS, Envelope, measure_envelope


def test_extremes_of_each_stretch() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, (2, 400_000)).astype(np.float32)
    envelope = measure_envelope(Audio(samples, 16_000), TimeMap.identity(25.0))
    assert envelope.overview.shape == envelope.fine.shape == (2, OVERVIEW_BINS)
    stretches = samples.reshape(2, OVERVIEW_BINS, 200)
    assert np.array_equal(envelope.overview[0], stretches.min(axis=(0, 2)))
    assert np.array_equal(envelope.overview[1], stretches.max(axis=(0, 2)))


def test_a_long_recording_has_a_finer_one_too() -> None:
    samples = np.zeros((1, 8_000 * 600), np.float32)
    samples[0, 8_000 * 300] = 0.7
    envelope = measure_envelope(Audio(samples, 8_000), TimeMap.identity(600.0))
    assert envelope.overview.shape == (2, 2_000) and envelope.fine.shape == (2, 12_000)
    assert np.flatnonzero(envelope.overview[1]).tolist() == [1_000]
    assert np.flatnonzero(envelope.fine[1]).tolist() == [6_000]


def test_what_was_cut_is_flat_and_the_rest_stays_in_its_place() -> None:
    time_map = TimeMap.identity(10.0).keep([(0.0, 2.0), (7.0, 10.0)])
    samples = np.concatenate([np.full((1, 32_000), 0.25), np.full((1, 48_000), 0.5)], axis=1).astype(np.float32)
    highest = measure_envelope(Audio(samples, 16_000), time_map).overview[1]
    assert set(highest[:400]) == {0.25} and set(highest[1_400:]) == {0.5}
    assert not highest[400:1_400].any()


@pytest.mark.parametrize("samples", [1, 160])
def test_a_short_recording_has_a_bin_for_each_sample(samples: int) -> None:
    audio = Audio(np.linspace(0.1, 0.9, samples, dtype=np.float32)[np.newaxis], 16_000)
    envelope = measure_envelope(audio, TimeMap.identity(audio.duration_s))
    assert np.array_equal(envelope.overview, np.tile(audio.samples, (2, 1)))


def test_on_disk_it_is_the_same_and_always_the_same_bytes(tmp_path: Path) -> None:
    envelope = measure_envelope(Audio(np.ones((1, 5_000), np.float32), 16_000), TimeMap.identity(0.3125))
    for name in ("a.npz", "b.npz"):
        envelope.save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    loaded = Envelope.load(tmp_path / "a.npz")
    assert np.array_equal(loaded.overview, envelope.overview) and loaded.duration_s == 0.3125


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("no archive")
    with pytest.raises(ArtifactCorrupt, match="not a waveform envelope"):
        Envelope.load(tmp_path / "a.npz")
