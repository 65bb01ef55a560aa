"""PESQ, STOI, SI-SDR and DNSMOS before and after: the libraries' figures, and where they can't be had."""

import sys
import tracemalloc
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path

import numpy as np
import pesq
import pystoi
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from speechmos import dnsmos

from modellab.datasets.reference import Reference, ReferenceSound
from modellab.media.audio import KeptPiece, Samples, TimeMap, Waveform
from modellab.metrics import libraries
from modellab.metrics.distortion import SiSdr, si_sdr
from modellab.metrics.piecewise import NotComputable
from modellab.metrics.score import Score
from modellab.metrics.sounds import FileSound, HeldSound, Sound, pieces, spread
from modellab.metrics.suites import enhance

Speech = Callable[..., Samples]


CLEAN = ReferenceSound("c" * 64, "clean.wav")


def held(samples: Samples, rate_hz: int = 16_000) -> HeldSound:
    return HeldSound(Waveform(np.asarray(samples, dtype=np.float32), rate_hz))


def judged(clean: Samples | None, before: Samples, after: Samples, rate_hz: int = 16_000) -> dict[str, Score]:
    known = Reference() if clean is None else Reference(clean=CLEAN)

    def opened(sound: ReferenceSound) -> Sound:
        assert sound == CLEAN and clean is not None
        return held(clean, rate_hz)

    found = enhance.scores(known, held(before, rate_hz), held(after, rate_hz), source_rate_hz=rate_hz, opened=opened)
    return {score.metric.name: score for score in found}


def compared(clean: Samples, before: Samples, after: Samples, rate_hz: int = 16_000) -> dict[str, Score]:
    """Against the clean recording alone: DNSMOS takes its time."""
    found = enhance.against_clean(
        CLEAN, held(before, rate_hz), held(after, rate_hz), rate_hz, lambda _: held(clean, rate_hz)
    )
    return {score.metric.name: score for score in found}


def noise(samples: Samples, level: float, seed: int = 7) -> Samples:
    random = np.random.default_rng(seed)
    return (samples + level * random.standard_normal(len(samples))).astype(np.float32)


def direct_si_sdr(clean: Samples, found: Samples) -> float:
    """The definition, in the order of the paper: the part along the clean signal over what remains."""
    s, x = clean.astype(np.float64), found.astype(np.float64)
    along = (np.sum(x * s) / np.sum(s * s)) * s
    return float(10 * np.log10(np.sum(along**2) / np.sum((x - along) ** 2)))


def test_each_figure_is_the_librarys_of_both_and_the_gain_their_difference(speech: Speech) -> None:
    clean = speech(10.0)
    before, after = noise(clean, 0.02), noise(clean, 0.004)
    found = judged(clean, before, after)
    assert set(found) == set(enhance.METRICS)
    opinions = {id(x): dnsmos.run(x, 16_000) for x in (before, after)}
    for name, direct in {
        "pesq": lambda x: pesq.pesq(16_000, clean, x, "wb"),
        "stoi": lambda x: pystoi.stoi(clean.astype(float), x.astype(float), 16_000),
        "estoi": lambda x: pystoi.stoi(clean.astype(float), x.astype(float), 16_000, extended=True),
        "si_sdr": lambda x: direct_si_sdr(clean, x),
        "dnsmos_ovrl": lambda x: opinions[id(x)]["ovrl_mos"],
        "dnsmos_sig": lambda x: opinions[id(x)]["sig_mos"],
        "dnsmos_bak": lambda x: opinions[id(x)]["bak_mos"],
    }.items():
        assert found[name].value == pytest.approx(direct(after), abs=1e-9), name
        assert found[f"{name}_before"].value == pytest.approx(direct(before), abs=1e-9), name
        assert found[f"{name}_gain"].value == pytest.approx(direct(after) - direct(before), abs=1e-9), name
        assert found[f"{name}_gain"].metric.better == "higher"
    assert found["pesq"].metric.protocol == "wide band, 16 kHz, pieces of 10 s, at most 180"
    assert found["pesq_before"]["pesq_before"] == found["pesq_gain"]["before"]


