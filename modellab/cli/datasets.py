"""`modellab datasets`."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion, signals
from modellab.cli.console import JsonOption
from modellab.cli.datasets_import import import_folder

if TYPE_CHECKING:
    from modellab.datasets.catalogue import BrokenManifest, Catalogue, Dataset
    from modellab.datasets.manifest import Case
    from modellab.datasets.sources import Sources
    from modellab.settings import Lab

app = typer.Typer(
    name="datasets", help="Recordings with what is known of them, by which models are judged.", no_args_is_help=True
)

FolderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--folder",
        metavar="NAME=PATH",
        help="A folder that datasets take media from; else MODELLAB_DATA_<NAME>. May be repeated.",
        show_default=False,
    ),
]
DatasetArgument = Annotated[
    str, typer.Argument(metavar="DATASET", help="Its id.", autocompletion=completion.datasets, show_default=False)
]


@app.command("list")
def list_datasets(
    *,
    task: Annotated[
        str | None,
        typer.Option(help="Only datasets for a task: asr, diarization, ...", autocompletion=completion.tasks),
    ] = None,
    folder: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """List datasets, what they are for, and how much of each can be had on this machine.

    [bold]Example[/bold]

    $ modellab datasets list --task asr
    """
    from rich.text import Text

    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.datasets.manifest import TASKS
    from modellab.names import one_of

    if task is not None:
        one_of("task", task, TASKS)
    _, catalogue, sources = _opened(folder)
    chosen = [each for each in catalogue.all() if task is None or task in each.manifest.tasks]
    broken = catalogue.broken()
    if as_json:
        print_json({"datasets": [_document(each, sources) for each in chosen], "broken": _broken_documents(broken)})
        return
    rows = table("Dataset", "For", "Languages", "Cases", "Can be had", "Description", right=("Cases",))
    for each in chosen:
        manifest = each.manifest
        rows.add_row(
            manifest.id,
            ", ".join(manifest.tasks),
            ", ".join(manifest.languages),
            f"{len(manifest.cases):,}",
            _state(each, sources),
            Text(manifest.description),
        )
    if chosen:
        print_block(stdout(), rows)
        print_line(stdout(), Text("What a dataset has, and why it can't be had: modellab datasets show DATASET", "dim"))
    else:
        print_line(stdout(), Text("No dataset matches: modellab datasets create makes one of recordings.", "dim"))
    _print_broken(broken)


@app.command()
def show(
    dataset: DatasetArgument,
    limit: Annotated[int, typer.Option(min=1, help="How many cases; with --json all are there.")] = 50,
    folder: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one dataset: what it is, its slices, and its cases with their lengths, speakers and what is known of them.

    [bold]Example[/bold]

    $ modellab datasets show asr_smoke_v1
    """
    from rich.text import Text

    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.units import length, plural

    lab, catalogue, sources = _opened(folder)
    found = catalogue.get(dataset)
    cases = found.manifest.cases
    facts: list[dict[str, Any]] = []
    for each in cases if as_json else cases[:limit]:
        facts.append(_case_document(lab, found, each, sources))
        signals.check()
    if as_json:
        print_json({**_document(found, sources), "digest": found.manifest.digest, "case_list": facts})
        return
    console = stdout()
    print_line(console, Text.assemble((found.id, "bold"), f"   {found.manifest.description}"))
    console.print()
    about = table("", "")
    about.show_header = False
    for name, value in _about(found, facts):
        about.add_row(Text(name, style="bold"), Text(value))
    print_block(console, about)
    console.print()
    rows = table("Case", "Length", "Language", "Speakers", "Slices", "Known", right=("Length",))
    for case in facts:
        seconds = case["duration_s"]
        rows.add_row(
            case["case"],
            length(seconds) if seconds is not None else ("text" if case["kind"] == "text" else Text("✗", "red")),
            case["language"] or "",
            Text(", ".join(case["speakers"])),
            Text(", ".join(f"{name}={value}" for name, value in case["tags"].items())),
            ", ".join(case["known"]),
        )
    print_block(console, rows)
    if more := len(cases) - len(facts):
        print_line(console, Text(f"… and {plural(more, 'case')} more: --limit {len(cases)}", style="dim"))
    for why in dict.fromkeys(str(each) for each in _missing(found, sources).values()):
        print_line(console, Text.assemble(("✗ ", "red"), why))


