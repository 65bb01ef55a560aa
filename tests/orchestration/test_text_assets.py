"""What the UI shows and checks of chapters, summary and action items."""

from dataclasses import replace

import dagster as dg
import pytest

from assets._cited import unproved
from assets.chapters import gaps, lanes, unsaid_titles
from assets.partitions import partition_key
from modellab.inputs.store import InputStore
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.text.results import Chapter, Evidence
from modellab_dagster.home import open_instance
from modellab_dagster.launch import Launcher

WORDS = [
    Word(text, start_s, start_s + 0.4, speaker="SPEAKER_00")
    for start_s, text in enumerate(["The", "pump", "froze.", "Call", "Ben."])
]
TRANSCRIPT = Transcript([Utterance(0.0, 4.4, "The pump froze. Call Ben.", WORDS, "SPEAKER_00")], 5.0, "en")
SAID = Evidence(0.0, 2.4, "SPEAKER_00", 0, 3, "The pump froze.")
PUMP = Chapter("Pump froze", 0.0, 2.4, 0, 3, SAID)
BEN = Chapter("Call Ben", 3.0, 4.4, 3, 5, Evidence(3.0, 4.4, "SPEAKER_00", 3, 5, "Call Ben."))


@pytest.mark.parametrize(
    "change",
    [
        {"text": "The pump works."},
        {"first_word": 1},
        {"end_word": 2},
        {"first_word": 9, "end_word": 9, "text": ""},
        {"start_s": 0.1},
        {"end_s": 3.0},
    ],
)
def test_evidence_holds_only_word_for_word_at_its_numbers_and_times(change):
    lines = [("good", [SAID]), ("bare", []), ("wrong", [SAID, replace(SAID, **change)])]
    assert unproved(lines, TRANSCRIPT) == ["bare", "wrong"]


def test_chapters_that_leave_out_or_share_words_are_found():
    assert gaps([PUMP, BEN], 5) == []
    assert gaps([], 0) == []
    assert gaps([], 5) == ["words 0 to 5"]
    assert gaps([PUMP], 5) == ["words 3 to 5"]
    assert gaps([PUMP, replace(BEN, first_word=2)], 5) == ["words 3 to 2"]


def test_a_title_has_words_of_its_own_chapter_only():
    assert unsaid_titles([PUMP, BEN], WORDS) == []
    assert unsaid_titles([replace(PUMP, title="Pump, Ben"), BEN], WORDS) == ["Pump, Ben"]


def test_chapters_take_two_lanes_in_turn():
    third = replace(PUMP, start_s=6.0, end_s=9.0)
    assert [lane.spans for lane in lanes([PUMP, BEN, third])] == [[(0.0, 2.4), (6.0, 9.0)], [(3.0, 4.4)]]
    assert lanes([]) == []


@pytest.mark.parametrize(
    ("system", "failed", "speakers"),
    [
        (
            "meeting+asr=faster_whisper:tiny.en+diarization=heuristic_diarization",
            set(),
            {"Speaker\u00a01", "Speaker\u00a02", "Speaker\u00a03"},
        ),
        # Without a token: the words are read as the asr step gave them.
        ("meeting+asr=faster_whisper:tiny.en+diarization=pyannote_diarization:3.1", {"diarization"}, {"-"}),
    ],
)
def test_a_real_recording_passes_every_check_and_shows_what_was_found(lab, sample_wav, system, failed, speakers):
    source = InputStore(lab).register(sample_wav)
    with Launcher(lab) as launcher:
        result = launcher.run(system, source)
    assert {record.step for record in result.records if record.status == "failed"} == failed, result.error
    key = partition_key(source.key, result.records[0].system)
    found, shown = {}, {}
    with open_instance(lab) as instance:
        for step, checks in {
            "asr": (),
            "chapters": ("cover_every_word", "titles_were_said", "every_line_was_said"),
            "summarize": ("every_line_was_said", "nothing_rejected"),
            "action_items": ("every_line_was_said", "not_due_before_the_recording", "nothing_rejected"),
        }.items():
            for check in checks:
                check_key = dg.AssetCheckKey(dg.AssetKey(step), check)
                [record] = instance.event_log_storage.get_asset_check_execution_history(check_key, limit=10)
                found[step, check] = record.event.dagster_event.asset_check_evaluation_data.passed
            wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(step), asset_partitions=[key])
            [record] = instance.fetch_materializations(wanted, limit=1).records
            shown[step] = record.asset_materialization.metadata
    assert set(found.values()) == {True}, found
    chapters = [row.data for row in shown["chapters"]["chapters"].records]
    assert sum(int(chapter["words"]) for chapter in chapters) == shown["asr"]["words"].value > 70
    assert shown["chapters"]["helpers"].value == "all_minilm:l6-v2 (embedder)" and "helpers" not in shown["asr"]
    assert shown["chapters"]["waveform"].value.startswith("![waveform](")
    lines = [row.data for row in shown["summarize"]["summary"].records]
    assert lines and {line["speaker"] for line in lines} <= speakers
    assert {row.data["speaker"] for row in shown["summarize"]["speakers"].records} == speakers - {"-"}
    assert shown["action_items"]["recorded on"].value == f"{source.registered_at[:10]} (registered)"
    assert shown["action_items"]["backend"].value == "rules"