def test_gains_add_up_over_recordings_to_the_difference_of_the_means(speech: Speech) -> None:
    first, second = (
        compared(speech(2.0, seed), noise(speech(2.0, seed), 0.02), noise(speech(2.0, seed), 0.01)) for seed in (1, 2)
    )
    total = {name: first[name] + second[name] for name in ("si_sdr", "si_sdr_before", "si_sdr_gain")}
    means = {name: score.value for name, score in total.items()}
    assert means["si_sdr"] == pytest.approx(np.mean([first["si_sdr"].value, second["si_sdr"].value]))
    assert means["si_sdr_gain"] == pytest.approx(means["si_sdr"] - means["si_sdr_before"])
    assert total["si_sdr"]["cases"] == 2 and total["si_sdr"]["seconds"] == 4.0


@given(seed=st.integers(0, 10_000), count=st.integers(1, 3_000), level=st.floats(1e-3, 10.0), blocks=st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_si_sdr_block_by_block_is_the_definitions(seed: int, count: int, level: float, blocks: int) -> None:
    random = np.random.default_rng(seed)
    clean = random.standard_normal(count + 1).astype(np.float32)
    found = (0.3 * clean + level * random.standard_normal(count + 1)).astype(np.float32)
    sums = SiSdr()
    for s, x in zip(np.array_split(clean, blocks), np.array_split(found, blocks), strict=True):
        sums.add(s, x)
    direct = max(-100.0, min(100.0, direct_si_sdr(clean, found)))
    # What is left of two sums that are nearly the same has few digits: a ratio of 94 dB is good to a millionth.
    assert sums.value_db == pytest.approx(direct, abs=1e-6 + 40 * np.finfo(float).eps * 10 ** (direct / 10))
    assert sums.value_db == si_sdr(clean, found, 16_000, "here").value or blocks > 1
    louder = SiSdr()
    louder.add(clean, 4.0 * found)
    assert louder.value_db == pytest.approx(sums.value_db, abs=1e-6)


def test_the_same_sound_is_as_good_as_can_be_and_its_opposite_too(speech: Speech) -> None:
    clean = speech(2.0)
    assert si_sdr(clean, clean, 16_000, "").value == 100.0
    assert si_sdr(clean, -clean, 16_000, "").value == 100.0
    apart = np.zeros(4, dtype=np.float32)
    apart[0] = 1.0
    assert si_sdr(apart, np.roll(apart, 1), 1, "").value == -100.0


def test_at_8_khz_pesq_is_narrow_band_and_the_protocols_say_so(speech: Speech) -> None:
    clean = speech(5.0, rate_hz=8_000)
    found = judged(clean, noise(clean, 0.02), noise(clean, 0.01), rate_hz=8_000)
    assert found["pesq"].value == pytest.approx(pesq.pesq(8_000, clean, noise(clean, 0.01), "nb"), abs=1e-9)
    assert found["pesq"].metric.protocol.startswith("narrow band, 8 kHz")
    assert found["stoi"].metric.protocol.startswith("from 8 kHz")
    assert found["dnsmos_ovrl"].metric.protocol.startswith("P.835, 16 kHz from 8 kHz")
    assert enhance.rate_of(11_025) == 8_000 and enhance.rate_of(44_100) == 16_000


def test_a_long_recording_is_the_mean_of_its_pieces_and_pauses_are_left_out(speech: Speech) -> None:
    clean = np.concatenate([speech(10.0), 1e-5 * speech(10.0, seed=3), speech(7.0, seed=5)])
    after = noise(clean, 0.01)
    found = compared(clean, after, after)
    for name, direct in {
        "pesq": lambda s, x: pesq.pesq(16_000, s, x, "wb"),
        "stoi": lambda s, x: pystoi.stoi(s.astype(float), x.astype(float), 16_000),
    }.items():
        parts = [direct(clean[a:b], after[a:b]) for a, b in ((0, 160_000), (320_000, 432_000))]
        assert found[name].value == pytest.approx(np.mean(parts), abs=1e-9)
        assert (found[name]["pieces"], found[name]["left_out"]) == (2, 1)
    assert found["si_sdr"].value == pytest.approx(direct_si_sdr(clean, after), abs=1e-9)


@given(st.floats(0.01, 10_000.0))
def test_pieces_fill_a_recording_and_none_is_long_enough_to_harm_pesq(duration_s: float) -> None:
    found = pieces(duration_s)
    assert (found[0].start_s, found[-1].end_s) == (0.0, duration_s)
    assert all(one.end_s == after.start_s for one, after in pairwise(found))
    assert all(one.start_s == int(one.start_s) for one in found)
    # PESQ has room for 50 utterances; one and its pause take 0.4 s or more.
    assert max(one.duration_s for one in found) <= 15.0
    assert len(found) == 1 or min(one.duration_s for one in found) >= 5.0


def test_of_hours_180_pieces_are_looked_at_from_the_first_to_the_last() -> None:
    looked_at = spread(720)
    assert (len(looked_at), looked_at[0], looked_at[-1]) == (180, 0, 719)
    assert {after - one for one, after in pairwise(looked_at)} <= {4, 5}
    assert list(spread(180)) == list(range(180))


def test_a_recording_of_many_short_utterances_does_not_break_pesq() -> None:
    # In one call these 60 utterances end the process: pesq 0.0.4 writes beyond its array of 50.
    random = np.random.default_rng(0)
    burst = [np.concatenate([0.1 * random.standard_normal(4_000), np.zeros(4_000)]) for _ in range(60)]
    clean = np.concatenate(burst).astype(np.float32)
    found = compared(clean, noise(clean, 0.01), noise(clean, 0.001))
    assert found["pesq"]["pieces"] == 3
    assert found["pesq_gain"].numerator > 0


def test_a_long_recording_is_read_piece_by_piece(speech: Speech, tmp_path: Path) -> None:
    minutes, rate_hz = 20, 16_000
    samples = np.zeros(minutes * 60 * rate_hz, dtype=np.float32)
    samples[-10 * rate_hz :] = noise(speech(10.0), 0.001)
    path = tmp_path / "long.wav"
    soundfile.write(path, samples, rate_hz, subtype="FLOAT")
    del samples
    sound = FileSound.open(path)
    tracemalloc.start()
    found = {score.metric.name: score for score in enhance.against_clean(CLEAN, sound, sound, rate_hz, lambda _: sound)}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found["stoi"]["pieces"], found["stoi"]["left_out"]) == (1, 119)
    assert found["si_sdr"]["seconds"] == minutes * 60
    # Once in memory it would be 77 MB, and pystoi would take 2 GB.
    assert peak < 45e6


