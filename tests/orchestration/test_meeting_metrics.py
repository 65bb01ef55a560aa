"""Who said what, through Dagster: the asset of the scorer, its figures and its checks."""

import dagster as dg

from assets.partitions import partition_key
from modellab.artifacts.store import ArtifactStore
from modellab.datasets.reference import Reference, ReferenceUtterance
from modellab.datasets.references import EnrolledCase, References
from modellab.inputs.store import InputStore
from modellab.metrics.scored import Scores
from modellab.metrics.suites import meeting
from modellab.surfaces.results import Transcript
from modellab_dagster.home import open_instance
from modellab_dagster.launch import Launcher

SYSTEM = "asr_with_diarization+asr=faster_whisper:tiny.en+diarization=heuristic_diarization"
REFERENCE = Reference(
    "en", utterances=[ReferenceUtterance(6.5, 9.0, "ann", "Hello?"), ReferenceUtterance(9.0, 10.0, "bob", "Hi.")]
)


def test_a_meeting_is_scored_and_checked(lab, sample_wav):
    source = InputStore(lab).register(sample_wav)
    References(lab.references).enrol("calls", "1", [EnrolledCase("one", source.sha256, REFERENCE)])
    with Launcher(lab) as launcher:
        result = launcher.run(SYSTEM, source)
    assert result.status == "completed", result.error
    results = {
        record.step: ArtifactStore(lab.artifacts).find(record.step, record.fingerprint) for record in result.records
    }
    [scored] = results["meeting_metrics"].read(Scores).results
    assert scored.fingerprint == results["alignment"].fingerprint
    assert scored.scores == meeting.scores(REFERENCE, results["alignment"].read(Transcript))
    with open_instance(lab) as instance:
        [event] = instance.fetch_materializations(dg.AssetKey("meeting_metrics"), limit=2).records
    assert event.partition_key == partition_key(source.key, result.system)
    shown = event.asset_materialization.metadata
    assert shown["cpwer"].value == round(scored.scores[0].value, 6)
    # Two words are known of a recording with many: it is the wrong reference. The baseline finds three speakers.
    checks = {check.check: (check.passed, check.description) for check in result.checks["meeting_metrics"]}
    assert checks["figures_computed"] == (True, "7 figures")
    assert checks["right_more_than_wrong"][0] is False
    assert checks["every_speaker_paired"] == (False, "calls/one: speakers invented 1")
