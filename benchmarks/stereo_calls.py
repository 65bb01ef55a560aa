"""Calls with a channel for each speaker: `stereo_call` against `meeting` on the same recordings.

    python benchmarks/stereo_calls.py DATA [--home HOME] [--json]

The calls are made of two readers of the crafted conversation, 51 s with 6 s of talk at the same time, one in each
channel, with line noise of -65 dBFS. What varies is how much of each leaks into the other's channel (plainly, or
through a room: 5 ms late, with 0.1 s of reverberation), and how much quieter the right channel is. Beside them a real
stereo file of 5 s whose speakers both talk from the start.

cpWER: each speaker's words joined, compared under the best assignment of found speakers to real ones, words of speakers
too many counted as insertions. DER: no collar, overlapping speech counted.
"""

import argparse
import itertools
import json
import operator
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import soundfile

from modellab.artifacts.store import ArtifactStore
from modellab.formats.rttm import read_rttm
from modellab.formats.spoken import read_stm
from modellab.inputs.store import InputStore
from modellab.media.audio import Samples
from modellab.metrics.diarization import diarization_error
from modellab.metrics.score import Score
from modellab.metrics.transcription import transcription_error
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.surfaces.results import Diarization, Segment, Transcript, Turn
from modellab.warehouse.recorder import Recorder

_SYSTEMS = {
    "stereo_call": ("ingest", "channels", "asr"),
    "stereo_call+channels.bleed_db=200": ("ingest", "channels", "asr"),
    "meeting": ("ingest", "vad", "asr", "diarization", "alignment"),
}
"""System -> the steps that are judged. With 200 dB nothing counts as leaked."""
_READERS = ("austen", "LJ")
_RATE_HZ = 16_000
_NOISE_DBFS = -65.0


