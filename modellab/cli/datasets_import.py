"""`modellab datasets import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion, signals
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from modellab.datasets.checking import DatasetProblem
    from modellab.datasets.importing.bring import Brought, Wanted
    from modellab.settings import Lab

_SHOWN = 20
"""Problems on a terminal; with --json all are there."""


def import_folder(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="With recordings and references.", show_default=False)
    ],
    *,
    dataset: Annotated[
        str,
        typer.Option("--id", metavar="ID", help="Of the dataset: small letters, digits, _ and -.", show_default=False),
    ],
    layout: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="How the folder is laid out; found out unless it is said. One of: beside, transcripts, nemo, kaldi, "
            "lhotse, librispeech, ami, voxconverse, common_voice, audiofolder, esc50, musdb, pairs.",
            autocompletion=completion.dataset_formats,
        ),
    ] = None,
    media: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the recordings are, if they are elsewhere than the lists of them."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Which of several lists, such as test of test.tsv and train.tsv.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Of the cases that say no other: en, de, pt-BR.")] = None,
    licence: Annotated[
        str | None, typer.Option(help="On what terms the recordings may be used; else what the folder's licence says.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is, in a sentence.")] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="What it is for; else what the references allow to judge. May be repeated.",
            autocompletion=completion.tasks,
            show_default=False,
        ),
    ] = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the recordings into the lab's home; else they stay where they are.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the dataset of that id.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a dataset of recordings with references in one of the layouts that people keep them in, and check it.

    What can't be taken is named with its file and line, and left out; the exit code is then 1. Commands that a list
    has in place of files are never run.

    [bold]Examples[/bold]

    $ modellab datasets import recordings/ --id my_calls --language en
    $ modellab datasets import cv-corpus/de --id cv_de --split test
    $ modellab datasets import kaldi/data/test --media /data/wav --id phone
    """
    from modellab.cli.console import print_json
    from modellab.datasets.importing.bring import Wanted
    from modellab.datasets.manifest import TASKS
    from modellab.names import one_of
    from modellab.settings import Lab

    lab = Lab.from_environment()
    asked = [one_of("task", each, TASKS) for each in task or ()]
    wanted = Wanted(
        folder,
        dataset,
        layout,
        media,
        split,
        language,
        licence,
        description,
        [each for each in TASKS if each in asked],
        copy,
        replace,
    )
    brought, found = _brought_and_checked(lab, wanted)
    if as_json:
        print_json(_document(wanted, brought, found))
    else:
        _print(wanted, brought, found)
    if brought.account.problems:
        raise typer.Exit(1)


def _brought_and_checked(lab: "Lab", wanted: "Wanted") -> "tuple[Brought, list[DatasetProblem]]":
    from rich.progress import Progress, TaskID

    from modellab.cli.console import stderr
    from modellab.datasets.catalogue import Catalogue
    from modellab.datasets.checking import check_dataset
    from modellab.datasets.importing.bring import bring
    from modellab.datasets.sources import Sources

    console = stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:

        def advance(task: TaskID, done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)
            signals.check()  # while libav reads, an interrupt is lost in its callbacks

        reading = bar.add_task("reading", total=None)
        brought = bring(lab, wanted, lambda done, of: advance(reading, done, of))
        checking = bar.add_task("checking", total=brought.cases)
        dataset = Catalogue(lab).get(wanted.dataset)
        found = check_dataset(lab, dataset, Sources(lab), lambda done: advance(checking, done, brought.cases))
    return brought, found


def _document(wanted: "Wanted", brought: "Brought", found: "list[DatasetProblem]") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "dataset": wanted.dataset,
        "manifest": brought.manifest,
        "format": brought.layout,
        "cases": brought.cases,
        "left_out": [
            {"file": each.place.file, "line": each.place.line, "what": each.what} for each in brought.account.problems
        ],
        "notes": brought.account.notes,
        "problems": [asdict(each) for each in found],
    }


def _print(wanted: "Wanted", brought: "Brought", found: "list[DatasetProblem]") -> None:
    from modellab.cli.console import marked, print_line, stderr, stdout
    from modellab.units import plural

    for note in brought.account.notes:
        print_line(stderr(), note, "dim")
    _print_some("✗", "red", [f"left out: {each}" for each in brought.account.problems])
    _print_some("!", "yellow", [str(each) for each in found])
    said = f"{wanted.dataset}: {plural(brought.cases, 'case')}, read as {brought.layout}, in {brought.manifest}"
    print_line(stdout(), marked("✓", "green", said))
    if found:
        hint = f"check found {plural(len(found), 'problem')}: modellab datasets check {wanted.dataset}"
        print_line(stdout(), marked("!", "yellow", hint))
    else:
        print_line(stdout(), marked("✓", "green", "check found nothing wrong"))


def _print_some(mark: str, style: str, lines: list[str]) -> None:
    from modellab.cli.console import marked, print_line, stderr

    for line in lines[:_SHOWN]:
        print_line(stderr(), marked(mark, style, line))
    if len(lines) > _SHOWN:
        print_line(stderr(), marked(mark, style, f"and {len(lines) - _SHOWN:,} more: --json has all"))
