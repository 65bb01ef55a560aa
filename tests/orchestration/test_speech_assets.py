"""Speech through Dagster: what the checks say of voices that go wrong, what the page shows, and the scorer's asset."""

import dagster as dg
import numpy as np

from assets.partitions import partition_key
from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.inputs.store import InputStore
from modellab.media.audio import Waveform
from modellab_dagster.home import open_instance
from modellab_dagster.launch import Launcher

RATE_HZ = 24_000
TEXTS = {
    "well": "Twenty letters said well.",
    "silent": "This is silent.",
    "cut": "This is cut.",
    "babble": "This is babble.",
    "short": "A short one of so many letters that a second is not enough for it.",
    "loud": "This is loud.",
    "odd": "This is odd.",
}
FAILS = {
    "well": {},
    "silent": {"is_heard": "1 piece, the first at 0:00.0 This is silent."},
    "cut": {"is_not_cut_off": "1 piece, the first at 0:00.0 This is cut."},
    "babble": {"is_plausibly_long": "1 piece, the first at 0:00.0 This is babble."},
    "short": {"is_plausibly_long": f"1 piece, the first at 0:00.0 {TEXTS['short'][:60]}"},
    "loud": {"is_not_clipped": "25.0000% of the samples are at full scale or beyond"},
    "odd": {"is_all_numbers": "480 samples were not numbers and were set to 0"},
}
MUTE = "name: mute\ndescription: Nobody listens.\nsteps:\n- {step: tts, model: hibari_tts}\n"


class Moody:
    """A voice that hums, with the fault that its text names."""

    voices, languages = ("moody",), ("en",)

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        seconds = {"babble": 8.0, "short": 0.2}
        mood = next((mood for mood in TEXTS if f" {mood}" in text), "well")
        length = round(seconds.get(mood, 2.0) * RATE_HZ)
        samples = 0.3 * np.sin(2 * np.pi * 200 * np.arange(length) / RATE_HZ)
        if mood != "cut":
            samples[-RATE_HZ // 10 :] = 0.0
        if mood == "silent":
            samples *= 1e-4
        if mood == "loud":
            samples[: length // 4] = 1.5
        if mood == "odd":
            samples[:480] = np.nan
        return Waveform(samples.astype(np.float32), RATE_HZ)


def text_input(lab, folder, name, text):
    path = folder / f"{name}.txt"
    path.write_text(text)
    return InputStore(lab).register(path)


def test_each_fault_of_a_voice_fails_its_own_check_and_no_other(lab, tmp_path, monkeypatch):
    monkeypatch.setattr("models.hibari_tts.adapter.load", lambda request: Moody())
    lab.pipelines.mkdir(parents=True, exist_ok=True)
    (lab.pipelines / "mute.yaml").write_text(MUTE)
    inputs = {name: text_input(lab, tmp_path, name, text) for name, text in TEXTS.items()}
    with Launcher(lab) as launcher:
        results = launcher.sweep(["mute"], list(inputs.values()))
    found = {
        name: {check.check: check.description for check in result.checks["tts"] if not check.passed}
        for name, result in zip(inputs, results, strict=True)
    }
    assert found == FAILS
    assert {check.severity for check in results[-1].checks["tts"] if not check.passed} == {"error"}


def test_the_page_shows_the_text_under_its_waveform_and_the_scorer_what_was_heard(lab, tmp_path):
    source = text_input(lab, tmp_path, "letter", "Dear Alice.\n\nThe garden is green.\n\nYours, Bob.")
    reference = Reference(language="en", prompt="Dear Alice. The garden is green. Yours, Bob.")
    References(lab.references).enrol("letters", "1", [EnrolledCase("one", source.sha256, reference)])
    system = "tts+asr=faster_whisper:tiny.en"
    with Launcher(lab) as launcher:
        result = launcher.run(system, source)
    assert result.status == "completed", result.error
    with open_instance(lab) as instance:
        pages = {
            step: instance.fetch_materializations(dg.AssetKey(step), limit=1).records[0].asset_materialization
            for step in ("tts", "tts_metrics")
        }
    assert {page.partition for page in pages.values()} == {partition_key(source.key, system)}
    page = pages["tts"].metadata
    assert page["waveform"].value.startswith("![waveform](<data:image/svg+xml,")
    assert page["waveform"].value.count("path stroke=") == 2, "neighbouring pieces have lanes of their own"
    assert page["text"].value.splitlines()[2].endswith("| Dear Alice. |")
    assert "| voice | heart, language en |" in page["sound"].value
    assert "| file | audio.flac |" in page["sound"].value
    assert page["dagster/row_count"].value == 3
    assert page["input"].value == "letter.txt (text of 46 bytes)"
    assert page["speed"].value > 1
    scored = pages["tts_metrics"].metadata
    assert 0.0 <= scored["roundtrip_wer"].value < 1.0
    assert "heard by faster_whisper:tiny.en" in scored["figures"].value
    checks = {check.check: check.passed for check in result.checks["tts_metrics"]}
    assert checks == {"figures_computed": True, "right_more_than_wrong": True}
