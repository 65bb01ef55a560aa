"""What forced alignment does to word times, to who is said to have said the words, and how long it takes.

    python benchmarks/forced_alignment.py DATA [--asr faster_whisper:base] [--home DIR]

Times: the distance of each word's start and end from a reference's, of the words both have (matched by their text), as
recognised and after the step `alignment` with a model. Edges: the same, but only of the first and last words of a
reference's utterances. Speakers: the share of matched words given to another speaker than the reference's, with the
turns the pipeline found and with the reference's own turns, which leaves the words' times as the only thing at fault.

Prints Markdown. Needs the extra `align`. With a home, results are kept, and a second call only scores.
"""

import argparse
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import permutations
from pathlib import Path
from statistics import fmean, median

from rich.console import Console

from modellab.artifacts.store import ArtifactStore
from modellab.formats.rttm import read_rttm
from modellab.formats.spoken import SpokenText, read_stm
from modellab.inputs.store import InputStore
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.speech.alignment import assign_speakers
from modellab.steps.alignment import AlignmentParameters
from modellab.surfaces.results import Transcript, Turn, Word
from modellab.warehouse.recorder import Recorder

WAYS = {"recognised": "", "aligned": "+alignment=pocketsphinx_aligner"}
"""What is compared -> overrides."""
_CLOSE_S = (0.05, 0.1)
_HEADSET_STARTS_S = 40.0
"""Where in its meeting the clip of one headset begins."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word of a reference; a time is None where the reference has none for it."""

    text: str
    start_s: float | None
    end_s: float | None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A recording with its reference."""

    group: str
    path: Path
    words: list[Spoken]
    turns: list[Turn] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What one way made of one recording."""

    words: list[Word]
    record: StepRecord


def time_cases(data: Path) -> Iterator[Case]:
    """Recordings whose reference has a time for every word."""
    for path in sorted((data / "en-librivox-austen").glob("*.wav")):
        listed = json.loads(path.with_suffix(".json").read_text())["w"]
        words = [
            Spoken(re.sub(r"\(\d+\)$", "", w["t"]), w["b"], w["b"] + w["d"]) for w in listed if w["t"][0] not in "<["
        ]
        yield Case("en-librivox-austen", path, words)
    for path in sorted((data / "en-mfa-spontaneous").glob("*.flac")):
        yield Case("en-mfa-spontaneous", path, list(_text_grid_words(path.with_suffix(".TextGrid"))))
    yield sales_call(data)


def edge_cases(data: Path) -> Iterator[Case]:
    """Recordings whose reference has a time for every utterance."""
    phone = data / "meeting-phone-sample" / "sample.wav"
    yield _of_utterances("meeting-phone-sample", phone)
    yield _of_utterances("crafted-conversation", data / "crafted-conversation" / "conv4.flac")
    yield _of_utterances("en-long-ljspeech", data / "en-long-ljspeech" / "ljspeech_long.flac")
    folder = data / "meeting-ami-headset"
    (path,) = folder.glob("*.wav")
    lines = [
        SpokenText("", one["speaker"], start_s, start_s + one["duration"], one["text"])
        for one in json.loads((folder / "segments_40_46.json").read_text())
        if (start_s := one["start"] - _HEADSET_STARTS_S) > -one["duration"]
    ]
    yield Case("meeting-ami-headset", path, [word for line in lines for word in _edges(line)])


def sales_call(data: Path) -> Case:
    """Two people, every word with its time and its speaker."""
    path = data / "en-long-sales-call" / "demo.mp3"
    words = [
        Spoken(term["text"], term["start"], term["end"], monologue["speaker"]["id"])
        for monologue in json.loads(path.with_suffix(".json").read_text())["monologues"]
        for term in monologue["terms"]
        if term["type"] == "WORD"
    ]
    return Case("en-long-sales-call", path, words, _turns(path))


def _of_utterances(group: str, path: Path) -> Case:
    lines = read_stm(path.with_suffix(".stm"))
    has_turns = path.with_suffix(".rttm").is_file()
    return Case(group, path, [w for line in lines for w in _edges(line)], _turns(path) if has_turns else None)


def _edges(line: SpokenText) -> Iterator[Spoken]:
    """An utterance's words, of which the first has a start and the last an end; one that began before the clip has no
    start."""
    texts = line.text.split()
    for position, text in enumerate(texts):
        start_s = line.start_s if position == 0 and line.start_s >= 0 else None
        yield Spoken(text, start_s, line.end_s if position == len(texts) - 1 else None, line.speaker)


def _turns(path: Path) -> list[Turn]:
    return next(iter(read_rttm(path.with_suffix(".rttm")).values()))


def _text_grid_words(path: Path) -> Iterator[Spoken]:
    """The tier `words` of Praat's short text format."""
    lines = path.read_text().splitlines()
    first = lines.index('"words"') + 4
    for at in range(first, first + 3 * int(lines[first - 1]), 3):
        start, end, text = lines[at : at + 3]
        if text != '""':
            yield Spoken(text.strip('"'), float(start), float(end))


