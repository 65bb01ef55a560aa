"""Aligners beside each other on words that are known: how far each word's start and end are from a reference's.

    python benchmarks/aligners.py DATA [--aligners pocketsphinx_aligner hama]

The words are the reference's own, each with its time moved by up to 0.2 s at random, as a recogniser's are: so nothing
that is misheard is in the figures. `benchmarks/forced_alignment.py` has them as a pipeline gives them.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median

from forced_alignment import time_cases

from modellab.media.audio import Samples, TimeMap, Waveform
from modellab.media.decode import decode
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.speech.forced_alignment import realign
from modellab.surfaces.contracts import untold
from modellab.surfaces.results import MIN_WORD_S, Word

RATE_HZ = 16_000
_MOVED_S = 0.2


def rough(words: Sequence[Word], drawn: random.Random) -> list[Word]:
    """The words with times as a recogniser has them: in order, and not quite right."""
    found: list[Word] = []
    over_s = 0.0
    for word in words:
        start_s = max(over_s, word.start_s + drawn.uniform(-_MOVED_S, _MOVED_S))
        over_s = max(start_s + MIN_WORD_S, word.end_s + drawn.uniform(-_MOVED_S, _MOVED_S))
        found.append(Word(word.text, start_s, over_s))
    return found


def main(arguments: Sequence[str]) -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--aligners", nargs="*", default=["pocketsphinx_aligner", "hama"])
    options = parser.parse_args(arguments)
    registry = ModelRegistry()
    print(
        "| recordings | aligner | words | starts mean / median | within 50 ms | ends mean / median | within 50 ms | s |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as home:
        lab = Lab(Settings(_env_file=None, home=Path(home), offline=True))
        with Models(lab, registry) as models:
            for name in options.aligners:
                model = models.acquire(registry.resolve(name)[1]).model
                off: dict[str, list[tuple[float, float]]] = defaultdict(list)
                took_s: dict[str, float] = defaultdict(float)
                for case in time_cases(options.data):
                    samples = decode(case.path, sample_rate_hz=RATE_HZ).mono
                    known = [
                        Word(word.text, word.start_s, word.end_s)
                        for word in case.words
                        if word.start_s is not None and word.end_s is not None
                    ]

                    def cut(start_s: float, end_s: float, samples: Samples = samples) -> Waveform:
                        return Waveform(samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)], RATE_HZ)

                    began = time.process_time()
                    found = realign(
                        rough(known, random.Random(3)),
                        "en",
                        model,
                        cut=cut,
                        time_map=TimeMap.identity(len(samples) / RATE_HZ),
                        progress=untold,
                    ).words
                    took_s[case.group] += time.process_time() - began
                    off[case.group] += [
                        (abs(a.start_s - b.start_s), abs(a.end_s - b.end_s)) for a, b in zip(found, known, strict=True)
                    ]
                for group, distances in off.items():
                    cells = [group, name, str(len(distances))]
                    for side in zip(*distances, strict=True):
                        within = sum(distance <= 0.05 for distance in side) / len(side)
                        cells += [f"{fmean(side) * 1000:.0f} / {median(side) * 1000:.0f} ms", f"{within:.0%}"]
                    print("| " + " | ".join([*cells, f"{took_s[group]:.1f}"]) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
