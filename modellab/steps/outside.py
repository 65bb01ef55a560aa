"""What steps read from outside the pipeline; each of these may be declared by any step (`StepDefinition.outside`)."""

from collections.abc import Callable
from typing import Any, Protocol

from modellab.artifacts.fingerprint import ABSENT
from modellab.inputs.registered import RegisteredInput
from modellab.settings import Lab
from modellab.steps.definition import Outside, OutsideRead, StepContext, StepDefinition, StepParameters
from modellab.steps.speaker_names import SpeakerNames, as_text, from_text

INPUT = OutsideRead("input", "the recording", lambda outside: outside.input.sha256)
"""The registered bytes themselves."""
TEXT = OutsideRead("input", "the text", lambda outside: outside.input.sha256)
"""The same of an input that is a text."""


class Filled(Protocol):
    """A step with its parameters."""

    @property
    def definition(self) -> StepDefinition: ...

    @property
    def parameters(self) -> StepParameters: ...


def has_work(step: Filled, source: RegisteredInput, lab: Lab) -> bool:
    """Whether a step has something to do for an input: what it can't do without from outside the pipeline is there."""
    outside = Outside(lab, source, step.parameters, {})
    return all(read.value(outside) is not None for read in step.definition.outside if read.required)


_NAMES = "names"
_TIME_ZONE = "timezone"


def names_of_speakers(*roles: str) -> OutsideRead:
    """The names that people gave to the speakers of a result that the step reads.

    Args:
        roles: the step's reads that may tell speakers apart: the first that is filled does.
    """

    def value(outside: Outside) -> str | None:
        results = (read for role in roles if (read := outside.reads.get(role)) and not read.startswith(ABSENT))
        told_apart = next(results, None)
        names = SpeakerNames(outside.lab).of(told_apart) if told_apart else {}
        return as_text(names) if names else None

    return OutsideRead(_NAMES, "the names given to its speakers", value)


def shows_names(definition: StepDefinition) -> bool:
    """Whether a step's result depends on the names of speakers."""
    return any(read.role == _NAMES for read in definition.outside)


def names_in(context: StepContext) -> dict[str, str]:
    """Speaker's label -> the name that people gave them, of a step that reads `names_of_speakers`."""
    return from_text(context.outside.get(_NAMES))


def local_days(decide: Callable[[Outside], Any]) -> OutsideRead:
    """The lab's time zone, for a step whose result days may decide.

    Args:
        decide: whether they do, with these parameters and these reads.
    """
    return OutsideRead(
        _TIME_ZONE, "the lab's time zone", lambda outside: outside.lab.timezone if decide(outside) else None
    )


def time_zone_in(context: StepContext) -> str | None:
    """IANA name of the lab's time zone, of a step that reads `local_days`; None where its days decide nothing."""
    return context.outside.get(_TIME_ZONE)
