"""Enhancement scored through Dagster: the asset of the scorer, its figures, and the check that it did not get worse."""

import dagster as dg
import numpy as np
import pytest
import soundfile

from assets.partitions import partition_key
from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.inputs.store import InputStore
from modellab.settings import PROJECT_ROOT
from modellab_dagster.home import open_instance
from modellab_dagster.launch import Launcher

CLEANED = """
name: cleaned
description: Without noise.
steps:
  - step: ingest
  - step: enhance
    model: rnnoise
"""


def test_enhancement_of_what_was_clean_is_said_to_be_worse_than_before(lab, tmp_path):
    pytest.importorskip("pyrnnoise", reason="the extra `enhance` is not installed")
    lab.pipelines.mkdir(parents=True, exist_ok=True)
    (lab.pipelines / "cleaned.yaml").write_text(CLEANED)
    speech, rate_hz = soundfile.read(PROJECT_ROOT / "datasets" / "media" / "speech" / "joe-dates.flac", dtype="int16")
    path = tmp_path / "clean.wav"
    soundfile.write(path, np.resize(speech, round(9.5 * rate_hz)), rate_hz)
    references, source = References(lab.references), InputStore(lab).register(path)
    reference = Reference(clean=references.keep_sound(path))
    references.enrol("sound", "1", [EnrolledCase("one", source.sha256, reference)])
    with Launcher(lab) as launcher:
        result = launcher.run("cleaned", source)
    assert result.status == "completed", result.error
    with open_instance(lab) as instance:
        [event] = instance.fetch_materializations(dg.AssetKey("enhance_metrics"), limit=2).records
    assert event.partition_key == partition_key(source.key, result.system)
    shown = event.asset_materialization.metadata
    assert shown["si_sdr_before"].value == 100.0
    assert 0 < shown["si_sdr"].value < 40
    checks = {check.check: (check.passed, check.description) for check in result.checks["enhance_metrics"]}
    assert checks["figures_computed"] == (True, "21 figures")
    passed, said = checks["better_than_before"]
    assert not passed
    assert said.startswith("si_sdr_gain of sound/one: -") and said.endswith(" dB: it was better before")
