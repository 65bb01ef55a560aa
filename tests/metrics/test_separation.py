"""SDR, SIR, SAR and SI-SDR of stems: against mir_eval called directly, matched and mismatched, silent and long."""

import warnings
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pytest
from mir_eval.separation import bss_eval_sources

from modellab.datasets.reference import Reference, ReferenceSound
from modellab.media.audio import Samples, Waveform
from modellab.metrics.distortion import si_sdr
from modellab.metrics.score import Score
from modellab.metrics.sounds import HeldSound
from modellab.metrics.suites import separate

Speech = Callable[..., Samples]
RATE_HZ = 8_000


def held(samples: npt.NDArray[np.floating]) -> HeldSound:
    return HeldSound(Waveform(samples.astype(np.float32), RATE_HZ))


def judged(
    true: Mapping[str, Samples], found: Mapping[str, Samples], mixture: Samples | None = None
) -> dict[str, Score]:
    reference = Reference(stems={name: ReferenceSound(name, f"{name}.wav") for name in true})
    scores = separate.scores(
        reference,
        held(sum(true.values()) if mixture is None else mixture),  # type: ignore[arg-type]
        {name: held(samples) for name, samples in found.items()},
        rate_hz=RATE_HZ,
        opened=lambda sound: held(true[sound.sha256]),
    )
    return {score.metric.name: score for score in scores}


