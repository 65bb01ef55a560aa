"""The bundle step over artifacts as the other steps leave them: ingest's real, the rest small and hand-made."""

import hashlib
import html
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import docx
import numpy as np
import pytest
import soundfile

from modellab.artifacts.fingerprint import ModelIdentity, StepIdentity, fingerprint
from modellab.artifacts.store import Artifact, ArtifactStore, describe_files
from modellab.bundle.export import export
from modellab.bundle.pack import made_by
from modellab.bundle.published import PublishedTranscript
from modellab.documents import dump, load
from modellab.errors import ArtifactCorrupt, StepFailed, UsageError
from modellab.inputs.store import InputStore
from modellab.media.decode import decode
from modellab.settings import Lab
from modellab.steps.bundle import STEP
from modellab.steps.definition import NO_STEP, StepContext, StepParameters, Timings
from modellab.steps.ingest import STEP as INGEST
from modellab.surfaces.results import (
    Diarization,
    LanguageCandidate,
    Segment,
    SpeechSegments,
    Transcript,
    Turn,
    Utterance,
    Word,
)
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

WHISPER = ModelIdentity("faster_whisper", "tiny.en", "a" * 64, "ctranslate2", "4.8.5", "cpu", "int8")
RESULT_FILES = {
    "asr": "transcript.json",
    "alignment": "transcript.json",
    "vad": "speech.json",
    "summarize": "summary.json",
}


