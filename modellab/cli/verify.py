"""`modellab models verify`."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from modellab.conformance.examination import Answer, Examination
    from modellab.registry.config import ModelRef


def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            help="Models: ID or ID:VARIANT; without any, all whose weights are on this machine.",
            autocompletion=completion.models,
            show_default=False,
        ),
    ] = None,
    random_weights: Annotated[
        bool,
        typer.Option(
            "--random-weights",
            help="Try loader and adapter with a tiny random checkpoint in the model's format, where its folder can "
            "write one. That says nothing of the model, and verifies none.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Load models, ask them all that their surfaces promise, and measure them meanwhile.

    What came of it is recorded: the table verifications. Exit code 1 where a model did not load, or an answer is wrong.

    [bold]Examples[/bold]

    $ modellab models verify silero_vad faster_whisper:tiny.en
    $ modellab models verify
    $ modellab models verify demucs --random-weights
    """
    from rich.text import Text

    from modellab.cli.console import marked, print_json, print_line, stderr, stdout
    from modellab.errors import Interrupted, LabError
    from modellab.registry.registry import ModelRegistry
    from modellab.runs import verifying
    from modellab.settings import Lab
    from modellab.warehouse.builder import build

    lab, registry = Lab.from_environment(), ModelRegistry()
    done: list[dict[str, Any]] = []
    with stderr().status("") as status:

        def watch(ref: "ModelRef") -> "Callable[[Answer], None]":
            status.update(Text(f"{ref}: loading"))
            return lambda answer: status.update(Text(f"{ref}: {answer.question}"))

        meant = (verifying.triable if random_weights else verifying.verifiable)(lab, registry, names or [])
        ask = verifying.try_random if random_weights else verifying.verify
        for ref in meant:
            try:
                found = ask(lab, registry, ref, watch(ref))
            except KeyboardInterrupt:
                raise Interrupted({"verifications": done}) from None
            except LabError as error:
                done.append(_not_loaded(ref, error, random=random_weights))
                if not as_json:
                    print_line(stderr(), marked("✗", "red", f"{ref}: {error.told()}"))
                continue
            done.append(_document(found, random=random_weights))
            if not as_json:
                print_line(stdout(), _tried(found) if random_weights else _line(found))
                for answer in found.answers:
                    if not answer.passed:
                        print_line(stdout(), f"    ✗ {answer.surface}: {answer.question}: {answer.said}", "red")
    build(lab)
    if as_json:
        print_json({"verifications": done})
    if not all(one["passed"] for one in done):
        raise typer.Exit(1)


_FACTS = ("answers", "device", "threads", "load_s", "audio_s", "inference_s", "real_time_factor", "peak_mib")


def _not_loaded(ref: "ModelRef", error: Exception, *, random: bool) -> dict[str, Any]:
    of_error = {"model": str(ref), "random_weights": random, "passed": False, "error": str(error)}
    return {**of_error, **dict.fromkeys(_FACTS)}


def _document(found: "Examination", *, random: bool) -> dict[str, Any]:
    return {
        "model": found.model,
        "random_weights": random,
        "passed": found.passed,
        "error": None,
        "answers": [asdict(answer) for answer in found.answers],
        "device": found.loaded.facts.device,
        "threads": found.loaded.facts.threads,
        "load_s": round(found.loaded.load_s, 3),
        "audio_s": found.audio_s,
        "inference_s": round(found.inference_s, 4),
        "real_time_factor": found.real_time_factor,
        "peak_mib": round(found.peak_mib),
    }


def _line(found: "Examination") -> Any:
    from modellab.cli.console import marked
    from modellab.units import plural

    right = sum(answer.passed for answer in found.answers)
    speed = "" if found.real_time_factor is None else f", {found.real_time_factor:.3g} s for a second of sound"
    said = (
        f"{found.model}: {right} of {plural(len(found.answers), 'answer')} right; "
        f"loaded in {found.loaded.load_s:.1f} s{speed}, {found.peak_mib:,.0f} MiB at most"
    )
    return marked("✓", "green", said) if found.passed else marked("✗", "red", said)


def _tried(found: "Examination") -> Any:
    """What random weights showed; no sign of a verified model, whatever came of it."""
    from rich.text import Text

    from modellab.cli.console import marked
    from modellab.units import plural

    right = sum(answer.passed for answer in found.answers)
    said = (
        f"{found.model}: {right} of {plural(len(found.answers), 'answer')} as promised, with random weights, "
        "which say nothing of the model"
    )
    return Text(f"○ {said}") if found.passed else marked("✗", "red", said)