def test_what_can_not_be_had_says_why(speech: Speech) -> None:
    clean = speech(1.0)
    noisy, silent = noise(clean, 0.02), np.zeros_like(clean)
    muted = compared(clean, noisy, silent)
    assert muted["pesq"].error == "it is silent where there is speech: PESQ is not defined"
    assert muted["pesq_before"].value is not None
    assert muted["pesq_gain"].error == muted["pesq"].error
    assert muted["si_sdr"].error == "it is silent"
    assert muted["stoi"].value == pytest.approx(0.0, abs=1e-6)
    nobody = compared(silent, noisy, noisy)
    assert nobody["pesq"].error == nobody["stoi"].error == "the clean recording is silent"
    assert nobody["si_sdr"].error == "the clean recording is silent"
    short = compared(clean[:3_200], noisy[:3_200], noisy[:3_200])
    assert short["pesq"].error == "too short for PESQ: 0.20 s, of at least 0.25 s"
    assert short["stoi"].error == "the clean recording has less than 0.4 s of speech"
    assert short["si_sdr"].value is not None
    broken = noisy.copy()
    broken[100] = np.nan
    found = compared(clean, noisy, broken)
    assert {found[name].error for name in ("pesq", "stoi", "si_sdr")} == {"it holds samples that are no numbers"}
    assert found["pesq_before"].value is not None