class Lane:
    """Runs a system's steps, each model loaded once."""

    def __init__(self, lab: Lab, asr: str) -> None:
        self._registry = ModelRegistry()
        self._inputs = InputStore(lab)
        self._asr = asr
        self._engine = Engine(lab, Models(lab, self._registry), ArtifactStore(lab.artifacts), Recorder(lab))

    def run(self, path: Path, way: str) -> Found:
        """The words with the speakers the pipeline gave them.

        Raises:
            RuntimeError: a step failed.
        """
        system = resolve_system(f"asr_with_diarization+asr={self._asr}{WAYS[way]}", self._registry)
        source = self._inputs.register(path)
        run = RunIdentity(self._engine.run_key(system, source), "forced_alignment")
        for step in system.steps:
            # Forced, so that a lab that has the result already still gives a time.
            record = self._engine.run_step(system, source, step.name, run, force=step.name == "alignment")
            if record.error:
                raise RuntimeError(f"{step.name} of {system.key} on {path.name}: {record.error}")
        artifact = self._engine.artifact(system, source, "alignment")
        assert artifact is not None
        return Found(artifact.read(Transcript).words, record)


def matched(words: Sequence[Word], reference: Sequence[Spoken]) -> list[tuple[int, int]]:
    """Places of the words that a recording's transcript and its reference share."""
    ours, theirs = ([re.sub(r"[^\w']", "", word.text.lower()) for word in side] for side in (words, reference))
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    return [(block.a + i, block.b + i) for block in blocks for i in range(block.size)]


def times_table(cases: Sequence[Case], found: dict[tuple[Path, str], Found]) -> Iterator[str]:
    """Distances from the reference's times."""
    columns = "mean / median | ≤ 50 ms | ≤ 100 ms"
    yield f"| recordings | times | starts | {columns} | ends | {columns} |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for group in dict.fromkeys(case.group for case in cases):
        for way in WAYS:
            starts_s: list[float] = []
            ends_s: list[float] = []
            for case in (case for case in cases if case.group == group):
                words = found[case.path, way].words
                for ours, theirs in matched(words, case.words):
                    spoken = case.words[theirs]
                    if spoken.start_s is not None:
                        starts_s.append(abs(words[ours].start_s - spoken.start_s))
                    if spoken.end_s is not None:
                        ends_s.append(abs(words[ours].end_s - spoken.end_s))
            yield _row(group, way, *_distances(starts_s), *_distances(ends_s))


def _distances(seconds: Sequence[float]) -> list[str]:
    close = [f"{sum(s <= limit for s in seconds) / len(seconds):.0%}" for limit in _CLOSE_S]
    return [str(len(seconds)), f"{fmean(seconds) * 1000:.0f} / {median(seconds) * 1000:.0f} ms", *close]


def speakers_table(cases: Sequence[Case], found: dict[tuple[Path, str], Found]) -> Iterator[str]:
    """Words given to the wrong speaker."""
    yield "| recording | times | words | wrong, turns found | wrong, turns of the reference |"
    yield "|---|---|---:|---:|---:|"
    for case in cases:
        for way in WAYS:
            words = found[case.path, way].words
            pairs = matched(words, case.words)
            said_by = [case.words[theirs].speaker for _, theirs in pairs]
            given = [word.speaker for word in words]
            ideal = assign_speakers(words, case.turns or [], AlignmentParameters().max_gap_s)
            wrong = [_wrong([side[ours] for ours, _ in pairs], said_by) for side in (given, ideal)]
            yield _row(case.group, way, str(len(pairs)), *(f"{count} ({count / len(pairs):.1%})" for count in wrong))


def _wrong(given: Sequence[str | None], said_by: Sequence[str | None]) -> int:
    """Words of another speaker, under the best match of the speakers' names."""
    together = Counter(zip(given, said_by, strict=True))
    ours = sorted({speaker for speaker in given if speaker is not None})
    theirs = sorted({speaker for speaker in said_by if speaker is not None})
    ours += [f"nobody {i}" for i in range(len(theirs) - len(ours))]
    right = (sum(together[pair] for pair in zip(some, theirs, strict=True)) for some in permutations(ours, len(theirs)))
    return len(given) - max(right)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the data folder")
    parser.add_argument("--asr", default="faster_whisper:base", help="model for the asr step")
    parser.add_argument("--home", type=Path, help="a lab's home to keep results in")
    arguments = parser.parse_args()
    progress = Console(stderr=True)
    timed, edges = list(time_cases(arguments.data)), list(edge_cases(arguments.data))
    with tempfile.TemporaryDirectory() as temporary:
        settings = Lab.from_environment().settings.model_copy(update={"home": arguments.home or Path(temporary)})
        lane = Lane(Lab(settings), arguments.asr)
        found: dict[tuple[Path, str], Found] = {}
        for case in [*timed, *edges]:
            for way in WAYS:
                progress.print(f"{case.path.name}: {way}")
                found[case.path, way] = lane.run(case.path, way)
        spoken_by = [case for case in [*timed, *edges] if case.turns]
        tables = (times_table(timed, found), times_table(edges, found), speakers_table(spoken_by, found))
        print("\n\n".join("\n".join(table) for table in tables))
        records = [one.record for (_, way), one in found.items() if way == "aligned"]
        audio_s, inference_s = sum(r.audio_s for r in records), sum(r.inference_s for r in records)
        print(
            f"\n{audio_s:.0f} s of audio aligned in {inference_s:.1f} s: {audio_s / inference_s:.0f} times real time."
        )


if __name__ == "__main__":
    main()
