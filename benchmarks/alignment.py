"""How long it takes to give words their speakers, by the sweep and by a scan of all turns per word.

    python benchmarks/alignment.py [--words 30000] [--turns 3000]

A made-up meeting: words of 0.3 s back to back, turns that overlap the next one. Both sides in one run, best of three.
"""

import argparse
import time
from collections.abc import Callable

from modellab.speech.alignment import assign_speakers, group_words, with_speakers
from modellab.surfaces.results import Turn, Word


def meeting(words: int, turns: int) -> tuple[list[Word], list[Turn]]:
    """Words and turns over the same time; each turn lasts 1.4 times its share, so that it overlaps the next."""
    length_s = words * 0.36
    share_s = length_s / turns
    return (
        [Word("word", i * 0.36, i * 0.36 + 0.3) for i in range(words)],
        [Turn(i * share_s, (i + 1.4) * share_s, f"SPEAKER_{i % 6:02d}") for i in range(turns)],
    )


def scan(words: list[Word], turns: list[Turn]) -> list[str | None]:
    """The most talking speaker of each word, found by looking at every turn."""
    speakers: list[str | None] = []
    for word in words:
        seconds: dict[str, float] = {}
        for turn in turns:
            shared_s = min(word.end_s, turn.end_s) - max(word.start_s, turn.start_s)
            if shared_s > 0:
                seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + shared_s
        speakers.append(max(seconds, key=seconds.__getitem__) if seconds else None)
    return speakers


def best_s(work: Callable[[], object], rounds: int = 3) -> float:
    """Shortest CPU time of a few rounds."""
    times: list[float] = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=30_000)
    parser.add_argument("--turns", type=int, default=3_000)
    arguments = parser.parse_args()
    words, turns = meeting(arguments.words, arguments.turns)
    speakers = assign_speakers(words, turns, 1.0)
    sweep_s = best_s(lambda: assign_speakers(words, turns, 1.0))
    group_s = best_s(lambda: group_words(with_speakers(words, speakers), 1.0))
    scan_s = best_s(lambda: scan(words, turns), rounds=1)
    print(f"{len(words)} words, {len(turns)} turns")
    print(
        f"sweep {sweep_s:.3f} s, grouping {group_s:.3f} s; scan {scan_s:.1f} s, {scan_s / sweep_s:.0f} times the sweep"
    )


if __name__ == "__main__":
    main()
