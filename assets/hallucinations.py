"""The asset `hallucinations`: words that were probably never said."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assets._checks import Check, Verdict
from assets._cited import rows
from assets._metrics import metrics_asset
from assets._step import step_asset
from modellab.speech.hallucinations.flags import Flag, FlagKind, Hallucinations
from modellab.steps import scorers
from modellab.steps.doubts import hallucination_doubt
from modellab.steps.hallucinations import IMPLAUSIBLE, REPEATED, STEP, UNHEARD
from modellab.units import clock, plural
from resources.engine import StepResult

_SHOWN = 30


def page(result: StepResult) -> Mapping[str, Any]:
    """The flags with their words and why, the strong ones first."""
    found = result.artifact.read(Hallucinations)
    flags = sorted(found.flags, key=lambda flag: (flag.strength.value, flag.start_s))[:_SHOWN]
    return {
        "flags": rows(
            ["time", "kind", "words", "why"],
            [[clock(each.start_s, 1), _kind(each), each.text, each.why] for each in flags],
        ),
        "flagged_words": len(found.told_words),
        "words": found.words,
        "listeners": ", ".join(found.listeners) or "none",
        "dagster/row_count": len(found.flags),
    }


def _kind(flag: Flag) -> str:
    return f"{flag.kind.value} ({flag.strength.value})"


def _no_flag_of(kinds: Sequence[FlagKind]) -> Callable[[StepResult], Verdict]:
    def judge(result: StepResult) -> Verdict:
        found = result.artifact.read(Hallucinations)
        flags = [flag for flag in found.told if flag.kind in kinds]
        return Verdict(
            not flags,
            hallucination_doubt(found, kinds) or f"none of {plural(found.words, 'word')}",
            {"flags": len(flags), "words": [f"{clock(flag.start_s, 1)} {flag.text}" for flag in flags[:10]]},
        )

    return judge


HALLUCINATIONS = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check("no_word_outside_speech", "No word is written where nobody is heard to speak.", _no_flag_of(UNHEARD)),
        Check(
            "does_not_repeat_itself",
            "No phrase over and over and no text that compresses too well: signs of words made up.",
            _no_flag_of(REPEATED),
        ),
        Check(
            "words_are_plausible",
            "No words faster than anyone speaks, that the model doubts, in another language, or known inventions.",
            _no_flag_of(IMPLAUSIBLE),
        ),
    ],
)

FLAG_METRICS = metrics_asset(scorers.FLAG_METRICS)
