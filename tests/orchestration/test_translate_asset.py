"""What the UI shows and checks of a translation, through Dagster, with a tiny random model."""

from pathlib import Path

import dagster as dg
import pytest
import soundfile

from assets.partitions import partition_key
from assets.translate import said_in
from modellab.inputs.store import InputStore
from modellab.settings import Lab
from modellab.surfaces.results import Word
from modellab.surfaces.translations import TranslatedUtterance
from modellab_dagster.home import open_instance
from modellab_dagster.launch import Launcher
from models.seamlessm4t.random_weights import write


def test_the_words_beside_a_translation_are_those_in_its_stretch() -> None:
    words = [Word("Hello", 0.8, 1.4), Word("there.", 1.4, 2.0), Word("Bye.", 2.0, 3.0)]
    assert said_in(TranslatedUtterance(1.0, 2.0, "Bonjour."), words) == "Hello there."
    assert said_in(TranslatedUtterance(5.0, 6.0, "Oui."), words) == ""


@pytest.mark.random_weights
def test_source_and_target_are_shown_side_by_side(
    lab: Lab, sample_wav: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "weights" / "seamlessm4t" / "v2-large"
    folder.mkdir(parents=True)
    write(folder, "v2-large")
    monkeypatch.setenv("MODELLAB_WEIGHTS", str(tmp_path / "weights"))
    samples, rate = soundfile.read(sample_wav)
    soundfile.write(tmp_path / "clip.wav", samples[6 * rate : 12 * rate], rate)
    source = InputStore(lab).register(tmp_path / "clip.wav")
    with Launcher(lab) as launcher:
        result = launcher.run("translate+asr=faster_whisper:tiny.en+translate.target=fr", source)
    assert result.status == "completed", result.error
    key = partition_key(source.key, result.system)
    with open_instance(lab) as instance:
        events = instance.fetch_materializations(dg.AssetKey("translate"), limit=9).records
    [event] = [event for event in events if event.partition_key == key]
    page = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    head, _, first, *_ = page["translation"].splitlines()
    assert head == "| at | English | French |"
    assert "ello" in first.split(" | ")[1], "what was said is beside it"
    assert page["language"] == "fr" and "%3EFrench%3C" in page["waveform"]
    checks = {check.check: (check.passed, check.description) for check in result.checks["translate"]}
    assert {name: passed for name, (passed, _) in checks.items()} == dict.fromkeys(
        ("utterances_in_place", "something_translated", "another_language"), True
    )
    assert checks["another_language"][1] == "from English into French"