class Bench:
    """Makes artifacts and runs the step over them."""

    def __init__(self, lab: Lab, recording: Path) -> None:
        self.store = ArtifactStore(lab.artifacts)
        self.input = InputStore(lab).register(recording)
        self.reads: dict[str, Artifact] = {}
        self.absent: dict[str, str] = {}
        self.progress: list[float] = []

    def ingest(self, **parameters: Any) -> None:
        validated = INGEST.parameters.model_validate(parameters)
        with self.store.staging() as folder:
            summary = INGEST.run(self.context(folder, {}, validated))
            self.reads["audio"] = self._commit("ingest", folder, summary, validated.model_dump(mode="json"))

    def put(
        self,
        role: str,
        step: str,
        result: Any,
        model: ModelIdentity | None = None,
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        with self.store.staging() as folder:
            dump(result, folder / RESULT_FILES.get(step, f"{step}.json"))
            self.reads[role] = self._commit(step, folder, summary or {}, {}, model)

    def run(self, **parameters: Any) -> Artifact:
        self.progress.clear()
        with self.store.staging() as folder:
            summary = STEP.run(self.context(folder, self.reads, STEP.parameters.model_validate(parameters)))
            return self._commit("bundle", folder, summary, {})

    def context(self, folder: Path, reads: Mapping[str, Artifact], parameters: StepParameters) -> StepContext:
        return StepContext(
            input=self.input,
            system="meeting",
            parameters=parameters,
            reads=reads,
            absent=self.absent,
            output=folder,
            progress=self.progress.append,
            timings=Timings(),
            outside={"timezone": "UTC"},
        )

    def _commit(
        self,
        step: str,
        folder: Path,
        summary: Mapping[str, Any],
        parameters: dict[str, Any],
        model: ModelIdentity | None = None,
    ) -> Artifact:
        read = {role: artifact.fingerprint for role, artifact in self.reads.items() if step in ("bundle", "alignment")}
        files = describe_files(folder)
        identity = StepIdentity(step, "1", {**parameters, "files": files}, model, read)
        key = fingerprint(identity)
        return self.store.commit(
            step, key, folder, files=files, identity=asdict(identity), summary=summary, made={"input": self.input.key}
        )


def tone(path: Path, seconds: float = 8.0) -> Path:
    soundfile.write(path, 0.3 * np.sin(np.arange(int(seconds * 16_000)) / 20.0), 16_000)
    return path


def two_people() -> tuple[Transcript, Diarization]:
    words = [Word("Hello,", 1.0, 1.5, 0.9, speaker="SPEAKER_00"), Word("Bob.", 1.5, 2.0, 0.8, speaker="SPEAKER_00")]
    answer = [Word("Hi!", 4.0, 4.5, 0.7, speaker="SPEAKER_01")]
    transcript = Transcript(
        [
            Utterance(1.0, 2.0, "Hello, Bob.", words, "SPEAKER_00"),
            Utterance(4.0, 4.5, "Hi!", answer, "SPEAKER_01"),
        ],
        8.0,
        "en",
        0.99,
    )
    return transcript, Diarization([Turn(0.9, 2.1, "SPEAKER_00"), Turn(3.9, 4.6, "SPEAKER_01")], 8.0)


@pytest.fixture
def bench(lab: Lab, tmp_path: Path) -> Bench:
    """Everything the `meeting` pipeline gives."""
    bench = Bench(lab, tone(tmp_path / "Team call.wav"))
    transcript, diarization = two_people()
    bench.ingest()
    bench.put("recognition", "asr", transcript, WHISPER)
    bench.put("diarization", "diarization", diarization)
    bench.put("transcript", "alignment", transcript)
    bench.put("speech", "vad", SpeechSegments([Segment(0.9, 4.6)], 8.0))
    return bench


def manifest_of(artifact: Artifact) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(artifact.file("pack/manifest.json").read_text())
    return content


def test_a_pack_holds_everything_and_its_manifest_knows_it(bench: Bench) -> None:
    pack = bench.run()
    manifest = manifest_of(pack)
    assert set(manifest["files"]) == {
        "index.html",
        "audio.mp3",
        "meeting.docx",
        "transcript.md",
        "transcript.txt",
        "transcript.json",
        "transcript.srt",
        "transcript.vtt",
        "transcript.ctm",
        "transcript.stm",
        "transcript.seglst.json",
        "diarization.rttm",
    }
    for name, listed in manifest["files"].items():
        content = pack.file(f"pack/{name}").read_bytes()
        assert (listed["bytes"], listed["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert {path.name for path in (pack.path / "pack").iterdir()} == {*manifest["files"], "manifest.json"}
    assert manifest["title"] == "Team call"
    assert manifest["input"] == {"name": "Team call.wav", "sha256": bench.input.sha256, "duration_s": 8.0}
    assert manifest["absent"] == []


def test_the_manifest_says_what_the_pack_was_made_from(bench: Bench) -> None:
    made_from = {entry["step"]: entry for entry in manifest_of(bench.run())["made_from"]}
    assert set(made_from) == {"ingest", "asr", "alignment", "vad", "diarization"}
    assert made_from["asr"]["model"] == asdict(WHISPER)
    assert made_from["ingest"]["fingerprint"] == bench.reads["audio"].fingerprint
    assert made_from["ingest"]["parameters"]["sample_rate_hz"] == 16_000


def test_what_the_results_warn_of_is_told_to_readers_and_kept_whole_in_the_manifest(bench: Bench) -> None:
    transcript, _ = two_people()
    doubtful = replace(
        transcript,
        language_candidates=[LanguageCandidate("en", 0.6), LanguageCandidate("cy", 0.3)],
        uncovered=[Segment(2.5, 3.5)],
    )
    quiet = "The recording is <very> quiet. ingest.normalize_loudness=true makes it louder."
    asr = ["No words could be written down for 1.0 s of speech, at 0:02 (1.0 s). Try asr.language.", quiet]
    bench.put("recognition", "asr", doubtful, WHISPER, {"warnings": asr})
    bench.put("transcript", "alignment", doubtful)
    bench.put("speech", "vad", SpeechSegments([Segment(0.9, 4.6)], 8.0, -60.0, 37.0), summary={"warnings": [quiet]})
    bench.input = replace(bench.input, warnings=("the file is cut off: 12 bytes fewer than its header promises",))
    pack = bench.run()
    assert manifest_of(pack)["warnings"] == [
        {"step": "input", "text": "the file is cut off: 12 bytes fewer than its header promises"},
        {"step": "vad", "text": quiet},
        {"step": "asr", "text": asr[0]},
    ]
    briefs = [
        "The file is cut off: 12 bytes fewer than its header promises.",
        "The recording is <very> quiet.",
        "No words could be written down for 1.0 s of speech, at 0:02 (1.0 s).",
    ]
    page = html.unescape(pack.file("pack/index.html").read_text())
    assert re.findall(r'<li dir="auto">([^<]*(?:<very>)?[^<]*)</li>', page)[:3] == briefs
    assert "normalize_loudness" not in page
    document = docx.Document(str(pack.file("pack/meeting.docx")))
    at = [paragraph.text for paragraph in document.paragraphs].index("Please note")
    assert [paragraph.text for paragraph in document.paragraphs[at + 1 : at + 4]] == briefs
    markdown = pack.file("pack/transcript.md").read_text()
    assert "## Please note\n\n- The file is cut off" in markdown
    published = json.loads(pack.file("pack/transcript.json").read_text())
    assert published["warnings"] == [entry["text"] for entry in manifest_of(pack)["warnings"]]
    assert published["language_candidates"][1] == {"language": "cy", "probability": 0.3}
    assert published["uncovered"] == [{"start_s": 2.5, "end_s": 3.5}]


def test_a_pack_without_doubts_says_nothing_of_them(bench: Bench) -> None:
    pack = bench.run()
    assert manifest_of(pack)["warnings"] == []
    assert "Please note" not in pack.file("pack/index.html").read_text()
    assert "Please note" not in pack.file("pack/transcript.md").read_text()


def test_the_zip_holds_exactly_the_pack(bench: Bench) -> None:
    pack = bench.run()
    assert pack.summary["zip_name"] == "Team-call.zip"
    with zipfile.ZipFile(pack.file("Team-call.zip")) as archive:
        assert sorted(archive.namelist()) == sorted([*manifest_of(pack)["files"], "manifest.json"])
        assert all(archive.read(name) == pack.file(f"pack/{name}").read_bytes() for name in archive.namelist())


def test_the_summary_counts_the_packs_files_and_bytes(bench: Bench) -> None:
    pack = bench.run()
    sizes = {path.name: path.stat().st_size for path in (pack.path / "pack").iterdir()}
    assert pack.summary == {
        "files": 13,
        "chapters": None,
        "summary_lines": None,
        "action_items": None,
        "bytes": sum(sizes.values()),
        "html_bytes": sizes["index.html"],
        "zip_name": "Team-call.zip",
        "zip_bytes": pack.file("Team-call.zip").stat().st_size,
    }


def test_the_same_results_give_the_same_bytes(bench: Bench) -> None:
    first = bench.run()
    with bench.store.staging() as folder:
        STEP.run(bench.context(folder, bench.reads, STEP.parameters()))
        assert describe_files(folder) == first.manifest["files"]


def test_progress_never_falls_and_ends_at_one(bench: Bench) -> None:
    bench.run()
    assert bench.progress == sorted(bench.progress)
    assert bench.progress[-1] == 1.0


def test_what_is_absent_is_said_and_nothing_else_changes(bench: Bench) -> None:
    for role in ("speech", "diarization", "transcript"):
        del bench.reads[role]
    bench.reads["transcript"] = bench.reads["recognition"]
    bench.absent = {"speech": "the step vad has no result", "diarization": NO_STEP}
    pack = bench.run()
    manifest = manifest_of(pack)
    assert manifest["absent"] == [
        {"what": "speech segments", "why": "the step vad has no result"},
        {"what": "speakers", "why": NO_STEP},
    ]
    assert "diarization.rttm" not in manifest["files"]
    assert [entry["step"] for entry in manifest["made_from"]] == ["ingest", "asr"]


def test_one_result_with_speech_and_turns_is_credited_once(bench: Bench) -> None:
    found = bench.reads["recognition"]
    assert made_by({"recognition": found, "diarization": found, "speech": found})[1] == (
        "Words and speakers and speech by faster_whisper tiny.en; put together by Model Lab."
    )
    assert made_by({"diarization": found, "speech": found})[1] == (
        "Speech of each channel by faster_whisper tiny.en; put together by Model Lab."
    )


def test_speakers_without_alignment(bench: Bench) -> None:
    bench.reads["transcript"] = bench.reads["recognition"]
    assert manifest_of(bench.run())["absent"] == [
        {"what": "who said each word", "why": "words were not aligned with speakers"}
    ]


def put_texts(bench: Bench, *, due: date | None = date(2026, 11, 27)) -> None:
    """What the text steps make of `two_people`."""
    hello = Evidence(1.0, 2.0, "SPEAKER_00", 0, 2, "Hello, Bob.")
    hi = Evidence(4.0, 4.5, "SPEAKER_01", 2, 3, "Hi!")
    chapters = [Chapter("Hello", 1.0, 2.0, 0, 2, hello), Chapter("Hi", 4.0, 4.5, 2, 3, hi)]
    bench.put("chapters", "chapters", Chapters(chapters, "extractive"), summary={"backend": "extractive"})
    people = [SpeakerSummary("SPEAKER_00", [Line("Hello, Bob.", [hello])], 2, 1.0)]
    bench.put(
        "summary",
        "summarize",
        Summary([Line("They greet.", [hello, hi])], people, "llama:3"),
        summary={"backend": "llama:3", "rejected": 2},
    )
    items = [ActionItem("Say hello", "Bob", "SPEAKER_01", "by Friday" if due else None, due, [hello, hi])]
    bench.put(
        "action_items",
        "action_items",
        ActionItems(items, "rules", date(2026, 11, 21), "file"),
        summary={"backend": "rules", "rejected": 0},
    )


def test_what_the_text_steps_found_is_in_every_format(bench: Bench) -> None:
    put_texts(bench)
    pack = bench.run()
    manifest = manifest_of(pack)
    assert [entry["step"] for entry in manifest["made_from"]][-3:] == ["chapters", "summarize", "action_items"]
    published = load(PublishedTranscript, pack.file("pack/transcript.json"))
    assert published.recorded_on == date(2026, 11, 21) and published.recorded_on_source == "file"
    assert published.chapters and [chapter.title for chapter in published.chapters] == ["Hello", "Hi"]
    assert published.summary and published.summary.lines[0].text == "They greet."
    assert published.action_items and published.action_items.items[0].assignee == "Bob (Speaker 2)"
    page, markdown = (pack.file(f"pack/{name}").read_text() for name in ("index.html", "transcript.md"))
    paragraphs = [p.text for p in docx.Document(str(pack.file("pack/meeting.docx"))).paragraphs]
    for said in ("They greet.", "21 November 2026", "Speaker 1, 0:01"):
        assert said in page.replace('<span dir="auto">Speaker 1</span>', "Speaker 1")
        assert said in markdown
        assert any(said in text for text in paragraphs)
    assert "Friday, 27 November 2026" in page and "Friday, 27 November 2026" in markdown
    credit = (
        "Words by faster_whisper tiny.en; Chapters from the words themselves; Summary by llama:3; "
        "Action items by rules; put together by Model Lab."
    )
    left_out = "Left out, because the words that were cited for it were not said: 2 lines."
    assert credit in page and credit in paragraphs[-1]
    assert left_out in page and left_out in paragraphs[-1]
    assert pack.summary["chapters"] == 2
    assert pack.summary["summary_lines"] == 1
    assert pack.summary["action_items"] == 1


def test_a_text_step_that_failed_is_told_to_the_reader(bench: Bench) -> None:
    reason = "The step summarize has no result: http://localhost:1 did not answer."
    hint = " Check that the endpoint runs. Or do without."
    bench.absent = {"chapters": NO_STEP, "summary": reason + hint, "action_items": NO_STEP}
    pack = bench.run()
    assert manifest_of(pack)["absent"] == [
        {"what": "chapters", "why": NO_STEP},
        {"what": "summary", "why": reason + hint},
        {"what": "action items", "why": NO_STEP},
    ]
    page, markdown = (pack.file(f"pack/{name}").read_text() for name in ("index.html", "transcript.md"))
    paragraphs = [p.text for p in docx.Document(str(pack.file("pack/meeting.docx"))).paragraphs]
    assert f"<strong>Not in this pack: summary.</strong> {reason}" in page
    assert "**Not in this pack: summary.** The step summarize has no result" in markdown
    assert f"Not in this pack: summary. {reason}" in paragraphs
    for quiet in (NO_STEP, "Check that the endpoint runs"):
        assert quiet not in page + markdown + "".join(paragraphs)


def test_failed_alignment_is_told_to_the_reader(bench: Bench) -> None:
    bench.reads["transcript"] = bench.reads["recognition"]
    bench.absent = {"transcript": "The step alignment has no result: it broke."}
    assert "Not in this pack: who said each word." in bench.run().file("pack/index.html").read_text()


def day_of(pack: Artifact) -> tuple[date | None, str | None]:
    published = load(PublishedTranscript, pack.file("pack/transcript.json"))
    return published.recorded_on, published.recorded_on_source


def test_without_anything_better_the_day_is_when_the_lab_got_the_file(bench: Bench) -> None:
    registered = datetime.fromisoformat(bench.input.registered_at).date()
    assert day_of(bench.run()) == (registered, "registered")
    assert day_of(bench.run(recorded_on="2026-02-03")) == (date(2026, 2, 3), "parameter")


def test_a_pack_has_one_day(bench: Bench) -> None:
    put_texts(bench)
    assert day_of(bench.run()) == (date(2026, 11, 21), "file")
    assert day_of(bench.run(recorded_on="2026-11-21")) == (date(2026, 11, 21), "parameter")
    with pytest.raises(StepFailed, match="2026-11-21 for the action items; allowed: 2026-02-03"):
        bench.run(recorded_on="2026-02-03")
    put_texts(bench, due=None)
    assert day_of(bench.run(recorded_on="2026-02-03")) == (date(2026, 2, 3), "parameter")


def test_silence_makes_a_whole_pack(lab: Lab, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(16_000), 16_000)
    bench = Bench(lab, tmp_path / "silence.wav")
    bench.ingest()
    bench.put("transcript", "alignment", Transcript([], 1.0))
    bench.put("speech", "vad", SpeechSegments([], 1.0))
    bench.put("diarization", "diarization", Diarization([], 1.0))
    pack = bench.run()
    assert len(manifest_of(pack)["files"]) == 12
    assert pack.file("pack/diarization.rttm").read_text() == pack.file("pack/transcript.srt").read_text() == ""
    assert json.loads(pack.file("pack/transcript.json").read_text())["paragraphs"] == []
    assert "No words were recognised" in pack.file("pack/index.html").read_text()


def test_the_recording_is_on_its_original_timeline_though_ingest_trimmed(lab: Lab, tmp_path: Path) -> None:
    samples = np.concatenate(
        [0.3 * np.sin(np.arange(16_000) / 20), np.zeros(160_000), 0.3 * np.sin(np.arange(16_000) / 9)]
    )
    soundfile.write(tmp_path / "pause.wav", samples, 16_000)
    bench = Bench(lab, tmp_path / "pause.wav")
    bench.ingest(trim_silence=True)
    assert load_duration(bench) < 10.0
    bench.put("transcript", "asr", Transcript([], 12.0))
    heard = decode(bench.run().file("pack/audio.mp3"))
    assert heard.duration_s == pytest.approx(12.0, abs=0.08)
    rate_hz = heard.sample_rate_hz
    assert np.abs(heard.mono[rate_hz * 2 : rate_hz * 10]).max() < 0.01
    assert np.abs(heard.mono[int(rate_hz * 11.2) : int(rate_hz * 11.8)]).max() > 0.2


def load_duration(bench: Bench) -> float:
    return float(json.loads(bench.reads["audio"].file("ingest.json").read_text())["duration_s"])


def test_a_recording_beyond_full_scale_is_turned_down_not_clipped(lab: Lab, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "hot.wav", 4.0 * np.sin(np.arange(32_000) / 20.0), 16_000, subtype="FLOAT")
    bench = Bench(lab, tmp_path / "hot.wav")
    bench.ingest()
    bench.put("transcript", "asr", Transcript([], 2.0))
    heard = decode(bench.run().file("pack/audio.mp3")).mono[3_200:-3_200]
    # A whole sine has half of its peak's square as power, one clipped from four times full scale nearly all of it.
    assert float(np.mean(heard**2) / np.max(heard) ** 2) == pytest.approx(0.5, abs=0.03)


def test_a_long_name_in_any_script_makes_a_safe_zip(lab: Lab, tmp_path: Path) -> None:
    bench = Bench(lab, tone(tmp_path / ("会議" * 40 + ".wav"), 1.0))
    bench.ingest()
    bench.put("transcript", "asr", Transcript([], 1.0))
    name = bench.run().summary["zip_name"]
    assert name == "会議" * 13 + ".zip"


def test_export_as_a_folder_and_as_a_zip(bench: Bench, tmp_path: Path) -> None:
    pack = bench.run()
    folder = export(pack, tmp_path / "out", as_zip=False)
    archive = export(pack, tmp_path / "out", as_zip=True)
    assert (folder, archive) == (tmp_path / "out" / "Team-call", tmp_path / "out" / "Team-call.zip")
    assert describe_files(folder) == {
        name.removeprefix("pack/"): listed
        for name, listed in pack.manifest["files"].items()
        if name.startswith("pack/")
    }
    assert zipfile.ZipFile(archive).testzip() is None
    assert export(pack, tmp_path / "out", as_zip=False) == folder
    assert export(pack, tmp_path / "out", as_zip=True) == archive
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["Team-call", "Team-call.zip"]


@pytest.mark.parametrize("as_zip", [False, True])
def test_export_never_overwrites_what_is_not_this_pack(bench: Bench, tmp_path: Path, as_zip: bool) -> None:
    pack = bench.run()
    mine = tmp_path / ("Team-call.zip" if as_zip else "Team-call")
    mine.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        export(pack, tmp_path, as_zip=as_zip)
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("as_zip", [False, True])
def test_export_refuses_a_pack_that_changed_and_leaves_nothing(bench: Bench, tmp_path: Path, as_zip: bool) -> None:
    pack = bench.run()
    (pack.path / ("Team-call.zip" if as_zip else "pack/transcript.txt")).write_text("changed")
    with pytest.raises(ArtifactCorrupt, match="does not match"):
        export(pack, tmp_path / "out", as_zip=as_zip)
    assert list((tmp_path / "out").iterdir()) == []


def test_export_takes_only_what_the_manifest_lists(bench: Bench, tmp_path: Path) -> None:
    pack = bench.run()
    (pack.path / "pack" / "stray.txt").write_text("not mine")
    folder = export(pack, tmp_path, as_zip=False)
    assert not (folder / "stray.txt").exists()


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "kept"),
    [("en-sonnet-formats/en.mp3", True), ("stereo-mp3-whisper/hotwords.mp3", False)],  # 64 and 128 kbit/s
)
def test_only_a_small_mp3_is_packed_as_it_is(lab: Lab, data: Path, name: str, kept: bool) -> None:
    bench = Bench(lab, data / name)
    bench.ingest()
    bench.put("transcript", "asr", Transcript([], bench.input.duration_s))
    packed, original = decode(bench.run().file("pack/audio.mp3")), decode(data / name)
    assert np.array_equal(packed.samples, original.samples) == kept
    assert packed.duration_s == pytest.approx(original.duration_s, abs=0.08)


@pytest.mark.realdata
def test_a_videos_sound_is_packed(lab: Lab, data: Path) -> None:
    bench = Bench(lab, data / "video" / "jfk.mp4")
    bench.ingest()
    bench.put("transcript", "asr", Transcript([], 11.0))
    packed = decode(bench.run().file("pack/audio.mp3"))
    assert packed.channels == 1
    assert packed.duration_s == pytest.approx(bench.input.duration_s, abs=0.08)


def test_transcript_json_is_read_back_as_published(bench: Bench) -> None:
    published = load(PublishedTranscript, bench.run().file("pack/transcript.json"))
    assert [(p.speaker, p.text, p.start_s) for p in published.paragraphs] == [
        ("SPEAKER_00", "Hello, Bob.", 1.0),
        ("SPEAKER_01", "Hi!", 4.0),
    ]
    assert [(s.id, s.name, s.talk_s, s.words) for s in published.speakers] == [
        ("SPEAKER_00", "Speaker 1", 1.2, 2),
        ("SPEAKER_01", "Speaker 2", 0.7, 1),
    ]
