"""Chapters, summary lines, action items and the names of speakers, as tables."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from types import ModuleType

from modellab.artifacts.fingerprint import StepIdentity, fingerprint
from modellab.artifacts.store import Artifact, ArtifactStore, describe_files
from modellab.documents import dump
from modellab.settings import Lab
from modellab.steps.speaker_names import SpeakerNames
from modellab.text.results import (
    ActionItem,
    ActionItems,
    Chapter,
    Chapters,
    Evidence,
    Line,
    SpeakerSummary,
    Summary,
)
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

SAID = Evidence(1.5, 3.0, "SPEAKER_01", 2, 6, "I send it Friday.")
LATER = Evidence(9.0, 9.5, "SPEAKER_00", 20, 21, "Fine.")


def _artifact(lab: Lab, step: str, results: Mapping[str, object]) -> Artifact:
    store = ArtifactStore(lab.artifacts)
    identity = StepIdentity(step, "1", {}, None, {})
    with store.staging() as folder:
        for name, result in results.items():
            dump(result, folder / name)
        files = describe_files(folder)
        return store.commit(
            step, fingerprint(identity), folder, files=files, identity=asdict(identity), summary={}, made={}
        )


def _record(lab: Lab, life: ModuleType, step: str, results: Mapping[str, object]) -> str:
    artifact = _artifact(lab, step, results)
    path = str(artifact.path.relative_to(lab.home))
    record = replace(life.STEP, id=step, step=step, fingerprint=artifact.fingerprint, artifact=path)
    Recorder(lab).step(record, artifact)
    return artifact.fingerprint


def test_each_line_has_its_words_and_moments_and_a_rebuild_gives_the_same(lab: Lab, life: ModuleType) -> None:
    chapters = [Chapter("Sending", 0.0, 8.0, 0, 19, SAID), Chapter("Fine", 8.0, 10.0, 19, 21, LATER)]
    summary = Summary(
        [Line("It is sent.", [SAID, LATER]), Line("All is fine.", [LATER])],
        [SpeakerSummary("SPEAKER_01", [Line("Sends it.", [SAID])], 4, 1.5)],
        "extractive",
    )
    items = [
        ActionItem("Send it", "Ben", "SPEAKER_01", "Friday", date(2026, 3, 13), [SAID, LATER]),
        ActionItem("Do more", None, None, None, None, [LATER]),
    ]
    found = {
        "chapters": _record(lab, life, "chapters", {"chapters.json": Chapters(chapters, "extractive")}),
        "summarize": _record(lab, life, "summarize", {"summary.json": summary}),
        "action_items": _record(
            lab, life, "action_items", {"action_items.json": ActionItems(items, "rules", date(2026, 3, 10), "file")}
        ),
    }
    build(lab)
    statements = {
        "chapters": "SELECT * EXCLUDE (source, fingerprint) FROM chapters WHERE source = fingerprint ORDER BY position",
        "summary_lines": "SELECT about, speaker, position, text, start_s, end_s FROM summary_lines ORDER BY ALL",
        "action_items": "SELECT * EXCLUDE (source, fingerprint, evidence) FROM action_items ORDER BY position",
    }
    rows = {table: query(lab, statement).rows for table, statement in statements.items()}
    assert rows == {
        "chapters": [(0, "Sending", 0.0, 8.0, 0, 19), (1, "Fine", 8.0, 10.0, 19, 21)],
        "summary_lines": [
            ("recording", None, 0, "It is sent.", 1.5, 3.0),
            ("recording", None, 1, "All is fine.", 9.0, 9.5),
            ("speaker", "SPEAKER_01", 0, "Sends it.", 1.5, 3.0),
        ],
        "action_items": [
            (0, "Send it", "Ben", "SPEAKER_01", "Friday", date(2026, 3, 13), date(2026, 3, 10), 1.5, 3.0),
            (1, "Do more", None, None, None, None, date(2026, 3, 10), 9.0, 9.5),
        ],
    }
    (evidence,) = query(lab, "SELECT evidence FROM action_items WHERE position = 0").rows[0]
    assert json.loads(evidence) == [asdict(SAID), asdict(LATER)]
    by_result = query(lab, "SELECT step, fingerprint FROM latest_artifacts ORDER BY step").rows
    assert by_result == sorted(found.items())
    rebuild(lab)
    assert {table: query(lab, statement).rows for table, statement in statements.items()} == rows


def test_names_of_speakers_follow_at_the_next_build(lab: Lab, life: ModuleType) -> None:
    names, every = SpeakerNames(lab), "SELECT fingerprint, speaker, name, source FROM speaker_names ORDER BY ALL"
    life.record_step(lab, Recorder(lab), "a")
    build(lab)
    assert query(lab, every).rows == []
    names.write("f" * 64, {"SPEAKER_01": "Bob", "SPEAKER_00": "Ann"})
    names.write("e" * 64, {"SPEAKER_00": "Cy"})
    assert build(lab).changed
    assert query(lab, every).rows == [
        ("e" * 64, "SPEAKER_00", "Cy", "e" * 64),
        ("f" * 64, "SPEAKER_00", "Ann", "f" * 64),
        ("f" * 64, "SPEAKER_01", "Bob", "f" * 64),
    ]
    assert not build(lab).changed
    names.write("f" * 64, {"SPEAKER_01": "Rob"})
    names.write("e" * 64, {})
    build(lab)
    assert query(lab, every).rows == [("f" * 64, "SPEAKER_01", "Rob", "f" * 64)]
    rebuild(lab)
    assert query(lab, every).rows == [("f" * 64, "SPEAKER_01", "Rob", "f" * 64)]


def test_a_file_of_names_that_can_not_be_read_is_reported_and_keeps_the_others(lab: Lab, life: ModuleType) -> None:
    SpeakerNames(lab).write("f" * 64, {"SPEAKER_00": "Ann"})
    (lab.names / f"{'e' * 64}.json").write_text("[")
    life.record_step(lab, Recorder(lab), "a")
    [problem] = build(lab).problems
    assert str(lab.names / f"{'e' * 64}.json") in problem
    assert query(lab, "SELECT name FROM speaker_names").rows == [("Ann",)]
