"""What searching all transcripts costs: the index, and questions to it.

    python benchmarks/search.py --words 1000000

A lab is filled with so many words of made-up transcripts, the same at every seed: recordings of 2,000 words in
utterances of 5 to 25, words as frequent as in speech (Zipf), half of them in English, the rest in German, French and
Spanish. Figures are of the search itself on an open connection (warm), as `modellab search --json` says it in
`query_ms`; and of the whole command in a process of its own, whose start comes on top.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from modellab.search.finding import find
from modellab.search.ranking import Scope
from modellab.settings import Lab, Settings
from modellab.warehouse.builder import build
from modellab.warehouse.connection import quoted
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import connect
from modellab.warehouse.schema import create_tables

WORDS_PER_RECORDING = 2_000
VOCABULARY = 30_000
"""Different words of a language: about what a million words of conversation have."""
ENDINGS = ("", "", "s", "ed", "ing", "er", "en", "es", "ation", "é")
LANGUAGES = ("en", "en", "en", "de", "fr", "es")
MOMENT = "2026-03-01T10:00:00+00:00"
REPEATS = 25


def vocabulary(rng: random.Random) -> list[str]:
    """Words of one to four syllables with endings that stemmers know, the most frequent first and shortest."""
    onsets, vowels = (*"bdfgklmnprstvw", "br", "st", "tr", "pl"), (*"aeiou", "ai", "ou")
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        syllables = 1 + min(3, len(words) // 1_500)
        stem = "".join(rng.choice(onsets) + rng.choice(vowels) for _ in range(syllables))
        words.setdefault(stem + rng.choice(onsets)[:1] + (rng.choice(ENDINGS) if syllables > 1 else ""))
    return list(words)


def fill(lab: Lab, words: int, seed: int) -> list[str]:
    """So many words in the lab's lake; returns the vocabulary."""
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    known = vocabulary(rng)
    frequency = 1.0 / (np.arange(VOCABULARY) + 2.7)  # Zipf and Mandelbrot
    rows: dict[str, list[dict[str, Any]]] = {"inputs": [], "steps": [], "artifacts": [], "segments": [], "words": []}
    for number in range(words // WORDS_PER_RECORDING):
        drawn = numbers.choice(VOCABULARY, WORDS_PER_RECORDING, p=frequency / frequency.sum())
        _recording(rows, number, rng, [known[word] for word in drawn])
    with duckdb.connect() as connection:
        create_tables(connection)
        for table, of_table in rows.items():
            lines = lab.home / f"{table}.ndjson"
            lines.write_text("".join(json.dumps(row) + "\n" for row in of_table))
            target = lab.lake / table / f"merged.4.{'0' * 32}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            columns = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall()}
            types = ", ".join(f"{name}: {quoted(kind)}" for name, kind in columns.items())
            connection.execute(
                f"COPY (FROM read_json({quoted(lines)}, columns = {{{types}}})) TO {quoted(target)} (FORMAT parquet)"
            )
            lines.unlink()
    return known


def _recording(rows: dict[str, list[dict[str, Any]]], number: int, rng: random.Random, said: Sequence[str]) -> None:
    key, fingerprint, source = f"call-{number}", f"{number:064x}", {"source": f"r{number}"}
    rows["inputs"].append(
        {"input": key, "kind": "media", "sha256": fingerprint, "name": f"call {number}.wav", "path": "p", "bytes": 1}
        | {"duration_s": 900.0, "format": "wav/pcm_s16le", "registered_at": MOMENT, "warnings": []}
        | source
    )
    rows["steps"].append(
        {"id": f"s{number}", "run": key, "dagster_run_id": key, "input": key, "system": "meeting", "step": "alignment"}
        | {"status": "completed", "cached": False, "fingerprint": fingerprint, "started_at": MOMENT, "ended_at": MOMENT}
        | {"load_s": 0, "inference_s": 0, "other_s": 0, "audio_s": 900, "sequence": number, "place": 5}
        | {"gives": ["transcript"], "source": f"s{number}"}
    )
    source = {"source": fingerprint}
    rows["artifacts"].append(
        {"fingerprint": fingerprint, "content_sha256": fingerprint, "step": "alignment", "code_version": "1"}
        | {"parameters": {}, "reads": {}, "summary": {"language": LANGUAGES[number % len(LANGUAGES)]}, "files": 1}
        | {"bytes": 1, "path": "p", "made_at": MOMENT}
        | source
    )
    at, position = 0, 0
    while at < len(said):
        piece = said[at : at + rng.randint(5, 25)]
        times = {"start_s": at * 0.4, "end_s": (at + len(piece)) * 0.4}
        speaker = {"fingerprint": fingerprint, "speaker": f"SPEAKER_0{position % 3}", **source}
        utterance = {"kind": "utterance", "position": position, "text": f"{' '.join(piece).capitalize()}."}
        rows["segments"].append({**utterance, **times, **speaker})
        for nth, word in enumerate(piece, at):
            times = {"start_s": nth * 0.4, "end_s": nth * 0.4 + 0.3}
            place = {"position": nth, "utterance": position, "text": word, "space_before": True}
            rows["words"].append({**place, **times, **speaker})
        at, position = at + len(piece), position + 1


def questions(known: Sequence[str], rng: random.Random) -> dict[str, tuple[str, Scope]]:
    """Kind of question -> one of it."""
    common, middling, rare = (
        known[rng.randrange(5)],
        known[rng.randrange(500, 900)],
        known[rng.randrange(15_000, 20_000)],
    )
    return {
        "a common word": (common, Scope()),
        "a middling word": (middling, Scope()),
        "a rare word": (rare, Scope()),
        "three words": (f"{common} {middling} {rare}", Scope()),
        "a phrase of common words": (f'"{known[rng.randrange(5)]} {common}"', Scope()),
        "phrase and word": (f'"{known[rng.randrange(5)]} {common}" {middling}', Scope()),
        "nothing has it": ("xyzzyx", Scope()),
        "one speaker, one half": (middling, Scope(speaker="speaker_01", to_s=400.0)),
        "ten common words": (" ".join(known[:10]), Scope()),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", type=int, default=5, help="how often the whole command is run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        lab = Lab(Settings(home=Path(home), _env_file=None))
        known = fill(lab, arguments.words, arguments.seed)
        report = build(lab)
        print(
            f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, "
            f"duckdb {duckdb.__version__}"
        )
        print(
            f"first build of {arguments.words:,} words: {report.seconds:.1f} s; "
            f"database {lab.database.stat().st_size / 2**20:.0f} MiB"
        )
        _more(lab, known, arguments)


def _more(lab: Lab, known: Sequence[str], arguments: argparse.Namespace) -> None:
    rows: dict[str, list[dict[str, Any]]] = {"inputs": [], "steps": [], "artifacts": [], "segments": [], "words": []}
    number = arguments.words // WORDS_PER_RECORDING
    _recording(
        rows, number, random.Random(arguments.seed), [known[place % 400] for place in range(WORDS_PER_RECORDING)]
    )
    for table, of_table in rows.items():
        Lake(lab.lake).write(table, of_table[0]["source"], of_table)
    print(
        f"build with one more recording: {1000 * build(lab).seconds:.0f} ms; with nothing new: "
        f"{1000 * build(lab).seconds:.0f} ms"
    )
    everything: list[float] = []
    print(f"{'milliseconds, warm':<28}{'median':>8}{'p95':>8}{'hits':>10}")
    with connect(lab) as connection:
        rng = random.Random(arguments.seed)
        find(connection, known[0], Scope(), 20)
        times: dict[str, list[float]] = {}
        hits: dict[str, int] = {}
        for _ in range(REPEATS):
            for kind, (text, scope) in questions(known, rng).items():
                found = find(connection, text, scope, 20)
                times.setdefault(kind, []).append(1000 * found.seconds)
                hits[kind] = found.total
        for kind, of_kind in times.items():
            everything += of_kind
            print(f"{kind:<28}{statistics.median(of_kind):>8.0f}{_p95(of_kind):>8.0f}{hits[kind]:>10,}")
    print(f"{'all':<28}{statistics.median(everything):>8.0f}{_p95(everything):>8.0f}")
    _commands(lab, known, arguments.commands)


def _commands(lab: Lab, known: Sequence[str], times: int) -> None:
    """The whole command, from its start to its end."""
    walls, own = [], []
    command = [sys.executable, "-m", "modellab_dagster.command", "search", known[700], "--json"]
    for _ in range(times):
        started = time.perf_counter()
        environment = {**os.environ, "MODELLAB_HOME": str(lab.home)}
        said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        walls.append(time.perf_counter() - started)
        own.append(json.loads(said)["query_ms"])
    if walls:
        print(
            f"the whole command: median {statistics.median(walls):.2f} s, of which the search, on a connection just "
            f"opened, {statistics.median(own):.0f} ms"
        )


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


if __name__ == "__main__":
    main()