@app.command()
def check(dataset: DatasetArgument, folder: FolderOption = None, as_json: JsonOption = False) -> None:
    """Look at every file of a dataset and at all that is known of it, and say everything that is wrong at once.

    Files that are at addresses or on the hub are fetched. The exit code is 1 where something is wrong.

    [bold]Example[/bold]

    $ modellab datasets check my_calls
    """
    from dataclasses import asdict

    from modellab.cli.console import print_json, print_line, stderr, stdout
    from modellab.datasets.checking import check_dataset
    from modellab.units import plural

    lab, catalogue, sources = _opened(folder)
    found = catalogue.get(dataset)
    count = len(found.manifest.cases)
    with stderr().status(f"{count} cases") as status:

        def advance(done: int) -> None:
            status.update(f"case {done} of {count}")
            signals.check()  # while libav reads, an interrupt is lost in its callbacks

        problems = check_dataset(lab, found, sources, advance)
    if as_json:
        about = {"dataset": found.id, "version": found.manifest.version, "cases": count}
        print_json({**about, "problems": [asdict(problem) for problem in problems]})
    else:
        from modellab.cli.console import marked

        for problem in problems:
            print_line(stdout(), marked("✗", "red", str(problem)))
        if problems:
            with_some = len({problem.case for problem in problems if problem.case})
            said = f"{plural(len(problems), 'problem')}, in {with_some} of {plural(count, 'case')}: {found.file}"
            print_line(stdout(), said)
        else:
            print_line(stdout(), marked("✓", "green", f"{plural(count, 'case')}, nothing is wrong"))
    if problems:
        raise typer.Exit(1)


@app.command(no_args_is_help=True)
def create(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET", help="Its id: small letters, digits, _ and -, such as my_calls.", show_default=False
        ),
    ],
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Recordings, texts to be spoken (.txt), or folders with recordings.",
            show_default=False,
        ),
    ],
    *,
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="What it is for: asr (unless said), diarization, ... May be repeated.",
            autocompletion=completion.tasks,
            show_default=False,
        ),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language of the recordings: en, de, pt-BR.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is, in a sentence.")] = None,
    licence: Annotated[str, typer.Option(help="On what terms the recordings may be used.")] = "not stated",
    as_json: JsonOption = False,
) -> None:
    """Make a dataset of recordings: copies them into the lab's home, and writes a manifest to put references into.

    Where references lie beside the recordings already, or in tables, modellab datasets import reads them.

    [bold]Example[/bold]

    $ modellab datasets create my_calls recordings/ --language en
    """
    from modellab.cli.console import marked, print_json, print_line, stderr, stdout
    from modellab.datasets.creating import About, create_dataset
    from modellab.datasets.manifest import TASKS
    from modellab.disk import require_writable
    from modellab.legible import one_line
    from modellab.names import one_of
    from modellab.settings import Lab
    from modellab.units import plural

    lab = Lab.from_environment()
    require_writable(lab.home)
    tasks = [one_of("task", each, TASKS) for each in task or ["asr"]]
    named = ", ".join(one_line(path.resolve().name) for path in paths[:3]) + (", …" if len(paths) > 3 else "")
    about = About(description or f"Recordings of {named}", licence, tasks, language)
    created = create_dataset(lab, dataset, paths, about, signals.check)
    refused = [{"path": each.path, "error": str(each.error)} for each in created.refused]
    if as_json:
        cases = [case.id for case in created.manifest.cases]
        print_json({"dataset": dataset, "file": created.file, "cases": cases, "refused": refused})
    else:
        for sentence in created.left_out:
            print_line(stderr(), sentence, "dim")
        for each in created.refused:
            print_line(stderr(), marked("✗", "red", each.error.told()))
        said = f"{dataset}: {plural(len(created.manifest.cases), 'case')} in {created.file}"
        print_line(stdout(), marked("✓", "green", said))
        print_line(stdout(), "Write what is known of each case into that file, beside its source:")
        print_line(stdout(), '    reference: {text: "what is said"}    # or rttm, stm, speech: docs/datasets.md')
        print_line(stdout(), f"Then: modellab datasets check {dataset}")
    if refused:
        raise typer.Exit(1)


app.command("import", no_args_is_help=True)(import_folder)


def _opened(folders: list[str] | None) -> "tuple[Lab, Catalogue, Sources]":
    from modellab.datasets.catalogue import Catalogue
    from modellab.datasets.sources import Sources
    from modellab.settings import Lab

    lab = Lab.from_environment()
    return lab, Catalogue(lab), Sources(lab, folders or ())


def _missing(dataset: "Dataset", sources: "Sources") -> dict[str, Exception]:
    """Case -> why its recording can't be had here."""
    from modellab.datasets.places import TextPlace

    found: dict[str, Exception] = {}
    for case in dataset.manifest.cases:
        if isinstance(case.source, TextPlace):
            continue
        if (why := sources.missing(case.source, dataset.folder)) is not None:
            found[case.id] = why
    return found