@dataclass(frozen=True, slots=True)
class Call:
    """A recording with what was said in it."""

    name: str
    path: Path
    said: Mapping[str, str]
    """Speaker -> all their words."""
    turns: tuple[Turn, ...] | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What one system made of one call."""

    call: str
    system: str
    speakers: int
    cpwer: Score
    der: Score | None


def calls(data: Path, folder: Path) -> Iterator[Call]:
    """The calls, written into a folder."""
    crafted = data / "crafted-conversation"
    left, right = (
        np.asarray(soundfile.read(crafted / f"conv4.{reader}.flac", dtype="float32")[0], np.float32)
        for reader in _READERS
    )
    said = {
        reader: " ".join(line.text for line in read_stm(crafted / "conv4.stm") if line.speaker == reader)
        for reader in _READERS
    }
    turns = tuple(turn for turn in read_rttm(crafted / "conv4.rttm")["conv4"] if turn.speaker in _READERS)
    for name, leak, quieter_db in _conditions():
        random = np.random.default_rng(0)
        noise = random.normal(0, 10 ** (_NOISE_DBFS / 20), (2, len(left))).astype(np.float32)
        channels = noise + np.stack([left + _leaked(right, leak), right + _leaked(left, leak)])
        channels[1] *= 10 ** (-quieter_db / 20)
        path = folder / f"{name.replace(' ', '_').replace(',', '')}.wav"
        soundfile.write(path, channels.T, _RATE_HZ)
        yield Call(name, path, said, turns)
    texts = [line.split("\t") for line in (data / "stereo-mp3-whisper/transcripts.tsv").read_text().splitlines()]
    stereo = {row[1]: row[3] for row in texts if row[0].startswith("stereo_diarization.wav")}
    yield Call("real stereo file", data / "stereo-mp3-whisper/stereo_diarization.wav", stereo, None)


def _conditions() -> Iterator[tuple[str, tuple[float, bool] | None, float]]:
    """Name, leak (dB, whether through a room), and how much quieter the right channel is in dB."""
    yield "no leak", None, 0.0
    for leak_db in (-30.0, -20.0, -15.0):
        yield f"leak of {leak_db:.0f} dB", (leak_db, False), 0.0
    yield "leak of -20 dB, room", (-20.0, True), 0.0
    yield "no leak, right 10 dB quieter", None, 10.0
    yield "no leak, right 20 dB quieter", None, 20.0
    yield "leak of -30 dB, right 10 dB quieter", (-30.0, False), 10.0


def _leaked(voice: Samples, leak: tuple[float, bool] | None) -> Samples:
    if leak is None:
        return np.zeros_like(voice)
    leak_db, through_room = leak
    gain = np.float32(10 ** (leak_db / 20))
    if not through_room:
        return gain * voice
    after = np.arange(int(0.1 * _RATE_HZ))
    tail = np.random.default_rng(1).normal(0, 1, len(after)) * np.exp(-after / (0.025 * _RATE_HZ))
    response = np.concatenate([np.zeros(int(0.005 * _RATE_HZ)), tail / np.sqrt(np.sum(tail**2))])
    return gain * np.convolve(voice, response)[: len(voice)].astype(np.float32)


def cpwer(reference: Mapping[str, str], heard: Mapping[str, str]) -> Score:
    """Concatenated minimum-permutation word error rate."""
    size = max(len(reference), len(heard))
    expected = [*reference.values(), *[""] * (size - len(reference))]
    found = [*heard.values(), *[""] * (size - len(heard))]
    sums = (
        reduce(operator.add, (transcription_error(a, b, "en") for a, b in zip(expected, order, strict=True)))
        for order in itertools.permutations(found)
    )
    return min(sums, key=lambda rate: rate.numerator)


def score(lab: Lab, call: Call, system_key: str) -> Judged:
    """Run a system on a call and judge what came of it."""
    registry = ModelRegistry()
    system = resolve_system(system_key, registry)
    source = InputStore(lab).register(call.path)
    engine = Engine(lab, Models(lab, registry), ArtifactStore(lab.artifacts), Recorder(lab))
    run = RunIdentity(engine.run_key(system, source), "stereo_calls")
    results = {}
    for step in _SYSTEMS[system_key]:
        record = engine.run_step(system, source, step, run)
        if record.error:
            raise SystemExit(f"{call.name}, {system_key}: {step} failed: {record.error}")
        results[step] = engine.store.get(step, str(record.fingerprint))
    words = results[_SYSTEMS[system_key][-1]].read(Transcript).words
    heard: dict[str, str] = {}
    for word in words:
        heard[word.speaker or ""] = f"{heard.get(word.speaker or '', '')} {word.text}"
    turns = results["channels" if "channels" in results else "diarization"]
    found = turns.read(Diarization)
    whole = [Segment(0.0, source.duration_s)]
    return Judged(
        call.name,
        system_key,
        len(found.speakers),
        cpwer(call.said, heard),
        diarization_error(call.turns, found.turns, evaluated=whole) if call.turns else None,
    )


def print_markdown(scores: list[Judged]) -> None:
    """A row for each call, for the documentation."""
    print(f"| call | {' | '.join(f'{system}: cpWER | DER | speakers' for system in _SYSTEMS)} |")
    print(f"|---|{'---:|---:|---:|' * len(_SYSTEMS)}")
    for name, group in itertools.groupby(scores, key=lambda each: each.call):
        cells = [
            cell
            for each in group
            for cell in (f"{each.cpwer.value:.3f}", f"{each.der.value:.3f}" if each.der else "", f"{each.speakers}")
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the data folder")
    parser.add_argument("--home", type=Path, help="a lab's home to keep results in")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = arguments.home or Path(temporary) / "home"
        lab = Lab(Lab.from_environment().settings.model_copy(update={"home": home}))
        scores = [score(lab, call, key) for call in calls(arguments.data, Path(temporary)) for key in _SYSTEMS]
    if arguments.json:
        print(json.dumps([asdict(each) for each in scores], indent=1))
    else:
        print_markdown(scores)


if __name__ == "__main__":
    main()
