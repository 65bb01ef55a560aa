"""What scoring a long meeting costs.

    python benchmarks/meeting_scoring.py [--minutes 120] [--speakers 6] [--seed 0] [--json]

Makes a meeting by a seeded script: speakers take turns of 1 to 30 words out of a few thousand that are as frequent as
words are (Zipf), 2.5 words a second; what was heard has a word wrong in ten, and one utterance in twenty given to
another speaker. Each figure is timed alone, the text's normalisation apart, in this process; the packages are loaded
before.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from modellab.datasets.reference import Reference, ReferenceUtterance
from modellab.metrics.attributed import Spoken, heard, said
from modellab.metrics.attribution import attribution_scores, turn_changes
from modellab.metrics.meeting import cp_errors, orc_errors, tcp_errors
from modellab.metrics.normalisers import normaliser_for
from modellab.metrics.score import Score
from modellab.surfaces.results import Transcript, Utterance, Word

WORDS_PER_S = 2.5
VOCABULARY = 4000

_Result = TypeVar("_Result")


def meeting(minutes: float, speakers: int, seed: int) -> tuple[Reference, Transcript]:
    """A reference and what was heard of it."""
    random = np.random.default_rng(seed)
    chances = 1 / np.arange(1, VOCABULARY + 1)
    chances /= chances.sum()
    known, found, now_s = [], [], 0.0
    while now_s < minutes * 60:
        words = [_word(n) for n in random.choice(VOCABULARY, random.integers(1, 31), p=chances).tolist()]
        end_s = now_s + len(words) / WORDS_PER_S
        speaker = int(random.integers(speakers))
        known.append(ReferenceUtterance(now_s, end_s, f"person{speaker}", " ".join(words)))
        told = speaker if random.random() > 0.05 else int(random.integers(speakers))
        heard_as = [_word(int(random.integers(VOCABULARY))) if random.random() < 0.1 else word for word in words]
        step_s = (end_s - now_s) / len(words)
        timed = [
            Word(word, now_s + n * step_s, now_s + (n + 1) * step_s, speaker=f"s{told}")
            for n, word in enumerate(heard_as)
        ]
        found.append(Utterance(now_s, end_s, " ".join(heard_as), timed, f"s{told}"))
        now_s = end_s - random.uniform(-0.5, 1.0)  # some turns overlap
    return Reference(language="en", utterances=known), Transcript(found, now_s, "en")


def _word(number: int) -> str:
    """Letters that no normaliser takes for anything."""
    return "z" + "".join("bdfghklmnp"[int(digit)] + "o" for digit in str(number))


def timed(what: Callable[[], _Result]) -> tuple[_Result, float]:
    """A result, and the seconds that it took."""
    began = time.perf_counter()
    result = what()
    return result, time.perf_counter() - began


def measure(reference: Reference, transcript: Transcript) -> tuple[dict[str, float], list[Score]]:
    """What is measured -> seconds; and the scores."""
    normaliser = normaliser_for(reference.language)
    seconds: dict[str, float] = {}
    scores: list[Score] = []

    def texts() -> tuple[list[Spoken], list[Spoken]]:
        return said(reference, normaliser) or [], heard(transcript, None, normaliser)

    (known, found), seconds["texts"] = timed(texts)
    for name, score in (("cpwer", cp_errors), ("tcpwer", tcp_errors), ("orc_wer", orc_errors)):
        result, seconds[name] = timed(lambda score=score: score(known, found, normaliser))  # type: ignore[misc]
        scores.append(result)
    changes_s = turn_changes(known)
    others, seconds["wder and origins"] = timed(lambda: attribution_scores(known, found, changes_s, normaliser))
    return seconds, [*scores, *others]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--speakers", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    measure(*meeting(1.0, 2, 0))  # loads what is loaded on first use
    reference, transcript = meeting(arguments.minutes, arguments.speakers, arguments.seed)
    seconds, scores = measure(reference, transcript)
    if arguments.json:
        figures = {score.metric.name: {"value": score.value, **score.components} for score in scores}
        sizes = {"utterances": len(transcript.utterances), "words": len(transcript.words)}
        print(json.dumps({"minutes": arguments.minutes, **sizes, "seconds": seconds, "figures": figures}, indent=1))
        return
    print(
        f"{arguments.minutes:g} minutes, {arguments.speakers} speakers, {len(transcript.utterances)} utterances, ",
        end="",
    )
    print(f"{len(transcript.words)} words\n")
    for name, taken in seconds.items():
        print(f"{name:20} {taken:6.2f} s")
    print(f"{'all':20} {sum(seconds.values()):6.2f} s\n")
    for score in scores:
        print(f"{score.metric.name:26} {score.value:.4f}")


if __name__ == "__main__":
    main()