def _to_fetch(dataset: "Dataset", sources: "Sources") -> int:
    """Cases whose recording can be had and is not on this machine yet."""
    from modellab.datasets.places import TextPlace

    places = (case.source for case in dataset.manifest.cases if not isinstance(case.source, TextPlace))
    return sum(
        sources.here(place, dataset.folder) is None and sources.missing(place, dataset.folder) is None
        for place in places
    )


def _state(dataset: "Dataset", sources: "Sources") -> Any:
    from rich.text import Text

    count, missing = len(dataset.manifest.cases), len(_missing(dataset, sources))
    if missing == count:
        return Text("✗", style="red")
    if missing:
        return Text.assemble(("✗ ", "red"), f"{count - missing:,} of {count:,}")
    to_fetch = _to_fetch(dataset, sources)
    if to_fetch:
        return Text.assemble(("↓", "yellow"), f" after a download of {to_fetch:,}")
    return Text("✓", style="green")


def _document(dataset: "Dataset", sources: "Sources") -> dict[str, Any]:
    manifest = dataset.manifest
    return {
        "id": manifest.id,
        "version": manifest.version,
        "description": manifest.description,
        "licence": manifest.licence,
        "tasks": manifest.tasks,
        "languages": manifest.languages,
        "cases": len(manifest.cases),
        "missing": {case: str(why) for case, why in _missing(dataset, sources).items()},
        "to_fetch": _to_fetch(dataset, sources),
        "is_shipped": dataset.is_shipped,
        "file": dataset.file,
    }


def _case_document(lab: "Lab", dataset: "Dataset", case: "Case", sources: "Sources") -> dict[str, Any]:
    return {
        "case": case.id,
        "kind": "text" if case.is_text else "media",
        "source": case.source.model_dump(mode="json", exclude_defaults=True),
        "duration_s": _duration_s(lab, dataset, case, sources),
        "language": dataset.manifest.language_of(case),
        "speakers": case.speakers,
        "tags": case.tags,
        "known": list(case.reference.model_dump(exclude_defaults=True)),
    }


def _duration_s(lab: "Lab", dataset: "Dataset", case: "Case", sources: "Sources") -> float | None:
    """A recording's length: as the lab knows it, else as its file states it; None where it is not on this machine."""
    from modellab.datasets.places import TextPlace
    from modellab.datasets.sound_facts import stated_duration_s
    from modellab.errors import LabError
    from modellab.inputs.store import InputStore

    if isinstance(case.source, TextPlace):
        return None
    known = InputStore(lab).with_sha256(case.source.sha256) if case.source.sha256 else None
    if known is not None:
        return known.duration_s if known.kind == "media" else None
    try:
        return stated_duration_s(path) if (path := sources.here(case.source, dataset.folder)) else None
    except LabError:
        return None


def _about(dataset: "Dataset", cases: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Names and values of what is known of it as a whole.

    Args:
        cases: those that are shown; the length is told where these are all of them and lie on this machine.
    """
    from modellab.units import length

    manifest = dataset.manifest
    of_media = [case["duration_s"] for case in cases if case["kind"] == "media"]
    lengths_s = of_media if len(cases) == len(manifest.cases) and None not in of_media else []
    speakers = {speaker for case in manifest.cases for speaker in case.speakers}
    slices: dict[str, Counter[str]] = {}
    for case in manifest.cases:
        for name, value in case.tags.items():
            slices.setdefault(name, Counter())[value] += 1
    return [
        ("version", manifest.version),
        ("for", ", ".join(manifest.tasks)),
        ("languages", ", ".join(manifest.languages) or "not said"),
        ("cases", f"{len(manifest.cases):,}"),
        ("speakers", f"{len(speakers):,}" if speakers else "not said: comparisons draw recordings"),
        *([("length", length(sum(lengths_s)))] if lengths_s else []),
        ("licence", manifest.licence),
        ("manifest", str(dataset.file)),
        *(
            (name, ", ".join(f"{value} ({count:,})" for value, count in of.most_common()))
            for name, of in slices.items()
        ),
    ]


def _broken_documents(broken: "list[BrokenManifest]") -> list[dict[str, Any]]:
    return [{"dataset": one.dataset, "file": one.file, "error": str(one.error)} for one in broken]


def _print_broken(broken: "list[BrokenManifest]") -> None:
    from modellab.cli.console import marked, print_line, stderr

    for one in broken:
        print_line(stderr(), marked("!", "yellow", one.error.told()))