def test_sound_of_another_length_is_not_compared(speech: Speech) -> None:
    clean = speech(3.0)
    found = compared(clean[:-1_600], clean, clean)
    assert found["pesq"].error == found["si_sdr_gain"].error
    assert found["pesq"].error == "the clean recording is 2.90 s long and the recording 3.00 s"
    assert compared(clean, clean, clean[:-1_600])["stoi"].error == (
        "the enhanced audio is 2.90 s long and the recording 3.00 s"
    )
    # A codec's last frame.
    assert compared(clean[:-500], clean, clean)["si_sdr"].value == 100.0


def test_without_a_clean_recording_there_is_dnsmos_alone_piece_by_piece(speech: Speech) -> None:
    silence = np.zeros(160_000, dtype=np.float32)
    noisy = np.concatenate([noise(speech(10.0), 0.02), silence, noise(speech(10.0), 0.05)])
    found = judged(None, noisy, noisy)
    assert set(found) == {f"dnsmos_{part}{s}" for part in ("ovrl", "sig", "bak") for s in ("", "_before", "_gain")}
    direct = [dnsmos.run(part, 16_000)["bak_mos"] for part in (noisy[:160_000], noisy[320_000:])]
    assert found["dnsmos_bak"].value == pytest.approx(np.mean(direct), abs=1e-9)
    assert (found["dnsmos_bak"]["pieces"], found["dnsmos_bak"]["left_out"]) == (2, 1)
    assert found["dnsmos_ovrl_gain"].value == 0.0


def test_of_silence_and_of_what_is_no_number_there_is_no_opinion() -> None:
    silent = np.zeros(16_000, dtype=np.float32)
    assert judged(None, silent, silent)["dnsmos_ovrl"].error == "the recording is silent"
    broken = np.full(16_000, np.nan, dtype=np.float32)
    assert judged(None, broken, broken)["dnsmos_sig_gain"].error == "it holds samples that are no numbers"


def test_a_package_that_is_not_installed_is_named_with_what_brings_it(
    speech: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_pesq(package: str) -> str:
        if package == "pesq":
            raise PackageNotFoundError(package)
        return version(package)

    monkeypatch.setattr(libraries, "version", without_pesq)
    monkeypatch.setitem(sys.modules, "pesq", None)
    clean = speech(1.0)
    found = compared(clean, noise(clean, 0.02), clean)
    assert found["pesq"].error == (
        'the package pesq is not installed: pip install -e ".[bench]" in Model Lab\'s folder brings it'
    )
    assert found["pesq"].metric.version == "1+pesq-absent"
    assert found["stoi"].value == pytest.approx(1.0)


def test_the_clean_recording_is_cut_as_the_recording_was() -> None:
    clean = held(np.arange(100, dtype=np.float32), 10)
    cut = TimeMap((KeptPiece(1.0, 0.0, 2.0), KeptPiece(5.0, 2.0, 1.0)), 10.0)
    assert list(clean.cut_like(cut).wave.samples) == [*range(10, 30), *range(50, 60)]
    assert clean.cut_like(TimeMap.identity(10.0)) is clean
    with pytest.raises(NotComputable, match=r"played at 1\.25 times"):
        clean.cut_like(TimeMap((KeptPiece(0.0, 0.0, 8.0, 1.25),), 10.0))


@pytest.mark.realdata
def test_on_a_real_pair_the_figures_are_the_librarys(data: Path) -> None:
    folder = data / "noisy-clean-vctk"
    clean, noisy = (soundfile.read(folder / kind / "p287_002.wav", dtype="float32")[0] for kind in ("clean", "noisy"))
    found = compared(clean, noisy, noisy)
    assert found["pesq"].value == pytest.approx(pesq.pesq(16_000, clean, noisy, "wb"), abs=1e-9)
    assert found["stoi"].value == pytest.approx(pystoi.stoi(clean.astype(float), noisy.astype(float), 16_000), abs=1e-9)