def directly(true: list[Samples], found: list[Samples]) -> dict[str, npt.NDArray[np.float64]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdr, sir, sar, _ = bss_eval_sources(np.float64(true), np.float64(found), compute_permutation=False)
    return {"sdr": sdr, "sir": sir, "sar": sar}


def leaking(true: Mapping[str, Samples], share: float = 0.2, noise: float = 0.002) -> dict[str, Samples]:
    """Each stem with a share of the others, and noise."""
    random, whole = np.random.default_rng(3), sum(true.values())
    return {
        name: (one + share * (whole - one) + noise * random.standard_normal(len(one))).astype(np.float32)
        for name, one in true.items()
    }


def test_figures_are_mir_evals_and_si_sdr_is_of_stem_and_mixture(speech: Speech) -> None:
    true = {"drums": speech(2.0, 1, RATE_HZ), "bass": speech(2.0, 2, RATE_HZ), "vocals": speech(2.0, 3, RATE_HZ)}
    found = leaking(true)
    got = judged(true, found | {"other": found["bass"]})
    assert set(got) == set(separate.METRICS)
    names = ["bass", "drums", "vocals"]
    direct = directly([true[name] for name in names], [found[name] for name in names])
    for ratio, values in direct.items():
        assert got[ratio].value == pytest.approx(values.mean(), abs=1e-9)
        for name, value in zip(names, values, strict=True):
            assert got[ratio][f"stem_{name}_db"] == pytest.approx(value, abs=1e-9)
    mixture = sum(true.values())
    after = {name: si_sdr(true[name], found[name], RATE_HZ, "").value or 0.0 for name in names}
    before = {name: si_sdr(true[name], mixture, RATE_HZ, "").value or 0.0 for name in names}  # type: ignore[arg-type]
    assert got["si_sdr"].value == pytest.approx(np.mean(list(after.values())), abs=1e-9)
    assert got["si_sdr"]["stem_vocals_db"] == pytest.approx(after["vocals"], abs=1e-9)
    gain = np.mean([after[name] - before[name] for name in names])
    assert got["si_sdr_gain"].value == pytest.approx(gain, abs=1e-9)
    assert got["sdr"].metric.protocol.startswith(
        "stems bass, drums, vocals, BSS Eval of 512 taps, 8 kHz, mono, matched"
    )


def test_over_recordings_each_stem_weighs_the_same_and_has_its_own_figure(speech: Speech) -> None:
    first = {"a": speech(1.0, 1, RATE_HZ), "b": speech(1.0, 2, RATE_HZ)}
    second = {"a": speech(1.0, 3, RATE_HZ), "b": np.zeros(RATE_HZ, dtype=np.float32)}
    one, two = judged(first, leaking(first)), judged(second, leaking(second))
    assert (two["si_sdr"]["stems"], two["si_sdr"]["stem_b"], two["si_sdr"]["stem_b_db"]) == (1, 0, 0.0)
    total = one["si_sdr"] + two["si_sdr"]
    of_a = total["stem_a_db"] / total["stem_a"]
    assert of_a == pytest.approx((one["si_sdr"]["stem_a_db"] + two["si_sdr"]["stem_a_db"]) / 2)
    assert total.value == pytest.approx((2 * of_a + one["si_sdr"]["stem_b_db"]) / 3)
    assert two["sir"].error == "no two stems sound at once: there is no interference to measure"
    assert two["sdr"].value is not None


def test_stems_of_other_names_are_matched_as_they_fit_best(speech: Speech) -> None:
    true = {"s1": speech(1.0, 1, RATE_HZ), "s2": speech(1.0, 2, RATE_HZ)}
    found = leaking(true)
    named, swapped = judged(true, found), judged(true, {"voice_a": found["s2"], "voice_b": found["s1"]})
    assert swapped["sdr"]["stem_s1_db"] == pytest.approx(named["sdr"]["stem_s1_db"], abs=1e-9)
    assert swapped["si_sdr_gain"].value == pytest.approx(named["si_sdr_gain"].value)
    assert "best match" in swapped["sdr"].metric.protocol and "matched by name" in named["sdr"].metric.protocol
    # By name, a model that calls them the wrong way round is wrong.
    assert (judged(true, {"s1": found["s2"], "s2": found["s1"]})["si_sdr_gain"].value or 0) < 0


def test_a_long_recording_is_judged_in_pieces_where_stems_sound(speech: Speech) -> None:
    quiet = np.zeros(10 * RATE_HZ, dtype=np.float32)
    long_a = np.concatenate([speech(10.0, 1, RATE_HZ), quiet, speech(10.0, 2, RATE_HZ)])
    long_b = np.concatenate([speech(10.0, 3, RATE_HZ), quiet, 1e-4 * speech(10.0, 4, RATE_HZ)])
    true = {"a": long_a, "b": long_b}
    found = leaking(true)
    got = judged(true, found)
    first, last = slice(0, 10 * RATE_HZ), slice(20 * RATE_HZ, None)
    both = directly([long_a[first], long_b[first]], [found["a"][first], found["b"][first]])
    alone = directly([long_a[last]], [found["a"][last]])
    assert got["sdr"]["stem_a_db"] == pytest.approx((both["sdr"][0] + alone["sdr"][0]) / 2, abs=1e-9)
    assert got["sdr"]["stem_b_db"] == pytest.approx(both["sdr"][1], abs=1e-9)
    assert got["sir"]["stem_a_db"] == pytest.approx(both["sir"][0], abs=1e-9)
    assert (got["sdr"]["pieces"], got["sdr"]["left_out"]) == (2, 1)


def test_what_can_not_be_had_says_why(speech: Speech) -> None:
    true = {"a": speech(1.0, 1, RATE_HZ), "b": speech(1.0, 2, RATE_HZ)}
    silent = np.zeros(RATE_HZ, dtype=np.float32)
    muted = judged(true, {"a": true["a"], "b": silent})
    assert muted["sdr"].error == "at 0 s: a stem is silent where it should sound: SDR is not defined"
    assert muted["si_sdr"].error == muted["si_sdr_gain"].error == "b: it is silent"
    assert muted["si_sdr_before"].value is not None
    assert judged(true, true)["sdr"].value == judged(true, true)["si_sdr"].value == 100.0
    nothing = judged({"a": silent, "b": silent}, true, silent)
    assert {score.error for score in nothing.values()} <= {
        "every stem of the reference is silent",
        "the recording is silent",
    }
    broken = true["a"].copy()
    broken[5] = np.inf
    assert judged(true, {"a": broken, "b": true["b"]})["sar"].error == "at 0 s: it holds samples that are no numbers"
    odd = judged(true, {"x": true["a"]})
    assert odd["sdr"].error == odd["si_sdr_gain"].error
    assert (odd["sdr"].error or "").startswith("the reference has the stems a, b and the model gives x: none has")
    short = judged(true, {"a": true["a"], "b": true["b"][:-800]})
    assert short["sir"].error == "the model's stem b is 0.90 s long and the recording 1.00 s"


def test_an_accompaniment_is_the_rest_together_and_speech_is_what_singers_models_call_vocals(speech: Speech) -> None:
    parts = {name: speech(1.0, seed, RATE_HZ) for seed, name in enumerate(("vocals", "bass", "drums", "other"))}
    found = leaking(parts)
    true = {"speech": parts["vocals"], "music": parts["bass"] + parts["drums"] + parts["other"]}
    got = judged(true, found)
    rest = found["bass"] + found["drums"] + found["other"]
    direct = directly([true["music"], true["speech"]], [rest, found["vocals"]])
    assert got["sdr"]["stem_music_db"] == pytest.approx(direct["sdr"][0], abs=1e-6)
    assert got["sdr"]["stem_speech_db"] == pytest.approx(direct["sdr"][1], abs=1e-6)
    assert "matched by name, speech = vocals, music = bass + drums + other" in got["sdr"].metric.protocol
    with_piano = judged(parts, found | {"piano": 0.1 * found["other"]})
    assert "other = other + piano" in with_piano["sdr"].metric.protocol
    lost = judged({"vocals": parts["vocals"], "x": parts["bass"], "y": parts["drums"]}, found)
    assert lost["sdr"].error == "the model gives vocals, bass, drums, other, and nothing for x, y"


def test_without_stems_nothing_is_judged(speech: Speech) -> None:
    sound = held(speech(1.0, 1, RATE_HZ))
    assert separate.scores(Reference(), sound, {"a": sound}, rate_hz=RATE_HZ, opened=lambda _: sound) == []
